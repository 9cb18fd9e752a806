/** A re-rate from the command line: part by part, with a bar that shows how far it is. */
import { type Arguments, type OptionSpec, print, type Surroundings } from "./command.ts";
import { counted } from "./render/counted.ts";
import { ProgressBar } from "./render/progress-bar.ts";
import type { Session } from "./session.ts";

/** Option of commands that record a version in the past. */
export const RERATE_OPTION: Readonly<Record<string, OptionSpec>> = {
  rerate: { type: "boolean", meaning: "take effect before now, and rate again what it concerns" },
};

/** A part of a re-rate as the server tells it. */
export interface ReratedPart {
  readonly looked: number;
  readonly total: number | null;
  readonly steps: number;
  readonly runs: number;
  readonly outcomes: number;
  readonly next: string | null;
}

/** Steps and runs looked at by one request. */
const PART_SIZE = 5_000;

/** What a request that begins a re-rate asks for; nothing where none is wanted. */
export function rerateQuery({ options }: Arguments): Record<string, string> {
  return options.rerate === true ? { rerate: "true", limit: String(PART_SIZE) } : {};
}

/** Goes on until all is rated again, and tells what has another version or amount now. */
export async function finishRerate(
  session: Session,
  here: Surroundings,
  begun: { readonly first: ReratedPart; readonly since: string | null },
): Promise<void> {
  const bar = new ProgressBar(here.err);
  let part = begun.first;
  const total = part.total ?? 0;
  const sum = { looked: 0, steps: 0, runs: 0, outcomes: 0 };
  try {
    for (;;) {
      sum.looked += part.looked;
      sum.steps += part.steps;
      sum.runs += part.runs;
      sum.outcomes += part.outcomes;
      const note = `${sum.steps} changed`;
      bar.show({ label: "rating again", done: Math.min(sum.looked, total), total, note });
      if (part.next === null) break;
      const body = { since: begun.since, cursor: part.next, limit: PART_SIZE };
      part = await session.post<ReratedPart>("/v1/rerate", body);
    }
  } finally {
    bar.clear();
  }
  const { steps, runs, outcomes } = sum;
  const parts = [counted(steps, "step"), counted(runs, "run"), counted(outcomes, "outcome")];
  const changed = `${parts.slice(0, 2).join(", ")} and ${parts[2]}`;
  print(here.err, `Rated again: ${changed} have another version or amount now.`);
}
