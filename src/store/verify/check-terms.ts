/**
 * Lines of statements that follow from cards and settings: fees, bounds, discounts and rounding.
 * Each is worked out a second time from the lines before it, so what was forged is named itself.
 */
import { FACTOR_SCALE } from "../../domain/limits.ts";
import { currencyDecimals } from "../../domain/money/currency.ts";
import type { Amount } from "../../domain/money/decimal.ts";
import { formatAmount, formatScaled, parseScaled } from "../../domain/money/decimal.ts";
import { isTimeZone, periodAt } from "../../domain/period/billing-period.ts";
import { amountOf } from "../stored-decimal.ts";
import { decodeStatement } from "../stored-rows.ts";
import type { Acts } from "./acts.ts";
import { leftAgain } from "./caps-again.ts";
import type { DataFile } from "./data-file.ts";
import { readable } from "./data-file.ts";
import { divided, rounded } from "./divide-again.ts";
import { keyText } from "./findings.ts";
import { type DiscountDocument, type MadeAt, payerAt, SpansAgain } from "./spans-again.ts";
import {
  type Billed,
  type BoundAgain,
  chargeBoundsAgain,
  discountsAgain,
  type FeeAgain,
  feesAgain,
  type LeastAgain,
  periodBoundsAgain,
  statedAmount,
  sumOfLeast,
  unitOf,
} from "./terms-again.ts";

interface Line {
  readonly kind: string;
  readonly cardKey: string;
  readonly chargeKey: string;
  readonly description: string;
  readonly originPeriod: string | null;
  readonly amountExact: string;
  readonly amountRounded: string;
}

interface StatementDocument {
  readonly customer: string;
  readonly period: string;
  readonly startsAt: string;
  readonly endsAt: string;
  readonly currency: string;
  readonly rounding: string;
  readonly lines: readonly Line[];
  readonly replaces?: string;
}

/** A line that is owed. */
interface Owed extends Pick<Line, "kind" | "cardKey" | "chargeKey" | "description"> {
  readonly amount: bigint;
  /** How statements of before were told it, where that differs. */
  readonly formerly?: string;
}

/** Checks every statement against the cards and settings that it was made by. */
export function checkTerms(file: DataFile, acts: Acts): void {
  const spans = new SpansAgain(file, acts);
  for (const row of file.each("SELECT * FROM statements ORDER BY ws, id")) {
    const ws = row.ws as number;
    const key = keyText(file.workspace(ws), row.id as string);
    const problems = readable(file, { table: "statements", key }, () => {
      const record = decodeStatement(row);
      const document = JSON.parse(record.document) as StatementDocument;
      const kind = document.replaces === undefined ? "period.closed" : "statement.reissued";
      const act = acts.of(kind, ws, record.id).at(-1);
      // A statement that nobody closed is a finding of its own.
      if (act === undefined) return [];
      const form = Number(act.document.lineForm ?? 0);
      const at = { ws, seq: act.seq, atMs: act.receivedAtMs, form };
      return [...new Terms({ file, acts, spans }, document, at).problems()];
    });
    for (const problem of problems ?? []) file.findings.add("statements", key, problem);
  }
}

interface Sources {
  readonly file: DataFile;
  readonly acts: Acts;
  readonly spans: SpansAgain;
}

/** One statement against what it owes. */
class Terms {
  readonly #of: Sources;
  readonly #document: StatementDocument;
  readonly #at: MadeAt;
  readonly #unit: bigint;
  /** Of its lines, as the act that closed it tells. */
  readonly #form: number;

  constructor(of: Sources, document: StatementDocument, at: MadeAt & { readonly form: number }) {
    this.#of = of;
    this.#document = document;
    this.#at = at;
    this.#unit = unitOf(document.currency);
    this.#form = at.form;
  }

