/**
 * Reads of totals as of the last commit, wherever they are: in the file, pending in memory, or, for
 * as long as a failure is not made good, nowhere. What is answered is right, or it is refused.
 */
import type { DatabaseSync } from "node:sqlite";
import type { Answer } from "../../engine/ports.ts";
import type { Row } from "../stored-rows.ts";
import type { Turns } from "../turns.ts";
import { unknownOutcome } from "../unknown-outcome.ts";
import type { ReadTotals } from "./read-totals.ts";
import { ask, told } from "./sqlite-errors.ts";
import type { Statements } from "./statements.ts";
import type { UnitShared } from "./unit-shared.ts";
import { writePendingTotals } from "./write-totals.ts";

/** Steps that the totals in the file do not include. */
const UNSUMMED_STEPS = `SELECT s.*, r.id AS run, r.customer AS customer FROM steps s
  JOIN runs r ON r.run_no = s.run_no
  WHERE s.step_no > (SELECT summed_step_no FROM workspaces WHERE ws = ?1) AND r.ws = ?1`;

/** What the totals of an open file hang on. */
export interface TotalsParts {
  readonly shared: UnitShared;
  /** The reading connection. */
  readonly reads: Statements;
  readonly turns: Turns;
}

/** Knows where the totals of each workspace are. */
export class CurrentTotals {
  readonly #shared: UnitShared;
  readonly #writer: DatabaseSync;
  readonly #reads: Statements;
  readonly #turns: Turns;
  /** Workspaces whose totals in the file may lack steps: after opening, and after a failure. */
  readonly #unsummed = new Set<number>();
  /** The unit of work under way, and whether all its totals were in the file when it began. */
  #unit: { readonly ws: number; readonly wasInFile: boolean } | null = null;

  constructor({ shared, reads, turns }: TotalsParts) {
    this.#shared = shared;
    this.#writer = shared.db;
    this.#reads = reads;
    this.#turns = turns;
  }

  /** A unit of work begins; `end` must follow. */
  begin(ws: number): void {
    this.#unit = { ws, wasInFile: this.#isInFile(ws) };
  }

  /** What it wrote is committed. */
  committed(ws: number): void {
    if (this.#shared.summing.delete(ws)) this.#unsummed.delete(ws);
  }

  end(): void {
    this.#unit = null;
  }

  /** Memory is in doubt: steps in the file must be summed before totals are read. */
  doubt(ws: number): void {
    this.#shared.summing.delete(ws);
    this.#unsummed.add(ws);
  }

  /** Steps to be summed, in commit order. What the next unit writes are their totals. */
  unsummedRows(ws: number): Row[] {
    if (!this.#isBehind(ws)) return [];
    const rows = this.#reads.of(`${UNSUMMED_STEPS} ORDER BY s.step_no`).all(ws);
    this.#shared.summing.set(ws, rows.length);
    return rows;
  }

  /** True when steps in the file wait to be summed. */
  #isBehind(ws: number): boolean {
    if (!this.#unsummed.has(ws)) return false;
    const row = this.#reads.of(`SELECT EXISTS (${UNSUMMED_STEPS}) AS is_behind`).get(ws);
    if (row?.is_behind !== 0) return true;
    this.#unsummed.delete(ws);
    return false;
  }

  #isInFile(ws: number): boolean {
    return this.#shared.caches.pending(ws).isEmpty && !this.#isBehind(ws);
  }

  /**
   * While a unit of work runs, totals may be neither in the file nor alone in memory, so a reading
   * takes its turn. A unit must not wait for that itself: it has reads of its own.
   */
  read<T>(ws: number, query: ReadTotals<T>): Answer<T> {
    const unit = this.#unit;
    const isInFile = unit?.ws === ws ? unit.wasInFile : ask(() => this.#isInFile(ws));
    if (isInFile) return ask(() => query(ws, this.#reads));
    if (unit === null) return ask(() => this.#readNow(ws, query));
    return this.#turns.take(async () => ask(() => this.#readNow(ws, query)));
  }

  #readNow<T>(ws: number, query: ReadTotals<T>): T {
    if (this.#isBehind(ws)) throw unknownOutcome("totals wait to be summed again");
    if (this.#shared.caches.pending(ws).isEmpty) return query(ws, this.#reads);
    return this.#settle(ws, query).result;
  }

  /** Brings pending totals into the file. Throws `store.unknown` where it refuses them. */
  settle(ws: number): void {
    if (this.#shared.caches.pending(ws).isEmpty) return;
    const { failure } = this.#settle(ws, () => null);
    if (failure !== null) throw unknownOutcome(failure);
  }

  /**
   * Brings pending totals into the file, and reads them on the way. What was read is right even
   * where the file refuses them (a full disk): they stay pending then, and `failure` says why.
   */
  #settle<T>(ws: number, query: ReadTotals<T>): { readonly result: T; readonly failure: unknown } {
    const { caches, statements } = this.#shared;
    let failure: unknown = null;
    try {
      this.#writer.exec("BEGIN IMMEDIATE");
      writePendingTotals(this.#shared, ws);
      const result = query(ws, statements);
      failure = this.#tryCommit();
      return { result, failure };
    } catch (error) {
      failure = error;
      throw told(error);
    } finally {
      if (this.#writer.isTransaction) this.#writer.exec("ROLLBACK");
      if (failure === null) caches.settle(ws);
      else caches.takeBack(ws);
    }
  }

  /** Null, or what the commit failed with. */
  #tryCommit(): unknown {
    try {
      this.#writer.exec("COMMIT");
      return null;
    } catch (error) {
      return error;
    }
  }
}
