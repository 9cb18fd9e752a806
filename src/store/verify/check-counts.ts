/**
 * What lines of statements tell of charges: the quantity, what of it is included, what volume tiers
 * correct and what it is in credits. Each counter of the period is taken back to what it held at
 * the close, version by version, and closed again by the cards' documents.
 */

import { AMOUNT_SCALE, QUANTITY_SCALE } from "../../domain/limits.ts";
import { type Amount, formatAmount, formatScaled } from "../../domain/money/decimal.ts";
import { segmentsOf } from "../../domain/rating/counter.ts";
import { amountOf } from "../stored-decimal.ts";
import { decodeCounter, decodeStatement } from "../stored-rows.ts";
import type { Books } from "./books.ts";
import type { CardVersion, CardVersions, CreditDocument } from "./card-versions.ts";
import { type DataFile, readable } from "./data-file.ts";
import { keyText } from "./findings.ts";
import { joined, KEY_PART_END } from "./key-parts.ts";
import { FORMER_LINES } from "./late-counts.ts";
import { measureOf } from "./meter-again.ts";
import { type ClosedAgain, closedAgain, sumOf } from "./price-again.ts";
import { cellOnCard } from "./trial-again.ts";

interface Line {
  readonly kind: string;
  readonly cardKey: string;
  readonly chargeKey: string;
  readonly cell: string;
  readonly measure: string | null;
  readonly quantity: string | null;
  readonly credits?: string;
  readonly credit?: CreditDocument;
  readonly amountExact: string;
}

interface Billed {
  readonly ws: number;
  readonly id: string;
  readonly customer: string;
  readonly period: string;
  readonly lines: readonly Line[];
  readonly credit: CreditDocument | undefined;
}

/** Checks what the lines of charges tell. The books must hold all that moved counters. */
export function checkCounts(file: DataFile, books: Books): void {
  for (const row of file.each("SELECT * FROM statements ORDER BY ws, id")) {
    const ws = row.ws as number;
    const key = keyText(file.workspace(ws), row.id as string);
    const problems = readable(file, { table: "statements", key }, () => {
      const { id, customer, period, document } = decodeStatement(row);
      const form = books.lateCounts.lineForm(ws, id);
      // A statement that nobody closed is a finding of its own.
      if (form === null) return [];
      const isFormer = form === FORMER_LINES;
      const { lines, credit } = JSON.parse(document) as Pick<Billed, "lines" | "credit">;
      const of = { ws, id, customer, period, lines, credit };
      const now = [...countProblems(file, books, { ...of, isFormer: false })];
      if (now.length === 0 || !isFormer) return now;
      const then = [...countProblems(file, books, { ...of, isFormer })];
      return then.length === 0 ? then : now;
    });
    for (const problem of problems ?? []) file.findings.add("statements", key, problem);
  }
}

const KINDS: ReadonlySet<string> = new Set(["charge", "included", "tier_correction"]);

/** Stands for a credit that a former statement did not name, whichever it was. */
const UNNAMED = "credits";

/**
 * Former statements told a charge that was in money and in credits as one line, and what volume
 * tiers correct in money alone; their wallets were closed by that, so they are true as they are.
 */
function* countProblems(
  file: DataFile,
  books: Books,
  of: Billed & { readonly isFormer: boolean },
): Generator<string> {
  const { isFormer } = of;
  const counted = of.lines.filter(({ kind }) => KINDS.has(kind));
  const stated = Map.groupBy(counted, ({ cardKey, chargeKey, cell }) =>
    joined(cardKey, chargeKey, cell),
  );
  const held = heldAtClose(file, books, of);
  for (const key of new Set([...stated.keys(), ...held.keys()])) {
    const versions = held.get(key) ?? new Map();
    const lines = stated.get(key) ?? [];
    const isNamed = !isFormer || lines.some(({ credit }) => credit !== undefined);
    const wanted = linesAgain(books, of.ws, { key, versions, isFormer, isNamed });
    const told = lines.map((line) => textOf(line, isFormer ? UNNAMED : of.credit?.name));
    if (told.toSorted().join("; ") === wanted.toSorted().join("; ")) continue;
    const [cardKey = "", chargeKey = "", cell = ""] = key.split(KEY_PART_END);
    const charge = keyText(cardKey, cell === "" ? chargeKey : `${chargeKey} (${cell})`);
    const was = wanted.length === 0 ? "nothing" : wanted.join("; ");
    yield `${charge}: its lines do not tell what was counted at the close, which is ${was}`;
  }
}

type Versions = Map<number, bigint>;