  *problems(): Generator<string> {
    const { customer, period, startsAt, endsAt } = this.#document;
    const payer = payerAt(this.#of.file, this.#of.acts, { ...this.#at, customer });
    if (payer === undefined) {
      yield `bills the customer "${customer}", who is missing`;
      return;
    }
    if (!isTimeZone(payer.timeZone)) return;
    const startMs = Date.parse(startsAt);
    const wanted = periodAt(startMs, payer);
    const isPeriod = wanted.key === period && wanted.startMs === startMs;
    if (!isPeriod || wanted.endMs !== Date.parse(endsAt)) {
      yield `startsAt, endsAt: not those of the period ${period} of its customer`;
      return;
    }
    const spans = this.#of.spans.of(payer, wanted, this.#at);
    const { startedAtMs } = payer;
    const card = spans.at(-1)?.card;
    yield* this.#settingProblems(card?.currency ?? null, card?.rounding ?? "half_even");
    yield* this.#roundingProblems();
    // What was over before the customer's start is owed with usage; its lines show whether it was.
    const isOwed = startedAtMs < wanted.endMs || this.#document.lines.some(isBilled);
    const { timeZone } = payer;
    yield* this.#lineProblems({ ...wanted, timeZone, startedAtMs, spans: isOwed ? spans : [] });
  }

  *#settingProblems(currency: string | null, rounding: string): Generator<string> {
    const stated = this.#document;
    if (currency !== null && stated.currency !== currency) yield "currency is not its card's";
    if (currency !== null && stated.rounding !== rounding) yield "rounding is not its card's";
  }

  *#roundingProblems(): Generator<string> {
    const { lines, rounding } = this.#document;
    const own = lines.filter(({ kind }) => kind === "rounding");
    if (own.length > 1) yield "has more than one line of rounding";
    for (const [at, line] of lines.entries()) {
      const exact = line.kind === "rounding" ? 0n : amountOf(line.amountExact);
      if (amountOf(line.amountRounded) === rounded(exact, this.#unit, rounding)) continue;
      yield `${placeOf(line, at)}: amountRounded is not its exact amount, rounded`;
    }
  }

  *#lineProblems(billed: Billed): Generator<string> {
    const { lines } = this.#document;
    const bounds = chargeBoundsAgain(billed).flatMap((bound) => boundLine(bound, billed, lines));
    const fees = feesAgain(billed).map((fee) => feeLine(fee, billed));
    const discounts = this.#discountLines(discountsAgain(billed));
    const owed = [...bounds, ...fees, ...discounts, ...periodBoundLines(billed, lines)];
    const left = new Map<string, Owed[]>();
    for (const one of owed) left.set(keyOf(one), [...(left.get(keyOf(one)) ?? []), one]);
    for (const [at, line] of lines.entries()) {
      if (!FOLLOWING.has(line.kind)) continue;
      const one = left.get(keyOf(line))?.shift();
      if (one === undefined) yield `${placeOf(line, at)}: no card or setting owes it`;
      else yield* this.#differences(line, at, one);
    }
    for (const { kind, chargeKey, amount } of [...left.values()].flat()) {
      const named = chargeKey === "" ? kind : `${kind} ${chargeKey}`;
      yield `has no line "${named}" of ${formatAmount(amount as Amount)}, which is owed`;
    }
  }

