/**
 * Reads back what NetSuite has of lines: many at once by SuiteQL, and those that it does not show
 * one by one by their external IDs, for only that proves an absence.
 */
import { type ExportLine, formatValue, parseValue } from "../../domain/export/export-line.ts";
import type { LookUp, Session } from "../../engine/export/connector-port.ts";
import { exactJson } from "./exact-answer.ts";
import { type FrozenRequest, readFrozen } from "./frozen-request.ts";
import { type Ask, asked, JOBS, jobOf, RECORDS, SUITEQL } from "./netsuite-api.ts";
import { TAKEN_BACK } from "./usage-records.ts";

/** Lines that one query asks about; a page of answers holds 1,000 ("Collection Paging"). */
export const QUERY_MAX_COUNT = 100;

/** A row of an answer, or a record. */
export type Row = Readonly<Record<string, unknown>>;

/** A query as SuiteQL wants it: `Prefer: transient` is required. */
export function suiteql(query: string): Ask {
  const path = `${SUITEQL}?limit=1000`;
  return {
    method: "POST",
    path,
    headers: { prefer: "transient" },
    body: JSON.stringify({ q: query }),
  };
}

/** Rows of a query; null: no answer, or none that lists rows. */
export async function queried(query: string, session: Session): Promise<readonly Row[] | null> {
  const what = await asked(suiteql(query), session);
  if (what.kind === "failed" || what.answer.status !== 200) return null;
  const { items } = exactJson(what.answer.body);
  return Array.isArray(items) ? (items as readonly Row[]) : null;
}

/** Looks for lines; one answer each, in their order. Never rejects: notes would lose their jobs. */
export async function lookUpRecords(
  lines: readonly ExportLine[],
  session: Session,
): Promise<LookUp[]> {
  try {
    return await lookedUp(lines, session);
  } catch (error) {
    return lines.map((line) => unclear(line, String(error)));
  }
}

async function lookedUp(lines: readonly ExportLine[], session: Session): Promise<LookUp[]> {
  const told = lines.map((line) => ({ line, request: readFrozen(line) }));
  const shown = new Map<string, LookUp>();
  for (const isUsage of [true, false]) {
    const own = told.filter(({ request }) => (request.record === "usage") === isUsage);
    // What is taken back is there in any case: what counts is its state, which its record tells.
    const listed = own.filter(({ request }) => request.method === "PUT");
    const rows = listed.length === 0 ? null : await queried(queryOf(listed, isUsage), session);
    for (const row of rows ?? []) {
      const of = listed.find(({ request }) => request.externalId === row.externalid);
      const found = of === undefined ? null : shownBy(row, of.line);
      if (of !== undefined && found !== null) shown.set(of.line.key, found);
    }
  }
  const answers: LookUp[] = [];
  for (const { line, request } of told) {
    answers.push(shown.get(line.key) ?? (await lookUpRecord(line, request, session)));
  }
  return answers;
}

/** Keys are hexadecimal digits and hyphens: nothing of them could end the text of a query. */
function queryOf(listed: readonly { readonly request: FrozenRequest }[], isUsage: boolean): string {
  const ids = listed.map(({ request }) => `'${request.externalId}'`).join(",");
  const columns = isUsage ? "status, usagequantity" : "type, voided";
  const table = isUsage ? "usage" : "transaction";
  return `SELECT id, externalid, ${columns} FROM ${table} WHERE externalid IN (${ids})`;
}

/** What a row says of a line; null: not enough. */
function shownBy(row: Row, line: ExportLine): LookUp | null {
  if (row.voided === "T") return { found: "refused", note: `${row.id} was voided there` };
  if (/void/i.test(String(row.status ?? ""))) return null;
  return { found: "present", note: `SuiteQL: ${row.id}`, ...otherValue(row.usagequantity, line) };
}

/** Their quantity, where it is another one than ours. */
function otherValue(quantity: unknown, { value }: ExportLine): Pick<LookUp, "value"> {
  const theirs = typeof quantity === "string" ? parseValue(quantity) : undefined;
  return theirs === undefined || theirs === value ? {} : { value: theirs };
}

const FOUND = 200;
const NOT_FOUND = 404;

async function lookUpRecord(
  line: ExportLine,
  request: FrozenRequest,
  session: Session,
): Promise<LookUp> {
  const { record, externalId } = request;
  const fields = record === "usage" ? "?fields=usageQuantity,status,memo" : "";
  const path = `${RECORDS}/${record}/eid:${externalId}${fields}`;
  const what = await asked({ method: "GET", path }, session);
  if (what.kind === "failed") return unclear(line, what.outcome.note);
  const { status, body } = what.answer;
  if (status === NOT_FOUND) return missing(line, request, session);
  if (status !== FOUND) return unclear(line, `they answered ${status}`);
  return request.method === "PATCH"
    ? voided(exactJson(body))
    : told(exactJson(body), line, request);
}

function isVoided({ status }: Row): boolean {
  return (status as { readonly id?: unknown } | undefined)?.id === "VOIDED";
}

/** Whether what a line takes back is void. */
function voided(record: Row): LookUp {
  if (isVoided(record)) return { found: "present", note: "it is VOIDED" };
  return { found: "absent", note: "it is not VOIDED" };
}

/** A usage that we voided is told all the same: another line says that it counts no more. */
function told(record: Row, line: ExportLine, { record: name }: FrozenRequest): LookUp {
  const isOurs = String(record.memo ?? "").startsWith(TAKEN_BACK);
  if (name === "usage" && isVoided(record) && !isOurs) {
    return { found: "refused", note: `somebody voided the usage of ${formatValue(line.value)}` };
  }
  return { found: "present", note: "read back", ...otherValue(record.usageQuantity, line) };
}

/** Not there: of a batch it may come as long as its job is not over, and is refused afterwards. */
async function missing(
  line: ExportLine,
  request: FrozenRequest,
  session: Session,
): Promise<LookUp> {
  // Whoever deletes what is to be taken back has taken it back.
  if (request.method === "PATCH") return { found: "present", note: "there is no such usage" };
  const job = jobOf(line);
  if (job === null) return { found: "absent", note: "404" };
  const what = await asked({ method: "GET", path: `${JOBS}/${job}` }, session);
  const isOver =
    what.kind === "answered" &&
    (what.answer.status === NOT_FOUND || exactJson(what.answer.body).completed === true);
  if (!isOver) return { found: "unclear", note: `job:${job} is not over` };
  if (line.state !== "accepted") return { found: "absent", note: `404, and job:${job} is over` };
  return { found: "refused", note: `job:${job} is over and has not made it; its result says why` };
}

/** Nobody knows now; the note still names the job, in front, for notes are cut. */
function unclear(line: ExportLine, note: string): LookUp {
  const job = jobOf(line);
  return { found: "unclear", note: job === null ? note : `job:${job} ${note}` };
}
