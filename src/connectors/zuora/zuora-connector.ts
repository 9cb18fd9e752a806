/**
 * Zuora. Usage goes as records (CRUD), as files, or as events for a meter of Mediation; amounts and
 * bills as standalone invoices, and what is less as credit memos.
 *
 * No key of theirs is trusted to stop a second try. An Idempotency-Key is known for 24 hours and
 * answers failures again too (docs, "Idempotent requests"), so each attempt has one of its own,
 * and a line that may have arrived is looked up by its key before it is sent again.
 */
import type { Capability, Outcome } from "../../domain/export/capability.ts";
import type { ExportLine } from "../../domain/export/export-line.ts";
import type { ExportTarget } from "../../domain/export/target.ts";
import type { Connector, OutgoingRequest, Session } from "../../engine/export/connector-port.ts";
import { outcome } from "../outcome-of-status.ts";
import { type FrozenLine, freezeLine, frozenOf } from "./frozen-line.ts";
import { heldRecords } from "./held-records.ts";
import { probeTarget } from "./probe-target.ts";
import { lookUpLine, MEDIATION_SETTLES_MS, usageOf } from "./read-back.ts";
import { filesOf, multipartOf, nameOf } from "./usage-file.ts";
import { outcomeOfAnswer } from "./zuora-answers.ts";
import { type Call, called, JSON_TYPE, requestOf, tokenRequest } from "./zuora-calls.ts";
import { checkTarget, zuoraSettings } from "./zuora-settings.ts";

/** `client_id` and `client_secret`: of an OAuth client of an API user. */
export const zuoraConnector: Connector = {
  name: "zuora",
  modes: ["usage", "rated", "statement"],
  secrets: ["client_id", "client_secret"],
  capability,
  check: checkTarget,
  freeze: freezeLine,
  preview,
  send,
  lookUp: lookUpLine,
  held: heldRecords,
  canTakeBack: (line) => ["record", "row"].includes(frozenOf(line).kind),
  probe: probeTarget,
};

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
const MEGABYTE = 1_000_000;
/** A request is given up after 120 s (docs, "Request timeout"); then nothing comes of it. */
const SETTLES_AFTER_MS = 150_000;
/** Reference: 40 requests at a time, of all clients; 50,000 a minute. */
const CONCURRENCY = 8;
const PER_SECOND = 200;
/** Docs, "Streaming API as a source": 600 calls a minute of 1,000 rows and 1 MB for sandboxes. */
const METER_PER_SECOND = 10;
const METER_MAX_ROWS = 1_000;
const FILE_MAX_ROWS = 2_000;
/** A quantity has 16 characters, and is a double: 15 digits come back as they were. */
const SIGNIFICANT_DIGITS = 15;

function capability(target: ExportTarget): Capability {
  const { mode } = target;
  const { way, decimals, openDays } = zuoraSettings(target);
  const isUsage = mode === "usage";
  const line = (lagMs: number) => ({ kind: "line", lagMs }) as const;
  const common = {
    mode,
    dedup: { windowMs: 0 },
    values: "delta",
    numbers: {
      scale: decimals,
      significantDigits: isUsage ? SIGNIFICANT_DIGITS : null,
      negative: !isUsage,
    },
    pastMaxMs: openDays === null || !isUsage ? null : openDays * DAY_MS,
    pace: { concurrency: CONCURRENCY, perEntityConcurrency: null, perSecond: PER_SECOND },
    settlesAfterMs: SETTLES_AFTER_MS,
  } as const;
  if (isUsage && way === "file") {
    const batch = { batchMaxCount: FILE_MAX_ROWS, batchMaxBytes: 3.5 * MEGABYTE };
    return { ...common, ...batch, validation: "async", readBack: line(10 * MINUTE_MS) };
  }
  if (isUsage && way === "mediation") {
    return {
      ...common,
      ...{ batchMaxCount: METER_MAX_ROWS, batchMaxBytes: 0.9 * MEGABYTE },
      ...{ validation: "async", readBack: line(15 * MINUTE_MS) },
      pace: { ...common.pace, perSecond: METER_PER_SECOND },
      settlesAfterMs: MEDIATION_SETTLES_MS,
    };
  }
  const one = { batchMaxCount: 1, batchMaxBytes: MEGABYTE };
  return { ...common, ...one, validation: "sync", readBack: line(MINUTE_MS) };
}

/** Lines that go in one call. */
interface Sending {
  readonly lines: readonly ExportLine[];
  readonly call: Call;
}

/** Calls for lines. Rows of a file and events of a meter go together. */
function sendingsOf(lines: readonly ExportLine[]): Sending[] {
  return [...Map.groupBy(lines, togetherWith).values()].flatMap((own): Sending[] => {
    const [first] = own;
    if (first === undefined) return [];
    const frozen = frozenOf(first);
    if (frozen.kind === "row") return filesOf(own).map((file) => fileSending(file, frozen.host));
    if (frozen.kind === "event") return [meterSending(own, frozen)];
    return own.map((line) => ({ lines: [line], call: callOf(line) }));
  });
}

