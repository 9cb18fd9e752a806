/**
 * All usage or transactions of an account that are lines of ours: their external ID is the key. By
 * SuiteQL, which says only what its tables have: an account that refuses the query lists nothing.
 */
import { parseValue } from "../../domain/export/export-line.ts";
import type { ExportTarget } from "../../domain/export/target.ts";
import type { HeldLine, Session } from "../../engine/export/connector-port.ts";
import { heldSinceMs, isLineKey, unlisted } from "../own-lines.ts";
import { exactJson } from "./exact-answer.ts";
import { dayAt } from "./frozen-request.ts";
import { asked } from "./netsuite-api.ts";
import { readSettings, referenceTo } from "./netsuite-settings.ts";
import { type Row, suiteql } from "./read-back.ts";

const DAY_MS = 24 * 60 * 60 * 1000;
/** How late usage is told of a day, where no setting says until when it may be. */
const LATE_MAX_DAYS = 400;
const OK = 200;
/** The account has no such table or column, or the role may not ask. */
const REFUSED: readonly (number | null)[] = [400, 403, 404, 405];

/** Lines of a target that were made since an instant, or all. */
export async function* heldRecords(
  session: Session,
  sinceMs: number | null,
): AsyncGenerator<readonly HeldLine[]> {
  const { target } = session;
  const isUsage = target.mode === "usage";
  const fromMs = heldSinceMs(session, sinceMs);
  const select = isUsage ? usageQuery(target, fromMs) : transactionQuery(fromMs);
  for (let last: string | null = "0"; last !== null; ) {
    const { rows, hasMore } = await pageOf(`${select} AND id > ${last} ORDER BY id`, session);
    yield rows.flatMap((row) => (isUsage ? usageLine(row, target) : documentLine(row, target)));
    last = hasMore ? idOf(rows.at(-1)) : null;
  }
}

function usageQuery(target: ExportTarget, sinceMs: number): string {
  const { openDays } = readSettings(target);
  const fromMs = sinceMs - (openDays ?? LATE_MAX_DAYS) * DAY_MS;
  const columns = "id, externalid, customer, usagequantity, status, memo";
  return `SELECT ${columns} FROM usage WHERE usagedate >= ${dateOf(fromMs)}`;
}

function transactionQuery(sinceMs: number): string {
  const columns = "id, externalid, entity, type, foreigntotal, voided, memo";
  return `SELECT ${columns} FROM transaction WHERE createddate >= ${dateOf(sinceMs)}`;
}

/** Dates there are of the account's time zone: a day before is early enough. */
function dateOf(ms: number): string {
  return `TO_DATE('${dayAt(Math.max(ms - DAY_MS, 0), "UTC")}', 'YYYY-MM-DD')`;
}

interface Page {
  readonly rows: readonly Row[];
  readonly hasMore: boolean;
}

async function pageOf(query: string, session: Session): Promise<Page> {
  const what = await asked(suiteql(query), session);
  const { status = null, body = "" } = what.kind === "failed" ? {} : what.answer;
  const { items, hasMore } = exactJson(body);
  if (status === OK && Array.isArray(items)) {
    return { rows: items as readonly Row[], hasMore: hasMore === true };
  }
  throw unlisted(query, REFUSED.includes(status));
}

/** Ids are digits, and stand in the next query. */
function idOf(row: Row | undefined): string | null {
  const id = String(row?.id ?? "");
  return /^[0-9]{1,18}$/.test(id) ? id : null;
}

function usageLine(row: Row, target: ExportTarget): HeldLine[] {
  const isVoid = /void/i.test(String(row.status ?? ""));
  return isVoid ? [] : lineOf(row, { whose: row.customer, number: row.usagequantity }, target);
}

function documentLine(row: Row, target: ExportTarget): HeldLine[] {
  return row.voided === "T" ? [] : lineOf(row, { whose: row.entity, number: null }, target);
}

interface Said {
  readonly whose: unknown;
  /** A quantity; null: an amount is told, before its taxes. */
  readonly number: unknown;
}

function lineOf(row: Row, { whose, number }: Said, target: ExportTarget): HeldLine[] {
  const { externalid: key, id, memo } = row;
  const customer = customerOf(String(whose), target);
  if (!isLineKey(key) || customer === null) return [];
  const value = parseValue(String(number ?? row.foreigntotal ?? ""));
  const unit = number === null ? readSettings(target).currency : "";
  const item = String(memo ?? "").replace(/ \(revision [0-9]+\)$/, "");
  const said = value === undefined ? null : { customer, item, value, unit };
  return [{ key, place: String(id), said, isEditable: true }];
}

/**
 * Our name of a customer by its internal ID; null: the target names others. One that is named by
 * its external ID may be any: what has a key of a line is taken for ours then.
 */
function customerOf(internal: string, { customers }: ExportTarget): string | null {
  const listed = Object.entries(customers.names).map(([ours, { id = ours }]) => {
    return { ours, reference: referenceTo(id) };
  });
  const found = listed.find(({ reference }) => "id" in reference && reference.id === internal);
  if (found !== undefined) return found.ours;
  const isOther =
    customers.others === "refuse" && listed.every(({ reference }) => "id" in reference);
  return isOther ? null : internal;
}