/** By counter: what each version of its card had counted. */
function heldAtClose(file: DataFile, books: Books, of: Billed): Map<string, Versions> {
  const held = new Map<string, Versions>();
  const add = (key: string, version: number, quantity: bigint) => {
    const versions = held.get(key) ?? new Map();
    held.set(key, versions.set(version, (versions.get(version) ?? 0n) + quantity));
  };
  const sql = "SELECT * FROM counters WHERE ws = ? AND customer = ? AND period = ?";
  for (const row of file.all(sql, of.ws, of.customer, of.period)) {
    const { cardKey, chargeKey, cell, counter } = decodeCounter(row);
    // What caps and minimums of runs make of them is no charge.
    if (chargeKey === "") continue;
    const key = joined(cardKey, chargeKey, cell);
    for (const { cardVersionId, quantity } of segmentsOf(counter))
      add(key, cardVersionId, quantity);
  }
  for (const [key, quantity] of books.lateCounts.of(of.ws, of.id)) {
    const at = key.lastIndexOf(KEY_PART_END);
    add(key.slice(0, at), Number(key.slice(at + KEY_PART_END.length)), -quantity);
  }
  return held;
}

/** A charge, its cell as its card has it, and quantities by version. */
interface CountedAt {
  readonly chargeKey: string;
  readonly cell: string;
  readonly versions: Iterable<readonly [number, bigint]>;
}

interface Held {
  readonly key: string;
  readonly versions: Versions;
  /** One line for all that is priced in money or credits, and no credits of tier corrections. */
  readonly isFormer: boolean;
  /** Whether lines say of which credit they are. */
  readonly isNamed: boolean;
}

/** What versions of a card have counted, in their order; one list for each measure. */
export function countedAgain(
  cards: CardVersions,
  ws: number,
  { chargeKey, cell, versions }: CountedAt,
) {
  const counted = [...versions].flatMap(([id, quantity]) => {
    const version = cards.of(ws, id);
    const charge = version?.charges.find((one) => one.key === chargeKey);
    if (version === undefined || charge === undefined || quantity === 0n) return [];
    const credit = charge.in === "credits" ? (version.credit?.name ?? "") : null;
    return [{ version, charge, credit, quantity, measure: measureOf(charge, cell) }];
  });
  counted.sort((a, b) => byEffect(a.version, b.version));
  return Map.groupBy(counted, ({ measure }) => measure);
}

/** The lines that a counter owes, as texts. */
function linesAgain({ cards }: Books, ws: number, held: Held): string[] {
  const { key, versions, isFormer, isNamed } = held;
  const [, chargeKey = "", stored = ""] = key.split(KEY_PART_END);
  const cell = cellOnCard(stored);
  return [...countedAgain(cards, ws, { chargeKey, cell, versions })].flatMap(([measure, own]) => {
    const parts = closedAgain(own, cell);
    if (!isFormer) return parts.flatMap((part) => linesOfPart(measure, part));
    const all = parts.reduce(sumOf);
    const credit = all.credit === null || isNamed ? all.credit : UNNAMED;
    return linesOfPart(measure, { ...all, credit, correctionCredits: null });
  });
}

/** Null: the correction tells no credits. */
type PartToTell = Omit<ClosedAgain, "correctionCredits"> & {
  readonly correctionCredits: bigint | null;
};

function linesOfPart(measure: string, part: PartToTell): string[] {
  const { quantity, charged, correction, included, credit } = part;
  const inUnits = (units: bigint) => formatScaled(units, scaleOf(measure));
  const inMoney = (amount: bigint) => formatAmount(amount as Amount);
  const inCredits = (amount: bigint | null) =>
    credit === null || amount === null ? {} : { credits: inMoney(amount) };
  const name = credit ?? undefined;
  const line = { measure, quantity: inUnits(quantity), amountExact: inMoney(charged) };
  const free = { ...line, kind: "included", quantity: inUnits(included), amountExact: "0" };
  const tiers = { measure: null, quantity: null, amountExact: inMoney(correction) };
  const tier = { ...tiers, kind: "tier_correction", ...inCredits(part.correctionCredits) };
  return [
    textOf({ ...line, kind: "charge", ...inCredits(part.credits) }, name),
    ...(included === 0n ? [] : [textOf(free, name)]),
    ...(correction === 0n ? [] : [textOf(tier, name)]),
  ];
}

function byEffect(a: CardVersion, b: CardVersion): number {
  return a.effectiveFromMs - b.effectiveFromMs || a.id - b.id;
}

function scaleOf(measure: string): number {
  return measure === "sum:cost" ? AMOUNT_SCALE : QUANTITY_SCALE;
}

type Told = Pick<Line, "kind" | "measure" | "quantity" | "credits" | "credit" | "amountExact">;

/** A line; its credits are of the statement's own credit where it does not say of which. */
function textOf(line: Told, ownCredit: string | undefined): string {
  const { kind, measure, quantity, credits, amountExact } = line;
  const units = quantity === null ? "" : ` ${quantity} ${measure}`;
  const name = line.credit?.name ?? ownCredit;
  const inCredits = credits === undefined ? "" : ` (${credits} ${name})`;
  return `${kind}${units} = ${formatAmount(amountOf(amountExact))}${inCredits}`;
}
