/** What is put right after a period was closed, or booked by hand before it is. */
import { TollgateError } from "../../domain/errors.ts";
import type { DisputeTarget } from "../../engine/correction-records.ts";
import { readCreditNotes, readDisputes } from "../../engine/credited.ts";
import type { Goodwill, NewGoodwill } from "../../engine/give-goodwill.ts";
import { readCreditNote } from "../../engine/issue-credit-note.ts";
import { recordedActs } from "../../engine/recorded-acts.ts";
import { findStatement } from "../../engine/statement-lines.ts";
import { AS_OF_ERRORS, asOfMs } from "../as-of.ts";
import { json, ok, route } from "../route.ts";
import {
  AS_OF,
  closed,
  described,
  FLAG,
  ID,
  type JsonSchema,
  listOf,
  named,
  nullable,
  oneOf,
  TEXT,
} from "../schema.ts";
import { creditNoteView, disputeView, goodwillView } from "../views/correction-view.ts";
import { readVoidings, statementSummary } from "../views/statement-summary.ts";

const BY_HAND = {
  "id?": described(ID, "Identity of this act. (Default: derived from the act.)"),
  reason: { ...TEXT, minLength: 1 },
  by: { ...ID, description: "Who decided it." },
};
const AMOUNT: JsonSchema = {
  type: "string",
  maxLength: 40,
  description: "Positive decimal in the currency of the customer's card.",
};
const LINE: JsonSchema = { type: "integer", minimum: 1, maximum: 999_999 };
const STATEMENT_PARAM = closed({ id: ID });

interface ByHandBody {
  readonly id?: string;
  readonly reason: string;
  readonly by: string;
}

const giveGoodwill = route<unknown, unknown, ByHandBody & Omit<NewGoodwill, "id">>({
  method: "POST",
  path: "/v1/goodwill",
  operationId: "giveGoodwill",
  summary: "Give a customer a credit, as a line of the open period. Repeating it changes nothing.",
  scope: "admin",
  body: { schema: closed({ ...BY_HAND, customer: ID, amount: AMOUNT }) },
  answers: { 200: json("The credit.", named("Goodwill")) },
  errors: ["customer.not_found", "booking.conflict"],
  handle: async ({ engine }, { workspace, body: { id = null, ...rest } }) =>
    ok(goodwillView(await engine.giveGoodwill(workspace, { id, ...rest }))),
});

interface ListQuery {
  readonly customer?: string;
  readonly asOf?: string;
}

const listGoodwill = route<unknown, ListQuery>({
  method: "GET",
  path: "/v1/goodwill",
  operationId: "listGoodwill",
  summary: "List credits given by hand, oldest first.",
  scope: "read",
  query: closed({ "customer?": ID, "asOf?": AS_OF }),
  answers: { 200: json("The credits.", named("GoodwillList")) },
  errors: AS_OF_ERRORS,
  handle: async ({ engine }, { workspace, query: { customer, asOf } }) => {
    const of = { kind: "goodwill.given" } as const;
    const { store } = await engine.readsAt(workspace, asOfMs(asOf));
    const all = await recordedActs<Goodwill>(store, workspace, of);
    const own = all.filter((one) => customer === undefined || one.customer === customer);
    return ok({ goodwill: own.map(goodwillView) });
  },
});

interface DisputeBody extends ByHandBody {
  readonly statement?: string;
  readonly line?: number;
  readonly run?: string;
  readonly outcome?: string;
  readonly amount?: string | null;
}

const openDispute = route<unknown, unknown, DisputeBody>({
  method: "POST",
  path: "/v1/disputes",
  operationId: "openDispute",
  summary: "Hold a line of a statement, or an outcome's charge, out of the next statement.",
  scope: "admin",
  body: {
    schema: closed({
      ...BY_HAND,
      "statement?": described(ID, "With line: what is disputed."),
      "line?": LINE,
      "run?": described(ID, "With outcome: what is disputed."),
      "outcome?": described(ID, "Key of the outcome."),
      "amount?": described(nullable(AMOUNT), "(Default: all that is left of it.)"),
    }),
  },
  answers: { 200: json("The dispute.", named("Dispute")) },
  errors: [
    ...(["statement.not_found", "statement.line_not_found", "statement.voided"] as const),
    ...(["outcome.not_found", "credit.exceeded", "booking.conflict"] as const),
  ],
  handle: async ({ engine }, { workspace, body }) => {
    const { id = null, reason, by, amount = null } = body;
    const request = { id, reason, by, amount, target: targetOf(body) };
    return ok(disputeView({ ...(await engine.openDispute(workspace, request)), resolution: null }));
  },
});

function targetOf({ statement, line, run, outcome }: DisputeBody): DisputeTarget {
  const isOutcome = run !== undefined && outcome !== undefined;
  const isLine = statement !== undefined && line !== undefined;
  if (isLine && run === undefined && outcome === undefined) {
    return { kind: "line", statement, line };
  }
  if (isOutcome && statement === undefined && line === undefined) {
    return { kind: "outcome", run, outcome };
  }
  const detail = 'Name either "statement" and "line", or "run" and "outcome".';
  throw new TollgateError("field.invalid", detail, "statement");
}

interface DisputesQuery extends ListQuery {
  readonly open?: boolean;
}

