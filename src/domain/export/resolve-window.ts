/**
 * Which lines of a customer, item and window a target has, told from the sum that it gives. Where
 * no lines make that sum, they stay unclear, and the difference is a drift.
 */
import type { Capability } from "./capability.ts";
import type { ExportLine } from "./export-line.ts";
import { type Found, isReplacedBy } from "./outbox.ts";

/** More lines in doubt than these are not told apart: subsets double with each. */
const DOUBTFUL_MAX_COUNT = 12;

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

/** What a line says where its connector does not tell. */
export const wholeWindow = ({ windowTotal }: ExportLine): Told => ({
  place: "",
  value: windowTotal,
});

/** Compares a sum of theirs with all lines of the window, which stand in order of `no`. */
export function resolveWindow(
  lines: readonly ExportLine[],
  theirs: bigint,
  { values, told = wholeWindow }: Summing,
): ResolvedWindow {
  const doubtful = lines.filter(({ state }) => state === "accepted" || state === "unknown");
  const isSum = values === "delta";
  const present = isSum ? summed(lines, theirs) : overwritten(lines, theirs, told);
  const found = new Map<string, Found>();
  for (const { key } of doubtful) {
    if (present === null) found.set(key, "unclear");
    else if (present.keys.has(key)) found.set(key, "present");
    // Under its own key it might be there after all: only another one is safe.
    else found.set(key, present.isSure ? "absent" : "refused");
  }
  return { found, drift: present === null ? theirs - expected(lines, { values, told }) : 0n };
}

const SURE: ReadonlySet<string> = new Set(["confirmed"]);

/** What they should have, if all that was taken is there. */
function expected(lines: readonly ExportLine[], { values, told }: Required<Summing>): bigint {
  const taken = lines.filter(({ state }) => state === "accepted" || state === "confirmed");
  return values === "absolute" ? newestOf(taken, told).sum : sumOf(taken);
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

/**
 * Whether a later total of a window that overwrites says what a line of it did not get across;
 * null: lines are in doubt. A line that was put in another's place is as old as that one.
 */
export function hasLaterTotal(line: ExportLine, lines: readonly ExportLine[]): boolean | null {
  if (lines.some((one) => one.state === "in_flight" || isDoubtful(one))) return null;
  const { no } = firstOf(line, lines);
  return lines.some((one) => SURE.has(one.state) && one.no > no);
}

function firstOf(line: ExportLine, lines: readonly ExportLine[]): ExportLine {
  const former = lines.find((one) => isReplacedBy(one, line.key));
  return former === undefined ? line : firstOf(former, lines);
}

function isDoubtful({ state }: Pick<ExportLine, "state">): boolean {
  return state === "accepted" || state === "unknown";
}

interface Newest {
  readonly sum: bigint;
  /** Arrivals that make no difference to each other have the same text. */
  readonly text: string;
}

/** What stands once lines arrived: the newest of each name. */
function newestOf(arrived: readonly ExportLine[], told: (line: ExportLine) => Told): Newest {
  const newest = new Map(arrived.map(told).map(({ place, value }) => [place, value]));
  // Nothing that was told, and nothing told at all, are the same.
  const places = [...newest].filter(([, value]) => value !== 0n);
  const sum = places.reduce((total, [, value]) => total + value, 0n);
  const texts = places.map(([place, value]) => [place, String(value)]);
  return { sum, text: JSON.stringify(texts.sort()) };
}

/**
 * The most lines in doubt that leave what they have; null: none do, or others leave as much in
 * another way. Of what was overwritten, nobody can say whether it arrived, and it does not matter.
 */
function overwritten(
  lines: readonly ExportLine[],
  theirs: bigint,
  told: (line: ExportLine) => Told,
): Present | null {
  const doubtful = lines.filter(({ state }) => state === "accepted" || state === "unknown");
  const standing = (keys: ReadonlySet<string>): Newest =>
    newestOf(
      lines.filter(({ state, key }) => SURE.has(state) || keys.has(key)),
      told,
    );
  if (doubtful.length > DOUBTFUL_MAX_COUNT) {
    const keys = keysOf(doubtful);
    return standing(keys).sum === theirs ? { keys, isSure: true } : null;
  }
  let best: { readonly keys: ReadonlySet<string>; readonly text: string } | null = null;
  for (let mask = (1 << doubtful.length) - 1; mask >= 0; mask -= 1) {
    const keys = keysOf(doubtful.filter((_, at) => (mask & (1 << at)) !== 0));
    const { sum, text } = standing(keys);
    if (sum !== theirs) continue;
    if (best !== null && best.text !== text) return null;
    if (best === null || keys.size > best.keys.size) best = { keys, text };
  }
  return best === null ? null : { keys: best.keys, isSure: true };
}
