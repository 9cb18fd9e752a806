/**
 * A run as a tree: sub-runs below runs, steps below the step that caused them, in the order in
 * which they happened. A run's row shows the totals of its whole tree, a step's row its own.
 */
import {
  boundRows,
  chargeRow,
  outcomeRow,
  runRow,
  stepRow,
  type TreeLook,
} from "./run-tree-rows.ts";
import type { RunView, StepView } from "./run-view.ts";
import { PLAIN_STYLES, type Styles } from "./styles.ts";
import { type Cell, type Column, renderTable } from "./table.ts";

/** A row without its tree lines, and what hangs below it. */
interface Node {
  readonly cells: readonly Cell[];
  readonly below: readonly Node[];
  /** Orders the nodes of one level: time, then order of arrival. */
  readonly at: string;
  readonly seq: number;
}

/** Lines of a run's tree with its header. */
export function renderRunTree(run: RunView, styles: Styles = PLAIN_STYLES): string[] {
  const rows = drawn([nodeOfRun(run, { styles, currency: run.chargeCurrency })], "", true);
  return renderTable({ columns: columnsFor(run), rows }, styles);
}

function columnsFor({ costCurrency, chargeCurrency }: RunView): Column[] {
  return [
    { title: "", align: "left" },
    { title: "model or tool", align: "left" },
    { title: "in", align: "right" },
    { title: "cached", align: "right" },
    { title: "out", align: "right" },
    { title: "also", align: "left" },
    { title: `cost ${costCurrency}`, align: "point" },
    { title: `charge ${chargeCurrency ?? ""}`.trim(), align: "point" },
    { title: "", align: "left" },
  ];
}

function nodeOfRun(run: RunView, look: TreeLook): Node {
  const below = stepsBelow(run.steps);
  const nodeOfStep = (step: StepView): Node => {
    const caused = (below.get(keyOf(step)) ?? []).map(nodeOfStep).sort(byTime);
    return { cells: stepRow(step, look), below: caused, at: step.occurredAt, seq: step.seq };
  };
  const timed = [
    ...(below.get(TOP) ?? []).map(nodeOfStep),
    ...run.children.map((child) => nodeOfRun(child, look)),
  ].sort(byTime);
  const fees = run.charges.map((charge) => leaf(chargeRow(charge, look)));
  const outcomes = run.outcomes.map((outcome) => leaf(outcomeRow(outcome, look)));
  const bounds = run.corrections.flatMap((one) => boundRows(one, look)).map(leaf);
  const all = [...timed, ...fees, ...outcomes, ...bounds];
  return { cells: runRow(run, look), below: all, at: run.openedAt, seq: Number.MAX_SAFE_INTEGER };
}

/** Stands for the parent of a step that has none in its run. */
const TOP = "";

/**
 * Steps by the key of the step that caused them. A cause that the run does not hold counts as
 * none; so does one in a circle, because producers may say anything and every step is shown.
 */
function stepsBelow(steps: readonly StepView[]): Map<string, StepView[]> {
  const known = new Map(steps.map((step) => [keyOf(step), step]));
  const parentOf = (step: StepView): StepView | undefined => {
    const { source, parentStep } = step;
    return parentStep === null ? undefined : known.get(keyOf({ source, id: parentStep }));
  };
  const isInCircle = (step: StepView): boolean => {
    const passed = new Set<StepView>();
    let at = parentOf(step);
    while (at !== undefined && at !== step && !passed.has(at)) {
      passed.add(at);
      at = parentOf(at);
    }
    return at === step;
  };
  return Map.groupBy(steps, (step) => {
    const parent = parentOf(step);
    return parent === undefined || isInCircle(step) ? TOP : keyOf(parent);
  });
}

function leaf(cells: readonly Cell[]): Node {
  return { cells, below: [], at: "", seq: 0 };
}

function keyOf({ source, id }: Pick<StepView, "source" | "id">): string {
  return JSON.stringify([source, id]);
}

function byTime(a: Node, b: Node): number {
  if (a.at !== b.at) return a.at < b.at ? -1 : 1;
  return a.seq - b.seq;
}

/** Puts the tree's lines before the first cell of each row. */
function drawn(nodes: readonly Node[], indent: string, isRoot: boolean): (readonly Cell[])[] {
  return nodes.flatMap((node, index) => {
    const isLast = index === nodes.length - 1;
    const branch = isRoot ? "" : isLast ? "└─ " : "├─ ";
    const deeper = isRoot ? "" : isLast ? "   " : "│  ";
    const [first = "", ...rest] = node.cells;
    return [
      [prefixed(indent + branch, first), ...rest],
      ...drawn(node.below, indent + deeper, false),
    ];
  });
}

function prefixed(lines: string, cell: Cell): Cell {
  if (typeof cell === "string") return lines + cell;
  const { text, style } = cell;
  return { text: lines + text, style: (all) => lines + style(all.slice(lines.length)) };
}
