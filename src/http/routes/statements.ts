/** Closing periods, and the statements that this leaves. */
import { TollgateError } from "../../domain/errors.ts";
import { PAGE_MAX_ROWS } from "../../domain/limits.ts";
import type { StatementRecord } from "../../domain/period/records.ts";
import { readCreditNotes } from "../../engine/periods/credited.ts";
import { lateLimitsOf } from "../../engine/periods/late-limits.ts";
import { findStatement } from "../../engine/periods/statement-lines.ts";
import {
  successionOf,
  successionsOf,
  voidingOf,
} from "../../engine/periods/statement-successions.ts";
import { AS_OF_ERRORS, asOfMs } from "../as-of.ts";
import { json, ok, type RouteAnswer, type RouteContext, route } from "../route.ts";
import {
  ANY_TEXT,
  AS_OF,
  COUNT,
  closed,
  described,
  FLAG,
  ID,
  LIMIT,
  named,
  nullable,
} from "../schema.ts";
import { FORMS } from "../text-forms.ts";
import { lateLimitsField } from "../views/late-limits-view.ts";
import { statementCsv, statementNdjson } from "../views/statement-export.ts";
import { PAGE_HEADERS, statementPage } from "../views/statement-page.ts";
import { statementSummary } from "../views/statement-summary.ts";

interface CloseBody {
  readonly customer?: string | null;
  readonly period: string;
  readonly early?: boolean;
  readonly limit?: number;
  readonly cursor?: string | null;
}

const closePeriod = route<unknown, unknown, CloseBody>({
  method: "POST",
  path: "/v1/periods/close",
  operationId: "closePeriod",
  summary: "Close periods into statements; what is closed already is passed over.",
  scope: "admin",
  body: {
    schema: closed({
      "customer?": described(nullable(ID), "Null: every customer with usage in the period."),
      period: {
        type: "string",
        pattern: FORMS.dateOrMonth.pattern,
        description: "Start date, or year and month for all periods that start in it.",
      },
      "early?": described(FLAG, "Close before the period and its grace have ended."),
      "limit?": {
        ...COUNT,
        minimum: 1,
        maximum: PAGE_MAX_ROWS,
        description: "Most periods to look at; go on with cursor. (Default: all.)",
      },
      "cursor?": described(nullable(ANY_TEXT), "`next` of the answer before."),
    }),
  },
  answers: { 200: json("The statements that this made.", named("ClosedPeriods")) },
  errors: ["period.open", "period.closed", "customer.not_found", "statement.not_found"],
  handle: async ({ engine }, { workspace, body }) => {
    const { customer = null, period, early = false, limit, cursor = null } = body;
    const request = { customer, period, early, after: cursor === null ? null : keyOf(cursor) };
    const paged = limit === undefined ? request : { ...request, limit };
    const { statements, done, total, waiting, next } = await engine.closePeriod(workspace, paged);
    return ok({
      statements: statements.map((one) => statementSummary(one)),
      ...{ done, total, waiting },
      next: next === null ? null : `${next.period} ${next.customer}`,
    });
  },
});

const CURSOR = /^(\d{4}-\d{2}-\d{2}) (.+)$/s;

/** Throws `field.invalid` for what is no `next` of ours. */
function keyOf(cursor: string): { readonly customer: string; readonly period: string } {
  const [, period = "", customer = ""] = CURSOR.exec(cursor) ?? [];
  if (period !== "") return { customer, period };
  throw new TollgateError("field.invalid", "The cursor is no `next` of an answer.", "cursor");
}

interface ListQuery {
  readonly customer?: string;
  readonly asOf?: string;
  readonly limit: number;
  readonly cursor?: string;
}

const listStatements = route<unknown, ListQuery>({
  method: "GET",
  path: "/v1/statements",
  operationId: "listStatements",
  isReport: true,
  summary: "List statements, latest period first.",
  scope: "read",
  query: closed({
    "customer?": ID,
    "asOf?": AS_OF,
    "limit?": LIMIT,
    "cursor?": described(ID, "`next` of the page before."),
  }),
  answers: { 200: json("A page of statements.", named("StatementPage")) },
  errors: AS_OF_ERRORS,
  handle: async ({ engine }, { workspace, query: { customer, asOf, limit, cursor } }) => {
    const after =
      cursor === undefined ? undefined : await engine.store.statement(workspace, cursor);
    const isElsewhere = customer !== undefined && customer !== after?.customer;
    if (cursor !== undefined && (after === undefined || isElsewhere)) {
      throw new TollgateError("field.invalid", "The cursor is not of this listing.", "cursor");
    }
    const { store } = await engine.readsAt(workspace, asOfMs(asOf));
    const behind = { ...(customer && { customer }), ...(after && { after }) };
    const page = await store.statementPage(workspace, { ...behind, limit });
    const successions = await successionsOf(store, workspace, page);
    return ok({
      statements: page.map((one, index) => statementSummary(one, successions[index])),
      next: page.length < limit ? null : (page.at(-1)?.id ?? null),
    });
  },
});

