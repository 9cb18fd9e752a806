/**
 * A manifest stands beside each file and is written last: a file without one is not there. It says
 * what the file must come to, and which lines it holds.
 */
import { hash } from "node:crypto";
import { formatValue, parseValue } from "../../domain/export/export-line.ts";
import type { HeldLine } from "../../engine/export/connector-port.ts";
import type { FileFormat, LineRow } from "./line-table.ts";

/** What a file is, as its manifest says. */
export interface Manifest {
  readonly format: "tollgate.export/1";
  /** Name of the file, beside the manifest. */
  readonly file: string;
  readonly fileFormat: FileFormat;
  readonly bytes: number;
  /** SHA-256 of the file, lower-case hex. */
  readonly sha256: string;
  readonly rows: number;
  /** Sums of the column `value`, by unit, as decimal texts. */
  readonly sums: Readonly<Record<string, string>>;
  readonly window: { readonly start: string; readonly end: string };
  /** Keys of its lines: who has seen one has all that it says. */
  readonly keys: readonly string[];
  /** What its lines say, in the order of their keys. Manifests of before have keys alone. */
  readonly lines: readonly ManifestLine[];
}

/** A line, as far as one that is in no books has to be told. */
export type ManifestLine = Pick<LineRow, "customer" | "item" | "value" | "unit">;

const NAME_HASH_CHARS = 32;

/** The manifest of a file. */
export function manifestOf(
  bodies: readonly string[],
  bytes: Uint8Array,
  fileFormat: FileFormat,
): Manifest {
  const rows = bodies.map((body): LineRow => JSON.parse(body));
  const sha256 = hash("sha256", bytes, "hex");
  const sums = new Map<string, bigint>();
  for (const { unit, value } of rows) {
    sums.set(unit, (sums.get(unit) ?? 0n) + (parseValue(value) ?? 0n));
  }
  const totals = [...sums].map(([unit, sum]) => [unit, formatValue(sum)]);
  return {
    ...{ format: "tollgate.export/1", file: `${sha256.slice(0, NAME_HASH_CHARS)}.${fileFormat}` },
    ...{ fileFormat, bytes: bytes.length, sha256, rows: rows.length },
    sums: Object.fromEntries(totals),
    window: { start: rows[0]?.windowStart ?? "", end: rows[0]?.windowEnd ?? "" },
    keys: rows.map(({ key }) => key),
    lines: rows.map(({ customer, item, value, unit }) => ({ customer, item, value, unit })),
  };
}

/** Where a manifest stands: beside its file. */
export function manifestName({ sha256 }: Pick<Manifest, "sha256">): string {
  return `${sha256.slice(0, NAME_HASH_CHARS)}.manifest.json`;
}

/** Keys that a manifest's text names; an unreadable one names none. */
export function keysOfManifest(text: string): ReadonlySet<string> {
  return new Set(linesOfManifest(text).map(({ key }) => key));
}

/** Lines that a manifest's text names; an unreadable one names none. */
export function linesOfManifest(text: string): Pick<HeldLine, "key" | "said">[] {
  try {
    const { format, keys, lines = [] } = JSON.parse(text);
    if (format !== "tollgate.export/1" || !Array.isArray(keys)) return [];
    return keys.map((key: string, at) => ({ key, said: saidBy(lines[at]) }));
  } catch {
    return [];
  }
}

function saidBy(line: ManifestLine | undefined): HeldLine["said"] {
  const value = line && parseValue(line.value);
  if (line === undefined || value === undefined) return null;
  const { customer, item, unit } = line;
  return { customer, item, value, unit };
}
