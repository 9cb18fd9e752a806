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

/** How the rows of one tree are drawn. */
export interface TreeLook {
  readonly styles: Styles;
  /** Of its charges: a tree belongs to one customer. Null: there is no card. */
  readonly currency: string | null;
}

/** A run with the totals of its tree. */
export function runRow(run: RunView, { styles }: Pick<TreeLook, "styles">): readonly Cell[] {
  const { charge } = run.totals.tree;
  const who = [run.agent, run.parentRun === null ? run.customer : null].filter(isText).join(" · ");
  const bold = (text: string): Cell => ({ text, style: styles.bold });
  const amounts = [bold(costText(run)), bold(formatMoney(charge, run.chargeCurrency))];
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

/** What a run's tree is charged with its cap and minimum, over all its periods. */
export function owedBy({ totals, corrections }: RunView): string {
  const bounds = corrections.flatMap(({ cap, minimum }) => [cap, minimum]);
  return sumAmounts([totals.tree.charge, ...bounds]);
}

function statusCell(run: RunView, styles: Styles): Cell {
  const { status, accrued, chargeCurrency, stepsRemoved, totals } = run;
  const style =
    status === "completed" ? styles.green : status === "open" ? styles.cyan : styles.red;
  const waiting = accrued === "0" ? "" : `, ${formatMoney(accrued, chargeCurrency)} accrued`;
  const removed = stepsRemoved === true ? ", steps removed" : "";
  // The charges are those of the lines below; a cap or minimum makes something else of them.
  const owed = owedBy(run);
  const bounded = owed === totals.tree.charge ? "" : `, ${formatMoney(owed, chargeCurrency)} owed`;
  return { text: `${status}${bounded}${waiting}${removed}`, style };
}

/** A step with its tokens in disjoint columns: what is cached is not in `in`. */
export function stepRow(step: StepView, { styles, currency }: TreeLook): readonly Cell[] {
  const tokens = [FRESH, CACHED, OUTPUT_BUCKETS].map((buckets) => sumOf(step, buckets));
  return [
    step.kind,
    subjectOf(step),
    ...tokens,
    { text: unitsOf(step), style: styles.dim },
    costCell(step, styles),
    step.charge === "0" ? "" : formatMoney(step.charge, currency),
    flagsCell(step, { styles, currency }),
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

function flagsCell(step: StepView, { styles, currency }: TreeLook): Cell {
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
    trialText(step.charges, currency),
  ].filter(isText);
  const isBad = step.status === "error" || step.status === "blocked";
  return { text: flags.join(", "), style: isBad ? styles.red : styles.yellow };
}

/** What is free in a trial, with what it would have cost. */
function trialText(charges: readonly ShareView[], currency: string | null): string {
  const free = charges.filter(({ inTrial }) => inTrial).map(({ amount }) => amount);
  return free.length === 0 ? "" : `free in trial: ${formatMoney(sumAmounts(free), currency)}`;
}

/** A charge on the run itself. */
export function chargeRow(charge: ShareView, look: TreeLook): readonly Cell[] {
  const text = [charge.charge, charge.cell].filter(isText).join(" ");
  const amount = charge.inTrial ? "0" : charge.amount;
  const row = feeRow("charge", text, { amount, look });
  const note = trialText([charge], look.currency);
  return [...row.slice(0, -1), { text: note, style: look.styles.yellow }];
}

/** What a run's cap and minimum come to in a period. */
export function boundRows({ period, cap, minimum }: CorrectionView, look: TreeLook): Cell[][] {
  const rows = [
    ["run cap", cap],
    ["run minimum", minimum],
  ] as const;
  return rows
    .filter(([, amount]) => amount !== "0")
    .map(([what, amount]) => [...feeRow(what, `period ${period}`, { amount, look })]);
}

/** An outcome and what it is charged. */
export function outcomeRow(outcome: OutcomeView, look: TreeLook): readonly Cell[] {
  const { status, finalAt, charges } = outcome;
  const until = status === "provisional" && finalAt !== null ? `, final ${minuteOf(finalAt)}` : "";
  const state = status === "recorded" ? "" : `${status}${until}`;
  const note = [state, trialText(charges, look.currency)].filter(isText).join(", ");
  const row = feeRow("outcome", outcome.outcome, { amount: outcome.charge, look });
  return [...row.slice(0, -1), { text: note, style: look.styles.yellow }];
}

function minuteOf(instant: string): string {
  return `${instant.slice(0, 16).replace("T", " ")} UTC`;
}

function feeRow(
  what: string,
  name: string,
  { amount, look }: { readonly amount: string; readonly look: TreeLook },
): readonly Cell[] {
  const fee = amount === "0" ? "" : formatMoney(amount, look.currency);
  return [{ text: what, style: look.styles.cyan }, name, "", "", "", "", "", fee, ""];
}

function isText(text: string | null): text is string {
  return text !== null && text !== "";
}