const CSV = "text/csv; charset=utf-8; header=present";
const HTML = "text/html; charset=utf-8";
const NDJSON = "application/x-ndjson";
const STATEMENT_PARAM = closed({ id: ID });

interface StatementParams {
  readonly id: string;
}

const readStatement = route<StatementParams>({
  method: "GET",
  path: "/v1/statements/{id}",
  operationId: "readStatement",
  summary: "Read a statement as JSON, or as a page, CSV or NDJSON where Accept says so.",
  scope: "read",
  params: STATEMENT_PARAM,
  answers: {
    200: {
      description: "The statement.",
      content: {
        "application/json": named("Statement"),
        "text/html": ANY_TEXT,
        "text/csv": ANY_TEXT,
        "application/x-ndjson": ANY_TEXT,
      },
    },
  },
  errors: ["statement.not_found"],
  handle: async (context, { workspace, params, accept }) => {
    const statement = await find(context, workspace, params.id);
    const wanted = accept.toLowerCase();
    if (wanted.startsWith("text/html")) return pageAnswer(context, workspace, statement);
    if (wanted.startsWith("text/csv")) return csvAnswer(statement);
    if (wanted.startsWith(NDJSON)) return ndjsonAnswer(statement);
    // The document goes out in the very bytes that its digest covers.
    const reads = await context.engine.readsAt(workspace, null);
    const succession = await successionOf(reads.store, workspace, statement.id);
    const late = lateLimitsField(await lateLimitsOf(reads, workspace, statement));
    const head = { ...statementSummary(statement, succession), ...late };
    const summary = JSON.stringify(head).slice(0, -1);
    return { status: 200, body: `${summary},"document":${statement.document}}` };
  },
});

const exportPage = route<StatementParams>({
  method: "GET",
  path: "/v1/statements/{id}.html",
  operationId: "exportStatementPage",
  summary: "A statement as a page that prints well, without any script.",
  scope: "read",
  params: STATEMENT_PARAM,
  answers: { 200: { description: "One file.", content: { "text/html": ANY_TEXT } } },
  errors: ["statement.not_found"],
  handle: async (context, { workspace, params }) =>
    pageAnswer(context, workspace, await find(context, workspace, params.id)),
});

const exportCsv = route<StatementParams>({
  method: "GET",
  path: "/v1/statements/{id}.csv",
  operationId: "exportStatementCsv",
  summary: "A statement's lines as CSV, for spreadsheets.",
  scope: "read",
  params: STATEMENT_PARAM,
  answers: { 200: { description: "One row a line.", content: { "text/csv": ANY_TEXT } } },
  errors: ["statement.not_found"],
  handle: async (context, { workspace, params }) =>
    csvAnswer(await find(context, workspace, params.id)),
});

const exportNdjson = route<StatementParams>({
  method: "GET",
  path: "/v1/statements/{id}.ndjson",
  operationId: "exportStatementNdjson",
  summary: "A statement's lines as NDJSON, for programs.",
  scope: "read",
  params: STATEMENT_PARAM,
  answers: { 200: { description: "One object a line.", content: { [NDJSON]: ANY_TEXT } } },
  errors: ["statement.not_found"],
  handle: async (context, { workspace, params }) =>
    ndjsonAnswer(await find(context, workspace, params.id)),
});

function find({ engine }: RouteContext, workspace: string, id: string): Promise<StatementRecord> {
  return findStatement(engine.store, workspace, id);
}

async function pageAnswer(
  { engine: { store } }: RouteContext,
  workspace: string,
  statement: StatementRecord,
): Promise<RouteAnswer> {
  const voiding = (await voidingOf(store, workspace, statement.id)) ?? null;
  const creditNotes = await readCreditNotes(store, workspace, statement.id);
  const customer = (await store.customer(workspace, statement.customer)) ?? null;
  const body = statementPage(statement, { voiding, creditNotes, customer });
  return { status: 200, body, type: HTML, headers: PAGE_HEADERS };
}

function csvAnswer(statement: StatementRecord): RouteAnswer {
  return { status: 200, body: statementCsv(statement), type: CSV };
}

function ndjsonAnswer(statement: StatementRecord): RouteAnswer {
  return { status: 200, body: statementNdjson(statement), type: NDJSON };
}

/** Period close and statements. */
export const STATEMENT_ROUTES = [
  closePeriod,
  listStatements,
  readStatement,
  exportPage,
  exportCsv,
  exportNdjson,
];
