/**
 * Decides what is still to be sent of one customer's item, over all its periods:
 *
 *   sent + to be sent now + carried = ledger,
 *
 * exactly. Each period owes its ledger less what its lines say; the part that a target's numbers
 * cannot hold goes on to the next period. Late usage, corrections and rate cards that changed are
 * no cases of their own: they move the ledger, and the difference is the next revision.
 */
import type { BillingPeriod } from "../period/billing-period.ts";
import type { Capability, NumberForm } from "./capability.ts";
import { type ExportWindow, lastEndedWindow, type WindowCut } from "./export-window.ts";
import { quantize } from "./quantize.ts";

/** The last line of a period, as far as the next one follows from it. */
export interface LastLine {
  readonly window: ExportWindow;
  readonly revision: number;
  readonly windowTotal: bigint;
  readonly periodTotal: bigint;
}

/** What one period of an item came to, and what of it was planned before. */
export interface AccountPeriod {
  readonly period: BillingPeriod;
  /** What our books say. */
  readonly ledger: bigint;
  /** Null: nothing of the period was planned yet. */
  readonly last: LastLine | null;
}

/** How an account is planned. */
export interface AccountTerms {
  readonly nowMs: number;
  readonly cut: WindowCut;
  readonly numbers: NumberForm;
  readonly values: Capability["values"];
  /** Whether a line is of its whole period, which the books give only once it is closed. */
  readonly isWhole: boolean;
  /** How old a window may be when it is planned; null: no bound. */
  readonly pastMaxMs: number | null;
  /** The period under way, even if the item has nothing in it: what is late may be told there. */
  readonly latePeriod?: BillingPeriod | null;
  /**
   * All lines of the account so far. Needed where `pastMaxMs` is: what is late is told in windows
   * of other periods, whose last lines then are not the last of those windows.
   */
  readonly told?: readonly Pick<LastLine, "window" | "revision" | "windowTotal">[];
}

/** A line to be made. */
export interface PlannedLine extends LastLine {
  readonly period: BillingPeriod;
  readonly value: bigint;
  readonly ledger: bigint;
}

/** What is to be sent, and what is left. */
export interface AccountPlan {
  readonly lines: readonly PlannedLine[];
  /** Due, and not to be sent now: less than the target's numbers hold, or of open windows. */
  readonly carried: bigint;
}

/** Plans an account; its periods stand in order of time, each of them once. */
export function planAccount(periods: readonly AccountPeriod[], terms: AccountTerms): AccountPlan {
  const lines: PlannedLine[] = [];
  let carried = 0n;
  for (const account of periods) {
    const { period, ledger, last } = account;
    const sent = last?.periodTotal ?? 0n;
    const due = ledger - sent + carried;
    const window = due === 0n ? null : windowFor(account, periods, terms);
    carried = due;
    if (window === null) continue;
    const told = terms.told ?? periods.map((one) => one.last);
    const before = placeIn(window, [...told, ...lines]);
    const value = valueToSend(due, before.windowTotal, terms);
    carried = due - value;
    if (value === 0n) continue;
    const windowTotal = before.windowTotal + value;
    const place = { window, revision: before.revision, windowTotal, periodTotal: sent + value };
    lines.push({ period, value, ledger, ...place });
  }
  return { lines, carried };
}

/**
 * The window that a period's next line is of: its own last one that has ended. Where that is too
 * old for the target, the last one of the newest period: what came late is told late, not dropped.
 * Null: there is none yet.
 */
export function windowFor(
  account: Pick<AccountPeriod, "period" | "last">,
  periods: readonly Pick<AccountPeriod, "period" | "last">[],
  terms: Pick<AccountTerms, "nowMs" | "cut" | "isWhole" | "pastMaxMs" | "latePeriod">,
): ExportWindow | null {
  const own = ownWindow(account, terms);
  if (own === null || terms.pastMaxMs === null) return own;
  if (terms.nowMs - own.endMs <= terms.pastMaxMs) return own;
  const { latePeriod = null } = terms;
  const all = latePeriod === null ? periods : [...periods, { period: latePeriod, last: null }];
  const ended = all.map((one) => ownWindow(one, terms)).filter((one) => one !== null);
  const newest = ended.reduce((a, b) => (b.startMs > a.startMs ? b : a), own);
  return terms.nowMs - newest.endMs <= terms.pastMaxMs ? newest : null;
}

function ownWindow(
  { period, last }: Pick<AccountPeriod, "period" | "last">,
  { nowMs, cut, isWhole }: Pick<AccountTerms, "nowMs" | "cut" | "isWhole">,
): ExportWindow | null {
  if (isWhole) return { startMs: period.startMs, endMs: period.endMs };
  const window = lastEndedWindow(nowMs, period, cut);
  // A clock that went back opens no window before the one that was told last.
  if (last !== null && window !== null && last.window.startMs > window.startMs) return last.window;
  return window ?? last?.window ?? null;
}

/**
 * Where a window overwrites, it is its total that must be a number of the target's. What is due is
 * rounded by itself first: a half would go up or down by what the total happens to be, and two
 * periods that share a window would pass it to and fro for ever.
 */
function valueToSend(
  due: bigint,
  windowTotal: bigint,
  { numbers, values }: Pick<AccountTerms, "numbers" | "values">,
): bigint {
  if (values === "delta") return quantize(due, numbers);
  const rounded = quantize(due, { ...numbers, significantDigits: null, negative: true });
  return quantize(windowTotal + rounded, numbers) - windowTotal;
}

/** The revision of a window's next line, and what those before it came to. */
export function placeIn(
  window: ExportWindow,
  known: readonly (Pick<LastLine, "window" | "revision" | "windowTotal"> | null)[],
): Pick<LastLine, "revision" | "windowTotal"> {
  let [revision, windowTotal] = [-1, 0n];
  for (const line of known) {
    if (line === null || line.window.startMs !== window.startMs) continue;
    if (line.revision > revision) ({ revision, windowTotal } = line);
  }
  return { revision: revision + 1, windowTotal };
}