function togetherWith({ body, key }: ExportLine): string {
  const frozen = frozenOf({ body });
  if (frozen.kind === "row") return `row ${frozen.host}`;
  return frozen.kind === "event" ? `event ${frozen.host} ${frozen.meter}` : key;
}

function fileSending(lines: readonly ExportLine[], host: string): Sending {
  const name = nameOf(lines);
  const { type, body } = multipartOf(lines.map(textOf), name);
  const track = { trackId: lines[0]?.key ?? name, idempotencyKey: name };
  return { lines, call: { method: "POST", host, path: "/v1/usage", type, body, ...track } };
}

type EventLine = Extract<FrozenLine, { kind: "event" }>;

function meterSending(lines: readonly ExportLine[], { host, meter }: EventLine): Sending {
  const body = `[${lines.map(textOf).join(",")}]`;
  const path = `/usage/bulk/${encodeURIComponent(meter)}`;
  const track = { trackId: lines[0]?.key ?? "", idempotencyKey: attemptOf(lines[0]) };
  const call = { method: "POST", host, path, type: "application/json", body, ...track } as const;
  return { lines, call };
}

/** What was not sent yet is previewed as it will be sent first. */
const FIRST_ATTEMPT = 1;

/** A key of the attempt: the answer to another one is none to this. */
function attemptOf(line: Pick<ExportLine, "key" | "attempts"> | undefined): string {
  return `${line?.key}.${Math.max(line?.attempts ?? 0, FIRST_ATTEMPT)}`;
}

function textOf(line: ExportLine): string {
  const frozen = frozenOf(line);
  return "text" in frozen ? frozen.text : "";
}

/** Unknown fields would be ignored, and with them a charge that is misspelt. */
const RECORDS_PATH = "/v1/object/usage?rejectUnknownFields=true";
const PATHS = {
  record: RECORDS_PATH,
  invoice: "/v1/invoices",
  credit_memo: "/v1/credit-memos",
} as const;

function callOf(line: ExportLine): Call {
  const frozen = frozenOf(line);
  const { kind, host } = frozen;
  const common = { host, trackId: line.key, type: JSON_TYPE };
  if (kind === "take_back") return deletion(frozen, line.key, "{id}");
  const path = PATHS[kind as keyof typeof PATHS];
  const idempotencyKey = attemptOf(line);
  return { method: "POST", path, body: textOf(line), ...common, idempotencyKey };
}

function deletion({ host }: Pick<FrozenLine, "host">, trackId: string, id: string): Call {
  const path = `/v1/object/usage/${id}`;
  const none = { type: null, body: null, idempotencyKey: null };
  return { method: "DELETE", host, path, trackId, ...none };
}

/** The token first, then what goes with it. */
function preview(lines: readonly ExportLine[], target: ExportTarget): OutgoingRequest[] {
  const settings = zuoraSettings(target);
  const calls = sendingsOf(lines).map(({ call }) => requestOf(call, "{secret}", settings));
  const hosts = [...new Set(calls.map(({ url }) => new URL(url).host))];
  const client = { client_id: "{secret}", client_secret: "{secret}" };
  return [...hosts.map((host) => tokenRequest(host, client)), ...calls];
}

async function send(lines: readonly ExportLine[], session: Session): Promise<Outcome[]> {
  const outcomes = new Map<string, Outcome>();
  for (const { lines: own, call } of sendingsOf(lines)) {
    const became = await sendOne(own, call, session);
    for (const { key } of own) outcomes.set(key, became);
  }
  return lines.map(({ key }) => outcomes.get(key) ?? outcome("retry_same_bytes", "not sent"));
}

async function sendOne(
  lines: readonly ExportLine[],
  call: Call,
  session: Session,
): Promise<Outcome> {
  const [line] = lines;
  if (line !== undefined && frozenOf(line).kind === "take_back") return takeBack(line, session);
  const made = await called(call, session);
  return made.answer === null ? made.outcome : outcomeOfAnswer(made.answer);
}

/** Deletes the record of the line that is taken back; one that is on an invoice stays. */
async function takeBack(line: ExportLine, session: Session): Promise<Outcome> {
  const frozen = frozenOf(line);
  if (frozen.kind !== "take_back") return outcome("permanent_data", "it takes nothing back");
  const records = await usageOf(frozen, line.key, session);
  if (records === null) return outcome("retry_same_bytes", "the query was not answered");
  const [record] = records;
  if (record === undefined) return outcome("delivered_duplicate", "the usage record is gone");
  const made = await called(deletion(frozen, line.key, String(record.Id)), session);
  if (made.answer === null) return made.outcome;
  const became = outcomeOfAnswer(made.answer);
  const isRefused = became.class === "permanent_data" || became.class === "permanent_config";
  return isRefused ? { ...became, class: "closed_period" } : became;
}
