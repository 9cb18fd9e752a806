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

/** What a line says to a target that overwrites. */
export interface Told {
  /** Under which of their names; the newest of each counts. */
  readonly place: string;
  readonly value: bigint;
}

/** How sums are made there. */
export interface Summing {
  readonly values: Capability["values"];
  /** Asked where values overwrite. (Default: the window's total, under one name.) */
  readonly told?: (line: ExportLine) => Told;
}

const wholeWindow = ({ windowTotal }: ExportLine): Told => ({ place: "", value: windowTotal });

/** Compares a sum of theirs with all lines of the window, which stand in order of `no`. */
export function resolveWindow(
  lines: readonly ExportLine[],
  theirs: bigint,
  { values, told = wholeWindow }: Summing,
): ResolvedWindow {
  const doubtful = lines.filter(isDoubtful);
  const state = (arrived: readonly ExportLine[]) =>
    values === "absolute" ? overwritten(arrived, told) : added(arrived);
  const present = onlySubset(lines, theirs, state);
  const found = new Map<string, Found>();
  for (const { key } of doubtful) {
    found.set(key, present === null ? "unclear" : present.has(key) ? "present" : "absent");
  }
  const taken = lines.filter((line) => line.state === "accepted" || line.state === "confirmed");
  return { found, drift: present === null ? theirs - state(taken).sum : 0n };
}

function isDoubtful({ state }: ExportLine): boolean {
  return state === "accepted" || state === "unknown";
}

/** What a target has once lines arrived. */
interface TheirState {
  readonly sum: bigint;
  /** Arrivals that cannot be told apart by anything have the same text. */
  readonly text: string;
}

/** Each line counts, so it matters which of them arrived. */
function added(arrived: readonly ExportLine[]): TheirState {
  const sum = arrived.reduce((total, { value }) => total + value, 0n);
  return { sum, text: arrived.map(({ key }) => key).join() };
}

/** The newest of each name counts: what it overwrote makes no difference any more. */
function overwritten(arrived: readonly ExportLine[], told: (line: ExportLine) => Told): TheirState {
  const newest = new Map(arrived.map(told).map(({ place, value }) => [place, value]));
  // Nothing that was told, and nothing told at all, are the same.
  const places = [...newest].filter(([, value]) => value !== 0n);
  const sum = places.reduce((total, [, value]) => total + value, 0n);
  return { sum, text: JSON.stringify(places.map(([place, value]) => [place, `${value}`]).sort()) };
}

/** The lines in doubt that make the sum with those that are sure; null: none, or others too. */
function onlySubset(
  lines: readonly ExportLine[],
  theirs: bigint,
  stateOf: (arrived: readonly ExportLine[]) => TheirState,
): ReadonlySet<string> | null {
  const doubtful = lines.filter(isDoubtful);
  const all = (1 << doubtful.length) - 1;
  if (doubtful.length > DOUBTFUL_MAX_COUNT) {
    const every = new Set(doubtful.map(({ key }) => key));
    return stateWith(lines, every, stateOf).sum === theirs ? every : null;
  }
  let only: { readonly text: string; readonly keys: ReadonlySet<string> } | null = null;
  // From all of them down: of arrivals that are the same, the one with most lines is told.
  for (let mask = all; mask >= 0; mask -= 1) {
    const subset = doubtful.filter((_, at) => (mask & (1 << at)) !== 0);
    const keys = new Set(subset.map(({ key }) => key));
    const { sum, text } = stateWith(lines, keys, stateOf);
    if (sum !== theirs) continue;
    if (only !== null && only.text !== text) return null;
    if (only === null || keys.size > only.keys.size) only = { text, keys };
  }
  return only?.keys ?? null;
}

function stateWith(
  lines: readonly ExportLine[],
  keys: ReadonlySet<string>,
  stateOf: (arrived: readonly ExportLine[]) => TheirState,
): TheirState {
  return stateOf(lines.filter(({ state, key }) => state === "confirmed" || keys.has(key)));
}