const listDisputes = route<unknown, DisputesQuery>({
  method: "GET",
  path: "/v1/disputes",
  operationId: "listDisputes",
  summary: "List disputes, oldest first.",
  scope: "read",
  query: closed({
    "customer?": ID,
    "open?": described(FLAG, "Only open ones, or only decided."),
    "asOf?": AS_OF,
  }),
  answers: { 200: json("The disputes.", named("DisputeList")) },
  errors: AS_OF_ERRORS,
  handle: async ({ engine }, { workspace, query: { customer, open, asOf } }) => {
    const { store } = await engine.readsAt(workspace, asOfMs(asOf));
    const disputes = (await readDisputes(store, workspace))
      .filter((one) => customer === undefined || one.customer === customer)
      .filter((one) => open === undefined || open === (one.resolution === null));
    return ok({ disputes: disputes.map(disputeView) });
  },
});

interface ResolveBody {
  readonly favor: "customer" | "us";
  readonly reason: string;
  readonly by: string;
}

const resolveDispute = route<{ readonly id: string }, unknown, ResolveBody>({
  method: "POST",
  path: "/v1/disputes/{id}/resolve",
  operationId: "resolveDispute",
  summary: "Decide a dispute: for the customer it stays off; for us the open period bills it.",
  scope: "admin",
  params: STATEMENT_PARAM,
  body: {
    schema: closed({ favor: oneOf(["customer", "us"]), reason: BY_HAND.reason, by: BY_HAND.by }),
  },
  answers: { 200: json("The dispute, decided.", named("Dispute")) },
  errors: ["dispute.not_found", "dispute.resolved"],
  handle: async ({ engine }, { workspace, params: { id }, body }) => {
    await engine.resolveDispute(workspace, { id, ...body });
    const disputes = await readDisputes(engine.store, workspace);
    return ok(disputes.filter((one) => one.id === id).map(disputeView)[0]);
  },
});

interface CreditBody extends ByHandBody {
  readonly lines: readonly { readonly line: number; readonly amount?: string | null }[];
}

const issueCreditNote = route<{ readonly id: string }, unknown, CreditBody>({
  method: "POST",
  path: "/v1/statements/{id}/credit-notes",
  operationId: "issueCreditNote",
  summary: "Issue a credit note on lines of a statement. Repeating it gives the first one.",
  scope: "admin",
  params: STATEMENT_PARAM,
  body: {
    schema: closed({
      ...BY_HAND,
      lines: {
        ...listOf(
          closed({
            line: LINE,
            "amount?": described(nullable(AMOUNT), "(Default: all that is left of the line.)"),
          }),
        ),
        minItems: 1,
        maxItems: 1_000,
      },
    }),
  },
  answers: { 200: json("The credit note.", named("CreditNote")) },
  errors: [
    ...(["statement.not_found", "statement.line_not_found", "statement.voided"] as const),
    ...(["credit.exceeded", "booking.conflict"] as const),
  ],
  handle: async ({ engine }, { workspace, params, body: { id = null, reason, by, lines } }) => {
    const wanted = lines.map(({ line, amount = null }) => ({ line, amount }));
    const request = { id, reason, by, statement: params.id, lines: wanted };
    return ok(creditNoteView(await engine.issueCreditNote(workspace, request)));
  },
});

const listCreditNotes = route<{ readonly id: string }, Pick<ListQuery, "asOf">>({
  method: "GET",
  path: "/v1/statements/{id}/credit-notes",
  operationId: "listCreditNotes",
  summary: "List the credit notes of a statement, oldest first.",
  scope: "read",
  params: STATEMENT_PARAM,
  query: closed({ "asOf?": AS_OF }),
  answers: { 200: json("The credit notes.", named("CreditNoteList")) },
  errors: ["statement.not_found", ...AS_OF_ERRORS],
  handle: async ({ engine }, { workspace, params, query: { asOf } }) => {
    const { store } = await engine.readsAt(workspace, asOfMs(asOf));
    const { id } = await findStatement(store, workspace, params.id);
    const notes = await readCreditNotes(store, workspace, id);
    return ok({ creditNotes: notes.map(creditNoteView) });
  },
});

const readNote = route<{ readonly id: string }>({
  method: "GET",
  path: "/v1/credit-notes/{id}",
  operationId: "readCreditNote",
  summary: "Read a credit note.",
  scope: "read",
  params: STATEMENT_PARAM,
  answers: { 200: json("The credit note.", named("CreditNote")) },
  errors: ["credit.not_found"],
  handle: async ({ engine }, { workspace, params }) =>
    ok(creditNoteView(await readCreditNote(engine.store, workspace, params.id))),
});

const reissueStatement = route<{ readonly id: string }, unknown, Omit<ByHandBody, "id">>({
  method: "POST",
  path: "/v1/statements/{id}/reissue",
  operationId: "reissueStatement",
  summary: "Void a statement and issue it again, by what its period comes to now.",
  scope: "admin",
  params: STATEMENT_PARAM,
  body: { schema: closed({ reason: BY_HAND.reason, by: BY_HAND.by }) },
  answers: { 200: json("The statement that replaces it.", named("StatementSummary")) },
  errors: ["statement.not_found", "statement.voided", "statement.credited"],
  handle: async ({ engine }, { workspace, params, body }) => {
    const request = { statement: params.id, ...body };
    const record = await engine.reissueStatement(workspace, request);
    return ok(statementSummary(record, await readVoidings(engine.store, workspace)));
  },
});

/** Credits, disputes, credit notes and statements issued again. */
export const CORRECTION_ROUTES = [
  ...[giveGoodwill, listGoodwill],
  ...[openDispute, listDisputes, resolveDispute],
  ...[issueCreditNote, listCreditNotes, readNote, reissueStatement],
];
