/** Commitments as a table: how much is drawn, when it is used up, what the end will bring. */
import { formatMoney } from "./money.ts";
import type { Column } from "./table.ts";
import { renderTable } from "./table.ts";

/** A commitment as the API tells it, as far as it is shown. */
export interface CommitmentView {
  readonly key: string;
  /** What bills call it. */
  readonly name: string;
  readonly kind: string;
  readonly per: string;
  readonly amount: string;
  readonly currency: string;
  readonly from: string;
  readonly until: string | null;
  readonly soFar: {
    readonly drawn: string;
    readonly drawnPercent: string;
    readonly left: string;
    readonly exhaustedAt: string | null;
    readonly projected: { readonly overage: string; readonly trueUp: string } | null;
  } | null;
}

const BAR_COLUMNS = 10;
const NONE = "–";

/** `━━━━──────` for four tenths; what is not all is never shown full. */
function bar(percent: string): string {
  const filled = Math.max(
    0,
    Math.min(BAR_COLUMNS, Math.floor((Number(percent) / 100) * BAR_COLUMNS)),
  );
  return "━".repeat(filled) + "─".repeat(BAR_COLUMNS - filled);
}

const left = (title: string): Column => ({ title, align: "left" });
const point = (title: string): Column => ({ title, align: "point" });
const COLUMNS = [
  ...["commitment", "", "from", "until"].map(left),
  ...["amount", "drawn", "left"].map(point),
  ...["", ""].map(left),
  { title: "%", align: "point" } as const,
  left("used up"),
  ...["overage at end", "true-up at end"].map(point),
];

/** Lines of the table. Dates and ends are linear: as if usage went on at its pace so far. */
export function renderCommitments(commitments: readonly CommitmentView[]): string[] {
  if (commitments.length === 0) return ["There are no commitments."];
  return renderTable({ columns: COLUMNS, rows: commitments.map(rowOf) });
}

function rowOf({ soFar, ...one }: CommitmentView): string[] {
  const { key, name, kind, per, from, until, amount, currency } = one;
  const money = (text: string) => formatMoney(text, currency);
  const called = name === key ? key : `${key} (${name})`;
  const about = [called, `${kind} per ${per}`, from, until ?? NONE, money(amount)];
  if (soFar === null) return [...about, NONE, NONE, currency, "", NONE, NONE, NONE, NONE];
  const { drawn, left: rest, drawnPercent, exhaustedAt, projected } = soFar;
  return [
    ...about,
    ...[money(drawn), money(rest), currency],
    // At the pace so far it would have been some day that has passed: nobody looked which.
    ...[bar(drawnPercent), drawnPercent, rest === "0" ? "already" : dateOf(exhaustedAt)],
    ...[projected?.overage, projected?.trueUp].map((text) =>
      text === undefined ? NONE : money(text),
    ),
  ];
}

function dateOf(instant: string | null): string {
  return instant?.slice(0, 10) ?? NONE;
}
