/** Budgets, limits of single scopes, stops. */
import { STOP_MODES, STOP_SCOPES, type StopScope } from "../../domain/budget/stop.ts";
import { TollgateError } from "../../domain/errors.ts";
import { PAGE_MAX_ROWS } from "../../domain/limits.ts";
import type { NewStop } from "../../engine/limits/stop-work.ts";
import { doneInTime } from "../identify-in-time.ts";
import { json, ok, route } from "../route.ts";
import { closed, described, ID, type JsonSchema, named, nullable, oneOf, TEXT } from "../schema.ts";
import { balanceView, budgetView, entitlementsView, stopView } from "../views/budget-view.ts";
import { DECIDED, type Decided, KEY_PARAM, type KeyParam } from "./decided.ts";

const BUDGET: JsonSchema = { type: "object", description: "See docs/limits.md." };
const LIMIT_SENT: JsonSchema = nullable({
  type: "string",
  maxLength: 48,
  description: "Decimal in the budget's measure; null: the budget's own again.",
});

const saveBudget = route<KeyParam, unknown, Decided & { readonly budget: unknown }>({
  method: "PUT",
  path: "/v1/budgets/{key}",
  operationId: "saveBudget",
  summary: "Set a budget; it holds for the next hold. The same again changes nothing.",
  scope: "admin",
  params: KEY_PARAM,
  body: { schema: closed({ budget: BUDGET, ...DECIDED }) },
  answers: { 200: json("The budget.", named("Budget")) },
  errors: ["budget.invalid", "field.unknown", "field.out_of_range"],
  mayWait: true,
  handle: async ({ engine }, { workspace, params: { key }, body }) => {
    const { budget: document, reason, by } = body;
    const saved = await engine.limits.saveBudget(workspace, { key, document, reason, by });
    if ("record" in saved) return ok(budgetView(saved.record));
    throw refused(saved.problems);
  },
});

function refused(problems: readonly { code: string; detail: string; field?: string }[]) {
  const all = problems.map(({ field, detail }) => (field ? `${field}: ${detail}` : detail));
  return new TollgateError("budget.invalid", all.join("; "), problems[0]?.field ?? "budget");
}

const listBudgets = route({
  method: "GET",
  path: "/v1/budgets",
  operationId: "listBudgets",
  summary: "The budgets in force.",
  scope: "read",
  answers: { 200: json("The budgets, in the order in which they were made.", named("BudgetList")) },
  handle: async ({ engine }, { workspace }) => {
    const records = await engine.store.spending.budgets(workspace);
    const inForce = records.filter(({ retiredAtMs }) => retiredAtMs === null);
    return ok({ budgets: inForce.map(budgetView) });
  },
});

const retireBudget = route<KeyParam, unknown, Decided>({
  method: "POST",
  path: "/v1/budgets/{key}/retire",
  operationId: "retireBudget",
  summary: "Take a budget out of force; what it came to stays on record.",
  scope: "admin",
  params: KEY_PARAM,
  body: { schema: closed(DECIDED) },
  answers: { 200: json("The budget.", named("Budget")) },
  errors: ["budget.not_found"],
  mayWait: true,
  handle: async ({ engine }, { workspace, params: { key }, body }) =>
    ok(budgetView(await engine.limits.retireBudget(workspace, { key, ...body }))),
});

interface BalancesQuery {
  readonly scope?: string;
  readonly limit: number;
  readonly cursor?: string;
}

const listBalances = route<KeyParam, BalancesQuery>({
  method: "GET",
  path: "/v1/budgets/{key}/balances",
  operationId: "listBalances",
  summary: "What a budget came to, by scope and window.",
  scope: "read",
  params: KEY_PARAM,
  query: closed({
    "scope?": ID,
    "limit?": { type: "integer", minimum: 1, maximum: PAGE_MAX_ROWS, default: 100 },
    "cursor?": described(TEXT, "`next` of the page before."),
  }),
  answers: { 200: json("A page of balances.", named("BalancePage")) },
  errors: ["budget.not_found", "field.invalid", "field.out_of_range"],
  handle: async ({ engine }, { workspace, params: { key }, query }) => {
    const page = await engine.limits.balancesOf(workspace, key, query);
    return ok({ balances: page.balances.map(balanceView), next: page.next });
  },
});

const setLimit = route<KeyParam, unknown, Decided & { scope: string; limit: string | null }>({
  method: "PUT",
  path: "/v1/budgets/{key}/limits",
  operationId: "setLimit",
  summary: "Give one customer, agent, run or label value a limit of its own: raise a cap.",
  scope: "admin",
  params: KEY_PARAM,
  body: { schema: closed({ scope: TEXT, limit: LIMIT_SENT, ...DECIDED }) },
  answers: { 200: json("What holds for the scope now.", named("LimitSet")) },
  errors: ["budget.not_found", "budget.invalid"],
  mayWait: true,
  handle: async ({ engine }, { workspace, params: { key }, body }) => {
    return ok(await engine.limits.setLimit(workspace, { budget: key, ...body }));
  },
});

const customerBudgets = route<{ readonly customer: string }>({
  method: "GET",
  path: "/v1/customers/{customer}/budgets",
  operationId: "readCustomerBudgets",
  summary: "What a customer's budgets stand at.",
  scope: "read",
  params: closed({ customer: ID }),
  inTimeOr: "store.unknown",
  answers: { 200: json("The balances.", named("Balances")) },
  errors: ["customer.not_found", "store.unknown"],
  handle: async (context, { workspace, params: { customer } }) => {
    const balances = () => context.engine.limits.customerBudgets(workspace, customer);
    const rooms = await doneInTime(context, balances);
    return ok({ budgets: rooms.map(balanceView) });
  },
});

