/** Adds up rows of steps, read on a connection of its own. */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { assert, present } from "../../domain/assert.ts";
import { momentsIn } from "../../domain/simulation/moments.ts";
import type { Counted, CustomerSums } from "../../domain/simulation/step-sums.ts";
import { StepSums } from "../../domain/simulation/step-sums.ts";
import { StepTextSums } from "../../domain/simulation/step-text-sums.ts";
import { contenderOf } from "../../engine/simulation/contender.ts";
import { Names } from "./names.ts";
import { openReader } from "./open-database.ts";
import type { Stretch, SummingPlace } from "./sum-steps.ts";

const ROWS_A_READ = 1_000;
/** Runs whose customer is remembered before the memory starts afresh. */
const RUNS_MAX_COUNT = 50_000;
/** Runs that are looked up together: what began at about one time has steps at about one. */
const RUNS_A_READ = 64;

type StepRow = readonly [
  stepNo: number,
  runNo: number,
  facetsNo: number,
  labelsNo: number | null,
  body: string,
  seq: number,
];

const COLUMNS = "s.step_no, s.run_no, s.facets_no, s.labels_no, s.body, s.seq";

/** Rows by their numbers: arrays and no join, which are a quarter of the time of whole rows. */
const ROWS = `SELECT ${COLUMNS} FROM steps s
  WHERE s.step_no > ? AND s.step_no <= ? ORDER BY s.step_no LIMIT ?`;

type RunRow = readonly [runNo: number, ws: number, customer: string | null];

const RUNS = "SELECT run_no, ws, customer FROM runs WHERE run_no >= ? AND run_no < ?";

/** The sums of one thread. */
export class StepSummer {
  readonly #db: DatabaseSync;
  readonly #ws: number;
  readonly #sums: StepSums;
  readonly #texts: StepTextSums;
  readonly #customers: ReadonlySet<string> | null;
  readonly #rows: StatementSync;
  readonly #runs: StatementSync;
  /** Null: not of this workspace, or of a customer that is not asked for. */
  readonly #ofRun = new Map<number, CustomerSums | null>();

  constructor({ path, ws, request }: SummingPlace) {
    this.#db = openReader(path);
    this.#ws = ws;
    const contenders = request.contenders.map((data) => contenderOf(data, request));
    const cards = contenders.map(({ cardOfStep }) => cardOfStep);
    const start = this.#db.prepare("SELECT started_at FROM customers WHERE ws = ? AND id = ?");
    const startOf = (customer: string) =>
      present(start.get(ws, customer), `the customer "${customer}"`).started_at as number;
    this.#sums = new StepSums(cards, startOf, momentsIn(request.moments));
    const names = new Names(this.#db);
    this.#texts = new StepTextSums(this.#sums, {
      textOf: (number) => names.textOf(number),
      readsLabels: contenders.some(({ readsLabels }) => readsLabels),
    });
    this.#customers = request.customers && new Set(request.customers);
    this.#rows = this.#db.prepare(ROWS);
    this.#rows.setReturnArrays(true);
    this.#runs = this.#db.prepare(RUNS);
    this.#runs.setReturnArrays(true);
  }

  /** Adds the steps of a stretch; returns how many rows it has. */
  add({ from, to }: Stretch): number {
    for (let after = from; after < to; ) {
      const rows = this.#rows.all(after, to, ROWS_A_READ) as unknown as StepRow[];
      for (const [, runNo, facetsNo, labelsNo, body, seq] of rows) {
        const customer = this.#customerOf(runNo);
        if (customer !== null) {
          this.#texts.add(customer, { facetsNo, labelsNo: labelsNo ?? 0, body, seq });
        }
      }
      after = rows.length < ROWS_A_READ ? to : present(rows.at(-1), "the last row of a page")[0];
    }
    return to - from;
  }

  #customerOf(runNo: number): CustomerSums | null {
    const known = this.#ofRun.get(runNo);
    if (known !== undefined) return known;
    if (this.#ofRun.size >= RUNS_MAX_COUNT) this.#ofRun.clear();
    const from = runNo - (runNo % RUNS_A_READ);
    const rows = this.#runs.all(from, from + RUNS_A_READ) as unknown as RunRow[];
    for (const [number, ws, customer] of rows) {
      // A run without a customer has no steps yet.
      if (customer === null) continue;
      const isAsked = ws === this.#ws && (this.#customers?.has(customer) ?? true);
      this.#ofRun.set(number, isAsked ? this.#sums.of(customer) : null);
    }
    const found = this.#ofRun.get(runNo);
    assert(found !== undefined, `the run ${runNo} of a step is there, and has a customer`);
    return found;
  }

  /** What was added up. The connection is closed. */
  finish(): readonly Counted[] {
    this.#db.close();
    return this.#sums.merged();
  }
}
