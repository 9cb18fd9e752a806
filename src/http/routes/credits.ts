/** Prepaid credit: grants, refunds, transfers, ends, balances and their history. */
import type { NewCredit } from "../../engine/credit/grant-credit.ts";
import type { CreditRefund, CreditTransfer } from "../../engine/credit/move-credit.ts";
import { instantOf, optionalInstant } from "../instant.ts";
import { json, ok, route } from "../route.ts";
import { closed, described, ID, LIMIT, named, TEXT } from "../schema.ts";
import { GRANT_TERMS, SENT_AMOUNT } from "../schemas/credits.ts";
import { FORMS } from "../text-forms.ts";
import { creditsView, historyView } from "../views/credit-view.ts";

const BY_HAND = {
  "id?": described(ID, "Identity of this act. (Default: derived from the act.)"),
  reason: { ...TEXT, minLength: 1 },
  by: { ...ID, description: "Who decided it." },
};

interface OfCustomer {
  readonly customer: string;
}

const readCredits = route<OfCustomer>({
  method: "GET",
  path: "/v1/customers/{customer}/credits",
  operationId: "readCredits",
  summary: "Read a customer's credit as it is now, grant by grant.",
  scope: "read",
  params: closed({ customer: ID }),
  answers: { 200: json("The credit.", named("Credits")) },
  errors: ["customer.not_found"],
  handle: async ({ engine }, { workspace, params: { customer } }) =>
    ok(creditsView(await engine.credits.of(workspace, customer))),
});

interface HistoryParams {
  readonly limit: number;
  readonly cursor?: string;
}

const readHistory = route<OfCustomer, HistoryParams>({
  method: "GET",
  path: "/v1/customers/{customer}/credits/history",
  operationId: "readCreditHistory",
  summary: "Read the entries of a customer's wallets, oldest first, each with its balance.",
  scope: "read",
  params: closed({ customer: ID }),
  query: closed({
    "limit?": LIMIT,
    "cursor?": {
      type: "string",
      pattern: FORMS.position.pattern,
      description: "`next` of the page before.",
    },
  }),
  answers: { 200: json("A page of entries.", named("CreditHistory")) },
  errors: ["customer.not_found", "field.invalid", "field.out_of_range"],
  handle: async ({ engine }, { workspace, params: { customer }, query: { limit, cursor } }) => {
    const afterSeq = cursor === undefined ? 0 : Number(cursor);
    return ok(historyView(await engine.credits.history(workspace, { customer, afterSeq, limit })));
  },
});

interface GrantBody extends Partial<Pick<NewCredit, "currency" | "name" | "priority" | "charges">> {
  readonly id?: string;
  readonly customer: string;
  readonly amount: string;
  readonly expiresAt?: string | null;
  readonly cost?: string | null;
  readonly costCurrency?: string | null;
  readonly rollover?: { readonly upTo?: string | null; readonly expiresAt?: string | null } | null;
  readonly reason: string;
  readonly by: string;
}

const DEFAULT_PRIORITY = 100;

const grantCredit = route<unknown, unknown, GrantBody>({
  method: "POST",
  path: "/v1/credits/grants",
  operationId: "grantCredit",
  summary: "Give credit; it pays for what is charged from then on. Repeating it changes nothing.",
  scope: "admin",
  body: { schema: closed({ ...BY_HAND, customer: ID, amount: SENT_AMOUNT, ...GRANT_TERMS }) },
  answers: { 200: json("What was given.", named("CreditMoved")) },
  errors: ["customer.not_found", "booking.conflict"],
  handle: async ({ engine }, { workspace, body }) => {
    const { expiresAt, rollover = null, id = null, ...rest } = body;
    const defaults = { currency: null, name: null, charges: null, cost: null, costCurrency: null };
    const given = await engine.credits.grant(workspace, {
      ...defaults,
      priority: DEFAULT_PRIORITY,
      ...rest,
      id,
      expiresAtMs: optionalInstant(expiresAt, "expiresAt"),
      rollover: rollover === null ? null : rolloverOf(rollover),
    });
    const { customer, currency, amount, reason, by } = given;
    return ok({ id: given.id, customer, currency, amount, grant: given.id, reason, by });
  },
});

