/** A checked receipt: what it says in total, and every line that is wrong. */
import { formatMoney } from "./money.ts";
import type { Styles } from "./styles.ts";
import { type Column, renderTable } from "./table.ts";

/** A receipt that was checked, as far as it is shown. */
export interface CheckedView {
  readonly findings: readonly { readonly lineNumber: number; readonly problem: string }[];
  readonly keyId: string | null;
  readonly lines: readonly (Readonly<Record<string, unknown>> & { readonly line: string })[];
}

const SHOWN_FINDINGS = 20;
const left = (title: string): Column => ({ title, align: "left" });

/** Lines that say whether a receipt is sound. */
export function renderReceipt({ findings, keyId, lines }: CheckedView, styles: Styles): string[] {
  const count = (line: string) => {
    const found = lines.filter((one) => one.line === line).length;
    return `${found} ${line}${found === 1 ? "" : "s"}`;
  };
  const head = lines.find(({ line }) => line === "receipt");
  const total = lines.find(({ line }) => line === "total");
  const about = [
    `Receipt of run ${text(head?.run)} of ${text(head?.customer)}, issued ${text(head?.issuedAt)}`,
    `  ${count("run")}, ${count("step")}, ${count("outcome")}`,
    `  cost ${amount(total?.cost)} ${text(head?.costCurrency)}, ` +
      `charge ${amount(total?.charge)} ${text(head?.chargeCurrency)}`,
  ];
  if (findings.length === 0) {
    const sound = `Sound: all ${lines.length} lines are as issued, the sums are right.`;
    return [...about, styles.green(sound), `  signed by ${keyId}`];
  }
  const rows = findings
    .slice(0, SHOWN_FINDINGS)
    .map(({ lineNumber, problem }) => [`line ${lineNumber}`, problem]);
  const more = findings.length - rows.length;
  return [
    ...about,
    styles.red(`Not sound: ${findings.length} ${findings.length === 1 ? "finding" : "findings"}`),
    ...renderTable({ columns: [left(""), left("")], rows }, styles),
    ...(more > 0 ? [`… and ${more} more`] : []),
  ];
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "–";
}

function amount(value: unknown): string {
  return typeof value === "string" && /^-?\d+(\.\d+)?$/.test(value) ? formatMoney(value) : "–";
}
