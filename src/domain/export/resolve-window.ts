/**
 * Which lines of a customer, item and window a target has, told from the sum that it gives. Where
 * no lines make that sum, they stay unclear, and the difference is a drift.
 */
import type { Capability } from "./capability.ts";
import type { ExportLine } from "./export-line.ts";
import type { Found } from "./outbox.ts";

/** More lines in doubt than these are not told apart: subsets double with each. */
const DOUBTFUL_MAX_COUNT = 12;

/** What a look at the window's sum found. */
export interface ResolvedWindow {
  /** What became of each line in doubt, by its key. */
  readonly found: ReadonlyMap<string, Found>;
  /** Their sum less what of ours they should have; 0: nobody drifts. */
  readonly drift: bigint;
}

/** Compares a sum of theirs with all lines of the window, which stand in order of `no`. */
export function resolveWindow(
  lines: readonly ExportLine[],
  theirs: bigint,
  { values }: Pick<Capability, "values">,
): ResolvedWindow {
  const doubtful = lines.filter(({ state }) => state === "accepted" || state === "unknown");
  const present = values === "absolute" ? overwritten(lines, theirs) : summed(lines, theirs);
  const found = new Map<string, Found>();
  for (const { key } of doubtful) {
    if (present === null) found.set(key, "unclear");
    else if (present.keys.has(key)) found.set(key, "present");
    // Under its own key it might be there after all: only another one is safe.
    else found.set(key, present.isSure ? "absent" : "refused");
  }
  return { found, drift: present === null ? theirs - expected(lines, values) : 0n };
}

const SURE: ReadonlySet<string> = new Set(["confirmed"]);
const TOLD: ReadonlySet<string> = new Set(["unknown", "accepted", "confirmed", "voided"]);

/** What they should have, if all that was taken is there. */
function expected(lines: readonly ExportLine[], values: Capability["values"]): bigint {
  const taken = lines.filter(({ state }) => state === "accepted" || state === "confirmed");
  if (values === "absolute") return taken.at(-1)?.windowTotal ?? 0n;
  return taken.reduce((sum, { value }) => sum + value, 0n);
}

/**
 * The lines in doubt that make the sum, as few missing as may be; null: none do. Where others
 * would make it too, it is told which are there by choice: sums are right either way, as long as
 * what is missing is told again under another key.
 */
function summed(lines: readonly ExportLine[], theirs: bigint): Present | null {
  const doubtful = lines.filter(({ state }) => state === "accepted" || state === "unknown");
  const sure = lines.filter(({ state }) => SURE.has(state));
  const rest = theirs - sumOf(sure);
  if (doubtful.length > DOUBTFUL_MAX_COUNT) {
    return rest === sumOf(doubtful) ? { keys: keysOf(doubtful), isSure: true } : null;
  }
  let best: readonly ExportLine[] | null = null;
  let count = 0;
  for (let mask = 0; mask < 1 << doubtful.length; mask += 1) {
    const subset = doubtful.filter((_, at) => (mask & (1 << at)) !== 0);
    if (sumOf(subset) !== rest) continue;
    count += 1;
    if (best === null || subset.length > best.length) best = subset;
  }
  return best === null ? null : { keys: keysOf(best), isSure: count === 1 };
}

interface Present {
  readonly keys: ReadonlySet<string>;
  /** Whether nothing else could be. */
  readonly isSure: boolean;
}

function sumOf(lines: readonly ExportLine[]): bigint {
  return lines.reduce((sum, { value }) => sum + value, 0n);
}

function keysOf(lines: readonly ExportLine[]): ReadonlySet<string> {
  return new Set(lines.map(({ key }) => key));
}

/** The newest line whose total they have: it and those before it arrived, those after did not. */
function overwritten(lines: readonly ExportLine[], theirs: bigint): Present | null {
  // A line that was never sent makes no total of theirs, even if it would be the same.
  const told = lines.filter(({ state }) => TOLD.has(state));
  const at = told.findLastIndex(({ windowTotal }) => windowTotal === theirs);
  const isBeforeAll = theirs === 0n && !told.some(({ state }) => SURE.has(state));
  if (at === -1 && !isBeforeAll) return null;
  const present = told.slice(0, at + 1);
  if (told.slice(at + 1).some(({ state }) => SURE.has(state))) return null;
  return { keys: keysOf(present), isSure: true };
}
