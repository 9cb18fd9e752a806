/**
 * Runs that are condensed, and steps that were removed (decision 0136). What is left is in the
 * journal: of each run the marks of its steps, of each removal which runs it covers, what their
 * steps came to in every sum that is rebuilt, and a digest of what remains of each link that lost
 * rows. Steps of a covered run count by those sums, whether their rows are still there or not.
 */
import { createHash } from "node:crypto";
import type { StatementSync } from "node:sqlite";
import { countMarks, encodeMarks, type Marked, recognise } from "../../domain/event/step-marks.ts";
import type { Books } from "./books.ts";
import { type DataFile, readable } from "./data-file.ts";
import { keyText } from "./findings.ts";
import { joined, KEY_PART_END } from "./key-parts.ts";
import type { RemovedRuns } from "./removed-runs.ts";
import { readStep } from "./step-row.ts";

/** The sums that a removal tells. */
export const SUMMED = [
  ...(["runs", "charged", "rollups", "amounts", "quantities", "late", "budgets"] as const),
] as const;
export type Summed = (typeof SUMMED)[number];

/** One document of an act that records a removal. */
export type RemovalDocument =
  /** Stretches of seqs of the entries by which the covered runs were condensed. */
  | {
      readonly tells: "runs";
      readonly entries: readonly (readonly [number, number])[];
      readonly runs: number;
      readonly steps: number;
    }
  /** Key behind the workspace, then values. */
  | {
      readonly tells: "sums";
      readonly of: Summed;
      readonly rows: readonly (readonly [string, ...string[]])[];
    }
  /** First seq of a link, and the digest of what remains of it. */
  | { readonly tells: "links"; readonly rows: readonly (readonly [number, string])[] };

/** A covered run. */
export interface CoveredRun {
  readonly ws: number;
  readonly run: string;
  readonly seq: number;
  readonly steps: number;
}

const hashOf = (text: string) => createHash("sha256").update(text).digest("base64url");
const ENTRY = `SELECT seq, document FROM journal INDEXED BY journal_by_identity
  WHERE ws = ? AND run = ? AND source = '' AND id = '' AND kind = 'run.condensed' AND run <> ''`;
/** How a condensed run is covered. */
const [OPEN, COVERED, CHOSEN] = [0, 1, 2] as const;

/** What a data file says of removed steps. */
export class RemovedSteps implements RemovedRuns {
  readonly #file: DataFile;
  readonly #hasAny: boolean;
  readonly #state: StatementSync;
  readonly #rest: StatementSync;
  readonly #lastHeard = new Map<number, number | null>();

