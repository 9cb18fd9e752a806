/**
 * What a target can have of lines that are known, at most: whatever is there beyond it was told by
 * nobody who keeps these books.
 */
import type { Capability } from "./capability.ts";
import type { ExportLine } from "./export-line.ts";
import type { Told } from "./resolve-window.ts";

/** Sums of theirs are made of doubles, one addition for each of up to some thousand events. */
const SUM_DIGITS = 12;

/** How a target adds up. */
export interface HeldSumming {
  readonly values: Capability["values"];
  /** Asked where values overwrite. */
  readonly told: (line: ExportLine) => Told;
}

/**
 * How much more they have than known lines can come to; 0: no more. Less than the last of so many
 * digits is no difference.
 */
export function surplusOf(
  theirs: bigint,
  lines: readonly ExportLine[],
  summing: HeldSumming,
): bigint {
  const surplus = theirs - mostOf(lines, summing);
  return surplus > theirs / 10n ** BigInt(SUM_DIGITS) ? surplus : 0n;
}

function mostOf(lines: readonly ExportLine[], { values, told }: HeldSumming): bigint {
  const there = lines.filter(mayBeThere).sort((a, b) => a.no - b.no);
  if (values === "delta") return there.reduce((sum, line) => sum + mostOfLine(line), 0n);
  const windows = Map.groupBy(there, (line) =>
    JSON.stringify([line.window.startMs, told(line).place]),
  );
  return [...windows.values()].reduce((sum, own) => sum + newestAtMost(own, told), 0n);
}

/** A taking back may not be carried out yet. */
function mostOfLine({ value, state }: ExportLine): bigint {
  return value > 0n || state === "confirmed" ? value : 0n;
}

/** The newest that is sure, or any that may have come since. */
function newestAtMost(lines: readonly ExportLine[], told: HeldSumming["told"]): bigint {
  const sure = lines.findLastIndex(({ state }) => state === "confirmed");
  const values = lines.slice(Math.max(sure, 0)).map((line) => told(line).value);
  return values.reduce((most, value) => (value > most ? value : most), 0n);
}

/** What was left out by hand is settled there, perhaps by telling it there by hand. */
function mayBeThere({ state, isUnclear, firstSentAtMs }: ExportLine): boolean {
  if (state === "voided" || state === "confirmed") return true;
  if (state === "ready" || state === "rejected" || state === "superseded") return isUnclear;
  return firstSentAtMs !== null;
}
