/** A live view on the terminal: the tree of runs, gauges of budgets, stops, the newest steps. */
import type {
  LiveBoard,
  LiveDecisionView,
  LiveMessage,
  LiveReachedView,
  LiveRunView,
  LiveStepView,
} from "../live-board.ts";
import { renderBalances, renderStops } from "./budgets.ts";
import { formatMoney, groupDigits } from "./money.ts";
import type { Styles } from "./styles.ts";
import { printable } from "./styles.ts";
import { type Cell, type Column, renderTable } from "./table.ts";

/** Lines that a board takes up at most, so that it can be drawn over. */
const RUN_ROWS_MAX_COUNT = 20;

const left = (title: string): Column => ({ title, align: "left" });
const right = (title: string): Column => ({ title, align: "right" });
const point = (title: string): Column => ({ title, align: "point" });

/** The whole board. */
export function renderBoard(board: LiveBoard, styles: Styles): string[] {
  const { budgets, stops, steps, reached } = board;
  const shown = [budgets, stops, board.runs].some(({ size }) => size > 0);
  if (!shown && steps.length + reached.length === 0) return ["Nothing goes on here."];
  return [
    ...runTree([...board.runs.values()], styles),
    ...(budgets.size === 0 ? [] : ["", ...renderBalances([...budgets.values()], styles)]),
    ...(stops.size === 0 ? [] : ["", ...renderStops([...stops.values()], styles)]),
    ...(reached.length === 0 ? [] : ["", ...reached.map(reachedLine)]),
    ...(steps.length === 0 ? [] : ["", ...stepRows(board, styles)]),
  ];
}

function runTree(runs: readonly LiveRunView[], styles: Styles): string[] {
  const known = new Set(runs.map(({ run }) => run));
  const below = Map.groupBy(runs, ({ parentRun }) => {
    return parentRun !== null && known.has(parentRun) ? parentRun : "";
  });
  const rows: Cell[][] = [];
  const draw = (of: string, indent: string): void => {
    const all = below.get(of) ?? [];
    for (const [at, run] of all.entries()) {
      const isLast = at === all.length - 1;
      const branch = of === "" ? "" : isLast ? "└─ " : "├─ ";
      rows.push(runCells(run, `${indent}${branch}`, styles));
      draw(run.run, of === "" ? "" : `${indent}${isLast ? "   " : "│  "}`);
    }
  };
  draw("", "");
  const shown = rows.slice(-RUN_ROWS_MAX_COUNT);
  const more = rows.length - shown.length;
  const columns = [
    ...["run", "customer", "agent", ""].map(left),
    ...[right("steps"), point("cost USD"), point("charge"), left("")],
  ];
  const lines = renderTable({ columns, rows: shown }, styles);
  return more > 0 ? [...lines, styles.dim(`and ${more} earlier ones`)] : lines;
}

function runCells(run: LiveRunView, lines: string, styles: Styles): Cell[] {
  const { customer, agent, status, tree, chargeCurrency } = run;
  const { steps, unpriced, cost, charge } = tree;
  const style = status === "open" ? styles.green : styles.dim;
  return [
    ...[`${lines}${run.run}`, customer ?? "–", agent ?? "–", { text: status, style }],
    ...[groupDigits(String(steps)), `${unpriced > 0 ? "≥ " : ""}${formatMoney(cost)}`],
    ...[formatMoney(charge, chargeCurrency), chargeCurrency ?? ""],
  ];
}

function stepRows({ steps, runs }: LiveBoard, styles: Styles): string[] {
  const currencyOf = ({ run }: LiveStepView) => runs.get(run)?.chargeCurrency;
  const rows = steps.map((step): Cell[] => [
    ...[timeOf(step), step.run, nameOf(step)],
    { text: step.status === "ok" ? "" : step.status, style: styles.red },
    ...[costOf(step), formatMoney(step.charge, currencyOf(step))],
  ]);
  const columns = [...["last steps", "", "", ""].map(left), point("cost"), point("charge")];
  return renderTable({ columns, rows }, styles);
}

function timeOf({ occurredAt }: LiveStepView): string {
  return occurredAt.slice(11, 19);
}

function nameOf({ kind, model, tool }: LiveStepView): string {
  return `${kind} ${model ?? tool ?? ""}`.trim();
}

function costOf({ cost, costStatus }: LiveStepView): string {
  const isKnown = costStatus === "priced" || costStatus === "none";
  return isKnown ? formatMoney(cost) : `≥ ${formatMoney(cost)}`;
}

/** One line for each thing that a message tells, for where nothing can be drawn over. */
export function changeLines(message: LiveMessage): string[] {
  const { steps = [], earlierSteps = 0, decisions = [], reached = [], stops = [] } = message;
  const refused = decisions.filter(({ decision }) => decision !== "allow");
  const lines = [
    ...(earlierSteps > 0 ? [`… ${earlierSteps} steps before these`] : []),
    ...steps.map(stepLine),
    ...reached.map(reachedLine),
    ...refused.map(decisionLine),
    ...stops.map(({ of, id, mode, reason }) => `stopped  ${of} ${id}  ${mode}  ${reason}`),
    ...(message.runs ?? []).filter(({ parentRun }) => parentRun === null).map(totalLine),
  ];
  return lines.map(printable);
}

function stepLine(step: LiveStepView): string {
  const status = step.status === "ok" ? "" : `  ${step.status}`;
  const amounts = `cost ${costOf(step)}  charge ${formatMoney(step.charge)}`;
  return `step  ${timeOf(step)}  ${step.run}  ${nameOf(step)}  ${amounts}${status}`;
}

function reachedLine({ policy, rule, mode, run, level, moreThan, do: action }: LiveReachedView) {
  const does = mode === "observe" ? `would ${action}` : action;
  return printable(`policy  ${run}  ${policy}/${rule}  ${level} > ${moreThan}  ${does}`);
}

function decisionLine({ run, id, decision, reason, budget, policy }: LiveDecisionView): string {
  const by = policy === null ? (budget ?? "") : `${policy.policy}/${policy.rule}`;
  return `${decision}  ${run}  ${id}  ${reason ?? ""}  ${by}`.trimEnd();
}

function totalLine({ run, status, tree }: LiveRunView): string {
  const { steps, cost, charge } = tree;
  const amounts = `cost ${formatMoney(cost)}  charge ${formatMoney(charge)}`;
  return `run  ${run}  ${status}  ${steps} steps  ${amounts}`;
}
