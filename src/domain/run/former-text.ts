/**
 * What a run or an outcome was, as a text: what a store keeps of a former version, and what the
 * hash chain seals of it. Amounts are scaled integers, `{"$n":"120"}`; a key that begins with `$`,
 * which a label may, gets one more. Keys are sorted: a version has one text, wherever it was read.
 */
import { parseJsonRevived } from "../parse-json.ts";
import type { OutcomeState, RunFacts } from "./run.ts";

const MARK = "$";
const AMOUNT = "$n";
const PART_END = "\u001f";

/** Keys of versions that have the same ones in the same order. */
interface Shape {
  readonly keys: readonly string[];
  /** The keys in the order of the text, each with what stands in front of its value. */
  readonly parts: readonly { readonly key: string; readonly before: string }[];
}

let lastShape: Shape = { keys: [], parts: [] };

/** All runs have the same keys, and nearly always in the same order. */
function shapeOf(value: object): Shape {
  const keys = Object.keys(value);
  const { keys: last } = lastShape;
  if (keys.length === last.length && keys.every((key, at) => key === last[at])) return lastShape;
  const parts = keys.toSorted().map((key) => ({ key, before: `${JSON.stringify(marked(key))}:` }));
  lastShape = { keys, parts };
  return lastShape;
}

/**
 * Writes a former version as its document. A tree of 10,000 runs that is bound has as many: its
 * keys are put in order once, and what is a plain value, as most of a version is, is written
 * without a copy of what it stands in.
 */
export function encodeFormer(value: RunFacts | OutcomeState): string {
  const facts = value as unknown as Readonly<Record<string, unknown>>;
  const texts: string[] = [];
  for (const { key, before } of shapeOf(facts).parts) {
    const part = facts[key];
    if (part !== undefined) texts.push(before + encodePart(part));
  }
  // One piece: a text that was put together bit by bit is kept as its bits until it is read.
  return `{${texts.join(",")}}`;
}

/** What is no object and no amount needs no look at its parts. */
function encodePart(value: unknown): string {
  if (value === null || (typeof value !== "object" && typeof value !== "bigint")) {
    return JSON.stringify(value);
  }
  return JSON.stringify(value, (_key, part: unknown) => {
    if (typeof part === "bigint") return { [AMOUNT]: String(part) };
    return sorted(renamed(part, marked));
  });
}

const marked = (key: string): string => (key.startsWith(MARK) ? `${MARK}${key}` : key);
const byKey = ([a]: [string, unknown], [b]: [string, unknown]): number => (a < b ? -1 : 1);

/** Reads what `encodeFormer` wrote. */
export function decodeFormer(text: string): unknown {
  return parseJsonRevived(text, (_key, part) => {
    const isAmount = typeof part === "object" && part !== null && AMOUNT in part;
    if (isAmount && typeof part[AMOUNT] === "string") return BigInt(part[AMOUNT]);
    return renamed(part, (key) => (key.startsWith(MARK) ? key.slice(MARK.length) : key));
  });
}

function sorted(part: unknown): unknown {
  if (typeof part !== "object" || part === null || Array.isArray(part)) return part;
  return Object.fromEntries(Object.entries(part).sort(byKey));
}

/** An object with other keys, where any of them changes. */
function renamed(part: unknown, rename: (key: string) => string): unknown {
  if (typeof part !== "object" || part === null || Array.isArray(part)) return part;
  const entries = Object.entries(part);
  if (!entries.some(([key]) => key.startsWith(MARK))) return part;
  return Object.fromEntries(entries.map(([key, value]) => [rename(key), value]));
}

/** A former version with its place. */
export interface FormerVersion {
  readonly run: string;
  /** Of an outcome; null: it is of the run itself. */
  readonly key: string | null;
  /** First and last seq at which it was so. */
  readonly sinceSeq: number;
  readonly untilSeq: number;
  readonly document: string;
}

/** The line by which the chain seals a former version, in the link of the unit that ended it. */
export function formerLine({ run, key, sinceSeq, untilSeq, document }: FormerVersion): string {
  const of = key === null ? ["run", run] : ["outcome", run, key];
  return ["f1", ...of, sinceSeq, untilSeq, document].join(PART_END);
}
