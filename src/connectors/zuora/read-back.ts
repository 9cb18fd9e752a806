/**
 * Whether they have a line. Usage is found by the field that holds our key (docs, "Field
 * descriptions of Usage": Description may be filtered by), documents by the number that we gave
 * them. What is imported or mediated appears later, so it is asked first whether something is still
 * under way, and then whether the line is there: in the other order it could arrive in between.
 */
import type { ExportLine } from "../../domain/export/export-line.ts";
import type { LookUp, Session } from "../../engine/export/connector-port.ts";
import { type FrozenLine, frozenOf } from "./frozen-line.ts";
import { nameAlone } from "./usage-file.ts";
import { isNotFound, outcomeOfAnswer, readAnswer, recordOf } from "./zuora-answers.ts";
import { called, JSON_TYPE } from "./zuora-calls.ts";

type Frozen<Kind extends FrozenLine["kind"]> = Extract<FrozenLine, { kind: Kind }>;
type UsageLine = Frozen<"record" | "row" | "event">;

/** Looks a line up. */
export async function lookUpLine(line: ExportLine, session: Session): Promise<LookUp> {
  const frozen = frozenOf(line);
  switch (frozen.kind) {
    case "record":
      return (await foundUsage(line, frozen, session)) ?? absent("no usage record has its key");
    case "take_back":
      return takenBack(frozen, line, session);
    case "row":
      return foundRow(line, frozen, session);
    case "event":
      return foundEvent(line, frozen, session);
    default:
      return foundDocument(frozen, line, session);
  }
}

const unclear = (note: string): LookUp => ({ found: "unclear", note });
const absent = (note: string): LookUp => ({ found: "absent", note });

type Records = readonly Readonly<Record<string, unknown>>[];

const REFUSALS: readonly string[] = ["permanent_data", "permanent_config"];

interface Asker {
  readonly host: string;
  readonly trackId: string;
}

/** Records of a ZOQL query; null: they did not answer. At most 2,000 come at once: enough here. */
export async function queried(
  queryString: string,
  asker: Asker,
  session: Session,
): Promise<Records | null> {
  const answer = await queriedInPart(queryString, asker, session);
  if (answer === null || answer === "refused" || !answer.isWhole) return null;
  return answer.records;
}

/** The first 2,000 records of a ZOQL query, and whether these are all; null: no answer now. */
export async function queriedInPart(
  queryString: string,
  { host, trackId }: Asker,
  session: Session,
): Promise<{ readonly records: Records; readonly isWhole: boolean } | "refused" | null> {
  const path = "/v1/action/query";
  const body = JSON.stringify({ queryString });
  const call = { method: "POST", host, path, type: JSON_TYPE, body, trackId } as const;
  const { answer } = await called({ ...call, idempotencyKey: null }, session);
  if (answer === null) return null;
  const { record } = readAnswer(answer);
  const isRead = answer.status === 200 || answer.status === 404;
  if (!isRead || typeof record.done !== "boolean" || typeof record.size !== "number") {
    return REFUSALS.includes(outcomeOfAnswer(answer).class) ? "refused" : null;
  }
  const isAny = Array.isArray(record.records) && record.size > 0;
  const records = isAny ? (record.records as unknown[]).map(recordOf) : [];
  return { records, isWhole: record.done };
}

/** Usage records that hold a key: normally one or none. Null: they did not answer. */
export function usageOf(
  { host, field, key }: Pick<UsageLine, "host" | "field" | "key">,
  trackId: string,
  session: Session,
) {
  const query = `select Id, Quantity, RbeStatus from Usage where ${field} = '${key}'`;
  return queried(query, { host, trackId }, session);
}

/** Null: it is not there. */
async function foundUsage(
  line: ExportLine,
  frozen: UsageLine,
  session: Session,
): Promise<LookUp | null> {
  const records = await usageOf(frozen, line.key, session);
  if (records === null) return unclear("the query was not answered");
  const [record] = records;
  if (record === undefined) return null;
  const { Quantity: quantity, RbeStatus: status } = record;
  const note = `usage ${record.Id}: ${quantity}, ${status}`;
  if (line.state !== "confirmed") return { found: "present", note };
  if (records.length > 1) return { found: "refused", note: `it is there ${records.length} times` };
  const isSame = Number(quantity) === Number(frozen.quantity);
  return { found: isSame ? "present" : "refused", note };
}

async function takenBack(
  frozen: Frozen<"take_back">,
  line: ExportLine,
  session: Session,
): Promise<LookUp> {
  const records = await usageOf(frozen, line.key, session);
  if (records === null) return unclear("the query was not answered");
  if (records.length === 0) return { found: "present", note: "the usage record is gone" };
  return absent("the usage record is still there");
}

const MINUTE_MS = 60_000;
/** Clocks differ, and a file takes its time to arrive. */
const BEFORE_MS = 10 * MINUTE_MS;
const AFTER_MS = 20 * MINUTE_MS;

/** Files that a row is sent in; in the last ones it is alone. */
const FILE_ATTEMPTS_MAX_COUNT = 8;

