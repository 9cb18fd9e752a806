/**
 * The answer to a request of events as bytes: what write-ingest-answer.ts says, without making a
 * text of it first. Joined of a dozen pieces an event, the texts of answers were a fifth of all
 * garbage. A property holds both against each other.
 */
import { AsciiBytes } from "../domain/ascii-bytes.ts";
import type { EventResult, RunResult } from "../engine/commit/result.ts";
import type { IngestAnswer, IngestedEvent } from "./http-parts.ts";

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const BRACE_CLOSE = 0x7d;
/** An answer to a hundred events and room for some more. */
const USUAL_BYTES = 64 * 1024;
/** Room that is kept for the next answer; what a larger one took is let go. */
const KEPT_MAX_BYTES = 1024 * 1024;

let room = new AsciiBytes(USUAL_BYTES);

/**
 * The answer's bytes, in a room that the next answer takes; null where it says anything that is
 * rare, which is written as text: problems, links, policies, what is not ASCII.
 */
export function ingestAnswerBytes(answer: IngestAnswer): Uint8Array | null {
  room.clear();
  const isWritten = writeAnswer(answer) && room.isAscii;
  const { bytes } = room;
  if (bytes.buffer.byteLength > KEPT_MAX_BYTES) room = new AsciiBytes(USUAL_BYTES);
  return isWritten ? bytes : null;
}

/** False: something is rare. */
function writeAnswer({ results, runs }: IngestAnswer): boolean {
  const named = new Set<string>();
  room.text('{"results":[');
  for (let index = 0; index < results.length; index += 1) {
    const item = results[index] as IngestedEvent;
    if (isRare(item)) return false;
    const from = room.at;
    writeItem(index, item);
    while (!room.hasRoom) {
      room.grow(from);
      writeItem(index, item);
    }
    if (item.result.run !== undefined) named.add(item.result.run);
  }
  let before = '],"runs":{';
  for (const run of named) {
    const totals = runs.get(run);
    if (totals === undefined) continue;
    if (totals.policies !== undefined) return false;
    const from = room.at;
    writeTotals(before, run, totals);
    while (!room.hasRoom) {
      room.grow(from);
      writeTotals(before, run, totals);
    }
    before = ",";
  }
  const from = room.at;
  writeEnd(before);
  if (!room.hasRoom) {
    room.grow(from);
    writeEnd(before);
  }
  return true;
}

function writeEnd(before: string): void {
  if (before !== ",") room.text(before);
  room.text("}}");
}

function isRare({ id, extra, unread, result }: IngestedEvent): boolean {
  return (
    id === null ||
    extra.length > 0 ||
    unread !== undefined ||
    result.linkedTo !== undefined ||
    result.timeDiffers === true ||
    result.ratedAtReceipt === true ||
    result.error !== undefined
  );
}

function writeItem(index: number, { id, result }: IngestedEvent): void {
  if (index > 0) room.byte(COMMA);
  room.text('{"index":');
  room.integer(index);
  room.text(',"id":');
  room.json(id as string);
  writeResult(result);
  room.byte(BRACE_CLOSE);
}

function writeResult({ status, run, seq, cost, costStatus, charge }: EventResult): void {
  room.text(',"status":"');
  room.text(status);
  room.byte(QUOTE);
  if (run !== undefined) {
    room.text(',"run":');
    room.json(run);
  }
  if (seq !== undefined) {
    room.text(',"seq":');
    room.integer(seq);
  }
  if (cost !== undefined) {
    room.text(',"cost":"');
    room.amount(cost);
    room.byte(QUOTE);
  }
  if (costStatus !== undefined) {
    room.text(',"costStatus":"');
    room.text(costStatus);
    room.byte(QUOTE);
  }
  if (charge === undefined) return;
  room.text(',"charge":"');
  room.amount(charge);
  room.byte(QUOTE);
}

function writeTotals(before: string, run: string, { tree }: RunResult): void {
  room.text(before);
  room.json(run);
  room.byte(COLON);
  room.text('{"steps":');
  room.integer(tree.steps);
  room.text(',"unpriced":');
  room.integer(tree.unpriced);
  room.text(',"cost":"');
  room.amount(tree.cost);
  room.text('","charge":"');
  room.amount(tree.charge);
  room.text('"}');
}
