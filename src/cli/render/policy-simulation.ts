/** What policies would have done to real history: a summary, a table, a file. */

import { csvOf } from "../../domain/csv.ts";
import { counted } from "./counted.ts";
import { formatMoney, groupDigits } from "./money.ts";
import { csvField } from "./simulation-csv.ts";
import type { Styles } from "./styles.ts";
import { renderTable } from "./table.ts";

/** A rule that a run was beyond, as a line of the answer tells it. */
export interface ReplayedView {
  readonly type: "run";
  readonly run: string;
  readonly root: string;
  readonly customer: string | null;
  readonly agent: string | null;
  readonly policy: string;
  readonly rule: string;
  readonly do: string;
  readonly level: string;
  readonly moreThan: string;
  readonly atStep: number;
  readonly atTreeStep: number;
  readonly at: string;
  readonly savedSteps: number;
  readonly savedCost: string;
  readonly savedCharge: string;
  readonly currency: string | null;
}

/** What all of it comes to. */
export interface ReplayTotalView {
  readonly type: "total";
  readonly trees: number;
  readonly runs: number;
  readonly steps: number;
  readonly notified: number;
  readonly throttled: number;
  readonly paused: number;
  readonly blocked: number;
  readonly savedSteps: number;
  readonly savedCost: string;
  readonly savedCharge: Readonly<Record<string, string>>;
}

/** What a simulation of policies found. */
export interface ReplayView {
  readonly runs: readonly ReplayedView[];
  readonly total: ReplayTotalView;
}

const count = (value: number) => groupDigits(String(value));

/** The summary, then what saves most first. */
export function renderReplay(
  { runs, total }: ReplayView,
  { top, styles }: { readonly top: number; readonly styles: Styles },
): string[] {
  const charges = Object.entries(total.savedCharge).map(([currency, charge]) => {
    return `${formatMoney(charge)} ${currency} charged`;
  });
  const saved = [`${formatMoney(total.savedCost)} USD cost`, ...charges].join(", ");
  const summary = [
    [
      `${counted(total.runs, "run")} in ${counted(total.trees, "tree")}`,
      counted(total.steps, "step"),
    ].join(", "),
    `blocked ${count(total.blocked)}, paused ${count(total.paused)}, ` +
      `throttled ${count(total.throttled)}, only noticed ${count(total.notified)}`,
    `would have saved ${counted(total.savedSteps, "step")}: ${saved}`,
  ];
  if (runs.length === 0) return summary;
  const shown = runs.toSorted((a, b) => b.savedSteps - a.savedSteps).slice(0, top);
  const rows = shown.map((one) => [
    ...[one.run, one.customer ?? "–", `${one.policy}/${one.rule}`],
    ...[one.do, `${one.level} > ${one.moreThan}`, count(one.atStep), count(one.savedSteps)],
    ...[formatMoney(one.savedCost), formatMoney(one.savedCharge)],
  ]);
  const titles = ["run", "customer", "rule", "would", "level", "at step"];
  const left = titles.map((title) => ({ title, align: "left" as const }));
  const right = ["saved steps", "cost", "charge"].map((title) => {
    return { title, align: title === "saved steps" ? ("right" as const) : ("point" as const) };
  });
  const more = runs.length > top ? [styles.dim(`and ${runs.length - top} more (--top)`)] : [];
  return [...summary, "", ...renderTable({ columns: [...left, ...right], rows }, styles), ...more];
}

const COLUMNS = [
  ...["run", "root", "customer", "agent", "policy", "rule", "do", "level", "more_than"],
  ...["at_step", "at_tree_step", "at", "saved_steps", "saved_cost", "saved_charge", "currency"],
];

/** The text of the file (RFC 4180): one row for each run and rule. */
export function replayCsv({ runs }: ReplayView): string {
  const rows = runs.map((one) => [
    ...[one.run, one.root, one.customer ?? "", one.agent ?? "", one.policy, one.rule, one.do],
    ...[one.level, one.moreThan, one.atStep, one.atTreeStep, one.at, one.savedSteps],
    ...[one.savedCost, one.savedCharge, one.currency ?? ""],
  ]);
  return csvOf([COLUMNS, ...rows].map((row) => row.map(csvField)));
}