async function foundRow(
  line: ExportLine,
  frozen: Frozen<"row">,
  session: Session,
): Promise<LookUp> {
  const imports = await importsOf(line, frozen, session);
  if (imports === null) return unclear("the query was not answered");
  const isUnderWay = imports.some(({ Status }) => Status !== "Completed" && !isThrownAway(Status));
  const found = await foundUsage(line, frozen, session);
  if (found !== null) return found;
  if (isUnderWay) return unclear("a file is being imported");
  if (line.state === "confirmed") return absent("no usage record has its key");
  const own = imports.find(({ Name }) => Name === nameAlone(line));
  if (own !== undefined && isThrownAway(own.Status)) {
    return { found: "refused", note: `import ${own.Id}: ${own.StatusReason}` };
  }
  const failed = imports.filter(({ Status }) => isThrownAway(Status));
  const why = failed.map(({ StatusReason }) => String(StatusReason)).join("; ");
  const note = `its file was not imported ${why}`.trim();
  if (line.state !== "accepted") return absent(note);
  // They took its file: unless one was thrown away, it is imported and cannot be seen yet.
  if (failed.length === 0) return unclear("its import cannot be seen yet");
  return { found: line.attempts < FILE_ATTEMPTS_MAX_COUNT ? "dropped" : "refused", note };
}

function isThrownAway(status: unknown): boolean {
  return status === "Failed" || status === "Canceled";
}

/** Imports of the time in which a line was sent, anybody's: whose they are does not matter. */
async function importsOf(line: ExportLine, { host }: Frozen<"row">, session: Session) {
  const { firstSentAtMs, lastSentAtMs } = line;
  if (firstSentAtMs === null || lastSentAtMs === null) return [];
  const [from, to] = [firstSentAtMs - BEFORE_MS, lastSentAtMs + AFTER_MS].map((ms) =>
    new Date(ms).toISOString(),
  );
  const query =
    "select Id, Name, Status, StatusReason from Import where ImportType = 'Usage' " +
    `and CreatedDate >= '${from}' and CreatedDate <= '${to}'`;
  const found = await queried(query, { host, trackId: line.key }, session);
  return found;
}

/** How long an event may be under way through a meter. */
export const MEDIATION_SETTLES_MS = 6 * 60 * MINUTE_MS;

async function foundEvent(
  line: ExportLine,
  frozen: Frozen<"event">,
  session: Session,
): Promise<LookUp> {
  const error = await errorOf(line, frozen, session);
  if (error === null) return unclear("the audit trail was not answered");
  const found = await foundUsage(line, frozen, session);
  if (found !== null) return found;
  if (error !== undefined) return { found: "refused", note: `the meter refused it: ${error}` };
  const sentAtMs = line.lastSentAtMs ?? 0;
  const isSettled = session.nowMs() - sentAtMs >= MEDIATION_SETTLES_MS;
  if (line.state !== "confirmed" && !isSettled) return unclear("the meter may be at work on it");
  return absent("neither a usage record nor the audit trail has its key");
}

/** What a meter's audit trail says of an event; undefined: nothing. Null: they did not answer. */
async function errorOf(
  line: ExportLine,
  { host, meterId, key }: Frozen<"event">,
  session: Session,
): Promise<string | undefined | null> {
  const { firstSentAtMs } = line;
  if (firstSentAtMs === null) return undefined;
  const times = [firstSentAtMs - BEFORE_MS, session.nowMs() + BEFORE_MS];
  const [from = "", to = ""] = times.map((ms) => new Date(ms).toISOString());
  for (let cursor = ""; ; ) {
    const query = new URLSearchParams({
      ...{ exportType: "ERROR", runType: "NORMAL", queryFromTime: from, queryToTime: to },
      ...{ pageSize: "100", ...(cursor === "" ? {} : { cursor }) },
    });
    const path = `/meters/${encodeURIComponent(meterId)}/auditTrail/entries?${query}`;
    const call = { method: "GET", host, path, type: null, body: null } as const;
    const { answer } = await called({ ...call, trackId: key, idempotencyKey: null }, session);
    if (answer === null || answer.status !== 200) return null;
    const { record, isSuccess } = readAnswer(answer);
    if (isSuccess !== true || !Array.isArray(record.data)) return null;
    const own = record.data.map(recordOf).find((entry) => recordOf(entry.payload).eventId === key);
    if (own !== undefined) return `${own.errorCode} ${own.errorMessage}`;
    if (typeof record.nextPage !== "string" || record.nextPage === cursor) return undefined;
    cursor = record.nextPage;
  }
}

const PATHS = { invoice: "/v1/invoices/", credit_memo: "/v1/credit-memos/" } as const;

async function foundDocument(
  { kind, host, number }: Frozen<"invoice" | "credit_memo">,
  line: ExportLine,
  session: Session,
): Promise<LookUp> {
  const path = `${PATHS[kind]}${number}`;
  const call = { method: "GET", host, path, type: null, body: null, trackId: line.key } as const;
  const { answer } = await called({ ...call, idempotencyKey: null }, session);
  if (answer === null) return unclear("no answer");
  if (isNotFound(answer)) return absent("no document has its number");
  const { isSuccess, record } = readAnswer(answer);
  if (answer.status !== 200 || isSuccess === false) return unclear(`${answer.status}`);
  const status = String(record.status ?? "");
  if (status === "Canceled" || status === "Reversed") {
    return { found: "refused", note: `${number} is ${status} there` };
  }
  return { found: "present", note: `${number}: ${status}, ${record.amount}` };
}
