/**
 * A connector to copy: a billing system that does not exist, and behaves as most do. It takes
 * batches, may refuse single lines of them, knows a key for a day, and finds a line by its key.
 *
 * Copy the folder, then go through it from the top: each member says what to put there. Every fact
 * about the real system gets its source in a comment: a page of its documentation, with a date.
 */
import type { Capability, Outcome } from "../../domain/export/capability.ts";
import { type ExportLine, formatValue } from "../../domain/export/export-line.ts";
import type { ExportTarget, Missing } from "../../domain/export/target.ts";
import type {
  Connector,
  Freezing,
  LookUp,
  OutgoingRequest,
  Session,
  Theirs,
} from "../../engine/export/connector-port.ts";
import { outcome, outcomeOfSilence, outcomeOfStatus } from "../outcome-of-status.ts";

/** Hosts are the service's own and no setting: a wrong target cannot send secrets elsewhere. */
const HOST = "api.billing.example";
const RECORDS_URL = `https://${HOST}/v1/records`;
const LIMITS = { hosts: [HOST] };

const DAY_MS = 24 * 60 * 60 * 1000;
const BATCH_MAX_COUNT = 50;
const BATCH_MAX_BYTES = 512 * 1024;
const NUMBERS = { scale: 6, significantDigits: null, negative: true };
const PACE = { concurrency: 4, perEntityConcurrency: null, perSecond: 50 };
const READ_BACK_LAG_MS = 5_000;
const SETTLES_AFTER_MS = 60_000;

/** `token`: an API token with the rights to write and read records. */
export const templateConnector: Connector = {
  name: "template",
  modes: ["usage", "rated"],
  secrets: ["token"],
  capability,
  check,
  freeze,
  preview: (lines) => [recordsRequest(lines, "{secret}")],
  send,
  lookUp,
  probe,
};

/** What the exporter batches, rounds, waits and asks by. */
function capability({ mode }: ExportTarget): Capability {
  return {
    ...{ mode, batchMaxCount: BATCH_MAX_COUNT, batchMaxBytes: BATCH_MAX_BYTES },
    ...{ dedup: { windowMs: DAY_MS }, values: "delta", numbers: NUMBERS, pastMaxMs: null },
    ...{ validation: "sync", readBack: { kind: "line", lagMs: READ_BACK_LAG_MS }, pace: PACE },
    settlesAfterMs: SETTLES_AFTER_MS,
  };
}

/** Each with what to do about it. Names that are missing altogether are found by the exporter. */
function check({ settings, items }: ExportTarget): Missing[] {
  const missing: Missing[] = [];
  if (settings.book === undefined || settings.book === "") {
    missing.push({ place: "settings.book", detail: "Say which book of theirs the records go to." });
  }
  for (const [ours, { id = "" }] of Object.entries(items.names)) {
    if (/^[a-z_]{1,40}$/.test(id)) continue;
    const detail = `"${id}" is no meter of theirs: 1 to 40 small letters.`;
    missing.push({ place: `items.${ours}`, detail });
  }
  return missing;
}

/** One record. All that `lookUp` needs later stands in it: names and settings change. */
function freeze(line: Freezing, { customer, item }: Theirs, { settings }: ExportTarget): string {
  return JSON.stringify({
    ...{ id: line.key, book: settings.book, customer: customer.id, meter: item.id },
    ...{ value: formatValue(line.value), unit: line.unit, mode: line.mode },
    ...{ from: line.window.startMs, to: line.window.endMs },
  });
}

/** Frozen bodies are put together as they are: nothing is written anew. */
function recordsRequest(lines: readonly Pick<ExportLine, "body">[], token: string) {
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  const body = `{"records":[${lines.map((line) => line.body).join(",")}]}`;
  return { method: "POST", url: RECORDS_URL, headers, body } satisfies OutgoingRequest;
}

async function send(lines: readonly ExportLine[], session: Session): Promise<Outcome[]> {
  const request = recordsRequest(lines, await session.secret("token"));
  const sent = await session.http.send(request, LIMITS);
  if (sent.kind !== "answered") return lines.map(() => outcomeOfSilence(sent));
  const whole = outcomeOfStatus(sent.answer);
  if (whole.class !== "accepted") return lines.map(() => whole);
  const results = readResults(sent.answer.body);
  return lines.map(({ key }) => outcomeOfResult(results.get(key)));
}

/** What they say of each record, by its id. An answer that cannot be read says nothing. */
function readResults(body: string): ReadonlyMap<string, string> {
  try {
    return new Map(Object.entries(JSON.parse(body).results));
  } catch {
    return new Map();
  }
}

function outcomeOfResult(result: string | undefined): Outcome {
  switch (result) {
    case "created":
      return outcome("accepted", result);
    case "exists":
      return outcome("delivered_duplicate", result);
    case "busy":
      return outcome("retry_same_bytes", result);
    case "no_such_customer":
    case "no_such_meter":
      return outcome("permanent_config", result);
    case "closed":
      return outcome("closed_period", result);
    case undefined:
      return outcome("unknown_outcome", "the answer does not name this record");
    default:
      return outcome("permanent_data", result);
  }
}

async function lookUp({ key }: ExportLine, session: Session): Promise<LookUp> {
  const answer = await asked(`${RECORDS_URL}/${key}`, session);
  if (answer === null) return { found: "unclear", note: "no answer" };
  if (answer.status === 200) return { found: "present", note: "read back" };
  if (answer.status === 404) return { found: "absent", note: "404" };
  return { found: "unclear", note: String(answer.status) };
}

async function probe(session: Session): Promise<Missing[]> {
  const answer = await asked(`${RECORDS_URL}/none`, session);
  if (answer?.status !== 401) return [];
  return [{ place: "secrets.token", detail: "The token was refused; set another one." }];
}

async function asked(url: string, session: Session) {
  const headers = { authorization: `Bearer ${await session.secret("token")}` };
  const sent = await session.http.send({ method: "GET", url, headers, body: null }, LIMITS);
  return sent.kind === "answered" ? sent.answer : null;
}
