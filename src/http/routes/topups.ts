/** Credit that is paid for: requests, how they end, rules that ask, and where they are told. */
import { TollgateError } from "../../domain/errors.ts";
import { TOPUP_DAYS_MAX } from "../../domain/limits.ts";
import type { NewTopup, NewTopupRule } from "../../engine/credit/topup.ts";
import { json, ok, type RouteContext, route } from "../route.ts";
import { closed, described, ID, named, nullable, TEXT } from "../schema.ts";
import { CREDIT_TERMS, SENT_AMOUNT } from "../schemas/credits.ts";
import { creditsView, topupView } from "../views/credit-view.ts";

const TERMS = {
  ...CREDIT_TERMS,
  amount: SENT_AMOUNT,
  "expiresAfterDays?": nullable({ type: "integer", minimum: 1, maximum: TOPUP_DAYS_MAX }),
};
const DEFAULTS = { currency: null, priority: 100, expiresAfterDays: null, charges: null };
type Optional = Partial<Pick<NewTopup, "currency" | "priority" | "expiresAfterDays" | "charges">>;

interface TopupBody extends Optional {
  readonly id?: string;
  readonly customer: string;
  readonly amount: string;
  readonly reason: string;
  readonly by: string;
}

const requestTopup = route<unknown, unknown, TopupBody>({
  method: "POST",
  path: "/v1/topups",
  operationId: "requestTopup",
  summary: "Ask for a payment of credit. Repeating it changes nothing.",
  scope: "admin",
  body: {
    schema: closed({
      "id?": described(ID, "Identity of this act. (Default: derived from the act.)"),
      reason: { ...TEXT, minLength: 1 },
      by: { ...ID, description: "Who decided it." },
      customer: ID,
      ...TERMS,
    }),
  },
  answers: { 200: json("The request.", named("Topup")) },
  errors: ["customer.not_found", "booking.conflict"],
  handle: async ({ engine }, { workspace, body: { id = null, ...rest } }) =>
    ok(topupView(await engine.credits.requestTopup(workspace, { ...DEFAULTS, ...rest, id }))),
});

interface OfTopup {
  readonly topup: string;
}

const readTopup = route<OfTopup>({
  method: "GET",
  path: "/v1/topups/{topup}",
  operationId: "readTopup",
  summary: "Read a payment that was asked for, and how it ended.",
  scope: "read",
  params: closed({ topup: ID }),
  answers: { 200: json("The request.", named("Topup")) },
  errors: ["topup.not_found"],
  handle: async ({ engine }, { workspace, params }) =>
    ok(topupView(await engine.credits.topup(workspace, params.topup))),
});

interface EndBody {
  readonly reference: string;
  readonly by: string;
}

function settle(status: "confirmed" | "refused", words: readonly [string, string, string]) {
  const [verb, summary, operationId] = words;
  return route<OfTopup, unknown, EndBody>({
    method: "POST",
    path: `/v1/topups/{topup}/${verb}`,
    operationId,
    summary,
    scope: "admin",
    params: closed({ topup: ID }),
    body: {
      schema: closed({
        reference: described(ID, "Of the payment where it was made, or why it was not."),
        by: ID,
      }),
    },
    answers: { 200: json("The request as it ended.", named("Topup")) },
    errors: ["topup.not_found", "topup.settled"],
    handle: async ({ engine }, { workspace, params, body }) =>
      ok(
        topupView(
          await engine.credits.settleTopup(workspace, { id: params.topup, status, ...body }),
        ),
      ),
  });
}

const confirmTopup = settle("confirmed", [
  "confirm",
  "A payment was made: it becomes credit. Repeating it changes nothing.",
  "confirmTopup",
]);
const refuseTopup = settle("refused", [
  "refuse",
  "A payment was refused. Repeating it changes nothing.",
  "refuseTopup",
]);

interface RuleBody extends Optional {
  readonly threshold: string;
  readonly amount: string;
  readonly cap?: string | null;
}

const RULE_PATH = "/v1/customers/{customer}/credits/rule";