function rolloverOf({ upTo = null, expiresAt = null }: NonNullable<GrantBody["rollover"]>) {
  const at = expiresAt === null ? null : instantOf(expiresAt, "rollover.expiresAt");
  return { upTo, expiresAtMs: at };
}

interface TakeBody {
  readonly id?: string;
  readonly customer: string;
  readonly grant: string;
  readonly amount?: string;
  readonly reason: string;
  readonly by: string;
}

const OF_GRANT = {
  customer: ID,
  grant: ID,
  "amount?": described(SENT_AMOUNT, "(Default: all that is left.)"),
};

const refundCredit = route<unknown, unknown, TakeBody>({
  method: "POST",
  path: "/v1/credits/refunds",
  operationId: "refundCredit",
  summary: "Take off a grant what is paid back. Repeating it changes nothing.",
  scope: "admin",
  body: { schema: closed({ ...BY_HAND, ...OF_GRANT }) },
  answers: { 200: json("What was paid back.", named("CreditMoved")) },
  errors: ["customer.not_found", "grant.not_found", "grant.insufficient", "booking.conflict"],
  handle: async ({ engine }, { workspace, body: { id = null, amount = null, ...rest } }) =>
    ok(movedView(await engine.credits.refund(workspace, { id, amount, ...rest }))),
});

interface TransferBody extends TakeBody {
  readonly to?: string;
  readonly toCurrency?: string;
  readonly toAmount?: string;
}

const transferCredit = route<unknown, unknown, TransferBody>({
  method: "POST",
  path: "/v1/credits/transfers",
  operationId: "transferCredit",
  summary: "Move credit to another wallet of the customer, or to its parent or child.",
  scope: "admin",
  body: {
    schema: closed({
      ...BY_HAND,
      ...OF_GRANT,
      "to?": described(ID, "(Default: the same customer.)"),
      "toCurrency?": described(ID, "(Default: the same currency.)"),
      "toAmount?": described(SENT_AMOUNT, "What it is worth in another currency."),
    }),
  },
  answers: { 200: json("What was moved.", named("CreditMoved")) },
  errors: [
    ...(["customer.not_found", "customer.parent_refused", "field.invalid"] as const),
    ...(["grant.not_found", "grant.insufficient", "booking.conflict"] as const),
  ],
  handle: async ({ engine }, { workspace, body }) => {
    const { id = null, customer: from, grant, amount = null, reason, by } = body;
    const { to = from, toCurrency = null, toAmount = null } = body;
    const wanted = { id, from, grant, amount, to, toCurrency, toAmount, reason, by };
    return ok(transferView(await engine.credits.transfer(workspace, wanted)));
  },
});

function movedView({ id, customer, grant, currency, amount, reason, by }: CreditRefund): object {
  return { id, customer, currency, amount, grant, reason, by };
}

function transferView(transfer: CreditTransfer): object {
  const { id, from, grant, currency, amount, to, toCurrency, toAmount, reason, by } = transfer;
  const there = { to, toCurrency, toAmount };
  return { id, customer: from, currency, amount, grant, ...there, reason, by };
}

const expireCredit = route<unknown, unknown, { readonly customer: string; readonly grant: string }>(
  {
    method: "POST",
    path: "/v1/credits/expirations",
    operationId: "expireCredit",
    summary: "End a grant before its time: what is left of it expires, or rolls over.",
    scope: "admin",
    body: { schema: closed({ customer: ID, grant: ID }) },
    answers: { 200: json("The customer's credit then.", named("Credits")) },
    errors: ["customer.not_found", "grant.not_found"],
    handle: async ({ engine }, { workspace, body }) => {
      await engine.credits.expire(workspace, body);
      return ok(creditsView(await engine.credits.of(workspace, body.customer)));
    },
  },
);

/** Credit. */
export const CREDIT_ROUTES = [
  readCredits,
  readHistory,
  grantCredit,
  refundCredit,
  transferCredit,
  expireCredit,
];
