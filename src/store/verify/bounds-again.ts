/**
 * The cap and minimum of runs, worked out a second time: what a run owes after each period, less
 * what it owed before, is what the period charged and what its corrections come to.
 */
import { parseAmount } from "../../domain/money/decimal.ts";
import { isTimeZone, periodAt } from "../../domain/period/billing-period.ts";
import type { Run, RunFacts } from "../../domain/run/run.ts";
import { decodeCustomer } from "../stored-rows.ts";
import type { Books } from "./books.ts";
import type { CardVersion } from "./card-versions.ts";
import type { DataFile } from "./data-file.ts";
import type { RunAt } from "./run-entries.ts";
import { frees } from "./trial-again.ts";

/** Checks the corrections of a run against what it was charged by period. */
export function* boundProblems(file: DataFile, books: Books, at: RunAt): Generator<string> {
  const { run, ws } = at;
  const { rating } = run;
  const isBound = run.parent === null && !run.standing && rating?.counted === true;
  const version = isBound ? books.cards.of(ws, rating.cardVersionId) : undefined;
  const isFree = rating?.inTrial === true && version?.trial != null && frees(version.trial, null);
  const cap = amountAt(version?.runCap);
  const least = isFree ? null : amountAt(version?.runMinimum);
  const owed = owedIn(run, endPeriod(file, at), { cap, least });
  const stated = new Map(run.corrections.map((one) => [one.period, one]));
  for (const [period, { capped, filled }] of owed) {
    const { cap: over, minimum } = stated.get(period) ?? { cap: 0n, minimum: 0n };
    if (over !== capped) yield `corrections: the cap of ${period} is not what its charges owe`;
    if (minimum !== filled) yield `corrections: the minimum of ${period} is not what is missing`;
    stated.delete(period);
  }
  for (const period of stated.keys()) yield `corrections: nothing is owed in ${period}`;
  for (const { cardVersionId, agent } of run.corrections) {
    if (cardVersionId !== rating?.cardVersionId) yield "corrections are of another card version";
    if (agent !== rating?.agent) yield "corrections are of another agent";
  }
}

/** What the bounds of a run come to, over all periods, where its tree was charged so much. */
export function boundsComeTo(card: CardVersion, run: RunFacts, charged: bigint): bigint {
  const { rating, parent, standing, endedAtMs } = run;
  if (parent !== null || standing || rating?.counted !== true) return 0n;
  const isFree = rating.inTrial && card.trial !== null && frees(card.trial, null);
  const cap = amountAt(card.runCap);
  const least = isFree || endedAtMs === null ? null : amountAt(card.runMinimum);
  const capped = cap !== null && cap < charged ? cap : charged;
  return (least !== null && least > capped ? least : capped) - charged;
}

function amountAt(text: string | null | undefined): bigint | null {
  return text === null || text === undefined ? null : (parseAmount(text) ?? null);
}

/** The period in which a run ended, by its customer's calendar. */
function endPeriod(file: DataFile, { ws, run }: RunAt): string | null {
  if (run.endedAtMs === null || run.customer === null) return null;
  const row = file.first("SELECT * FROM customers WHERE ws = ? AND id = ?", ws, run.customer);
  const calendar = row === undefined ? undefined : decodeCustomer(row);
  if (calendar === undefined || !isTimeZone(calendar.timeZone)) return null;
  return periodAt(run.endedAtMs, calendar).key;
}

interface Bounds {
  readonly cap: bigint | null;
  readonly least: bigint | null;
}

type Owed = Map<string, { readonly capped: bigint; readonly filled: bigint }>;

function owedIn({ chargedIn }: Run, end: string | null, { cap, least }: Bounds): Owed {
  const periods = new Set([
    ...chargedIn.map(({ period }) => period),
    ...(end === null ? [] : [end]),
  ]);
  const owed: Owed = new Map();
  let [charged, under, within] = [0n, 0n, 0n];
  for (const period of [...periods].sort()) {
    charged += chargedIn.find((one) => one.period === period)?.charge ?? 0n;
    const capped = cap !== null && cap < charged ? cap : charged;
    const isOver = end !== null && end <= period;
    const filled = isOver && least !== null && least > capped ? least : capped;
    const [cut, fill] = [capped - charged, filled - capped];
    owed.set(period, { capped: cut - under, filled: fill - within });
    [under, within] = [cut, fill];
  }
  return owed;
}
