/** What the corpus command prints: a table for people, one JSON document for programs. */
import type { LeftOut } from "./files.ts";
import { exactSum } from "./float.ts";
import { countVerdicts, type JudgedDataset, type JudgedRun } from "./judge.ts";
import type { VerdictKind } from "./types.ts";

export interface Counts extends Record<VerdictKind, number> {
  readonly runs: number;
  readonly steps: number;
}

export interface DatasetReport extends Counts {
  readonly stated: string;
  readonly metered: string;
  /** Rule → figures that it computed. */
  readonly rules: Readonly<Record<string, number>>;
  /** Runs among those that agree of which the source states no figure. */
  readonly stateNothing: number;
}

export interface Report {
  readonly datasets: Readonly<Record<string, DatasetReport>>;
  readonly totals: Counts;
  /** What of the folder is not among the runs, and why. */
  readonly leftOut: readonly Pick<LeftOut, "place" | "reason">[];
}

export function reportOf(
  judged: readonly JudgedDataset[],
  leftOut: readonly LeftOut[] = [],
): Report {
  const datasets = judged.map(({ dataset, runs, rules }) => {
    const counts = countsOf(runs);
    return [
      dataset,
      {
        ...counts,
        ...amounts(runs),
        rules: Object.fromEntries(rules),
        stateNothing: runs.filter(({ statesNothing }) => statesNothing).length,
      },
    ] as const;
  });
  return {
    datasets: Object.fromEntries(datasets),
    totals: countsOf(judged.flatMap(({ runs }) => runs)),
    leftOut: leftOut.map(({ place, reason }) => ({ place, reason })),
  };
}

function countsOf(runs: readonly JudgedRun[]): Counts {
  const steps = runs.reduce((sum, run) => sum + run.steps, 0);
  return { runs: runs.length, steps, ...countVerdicts(runs) };
}

/** Costs where the sources state any, else tokens. */
function amounts(runs: readonly JudgedRun[]): { stated: string; metered: string } {
  const costs = runs.flatMap(({ statedCost }) => statedCost ?? []);
  if (costs.length > 0) {
    const metered = exactSum(runs.map(({ meteredCost }) => meteredCost));
    return { stated: `${exactSum(costs)} USD`, metered: `${metered} USD` };
  }
  const tokens = exactSum(runs.flatMap(({ statedTokens }) => statedTokens ?? []));
  const metered = exactSum(runs.map(({ meteredTokens }) => meteredTokens));
  return { stated: `${tokens} tokens`, metered: `${metered} tokens` };
}

const VERDICT_COLUMNS = ["agree", "explained", "fitted", "unexplained"] as const;
const HEADINGS = ["dataset", "runs", "steps", "stated", "metered", ...VERDICT_COLUMNS];
/** The dataset's name stands left, numbers stand right. */
const LEFT_COLUMNS = 1;
const SHOWN_PLACES = 6;

export function tableOf({ datasets, totals }: Report): string {
  const rows = Object.entries(datasets).map(([name, report]) => {
    const shown = [rounded(report.stated), rounded(report.metered)];
    return [name, ...numbers(report).slice(0, 2), ...shown, ...numbers(report).slice(2)];
  });
  const total = ["total", ...numbers(totals).slice(0, 2), "", "", ...numbers(totals).slice(2)];
  const all = [HEADINGS, ...rows, total];
  const widths = HEADINGS.map((_, column) =>
    Math.max(...all.map((row) => row[column]?.length ?? 0)),
  );
  const lines = all.map((row) => line(row, widths));
  const rule = "-".repeat(lines[0]?.length ?? 0);
  return [lines[0], rule, ...lines.slice(1, -1), rule, lines.at(-1)].join("\n");
}

function numbers(counts: Counts): string[] {
  const values = [counts.runs, counts.steps, ...VERDICT_COLUMNS.map((kind) => counts[kind])];
  return values.map(grouped);
}

function line(row: readonly string[], widths: readonly number[]): string {
  const cells = row.map((cell, column) => {
    const width = widths[column] ?? 0;
    return column < LEFT_COLUMNS ? cell.padEnd(width) : cell.padStart(width);
  });
  return cells.join("  ").trimEnd();
}

/** Shortened for the table; the JSON has every digit. */
function rounded(amount: string): string {
  const [number = "0", unit = ""] = amount.split(" ");
  const [whole = "0", fraction = ""] = number.split(".");
  const places = unit === "USD" ? `.${fraction.slice(0, SHOWN_PLACES).padEnd(2, "0")}` : "";
  return `${grouped(BigInt(whole))}${places} ${unit}`;
}

function grouped(value: number | bigint): string {
  return value.toLocaleString("en-US");
}

/** The rules that explained figures, and what no rule explained. */
export function notesOf(judged: readonly JudgedDataset[]): string {
  const rules = judged.flatMap(({ dataset, rules: used }) =>
    [...used].map(
      ([rule, figures]) => `  ${dataset}: ${rule} computes ${grouped(figures)} figures`,
    ),
  );
  const silent = judged.flatMap(({ dataset, runs }) => {
    const count = runs.filter(({ statesNothing }) => statesNothing).length;
    return count === 0 ? [] : [`  ${dataset}: ${grouped(count)} of the runs that agree`];
  });
  const parts = [rules.length > 0 ? ["Rules", ...rules] : []];
  if (silent.length > 0) parts.push(["Nothing is stated about", ...silent]);
  return parts.map((lines) => lines.join("\n")).join("\n");
}

const SHOWN_PER_DATASET = 20;

/** What was left out, for people. */
export function leftOutOf(leftOut: readonly LeftOut[]): readonly string[] {
  const told = leftOut.filter(({ isLost }) => !isLost);
  const lines = told.map(({ place, reason }) => `left out  ${place}: ${reason}`);
  const more = lines.length - SHOWN_PER_DATASET;
  const rest = more > 0 ? [`${grouped(more)} more were left out: --json names them`] : [];
  return [...lines.slice(0, SHOWN_PER_DATASET), ...rest];
}

/** Unexplained runs and faults, for people. */
export function complaintsOf(judged: readonly JudgedDataset[]): readonly string[] {
  return judged.flatMap(({ dataset, runs, faults }) => {
    const open = runs
      .filter(({ verdict }) => verdict.verdict === "unexplained")
      .map(({ run, verdict }) => `unexplained  ${run}: ${verdict.detail ?? ""}`);
    const found = [...open, ...faults.map((fault) => `fault  ${fault}`)];
    const more = found.length - SHOWN_PER_DATASET;
    const rest = more > 0 ? [`${dataset}: ${more} more`] : [];
    return [...found.slice(0, SHOWN_PER_DATASET), ...rest];
  });
}
