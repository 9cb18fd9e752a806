/**
 * Writes lines as records, by external ID: what is there already is written again with the same
 * content, so a repetition changes nothing. One record a request, or up to a hundred as one job.
 */
import { createHash } from "node:crypto";
import type { Outcome } from "../../domain/export/capability.ts";
import type { ExportLine } from "../../domain/export/export-line.ts";
import type { ExportTarget } from "../../domain/export/target.ts";
import type { Session } from "../../engine/export/connector-port.ts";
import { outcome } from "../outcome-of-status.ts";
import { type FrozenRequest, readFrozen } from "./frozen-request.ts";
import {
  type Ask,
  asked,
  COLLECTION_TYPE,
  outcomeOfAnswer,
  RECORDS,
  STRICT,
} from "./netsuite-api.ts";
import { readSettings } from "./netsuite-settings.ts";

/** "You can currently work with a maximum of 100 records in one batch request." */
export const BATCH_MAX_COUNT = 100;

/** Lines with the request that tells them. */
interface Telling {
  readonly lines: readonly ExportLine[];
  readonly ask: Ask;
}

/** The requests for lines, in their order as far as one tells several. */
export function tellingsOf(lines: readonly ExportLine[], target: ExportTarget): Telling[] {
  const { api } = readSettings(target);
  const isBatch = target.mode === "usage" && api === "batch";
  const together = isBatch ? lines.filter((line) => readFrozen(line).method === "PUT") : [];
  const alone = lines.filter((line) => !together.includes(line));
  const count = Math.ceil(together.length / BATCH_MAX_COUNT);
  const batches = Array.from({ length: count }, (_, at) =>
    together.slice(at * BATCH_MAX_COUNT, (at + 1) * BATCH_MAX_COUNT),
  );
  return [
    ...batches.map((own) => ({ lines: own, ask: batchAsk(own) })),
    ...alone.map((line) => ({ lines: [line], ask: singleAsk(readFrozen(line)) })),
  ];
}

/**
 * `replace=item`: lines of a transaction have no key, so without it a second PUT adds its lines to
 * those of the first ("Updating a Sublist").
 */
function singleAsk({ record, method, externalId, body }: FrozenRequest): Ask {
  const query = record === "usage" ? "" : "?replace=item";
  const path = `${RECORDS}/${record}/eid:${externalId}${query}`;
  return { method, path, headers: STRICT, body };
}

/** "Batch Operations". The records' bytes stand in it as they are, with their external IDs. */
function batchAsk(lines: readonly ExportLine[]): Ask {
  const items = lines.map((line) => {
    const { externalId, body } = readFrozen(line);
    return `{"externalId":"${externalId}",${body.slice(1)}`;
  });
  const headers = {
    ...STRICT,
    "content-type": COLLECTION_TYPE,
    prefer: "respond-async",
    "x-netsuite-idempotency-key": batchKey(lines),
  };
  return {
    method: "PUT",
    path: `${RECORDS}/usage`,
    headers,
    body: `{"items":[${items.join(",")}]}`,
  };
}

/** A UUID that follows from the lines: the same batch is one job, however often it is sent. */
function batchKey(lines: readonly ExportLine[]): string {
  const text = lines.map(({ key }) => key).join("\n");
  const hex = createHash("sha256").update(text).digest("hex");
  const groups = [hex.slice(0, 8), hex.slice(8, 12), `8${hex.slice(13, 16)}`];
  return [...groups, `a${hex.slice(17, 20)}`, hex.slice(20, 32)].join("-");
}

/** Sends lines, and says of each what became of it. */
export async function sendRecords(
  lines: readonly ExportLine[],
  session: Session,
): Promise<Outcome[]> {
  const outcomes = new Map<string, Outcome>();
  for (const { lines: own, ask } of tellingsOf(lines, session.target)) {
    const what = await asked(ask, session);
    const became = what.kind === "failed" ? what.outcome : outcomeOfAnswer(what.answer);
    for (const { key } of own) outcomes.set(key, became);
  }
  return lines.map(({ key }) => outcomes.get(key) ?? outcome("unknown_outcome", "not sent"));
}