const saveRule = route<{ readonly customer: string }, unknown, RuleBody>({
  method: "PUT",
  path: RULE_PATH,
  operationId: "saveTopupRule",
  summary: "Ask for a payment whenever the balance falls below a threshold.",
  scope: "admin",
  params: closed({ customer: ID }),
  body: {
    schema: closed({
      threshold: SENT_AMOUNT,
      "cap?": described(nullable(SENT_AMOUNT), "Most to ask for in a billing period."),
      ...TERMS,
    }),
  },
  answers: { 200: json("The customer's credit and rules.", named("Credits")) },
  errors: ["customer.not_found"],
  handle: async (
    { engine },
    { workspace, params: { customer }, body: { cap = null, ...rest } },
  ) => {
    const rule: NewTopupRule = { ...DEFAULTS, ...rest, cap, customer };
    await engine.credits.saveTopupRule(workspace, rule);
    return ok(creditsView(await engine.credits.of(workspace, customer)));
  },
});

const removeRule = route<{ readonly customer: string }, { readonly currency: string }>({
  method: "DELETE",
  path: RULE_PATH,
  operationId: "removeTopupRule",
  summary: "Remove the rule of a currency; what was asked for stays.",
  scope: "admin",
  params: closed({ customer: ID }),
  query: closed({ currency: ID }),
  answers: { 200: json("The customer's credit and rules.", named("Credits")) },
  errors: ["customer.not_found", "field.invalid", "field.missing"],
  handle: async ({ engine }, { workspace, params: { customer }, query: { currency } }) => {
    await engine.credits.removeTopupRule(workspace, { customer, currency });
    return ok(creditsView(await engine.credits.of(workspace, customer)));
  },
});

const readEndpoint = route({
  method: "GET",
  path: "/v1/payment-endpoint",
  operationId: "readPaymentEndpoint",
  summary: "Read where payments are asked for, and the secret of the signatures.",
  scope: "admin",
  answers: { 200: json("The endpoint.", named("PaymentEndpoint")) },
  handle: async (context, { workspace }) => ok(await endpointView(context, workspace)),
});

const saveEndpoint = route<unknown, unknown, { readonly url: string | null }>({
  method: "PUT",
  path: "/v1/payment-endpoint",
  operationId: "savePaymentEndpoint",
  summary: "Say where payments are asked for: https, or http to private targets; null: nowhere.",
  scope: "admin",
  body: { schema: closed({ url: nullable({ type: "string", maxLength: 2000 }) }) },
  answers: { 200: json("The endpoint.", named("PaymentEndpoint")) },
  handle: async (context, { workspace, body: { url } }) => {
    const problem = url === null ? null : (context.targetProblem?.(url) ?? null);
    if (problem !== null) throw new TollgateError("field.invalid", problem, "url");
    const paymentUrl = url === null ? null : endpointOf(url);
    await context.engine.saveWorkspace(workspace, { paymentUrl });
    return ok(await endpointView(context, workspace));
  },
});

async function endpointView({ engine, paymentSecret }: RouteContext, workspace: string) {
  const { paymentUrl } = await engine.workspace(workspace);
  return { url: paymentUrl, secret: paymentSecret?.(workspace) ?? null };
}

const OWN_HOSTS: ReadonlySet<string> = new Set(["localhost", "127.0.0.1", "[::1]"]);

/** Throws `field.invalid` for what would carry amounts over a network in the open. */
function endpointOf(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  const isSafe = url?.protocol === "https:";
  const isHere = url?.protocol === "http:" && OWN_HOSTS.has(url.hostname);
  const isPlain = url?.username === "" && url.password === "";
  if (url !== null && (isSafe || isHere) && isPlain) return url.href;
  const detail = "An endpoint is an https URL without user and password, or http on localhost.";
  throw new TollgateError("field.invalid", detail, "url");
}

/** Top-ups. */
export const TOPUP_ROUTES = [
  requestTopup,
  readTopup,
  confirmTopup,
  refuseTopup,
  saveRule,
  removeRule,
  readEndpoint,
  saveEndpoint,
];
