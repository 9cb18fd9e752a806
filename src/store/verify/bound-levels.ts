/**
 * What the cap and the minimum of runs came to at earlier seqs. No version of a run keeps it: it is
 * what the run owed, less what its tree was charged, and that is added up here between the seqs at
 * which some limit changed.
 */
import type { StatementSync } from "node:sqlite";
import { type Amount, ZERO_AMOUNT } from "../../domain/money/decimal.ts";
import type { RunFacts } from "../../domain/run/run.ts";
import { decodeFormerRun } from "../former-rows.ts";
import { decodeRunFacts, type Row } from "../stored-rows.ts";
import { boundsComeTo } from "./bounds-again.ts";
import type { BudgetSums, RunVersion } from "./budget-sums.ts";
import type { DataFile } from "./data-file.ts";
import { joined, KEY_PART_END } from "./key-parts.ts";
import { RebuiltSums } from "./rebuilt-sums.ts";

const RATED = "SELECT * FROM runs WHERE rating IS NOT NULL";
const FORMER = "SELECT * FROM former_runs";
const PAGE = `SELECT ws, run FROM bound_runs WHERE (ws, run) > (?, ?)
  ORDER BY ws, run LIMIT 1000`;
const BOUND = "SELECT 1 FROM bound_runs WHERE ws = ? AND run = ?";

/** What limited a balance: from which seqs on, and until when. */
export interface Limited {
  readonly budget: { readonly ws: number };
  readonly spans: readonly { readonly fromSeq: number }[];
  readonly untilSeq: number;
}

/** A run as it was at the end of a stretch in which something of it changed. */
export interface RunThen {
  /** First seq of the stretch. */
  readonly seq: number;
  readonly run: RunVersion;
}

/** Runs that have, or had, a cap or a minimum, in workspaces where charges are limited. */
export class BoundLevels {
  readonly #file: DataFile;
  readonly #sums: BudgetSums;
  /** First seqs of stretches without a change of limits, by workspace; the first is 0. */
  readonly #stretches = new Map<number, readonly number[]>();
  /** By workspace, run and first seq of a stretch: what its tree was charged more in it. */
  readonly #charged: RebuiltSums;
  readonly #bound: StatementSync;
  readonly #hasAny: boolean;

  constructor(file: DataFile, sums: BudgetSums, asked: Iterable<Limited>) {
    this.#file = file;
    this.#sums = sums;
    this.#charged = new RebuiltSums(file.scratch, "bound");
    file.scratch.exec(
      "CREATE TABLE bound_runs (ws INTEGER, run TEXT, PRIMARY KEY (ws, run)) WITHOUT ROWID",
    );
    const seqs = new Map<number, Set<number>>();
    for (const { budget, spans, untilSeq } of asked) {
      const own = seqs.get(budget.ws) ?? new Set([0]);
      seqs.set(budget.ws, own);
      for (const { fromSeq } of spans) own.add(fromSeq);
      if (Number.isFinite(untilSeq)) own.add(untilSeq);
    }
    for (const [ws, own] of seqs)
      this.#stretches.set(
        ws,
        [...own].sort((a, b) => a - b),
      );
    this.#find(RATED, decodeRunFacts);
    this.#find(FORMER, decodeFormerRun);
    this.#bound = file.scratch.prepare(BOUND);
    this.#hasAny = file.scratch.prepare("SELECT 1 FROM bound_runs LIMIT 1").get() !== undefined;
  }

  #find(sql: string, read: (row: Row) => RunFacts): void {
    const add = this.#file.scratch.prepare("INSERT OR IGNORE INTO bound_runs VALUES (?, ?)");
    for (const row of this.#file.each(sql)) {
      const ws = row.ws as number;
      if (!this.#stretches.has(ws)) continue;
      const run = readOr(() => read(row));
      if (run !== null && this.#sums.isBound(ws, run)) add.run(ws, run.id);
    }
  }

  /** Whether a run has a cap or a minimum, or had one. */
  has(ws: number, run: string): boolean {
    return this.#hasAny && this.#bound.get(ws, run) !== undefined;
  }

  /** All of them, a page at a time: each is asked for again, and memory stays flat. */
  *all(): Generator<{ readonly ws: number; readonly run: string }> {
    const page = this.#file.scratch.prepare(PAGE);
    let last = { ws: -1, run: "" };
    for (;;) {
      const found = page.all(last.ws, last.run) as unknown as (typeof last)[];
      yield* found;
      const end = found.at(-1);
      if (end === undefined) return;
      last = end;
    }
  }

  /** A run's tree was charged more (or less) by a unit of work. */
  add(ws: number, run: string, { seq, charge }: { readonly seq: number; charge: bigint }): void {
    if (charge === 0n) return;
    this.#charged.addRebuilt(joined(ws, run, this.#stretchOf(ws, seq)), [charge]);
  }

  #stretchOf(ws: number, seq: number): number {
    const stretches = this.#stretches.get(ws) ?? [];
    return stretches[behind(stretches, seq) - 1] ?? 0;
  }

  /** A run at the end of each stretch in which its versions or its charges changed. */
  *statesOf(ws: number, run: string, versions: readonly RunFacts[]): Generator<RunThen> {
    const stretches = this.#stretches.get(ws) ?? [];
    const found = this.#charged.rebuiltUnder(`${joined(ws, run)}${KEY_PART_END}`);
    const charges = new Map([...found].map(([first, [sum = 0n]]) => [Number(first), sum]));
    const began = versions.map(({ sinceSeq }) => this.#stretchOf(ws, sinceSeq));
    const seqs = new Set([...charges.keys(), ...began]);
    let charged = 0n;
    for (const seq of [...seqs].sort((a, b) => a - b)) {
      charged += charges.get(seq) ?? 0n;
      const next = stretches[behind(stretches, seq)] ?? Number.POSITIVE_INFINITY;
      const then = versions.findLast(({ sinceSeq }) => sinceSeq < next);
      if (then === undefined) continue;
      yield { seq, run: { ...then, corrections: this.#correctionsOf(ws, then, charged) } };
    }
  }

  /** All that its bounds came to as one correction: in which periods, no balance asks. */
  #correctionsOf(ws: number, run: RunFacts, charged: bigint): RunVersion["corrections"] {
    const card = this.#sums.cardOf(ws, run);
    const minimum = (card === undefined ? 0n : boundsComeTo(card, run, charged)) as Amount;
    if (minimum === 0n || run.rating === null) return [];
    const { cardVersionId, agent, period } = run.rating;
    return [{ cardVersionId, agent, period, cap: ZERO_AMOUNT, minimum }];
  }
}

/** Index of the first number that is greater. */
function behind(inOrder: readonly number[], seq: number): number {
  let [low, high] = [0, inOrder.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((inOrder[middle] ?? 0) <= seq) low = middle + 1;
    else high = middle;
  }
  return low;
}

function readOr<T>(read: () => T): T | null {
  try {
    return read();
  } catch {
    return null;
  }
}
