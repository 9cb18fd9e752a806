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
  left("commitment"),
  ...["amount", "drawn", "left"].map(point),
  ...["", ""].map(left),
  point("%"),
];

/**
 * A row for each, and below it in words what it is and what the end will bring: as columns that is
 * twice as wide as a terminal. Dates and ends are linear: as if usage went on at its pace so far.
 */
export function renderCommitments(commitments: readonly CommitmentView[]): string[] {
  if (commitments.length === 0) return ["There are no commitments."];
  const [head = "", ...rows] = renderTable({ columns: COLUMNS, rows: commitments.map(rowOf) });
  const told = commitments.map((one, at) => [rows[at] ?? "", termsOf(one), ...outlookOf(one)]);
  return [head, ...told.flat()];
}

function rowOf({ soFar, key, name, amount, currency }: CommitmentView): string[] {
  const money = (text: string) => formatMoney(text, currency);
  const about = [name === key ? key : `${key} (${name})`, money(amount)];
  if (soFar === null) return [...about, NONE, NONE, currency, "", NONE];
  const { drawn, left: rest, drawnPercent } = soFar;
  return [...about, money(drawn), money(rest), currency, bar(drawnPercent), drawnPercent];
}

function termsOf({ kind, per, from, until }: CommitmentView): string {
  return `  ${kind} per ${per}, from ${from}${until === null ? " on" : ` until ${until}`}`;
}

function outlookOf({ soFar, currency }: CommitmentView): string[] {
  if (soFar === null) return [];
  const { left: rest, exhaustedAt, projected } = soFar;
  const day = exhaustedAt === null ? [] : [`used up on ${exhaustedAt.slice(0, 10)} at this pace`];
  // At the pace so far it would have been some day that has passed: nobody looked which.
  const used = rest === "0" ? ["used up"] : day;
  const ends = projected === null ? [] : [endText(projected, currency)];
  const parts = [...used, ...ends];
  return parts.length === 0 ? [] : [`  ${parts.join("; ")}`];
}

type End = { readonly overage: string; readonly trueUp: string };

function endText({ overage, trueUp }: End, currency: string): string {
  const money = (text: string) => `${formatMoney(text, currency)} ${currency}`;
  if (trueUp !== "0") return `at its end ${money(trueUp)} are missing`;
  if (overage !== "0") return `at its end ${money(overage)} are beyond it`;
  return "at its end nothing is beyond it, and nothing missing";
}
