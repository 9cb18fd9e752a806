/** Rows of a run's tree: the cells of runs, steps, charges and outcomes. */

import { OUTPUT_BUCKETS } from "../../domain/event/usage.ts";
import { formatQuantity, parseQuantity, type Quantity } from "../../domain/money/decimal.ts";
import { sumAmounts } from "./amounts.ts";
import { formatMoney, groupDigits } from "./money.ts";
import type { CorrectionView, OutcomeView, RunView, ShareView, StepView } from "./run-view.ts";
import type { Styles } from "./styles.ts";
import type { Cell } from "./table.ts";

/** Fresh input: read by the provider at its full price. */
const FRESH = ["input_uncached", "input_audio", "input_image", "input_video", "input_tool"];
const CACHED = ["cache_read", "cache_read_audio"];
const SHOWN: ReadonlySet<string> = new Set([...FRESH, ...CACHED, ...OUTPUT_BUCKETS]);

/** A run with the totals of its tree. */
export function runRow(run: RunView, styles: Styles): readonly Cell[] {
  const { charge } = run.totals.tree;
  const who = [run.agent, run.parentRun === null ? run.customer : null].filter(isText).join(" · ");
  const bold = (text: string): Cell => ({ text, style: styles.bold });
  const amounts = [bold(costText(run)), bold(formatMoney(charge))];
  return [bold(nameOf(run)), bold(who), "", "", "", "", ...amounts, statusCell(run, styles)];
}

/** A sub-run that is named after its parent leaves that part out. */
function nameOf({ run, parentRun }: RunView): string {
  const prefix = `${parentRun}/`;
  return parentRun !== null && run.startsWith(prefix) ? run.slice(prefix.length) : run;
}

/** Cost of a run's whole tree; `≥` where a step in it has no known price. */
export function costText(run: RunView): string {
  const { cost, unpriced } = run.totals.tree;
  return `${unpriced > 0 ? "≥" : ""}${formatMoney(cost)}`;
}

function statusCell({ status, accrued, stepsRemoved }: RunView, styles: Styles): Cell {
  const style =
    status === "completed" ? styles.green : status === "open" ? styles.cyan : styles.red;
  const waiting = accrued === "0" ? "" : `, ${formatMoney(accrued)} accrued`;
  const removed = stepsRemoved === true ? ", steps removed" : "";
  return { text: `${status}${waiting}${removed}`, style };
}

/** A step with its tokens in disjoint columns: what is cached is not in `in`. */
export function stepRow(step: StepView, styles: Styles): readonly Cell[] {
  const tokens = [FRESH, CACHED, OUTPUT_BUCKETS].map((buckets) => sumOf(step, buckets));
  return [
    step.kind,
    subjectOf(step),
    ...tokens,
    { text: unitsOf(step), style: styles.dim },
    costCell(step, styles),
    step.charge === "0" ? "" : formatMoney(step.charge),
    flagsCell(step, styles),
  ];
}

/** A service is told by its provider; models and tools speak for themselves. */
function subjectOf({ kind, provider, model, tool }: StepView): string {
  const name = model ?? tool;
  const isService = name === null || kind === "retrieval";
  return isService ? [provider, name].filter(isText).join(" ") : name;
}

function sumOf({ usage }: StepView, buckets: readonly string[]): string {
  let sum = 0n;
  for (const bucket of buckets) sum += parseQuantity(usage[bucket] ?? "0") ?? 0n;
  return sum === 0n ? "" : groupDigits(formatQuantity(sum as Quantity));
}

/** Every quantity that has no column of its own, so that nothing priced is hidden. */
function unitsOf({ usage }: StepView): string {
  return Object.entries(usage)
    .filter(([name]) => !SHOWN.has(name))
    .map(([name, quantity]) => `${name.replaceAll("_", " ")}: ${groupDigits(quantity)}`)
    .join(", ");
}

function costCell(step: StepView, styles: Styles): Cell {
  if (step.costStatus === "unpriced") return { text: "?", style: styles.yellow };
  if (step.costStatus === "partial") {
    return { text: `≥${formatMoney(step.cost)}`, style: styles.yellow };
  }
  return step.costStatus === "none" ? "" : formatMoney(step.cost);
}

function flagsCell(step: StepView, styles: Styles): Cell {
  const isUnknown = step.costStatus === "unpriced";
  const flags = [
    isUnknown ? "UNPRICED" : step.costStatus === "partial" ? "PARTLY UNPRICED" : "",
    step.status === "ok" ? "" : step.status,
    step.completeness === "exact" ? "" : step.completeness,
    step.attempt > 1 ? `attempt ${step.attempt}` : "",
    step.role === "shadow" ? "shadow" : "",
    step.payer === "customer" ? "customer pays" : "",
    step.voided ? "voided" : "",
    step.revision > 1 ? `revision ${step.revision}` : "",
    trialText(step.charges),
  ].filter(isText);
  const isBad = step.status === "error" || step.status === "blocked";
  return { text: flags.join(", "), style: isBad ? styles.red : styles.yellow };
}

/** What is free in a trial, with what it would have cost. */
function trialText(charges: readonly ShareView[]): string {
  const free = charges.filter(({ inTrial }) => inTrial).map(({ amount }) => amount);
  return free.length === 0 ? "" : `free in trial: ${formatMoney(sumAmounts(free))}`;
}

/** A charge on the run itself. */
export function chargeRow(charge: ShareView, styles: Styles): readonly Cell[] {
  const text = [charge.charge, charge.cell].filter(isText).join(" ");
  const amount = charge.inTrial ? "0" : charge.amount;
  const row = feeRow("charge", text, { amount, styles });
  return [...row.slice(0, -1), { text: trialText([charge]), style: styles.yellow }];
}

/** What a run's cap and minimum come to in a period. */
export function boundRows({ period, cap, minimum }: CorrectionView, styles: Styles): Cell[][] {
  const rows = [
    ["run cap", cap],
    ["run minimum", minimum],
  ] as const;
  return rows
    .filter(([, amount]) => amount !== "0")
    .map(([what, amount]) => [...feeRow(what, `period ${period}`, { amount, styles })]);
}

/** An outcome and what it is charged. */
export function outcomeRow(outcome: OutcomeView, styles: Styles): readonly Cell[] {
  const { status, finalAt, charges } = outcome;
  const until = status === "provisional" && finalAt !== null ? `, final ${minuteOf(finalAt)}` : "";
  const state = status === "recorded" ? "" : `${status}${until}`;
  const note = [state, trialText(charges)].filter(isText).join(", ");
  const row = feeRow("outcome", outcome.outcome, { amount: outcome.charge, styles });
  return [...row.slice(0, -1), { text: note, style: styles.yellow }];
}

function minuteOf(instant: string): string {
  return `${instant.slice(0, 16).replace("T", " ")} UTC`;
}

function feeRow(
  what: string,
  name: string,
  { amount, styles }: { readonly amount: string; readonly styles: Styles },
): readonly Cell[] {
  const fee = amount === "0" ? "" : formatMoney(amount);
  return [{ text: what, style: styles.cyan }, name, "", "", "", "", "", fee, ""];
}

function isText(text: string | null): text is string {
  return text !== null && text !== "";
}