  *#differences(line: Line, at: number, owed: Owed): Generator<string> {
    if (amountOf(line.amountExact) !== owed.amount) {
      const wanted = formatAmount(owed.amount as Amount);
      yield `${placeOf(line, at)}: is ${line.amountExact}, and ${wanted} is owed`;
    }
    if (line.description !== owed.description && line.description !== owed.formerly) {
      yield `${placeOf(line, at)}: is told as something else than "${owed.description}"`;
    }
  }

  /** Each discount on what is left of its charges and fees; it takes whole units of each. */
  #discountLines(discounts: readonly DiscountDocument[]): Owed[] {
    const { lines, rounding } = this.#document;
    const discounted = lines.filter(({ kind }) => DISCOUNTED.has(kind));
    const left = leftAgain(discounted, { form: this.#form, unit: this.#unit });
    return discounts.flatMap((discount): Owed[] => {
      const { key, charges } = discount;
      const items = [...left].filter(
        ([item, amount]) => amount > 0n && (charges?.includes(item) ?? true),
      );
      const [all, base] = [sumOf([...left.values()]), sumOf(items.map(([, amount]) => amount))];
      const amount = takenBy(discount, least(base, all > 0n ? all : 0n));
      if (amount === 0n) return [];
      const whole = rounded(amount, this.#unit, rounding);
      const parts = divided(
        whole,
        items.map(([, one]) => one),
        this.#unit,
      );
      for (const [at, [item, one]] of items.entries()) left.set(item, one - (parts[at] ?? 0n));
      const description = `${discount.name ?? key}${percentOf(discount)}`;
      return [{ kind: "discount", cardKey: "", chargeKey: key, description, amount: -amount }];
    });
  }
}

const COUNTED: ReadonlySet<string> = new Set(["charge", "included", "tier_correction", "trial"]);
const DISCOUNTED: ReadonlySet<string> = new Set([
  ...COUNTED,
  ...["charge_minimum", "charge_maximum", "fee", "run_cap", "run_minimum"],
]);
/** Kinds of lines that follow from cards and settings. */
const FOLLOWING: ReadonlySet<string> = new Set([
  ...["charge_minimum", "charge_maximum", "fee", "discount", "minimum", "maximum"],
]);

function isBilled({ kind }: Line): boolean {
  return kind !== "rounding";
}

function placeOf({ kind, chargeKey }: Line, at: number): string {
  return `line ${at + 1}, ${chargeKey === "" ? kind : `${kind} ${chargeKey}`}`;
}

function keyOf({ kind, cardKey, chargeKey }: Pick<Line, "kind" | "cardKey" | "chargeKey">): string {
  return JSON.stringify([kind, cardKey, chargeKey]);
}

function sumOf(amounts: readonly bigint[]): bigint {
  return amounts.reduce((sum, amount) => sum + amount, 0n);
}

function roundedSum(lines: readonly Line[]): bigint {
  return sumOf(lines.map(({ amountRounded }) => amountOf(amountRounded)));
}

function least(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}

function boundLine(bound: BoundAgain, billed: Billed, lines: readonly Line[]): Owed[] {
  const { cardKey, key, name, minimum, maximum } = bound;
  const own = lines.filter(({ kind }) => COUNTED.has(kind));
  const charged = roundedSum(
    own.filter((line) => line.cardKey === cardKey && line.chargeKey === key),
  );
  const at = { cardKey, chargeKey: key };
  const told = (which: string) => `${name}: ${which} of the period`;
  const missing = minimum === null ? 0n : sumOfLeast(minimum) - charged;
  if (minimum !== null && missing > 0n) {
    const formerly = told("minimum");
    const parts = partsText(minimum, billed);
    const description = parts === null ? formerly : `${name}: minimum of ${parts}`;
    return [{ ...at, kind: "charge_minimum", description, formerly, amount: missing }];
  }
  if (maximum === null || charged <= maximum) return [];
  const amount = maximum - charged;
  return [{ ...at, kind: "charge_maximum", description: told("maximum"), amount }];
}

/** What a least comes to in each of its times; null: it is one amount for all of the period. */
function partsText(parts: readonly LeastAgain[], billed: Billed): string | null {
  const owed = parts.filter(({ times }) => times.length > 0);
  const times = owed.flatMap((part) => part.times);
  const [first] = times;
  const isAll = first?.startMs === billed.startMs && first.endMs === billed.endMs;
  if (times.length === 0 || (isAll && times.length === 1)) return null;
  const currency = billed.spans.at(-1)?.card.currency ?? "";
  const money = (amount: bigint) => {
    const [whole = "", places = ""] = formatAmount(amount as Amount).split(".");
    const shown = places.padEnd(currencyDecimals(currency) ?? 0, "0");
    return shown === "" ? whole : `${whole}.${shown}`;
  };
  if (times.length > 4) return `${money(sumOfLeast(owed))} for ${times.length} parts of the period`;
  const clock = (ms: number) => localText(ms, billed.timeZone);
  const told = owed.map(({ amount, times: own }) => {
    const spans = own.map(({ startMs, endMs }) => `${clock(startMs)} to ${clock(endMs)}`);
    return `${money(amount)} for ${spans.join(" and ")}`;
  });
  return `${told.join(", ")} ${billed.timeZone}`;
}

function feeLine({ cardKey, key, name, amount, startMs, endMs }: FeeAgain, billed: Billed): Owed {
  const isWhole = startMs === billed.startMs && endMs === billed.endMs;
  const owed = { kind: "fee", cardKey, chargeKey: key, amount };
  if (isWhole) return { ...owed, description: name };
  const stretch = (told: (ms: number) => string) => `${name}: ${told(startMs)} to ${told(endMs)}`;
  const description = `${stretch((ms) => localText(ms, billed.timeZone))} ${billed.timeZone}`;
  const formerly = stretch((ms) => Temporal.Instant.fromEpochMilliseconds(ms).toString());
  return { ...owed, description, formerly };
}

/**
 * The clock on the customer's wall, to the minute where there is no more to tell. Where another
 * instant shows the same, because clocks go back, the offset says which.
 */
function localText(atMs: number, timeZone: string): string {
  const there = Temporal.Instant.fromEpochMilliseconds(atMs).toZonedDateTimeISO(timeZone);
  const [earlier, later] = [there.subtract({ hours: 3 }), there.add({ hours: 3 })];
  const isTwice = [earlier, later].some(({ offsetNanoseconds }) => {
    const shiftedNs = offsetNanoseconds - there.offsetNanoseconds;
    const otherMs = atMs - shiftedNs / 1e6;
    const other = Temporal.Instant.fromEpochMilliseconds(otherMs).toZonedDateTimeISO(timeZone);
    return shiftedNs !== 0 && other.offsetNanoseconds === offsetNanoseconds;
  });
  const isMinute = there.second === 0 && there.millisecond === 0;
  const time = there.toPlainTime().toString(isMinute ? { smallestUnit: "minute" } : {});
  return `${there.toPlainDate().toString()} ${time}${isTwice ? there.offset : ""}`;
}

/** What is missing to a commitment counts for the least of the period and not for its most. */
function periodBoundLines(billed: Billed, lines: readonly Line[]): Owed[] {
  const { minimum, maximum } = periodBoundsAgain(billed);
  const atLeast = minimum === null ? 0n : sumOfLeast(minimum);
  const own = lines.filter(({ originPeriod }) => originPeriod === null);
  const used = roundedSum(
    own.filter(({ kind }) => DISCOUNTED.has(kind) || kind === "discount" || kind === "overage"),
  );
  const owed = used + roundedSum(own.filter(({ kind }) => kind === "true_up"));
  const at = { cardKey: "", chargeKey: "" };
  if (minimum !== null && owed < atLeast) {
    const parts = partsText(minimum, billed);
    const formerly = "Minimum of the period";
    const description = parts === null ? formerly : `Minimum of ${parts}`;
    return [{ ...at, kind: "minimum", description, formerly, amount: atLeast - owed }];
  }
  if (maximum === null || used <= maximum) return [];
  return [{ ...at, kind: "maximum", description: "Maximum of the period", amount: maximum - used }];
}

const PERCENT_SCALE = FACTOR_SCALE - 2;
const WHOLE_PERCENT = 10n ** BigInt(FACTOR_SCALE);

function takenBy({ percent, amount }: DiscountDocument, base: bigint): bigint {
  if (percent === undefined || percent === null) return least(statedAmount(amount) ?? 0n, base);
  return (base * (parseScaled(String(percent), PERCENT_SCALE) ?? 0n)) / WHOLE_PERCENT;
}

function percentOf({ percent }: DiscountDocument): string {
  if (percent === undefined || percent === null) return "";
  return ` (${formatScaled(parseScaled(String(percent), PERCENT_SCALE) ?? 0n, PERCENT_SCALE)} %)`;
}