const TERMS: JsonSchema = {
  type: "object",
  description: "agents, models, tools, parallelRuns: see docs/limits.md.",
};
const ENTITLEMENTS_PATH = "/v1/customers/{customer}/entitlements";
const CUSTOMER_PARAM = closed({ customer: ID });

interface OfCustomer {
  readonly customer: string;
}

const readEntitlements = route<OfCustomer>({
  method: "GET",
  path: ENTITLEMENTS_PATH,
  operationId: "readEntitlements",
  summary: "Which agents, models and tools a customer may use, and how many runs at once.",
  scope: "read",
  params: CUSTOMER_PARAM,
  answers: { 200: json("What it may use, and who says so.", named("Entitlements")) },
  errors: ["customer.not_found"],
  handle: async ({ engine }, { workspace, params: { customer } }) =>
    ok(entitlementsView(await engine.limits.entitlements(workspace, customer))),
});

const saveEntitlements = route<OfCustomer, unknown, Decided & { readonly entitlements: unknown }>({
  method: "PUT",
  path: ENTITLEMENTS_PATH,
  operationId: "saveEntitlements",
  summary: "Give a customer terms of its own, field by field; {} is its card's again.",
  scope: "admin",
  params: CUSTOMER_PARAM,
  body: { schema: closed({ entitlements: TERMS, ...DECIDED }) },
  answers: { 200: json("What it may use now.", named("Entitlements")) },
  errors: ["customer.not_found", "entitlement.invalid"],
  handle: async ({ engine }, { workspace, params: { customer }, body }) => {
    const { entitlements: document, reason, by } = body;
    const wanted = { customer, document, reason, by };
    return ok(entitlementsView(await engine.limits.saveEntitlements(workspace, wanted)));
  },
});

const OF = oneOf(STOP_SCOPES);
const STOPPED = { of: OF, "id?": described(TEXT, "Run, agent or customer; none for all.") };

const stopWork = route<unknown, unknown, Omit<NewStop, "id"> & { readonly id?: string }>({
  method: "POST",
  path: "/v1/stops",
  operationId: "stopWork",
  summary: "Stop a run tree, an agent, a customer or everything: no hold is granted there.",
  scope: "admin",
  body: { schema: closed({ ...STOPPED, mode: oneOf(STOP_MODES), ...DECIDED }) },
  answers: { 200: json("The stop.", named("Stop")) },
  errors: ["run.not_found"],
  handle: async ({ engine }, { workspace, body: { id = "", ...rest } }) =>
    ok(stopView(await engine.limits.stopWork(workspace, { id, ...rest }))),
});

const listStops = route<unknown, { readonly limit: number; readonly cursor?: string }>({
  method: "GET",
  path: "/v1/stops",
  operationId: "listStops",
  summary: "What is stopped.",
  scope: "read",
  query: closed({
    "limit?": { type: "integer", minimum: 1, maximum: PAGE_MAX_ROWS, default: PAGE_MAX_ROWS },
    "cursor?": described(TEXT, "`next` of the page before."),
  }),
  answers: { 200: json("A page of stops.", named("StopList")) },
  errors: ["field.invalid", "field.out_of_range"],
  handle: async ({ engine }, { workspace, query }) => {
    const { stops, next } = await engine.limits.stops(workspace, query);
    return ok({ stops: stops.map(stopView), next });
  },
});

interface ResumeBody extends Decided {
  readonly of: StopScope;
  readonly id?: string;
  readonly raise?: {
    readonly budget: string;
    readonly scope?: string;
    readonly limit: string | null;
  };
}

const resumeWork = route<unknown, unknown, ResumeBody>({
  method: "POST",
  path: "/v1/stops/resume",
  operationId: "resumeWork",
  summary: "Let stopped work go on, and raise its cap in the same act.",
  scope: "admin",
  body: {
    schema: closed({
      ...STOPPED,
      "raise?": described(
        closed({ budget: ID, "scope?": TEXT, limit: LIMIT_SENT }),
        "A limit to set. (Default scope: what paused the work, or what it counts in.)",
      ),
      ...DECIDED,
    }),
  },
  answers: { 200: json("What was lifted; null: nothing was stopped.", named("Resumed")) },
  errors: ["stop.not_found", "run.not_found", "budget.not_found", "budget.invalid"],
  mayWait: true,
  handle: async ({ engine }, { workspace, body }) => {
    const { id = "", raise, ...rest } = body;
    const raised = raise === undefined ? null : { scope: null, ...raise };
    const resume = { id, raise: raised, ...rest };
    const { lifted, short } = await engine.limits.resumeWork(workspace, resume);
    return ok({
      lifted: lifted === null ? null : stopView(lifted),
      short: short === null ? null : balanceView(short),
    });
  },
});

/** Setting and reading budgets, stopping and resuming. */
export const BUDGET_ROUTES = [
  saveBudget,
  listBudgets,
  retireBudget,
  listBalances,
  setLimit,
  customerBudgets,
  readEntitlements,
  saveEntitlements,
  stopWork,
  listStops,
  resumeWork,
];
