/**
 * Which lines of a customer, item and window a target has, told from the sum that it gives. A line
 * is present or absent only where nothing else could make that sum; otherwise it stays unclear.
 */
import type { Capability } from "./capability.ts";
import type { ExportLine } from "./export-line.ts";
import type { Found } from "./outbox.ts";

/** More lines in doubt than these are not told apart: subsets double with each. */
const DOUBTFUL_MAX_COUNT = 10;

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
    found.set(key, present === null ? "unclear" : present.has(key) ? "present" : "absent");
  }
  return { found, drift: present === null ? theirs - expected(lines, values) : 0n };
}

const SURE: ReadonlySet<string> = new Set(["confirmed"]);

/** What they should have, if all that was taken is there. */
function expected(lines: readonly ExportLine[], values: Capability["values"]): bigint {
  const taken = lines.filter(({ state }) => state === "accepted" || state === "confirmed");
  if (values === "absolute") return taken.at(-1)?.windowTotal ?? 0n;
  return taken.reduce((sum, { value }) => sum + value, 0n);
}

/** The one subset of the lines in doubt that makes the sum; null: there is none, or another one. */
function summed(lines: readonly ExportLine[], theirs: bigint): ReadonlySet<string> | null {
  const doubtful = lines.filter(({ state }) => state === "accepted" || state === "unknown");
  const sure = lines.filter(({ state }) => SURE.has(state));
  const rest = theirs - sure.reduce((sum, { value }) => sum + value, 0n);
  const all = doubtful.reduce((sum, { value }) => sum + value, 0n);
  if (doubtful.length > DOUBTFUL_MAX_COUNT) {
    return rest === all ? new Set(doubtful.map(({ key }) => key)) : null;
  }
  let only: readonly ExportLine[] | null = null;
  for (let mask = 0; mask < 1 << doubtful.length; mask += 1) {
    const subset = doubtful.filter((_, at) => (mask & (1 << at)) !== 0);
    if (subset.reduce((sum, { value }) => sum + value, 0n) !== rest) continue;
    if (only !== null) return null;
    only = subset;
  }
  return only === null ? null : new Set(only.map(({ key }) => key));
}

/** The newest line whose total they have: it and those before it arrived, those after did not. */
function overwritten(lines: readonly ExportLine[], theirs: bigint): ReadonlySet<string> | null {
  const told = lines.filter(({ state }) => state !== "rejected" && state !== "superseded");
  const at = told.findLastIndex(({ windowTotal }) => windowTotal === theirs);
  const isBeforeAll = theirs === 0n && !told.some(({ state }) => SURE.has(state));
  if (at === -1 && !isBeforeAll) return null;
  const present = told.slice(0, at + 1);
  if (told.slice(at + 1).some(({ state }) => SURE.has(state))) return null;
  return new Set(present.map(({ key }) => key));
}
