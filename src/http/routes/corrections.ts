/** What is put right after a period was closed, or booked by hand before it is. */
import { present } from "../../domain/assert.ts";
import { TollgateError } from "../../domain/errors.ts";
import { actPage } from "../../engine/acts/act-page.ts";
import { recordedAct } from "../../engine/acts/recorded-acts.ts";
import type { Dispute, DisputeTarget } from "../../engine/periods/correction-records.ts";
import { disputeState, readCreditNotes } from "../../engine/periods/credited.ts";
import type { Goodwill, NewGoodwill } from "../../engine/periods/give-goodwill.ts";
import { readCreditNote } from "../../engine/periods/issue-credit-note.ts";
import { findStatement } from "../../engine/periods/statement-lines.ts";
import { successionOf } from "../../engine/periods/statement-successions.ts";
import { AS_OF_ERRORS, asOfMs } from "../as-of.ts";
import { json, ok, route } from "../route.ts";
import {
  AS_OF,
  CURSOR,
  closed,
  described,
  FLAG,
  ID,
  type JsonSchema,
  LIMIT,
  listOf,
  named,
  nullable,
  oneOf,
  TEXT,
} from "../schema.ts";
import { creditNoteView, disputeView, goodwillView } from "../views/correction-view.ts";
import { statementSummary } from "../views/statement-summary.ts";

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
  readonly limit: number;
  readonly cursor?: number;
}

/** Acts that a list reads at a time. */
const ACTS_AT_A_TIME = 200;

const listGoodwill = route<unknown, ListQuery>({
  method: "GET",
  path: "/v1/goodwill",
  operationId: "listGoodwill",
  summary: "List credits given by hand, oldest first.",
  scope: "read",
  query: closed({ "customer?": ID, "asOf?": AS_OF, "limit?": LIMIT, "cursor?": CURSOR }),
  answers: { 200: json("A page of credits.", named("GoodwillList")) },
  errors: AS_OF_ERRORS,
  handle: async ({ engine }, { workspace, query: { customer, asOf, limit, cursor = 0 } }) => {
    const of = { kind: "goodwill.given", afterSeq: cursor, limit } as const;
    const { store } = await engine.readsAt(workspace, asOfMs(asOf));
    const { found, next } = await actPage(store, workspace, {
      ...{ ...of, atATime: ACTS_AT_A_TIME },
      shown: (document) => {
        const one = JSON.parse(document) as Goodwill;
        return customer === undefined || one.customer === customer ? goodwillView(one) : null;
      },
    });
    return ok({ goodwill: found, next });
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
    "dispute.billed_to_other",
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
    "limit?": LIMIT,
    "cursor?": CURSOR,
  }),
  answers: { 200: json("A page of disputes.", named("DisputeList")) },
  errors: AS_OF_ERRORS,
  handle: async ({ engine }, { workspace, query }) => {
    const { customer, open, asOf, limit, cursor = 0 } = query;
    const { store } = await engine.readsAt(workspace, asOfMs(asOf));
    const of = { kind: "dispute.opened", afterSeq: cursor, limit } as const;
    const { found, next } = await actPage(store, workspace, {
      ...{ ...of, atATime: ACTS_AT_A_TIME },
      shown: async (document) => {
        const dispute = JSON.parse(document) as Dispute;
        if (customer !== undefined && dispute.customer !== customer) return null;
        const state = await disputeState(store, workspace, dispute);
        return open === undefined || open === (state.resolution === null)
          ? disputeView(state)
          : null;
      },
    });
    return ok({ disputes: found, next });
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
    const of = { kind: "dispute.opened", subject: id } as const;
    const opened = await recordedAct<Dispute>(engine.store, workspace, of);
    const dispute = present(opened, `dispute "${id}", which was just decided`);
    return ok(disputeView(await disputeState(engine.store, workspace, dispute)));
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

const voidNote = route<{ readonly id: string }, unknown, ByHandBody>({
  method: "POST",
  path: "/v1/credit-notes/{id}/void",
  operationId: "voidCreditNote",
  summary: "Take a credit note back, by another one that is its opposite. Repeating it gives that.",
  scope: "admin",
  params: STATEMENT_PARAM,
  body: { schema: closed(BY_HAND) },
  answers: { 200: json("The credit note that takes it back.", named("CreditNote")) },
  errors: ["credit.not_found", "booking.conflict"],
  handle: async ({ engine }, { workspace, params, body: { id = null, reason, by } }) => {
    const request = { id, reason, by, note: params.id };
    return ok(creditNoteView(await engine.issueCreditNote(workspace, request)));
  },
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
    return ok(statementSummary(record, await successionOf(engine.store, workspace, record.id)));
  },
});

/** Credits, disputes, credit notes and statements issued again. */
export const CORRECTION_ROUTES = [
  ...[giveGoodwill, listGoodwill],
  ...[openDispute, listDisputes, resolveDispute],
  ...[issueCreditNote, listCreditNotes, readNote, voidNote, reissueStatement],
];
