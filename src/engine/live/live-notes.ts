/**
 * What a unit of work tells those who look on from other nodes: a note, written by the unit itself
 * where somebody does. It holds what a view gathers of a unit, and is read once.
 */
import { LIVE_NOTE_MAX_CHARS } from "../../domain/limits.ts";
import { parseJsonRevived } from "../../domain/parse-json.ts";
import { ancestry, type Run } from "../../domain/run/run.ts";
import type { GatheredUnit } from "./live-feed.ts";

/** What was decided by hand, or more than a note holds: all of it is to be read anew. */
export const TOLD_ANEW = "null";

interface NoteDocument extends Omit<GatheredUnit, "runOf"> {
  /** Runs above those that changed. */
  readonly above: readonly Run[];
}

/** The note of a unit. */
export function encodeNote(gathered: GatheredUnit): string {
  const above = new Map<string, Run>();
  const changed = new Set(gathered.runs.map(({ id }) => id));
  for (const id of runsIn(gathered)) {
    for (const run of ancestry(id, gathered.runOf)) {
      if (!changed.has(run.id)) above.set(run.id, run);
    }
  }
  const { steps, runs, decisions } = gathered;
  const document: NoteDocument = {
    ...{ steps, runs, decisions, above: [...above.values()] },
    acts: gathered.acts.map(({ kind, id, document: said }) => ({ kind, id, document: said })),
    places: gathered.places.map(({ budgetId, scope, window, settled, held, ownLimit }) => {
      return { budgetId, scope, window, settled, held, ownLimit };
    }),
  };
  const text = JSON.stringify(document, tagged);
  return text.length > LIVE_NOTE_MAX_CHARS ? TOLD_ANEW : text;
}

/** What a note holds; null: all of it is to be read anew. */
export function decodeNote(text: string): GatheredUnit | null {
  const document = parseJsonRevived(text, untagged) as NoteDocument | null;
  if (document === null) return null;
  const { above, ...own } = document;
  const runs = new Map([...above, ...own.runs].map((run) => [run.id, run]));
  return { ...own, runOf: (id) => runs.get(id) };
}

function* runsIn({ steps, runs, decisions, acts }: GatheredUnit): Generator<string> {
  for (const { run } of steps) yield run;
  for (const { id } of runs) yield id;
  for (const { run } of decisions) yield run;
  for (const { id } of acts) yield id;
}

/** Whole numbers without bound, and maps, have no form of their own in JSON. */
function tagged(_key: string, value: unknown): unknown {
  if (typeof value === "bigint") return { $n: value.toString() };
  return value instanceof Map ? { $m: [...value] } : value;
}

function untagged(_key: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if ("$n" in value && typeof value.$n === "string") return BigInt(value.$n);
  return "$m" in value && Array.isArray(value.$m)
    ? new Map(value.$m as [unknown, unknown][])
    : value;
}
