/**
 * All usage records or documents of a tenant that are lines of ours. Usage holds the key in a
 * field, documents have it for a number. Whose they are is known by their account: of accounts that
 * a target does not name, nothing is its own.
 */
import { parseValue } from "../../domain/export/export-line.ts";
import type { ExportTarget } from "../../domain/export/target.ts";
import { TARGET_LIST_PAGES_MAX_COUNT } from "../../domain/limits.ts";
import type { HeldLine, Session } from "../../engine/export/connector-port.ts";
import { heldSinceMs, isLineKey, ourName, unlisted } from "../own-lines.ts";
import { queriedInPart } from "./read-back.ts";
import { outcomeOfAnswer, readAnswer, recordOf } from "./zuora-answers.ts";
import { called } from "./zuora-calls.ts";
import { zuoraSettings } from "./zuora-settings.ts";

const MINUTE_MS = 60_000;
const ACCOUNTS_AT_ONCE = 8;
const TRACK_ID = "held-lines";

type Row = Readonly<Record<string, unknown>>;

/** Lines of a target that were made since an instant, or all. */
export async function* heldRecords(
  session: Session,
  sinceMs: number | null,
): AsyncGenerator<readonly HeldLine[]> {
  const { target } = session;
  const fromMs = heldSinceMs(session, sinceMs);
  if (target.mode === "usage") {
    const { keyField } = zuoraSettings(target);
    const fields = ["Description", ...(keyField === null ? [] : [keyField])];
    const select = `select Id, AccountNumber, UOM, Quantity, ${fields.join(", ")} from Usage`;
    for await (const rows of rowsOf(select, fromMs, session)) {
      yield rows.flatMap((row) => usageLine(row, fields, target));
    }
    return;
  }
  const select = "select Id, AccountId, InvoiceNumber, Amount, Status, Comments from Invoice";
  for await (const rows of rowsOf(select, fromMs, session)) {
    yield rows.flatMap((row) => documentLine(row, { number: row.InvoiceNumber, sign: 1n }, target));
  }
  yield* creditMemos(session);
}

/** Rows that were made since an instant; a span of too many rows is asked for in halves. */
async function* rowsOf(
  select: string,
  fromMs: number,
  session: Session,
): AsyncGenerator<readonly Row[]> {
  const { host } = zuoraSettings(session.target);
  // Clocks differ: what is made just now has a time of theirs.
  const spans: [number, number][] = [[fromMs, session.nowMs() + 60 * MINUTE_MS]];
  for (let span = spans.pop(); span !== undefined; span = spans.pop()) {
    const [from, to] = span.map((ms) => new Date(ms).toISOString());
    const query = `${select} where CreatedDate >= '${from}' and CreatedDate < '${to}'`;
    const page = await queriedInPart(query, { host, trackId: TRACK_ID }, session);
    if (page === null || page === "refused") throw unlisted(select, page === "refused");
    if (page.isWhole) yield page.records;
    else if (span[1] - span[0] < 2) throw unlisted(select);
    else {
      const middle = Math.floor((span[0] + span[1]) / 2);
      spans.push([middle, span[1]], [span[0], middle]);
    }
  }
}

function usageLine(row: Row, fields: readonly string[], target: ExportTarget): HeldLine[] {
  const key = fields.map((field) => row[field]).find(isLineKey);
  const customer = ourName(target.customers, String(row.AccountNumber));
  const value = valueIn(row.Quantity);
  if (key === undefined || customer === null || value === undefined) return [];
  const unit = String(row.UOM);
  const item = ourName(target.items, unit) ?? unit;
  return [{ key, place: String(row.Id), said: { customer, item, value, unit }, isEditable: true }];
}

const GONE: readonly unknown[] = ["Canceled", "Reversed"];

interface Numbered {
  readonly number: unknown;
  readonly sign: bigint;
}

/** A document whose number is a key without its hyphens. */
function documentLine(row: Row, { number, sign }: Numbered, target: ExportTarget): HeldLine[] {
  const key = String(number).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
  const amount = valueIn(row.amount ?? row.Amount);
  const customer = Object.entries(target.customers.names).find(
    ([, { accountId }]) => accountId === (row.accountId ?? row.AccountId),
  )?.[0];
  const isGone = GONE.includes(row.status ?? row.Status);
  if (!isLineKey(key) || customer === undefined || amount === undefined || isGone) return [];
  // Its key stands behind what it is for.
  const item = String(row.comment ?? row.Comments ?? "").replace(/, [^,]*$/, "");
  const said = { customer, item, value: sign * amount, unit: zuoraSettings(target).currency };
  return [{ key, place: String(number), said, isEditable: true }];
}

/** A number of theirs, as JSON has it; those of 16 characters are written without an exponent. */
function valueIn(number: unknown): bigint | undefined {
  if (typeof number !== "number") return undefined;
  return parseValue(number.toLocaleString("en", PLAIN));
}

const PLAIN = { useGrouping: false, maximumSignificantDigits: 15 } as const;

/** Credit memos of the accounts that a target names: they are listed account by account. */
async function* creditMemos(session: Session): AsyncGenerator<readonly HeldLine[]> {
  const { target } = session;
  const ids = Object.values(target.customers.names).flatMap(({ accountId = [] }) => accountId);
  for (let at = 0; at < ids.length; at += ACCOUNTS_AT_ONCE) {
    const some = ids.slice(at, at + ACCOUNTS_AT_ONCE);
    const listed = await Promise.all(some.map((id) => memosOf(id, session)));
    yield listed
      .flat()
      .flatMap((row) => documentLine(row, { number: row.number, sign: -1n }, target));
  }
}

const OK = 200;
const REFUSALS: readonly string[] = ["permanent_data", "permanent_config"];

async function memosOf(accountId: string, session: Session): Promise<Row[]> {
  const { host } = zuoraSettings(session.target);
  const rows: Row[] = [];
  for (let page = 1; page <= TARGET_LIST_PAGES_MAX_COUNT; page += 1) {
    const query = new URLSearchParams({ accountId, pageSize: "40", page: String(page) });
    const path = `/v1/credit-memos?${query}`;
    const call = { method: "GET", host, path, type: null, body: null, trackId: TRACK_ID } as const;
    const { answer } = await called({ ...call, idempotencyKey: null }, session);
    // A tenant without credit memos has none.
    if (answer !== null && REFUSALS.includes(outcomeOfAnswer(answer).class)) return [];
    const told = answer?.status === OK ? readAnswer(answer) : null;
    const listed = told?.record.creditmemos;
    if (told?.isSuccess !== true || !Array.isArray(listed)) throw unlisted(path);
    rows.push(...listed.map(recordOf));
    if (typeof told.record.nextPage !== "string" || listed.length === 0) return rows;
  }
  throw unlisted(`credit memos of ${accountId}`);
}
