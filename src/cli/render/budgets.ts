/** Budgets as gauges, and what is stopped. */
import { formatMoney } from "./money.ts";
import type { Styles } from "./styles.ts";
import { type Cell, type Column, renderTable } from "./table.ts";

/** What a balance stands at, as the API tells it. */
export interface BalanceView {
  readonly budget: string;
  readonly each: string;
  readonly scope: string;
  readonly measure: string;
  readonly currency: string | null;
  readonly limit: string | null;
  readonly settled: string;
  readonly held: string;
  readonly remaining: string | null;
  readonly window: { readonly from: string | null; readonly to: string | null } | null;
  readonly enforcement: string;
  readonly stage: { readonly at: string; readonly do: string } | null;
}

/** A stop in force, as the API tells it. */
export interface StopView {
  readonly of: string;
  readonly id: string;
  readonly mode: string;
  readonly byBudget: boolean;
  readonly reason: string;
  readonly by: string;
  readonly at: string;
}

const BAR_COLUMNS = 12;
const NONE = "–";
const left = (title: string): Column => ({ title, align: "left" });
const point = (title: string): Column => ({ title, align: "point" });

/**
 * `████▒▒······`: what is settled, what is held, what is left. Whatever is spent is seen: a part
 * that is more than nothing has a column, and a limit that is not reached is never shown full.
 */
function gauge({ settled, held, limit }: BalanceView): string {
  const most = Number(limit ?? 0);
  if (limit === null) return "";
  const share = (text: string) => (most > 0 ? Math.max(0, Number(text)) / most : 1);
  const [spent, set] = [share(settled), share(held)];
  const room = spent + set < 1 ? BAR_COLUMNS - 1 : BAR_COLUMNS;
  const full = columns(spent, room);
  const half = Math.min(columns(set, room), BAR_COLUMNS - full);
  return "█".repeat(full) + "▒".repeat(half) + "·".repeat(BAR_COLUMNS - full - half);
}

function columns(share: number, room: number): number {
  if (share <= 0) return 0;
  return Math.min(room, Math.max(1, Math.round(share * BAR_COLUMNS)));
}

/** What a level is in: a currency and what of it, a unit, a credit. */
export function unitOf({ measure, currency }: Pick<BalanceView, "measure" | "currency">): string {
  // A credit's name says that it is one.
  if (currency === null || measure === "credits") return currency ?? measure;
  return `${currency} ${measure}`;
}

function levelText(level: string | null, { currency, measure }: BalanceView): string {
  if (level === null) return NONE;
  return currency === null || measure === "credits" ? level : formatMoney(level, currency);
}

function actionCell({ stage, remaining }: BalanceView, styles: Styles): Cell {
  const isOver = remaining?.startsWith("-") === true;
  if (stage === null) return isOver ? { text: "over", style: styles.red } : "";
  const style = stage.do === "notify" ? styles.yellow : styles.red;
  return { text: isOver ? `${stage.do}, over` : stage.do, style };
}

/** Lines of a table of balances, or what to say where there are none. */
export function renderBalances(
  balances: readonly BalanceView[],
  styles: Styles,
  none = "There are no budgets here.",
): string[] {
  if (balances.length === 0) return [none];
  const columns = [
    ...["budget", "of", ""].map(left),
    ...["settled", "held", "left", "limit"].map(point),
    ...["", "window", "", ""].map(left),
  ];
  const rows = balances.map((one) => [
    one.budget,
    one.scope === "" ? "everything" : one.scope,
    gauge(one),
    levelText(one.settled, one),
    levelText(one.held, one),
    levelText(one.remaining, one),
    levelText(one.limit, one),
    unitOf(one),
    one.window?.from == null ? "" : `since ${one.window.from.slice(0, 16).replace("T", " ")}`,
    one.enforcement === "soft" ? "soft" : "",
    actionCell(one, styles),
  ]);
  return renderTable({ columns, rows }, styles);
}

/** Lines of a table of stops. */
export function renderStops(stops: readonly StopView[], styles: Styles): string[] {
  if (stops.length === 0) return ["Nothing is stopped."];
  const titles = ["stopped", "", "mode", "since", "by", "reason"];
  const rows = stops.map(({ of, id, mode, at, by, reason }): Cell[] => [
    of,
    id,
    { text: mode, style: mode === "block" ? styles.red : styles.yellow },
    at.slice(0, 16).replace("T", " "),
    by,
    reason,
  ]);
  return renderTable({ columns: titles.map(left), rows }, styles);
}