  /** Reads all of it, and makes it known to the file. */
  constructor(file: DataFile) {
    file.removed = this;
    this.#file = file;
    const some = "SELECT 1 FROM journal WHERE kind IN ('run.condensed', 'steps.removed') LIMIT 1";
    this.#hasAny = file.first(some) !== undefined;
    file.scratch.exec(`
      CREATE TABLE condensed (ws INTEGER, run TEXT, seq INTEGER, steps INTEGER, state INTEGER,
        PRIMARY KEY (ws, run)) WITHOUT ROWID;
      CREATE INDEX condensed_by_seq ON condensed (ws, seq);
      CREATE TABLE rests (ws INTEGER, first INTEGER, rest TEXT, 
        PRIMARY KEY (ws, first)) WITHOUT ROWID`);
    this.#state = file.scratch.prepare("SELECT state FROM condensed WHERE ws = ? AND run = ?");
    this.#rest = file.scratch.prepare("SELECT rest FROM rests WHERE ws = ? AND first = ?");
    if (this.#hasAny) this.#readAll();
  }

  /** What an entry says; where it cannot be read, that is a finding. */
  #read<T>(ws: number, seq: number, read: () => T): T | undefined {
    const at = { table: "journal", key: keyText(this.#file.workspace(ws), seq) };
    return readable(this.#file, at, read);
  }

  #readAll(): void {
    const { scratch } = this.#file;
    const add = scratch.prepare("INSERT OR REPLACE INTO condensed VALUES (?, ?, ?, ?, ?)");
    const all = "SELECT ws, run, seq, document FROM journal WHERE kind = 'run.condensed'";
    for (const { ws, run, seq, document } of this.#file.each(all)) {
      const marks = this.#read(ws as number, seq as number, () => marksIn(document as string));
      const steps = countMarks(marks ?? "");
      add.run(ws as number, run as string, seq as number, steps, OPEN);
    }
    const cover = scratch.prepare(
      `UPDATE condensed SET state = ${COVERED} WHERE ws = ? AND seq BETWEEN ? AND ?`,
    );
    const rest = scratch.prepare("INSERT OR REPLACE INTO rests VALUES (?, ?, ?)");
    for (const { ws, document } of this.#acts()) {
      if (document.tells === "runs") {
        for (const [first, last] of document.entries) cover.run(ws, first, last);
      }
      if (document.tells === "links") {
        for (const [first, digest] of document.rows) rest.run(ws, first, digest);
      }
    }
  }

  *#acts(): Generator<{
    readonly ws: number;
    readonly seq: number;
    readonly document: RemovalDocument;
  }> {
    if (!this.#hasAny) return;
    const sql = "SELECT * FROM journal WHERE kind = 'steps.removed' ORDER BY ws, seq";
    for (const row of this.#file.each(sql)) {
      const ws = row.ws as number;
      const read = () => JSON.parse(row.document as string) as RemovalDocument;
      const seq = row.seq as number;
      const document = this.#read(ws, seq, read);
      if (document !== undefined) yield { ws, seq, document };
    }
  }

  #stateOf(ws: number, run: string): number {
    if (!this.#hasAny) return OPEN;
    return (this.#state.get(ws, run)?.state as number | undefined) ?? OPEN;
  }

  isCovered(ws: number, run: string): boolean {
    return this.#stateOf(ws, run) !== OPEN;
  }

  isChosen(ws: number, run: string): boolean {
    return this.#stateOf(ws, run) === CHOSEN;
  }

  /** Prepares the removal of every condensed run that no act covers yet. */
  choose(): readonly CoveredRun[] {
    this.#file.scratch.exec(`UPDATE condensed SET state = ${CHOSEN} WHERE state = ${OPEN}`);
    return this.#list(`WHERE state = ${CHOSEN}`);
  }

  /** All runs that acts cover, or that were chosen. */
  covered(): readonly CoveredRun[] {
    return this.#list(`WHERE state <> ${OPEN}`);
  }

  #list(where: string): CoveredRun[] {
    const sql = `SELECT ws, run, seq, steps FROM condensed ${where} ORDER BY ws, seq`;
    return this.#file.scratch.prepare(sql).all() as unknown as CoveredRun[];
  }

  lastHeardMs(ws: number): number | null {
    const known = this.#lastHeard.get(ws);
    if (known !== undefined || !this.#hasAny) return known ?? null;
    let lastMs: number | null = null;
    const sql = `SELECT run FROM condensed WHERE ws = ? AND state <> ${OPEN}`;
    const heard = "SELECT last_seen_at FROM runs WHERE ws = ? AND id = ?";
    // There may be millions: they are gone through one by one.
    for (const { run } of this.#file.scratch.prepare(sql).iterate(ws)) {
      const row = this.#file.first(heard, ws, run as string);
      lastMs = Math.max(lastMs ?? 0, (row?.last_seen_at ?? 0) as number);
    }
    this.#lastHeard.set(ws, lastMs);
    return lastMs;
  }

  stepsOf(ws: number, run: string): number {
    const sql = "SELECT steps FROM condensed WHERE ws = ? AND run = ?";
    return (this.#file.scratch.prepare(sql).get(ws, run)?.steps as number | undefined) ?? 0;
  }

  had(ws: number, run: string, step: Omit<Marked, "contentHash">): boolean {
    if (!this.#hasAny) return false;
    const row = this.#file.first(ENTRY, ws, run);
    if (row === undefined) return false;
    const marks = this.#read(ws, row.seq as number, () => marksIn(row.document as string)) ?? "";
    return recognise(marks, { ...step, contentHash: "" }, hashOf) !== "unknown";
  }

  restOf(ws: number, first: number): string | undefined {
    if (!this.#hasAny) return undefined;
    return this.#rest.get(ws, first)?.rest as string | undefined;
  }

  /** Adds what acts say of covered steps to what is rebuilt. */
  addTo(books: Books): void {
    for (const { ws, seq, document } of this.#acts()) {
      if (document.tells !== "sums") continue;
      for (const [key, ...texts] of document.rows) {
        const values = this.#read(ws, seq, () => texts.map(BigInt)) ?? [];
        const [budget = ""] = key.split(KEY_PART_END);
        const sums = document.of === "budgets" ? books.budgets.sums : books[document.of];
        const isRetired =
          document.of === "budgets" &&
          books.budgets.budgets.get(joined(ws, budget))?.isRetired !== false;
        if (!isRetired) sums.addRebuilt(joined(ws, key), values);
      }
    }
  }

  /** Marks against steps that are still there, and acts against what they cover. */
  check(): void {
    const { findings } = this.#file;
    const told = new Map<number, { runs: number; steps: number }>();
    for (const { ws, document } of this.#acts()) {
      if (document.tells !== "runs") continue;
      const { runs, steps } = told.get(ws) ?? { runs: 0, steps: 0 };
      told.set(ws, { runs: runs + document.runs, steps: steps + document.steps });
    }
    if (!this.#hasAny) return;
    this.#checkLinks();
    for (const { ws, run, seq, steps, state } of this.#file.scratch
      .prepare("SELECT * FROM condensed")
      .all() as unknown as (CoveredRun & { readonly state: number })[]) {
      const key = keyText(this.#file.workspace(ws), run);
      const present = this.#marksPresent(ws, run);
      if (state !== OPEN) {
        const sum = told.get(ws) ?? { runs: 0, steps: 0 };
        told.set(ws, { runs: sum.runs - 1, steps: sum.steps - steps });
        if (present === "") continue;
      }
      const read = () => marksIn(this.#file.first(ENTRY, ws, run)?.document as string);
      const isWhole = present === this.#read(ws, seq, read);
      findings.expect(isWhole, ["steps", key, "are not those by which the run was condensed"]);
    }
    for (const [ws, { runs, steps }] of told) {
      const problem = `tell of ${runs} runs and ${steps} steps more than they cover`;
      const key = keyText(this.#file.workspace(ws), "steps.removed");
      findings.expect(runs === 0 && steps === 0, ["journal", key, problem]);
    }
  }

  /** A link that lost all of its rows leaves no gap where it is missing. */
  #checkLinks(): void {
    for (const { ws, first } of this.#file.scratch.prepare("SELECT ws, first FROM rests").all()) {
      const sql = "SELECT 1 FROM chain WHERE ws = ? AND first_seq = ?";
      const isThere = this.#file.first(sql, ws as number, first as number) !== undefined;
      const key = keyText(this.#file.workspace(ws as number), first as number);
      const problem = "is missing: steps of it were removed";
      this.#file.findings.expect(isThere, ["chain", key, problem]);
    }
  }

  #marksPresent(ws: number, run: string): string {
    const sql = `SELECT s.step_no AS no FROM steps s JOIN runs r USING (run_no)
      WHERE r.ws = ? AND r.id = ?`;
    const steps = this.#file
      .all(sql, ws, run)
      .flatMap(({ no }) => readStep(this.#file, "steps", no as number)?.step ?? []);
    return encodeMarks(steps, hashOf);
  }
}

function marksIn(document: string): string {
  return (JSON.parse(document) as { readonly marks: string }).marks;
}
