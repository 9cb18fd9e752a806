/**
 * The order of rows, and the best of any number of them. Amounts of two currencies are never
 * compared: rows stand by currency first. In each, what has no margin for want of a rate is last.
 */
import { MARGIN_ROW_KINDS, type MarginRow } from "./margin-table.ts";

/** `margin` has the greatest loss first. */
export const MARGIN_ORDERS = ["margin", "-margin", "-revenue", "-cost", "name"] as const;
export type MarginOrder = (typeof MARGIN_ORDERS)[number];

/** All of a row that its place depends on. */
export type RowPlace = Pick<
  MarginRow,
  "kind" | "name" | "currency" | "margin" | "revenue" | "cost"
>;

type Comparison = (a: RowPlace, b: RowPlace) => number;

const BY: Readonly<Record<MarginOrder, Comparison>> = {
  margin: (a, b) => compare(a.margin ?? 0n, b.margin ?? 0n),
  "-margin": (a, b) => compare(b.margin ?? 0n, a.margin ?? 0n),
  "-revenue": (a, b) => compare(b.revenue, a.revenue),
  "-cost": (a, b) => compare(b.cost, a.cost),
  name: () => 0,
};

/**
 * Orders rows: by currency, those without a margin last, by what is asked, and of equal ones the
 * greater cost first, then values before named rows, then by the name. No two rows are equal.
 */
export function byOrder(order: MarginOrder): Comparison {
  const wanted = BY[order];
  const costFirst = order === "name" ? BY.name : BY["-cost"];
  return (a, b) =>
    compare(a.currency, b.currency) ||
    compare(a.margin === null ? 1 : 0, b.margin === null ? 1 : 0) ||
    wanted(a, b) ||
    costFirst(a, b) ||
    compare(MARGIN_ROW_KINDS.indexOf(a.kind), MARGIN_ROW_KINDS.indexOf(b.kind)) ||
    compare(a.name, b.name);
}

function compare<T extends bigint | number | string>(a: T, b: T): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Keeps the first rows behind a place, of any number that are offered: never many at a time. */
export class FirstRows {
  readonly #compare: Comparison;
  readonly #limit: number;
  readonly #after: RowPlace | null;
  #kept: MarginRow[] = [];
  #offered = 0;

  constructor(
    order: MarginOrder,
    { limit, after }: { readonly limit: number; readonly after: RowPlace | null },
  ) {
    this.#compare = byOrder(order);
    this.#limit = limit;
    this.#after = after;
  }

  offer(row: MarginRow): void {
    this.#offered += 1;
    if (this.#after !== null && this.#compare(row, this.#after) <= 0) return;
    this.#kept.push(row);
    if (this.#kept.length > 2 * this.#limit + 1) this.#cut();
  }

  #cut(): void {
    this.#kept = this.#kept.sort(this.#compare).slice(0, this.#limit + 1);
  }

  /** The rows in their order, how many were offered, and the place of the last if more follow. */
  page(): { rows: readonly MarginRow[]; offered: number; next: RowPlace | null } {
    this.#cut();
    const rows = this.#kept.slice(0, this.#limit);
    const next = this.#kept.length > this.#limit ? (rows.at(-1) ?? null) : null;
    return { rows, offered: this.#offered, next };
  }
}
