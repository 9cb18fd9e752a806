/** Commitments as a table: how much is drawn, when it is used up, what the end will bring. */
import { formatMoney } from "./money.ts";
import type { Column } from "./table.ts";
import { renderTable } from "./table.ts";

/** A commitment as the API tells it, as far as it is shown. */
export interface CommitmentView {
  readonly key: string;
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

const LEFT = ["commitment", "", "from", "until"];
const POINT = ["amount", "drawn", "left"];
const EXPECTED = ["overage", "true-up"];

/** Lines of the table. Dates and ends are linear: as if usage went on at its pace so far. */
export function renderCommitments(commitments: readonly CommitmentView[]): string[] {
  if (commitments.length === 0) return ["There are no commitments."];
  const columns: Column[] = [
    ...LEFT.map((title) => ({ title, align: "left" as const })),
    ...POINT.map((title) => ({ title, align: "point" as const })),
    ...["drawn", "", "used up"].map((title) => ({ title, align: "left" as const })),
    ...EXPECTED.map((title) => ({ title, align: "point" as const })),
  ];
  return renderTable({ columns, rows: commitments.map(rowOf) });
}

function rowOf({ soFar, ...one }: CommitmentView): string[] {
  const { key, kind, per, from, until, amount, currency } = one;
  const about = [key, `${kind} per ${per}`, from, until ?? NONE, formatMoney(amount)];
  if (soFar === null) return [...about, NONE, NONE, "", currency, NONE, NONE, NONE];
  const { drawn, left, drawnPercent, exhaustedAt, projected } = soFar;
  return [
    ...about,
    ...[formatMoney(drawn), formatMoney(left)],
    ...[`${bar(drawnPercent)} ${drawnPercent} %`, currency],
    exhaustedAt?.slice(0, 10) ?? NONE,
    ...[projected?.overage, projected?.trueUp].map((text) =>
      text === undefined ? NONE : formatMoney(text),
    ),
  ];
}
