/**
 * Reads of totals as of the last commit, wherever they are: in the file, pending in memory, or, for
 * as long as a failure is not made good, nowhere. What is answered is right, or it is refused.
 */

import type { Turns } from "../../engine/commit/turns.ts";
import type { Answer } from "../../engine/ports.ts";
import type { Row } from "../stored-rows.ts";
import { unknownOutcome } from "../unknown-outcome.ts";
import { answerQuery, type TotalsAnswers, type TotalsQuery } from "./read-totals.ts";
import { ask, told } from "./sqlite-errors.ts";
import type { Statements } from "./statements.ts";
import { TransactionDraft } from "./transaction.ts";
import type { UnitShared } from "./unit-shared.ts";
import { UNSUMMED_STEPS } from "./unsummed-steps.ts";
import { writePendingTotals } from "./write-totals.ts";
import type { Writer } from "./writer.ts";
import type { ReadOnTheWay } from "./writing-connection.ts";

type TotalsAnswer = TotalsAnswers[TotalsQuery["name"]];

/** What the totals of an open file hang on. */
export interface TotalsParts {
  readonly shared: UnitShared;
  readonly writer: Writer;
  readonly turns: Turns;
}

/** Knows where the totals of each workspace are. */
export class CurrentTotals {
  readonly #shared: UnitShared;
  readonly #writer: Writer;
  /** Of the reading connection. */
  readonly #reads: Statements;
  readonly #turns: Turns;
  /** Workspaces whose totals in the file may lack steps: after opening, and after a failure. */
  readonly #unsummed = new Set<number>();
  /** The unit of work under way, and whether all its totals were in the file when it began. */
  #unit: { readonly ws: number; readonly wasInFile: boolean } | null = null;

  constructor({ shared, writer, turns }: TotalsParts) {
    this.#shared = shared;
    this.#writer = writer;
    this.#reads = shared.statements;
    this.#turns = turns;
  }

  /** A unit of work begins, perhaps before the last one's commit; what it returns must follow. */
  begin(ws: number): () => void {
    const unit = { ws, wasInFile: this.#isInFile(ws) };
    this.#unit = unit;
    return () => {
      if (this.#unit === unit) this.#unit = null;
    };
  }

  /** What it wrote is committed, pending totals among it where it was flushing. */
  committed(ws: number, isFlushing: boolean): void {
    this.#shared.caches.budgets(ws).commit();
    if (isFlushing) this.#shared.caches.settle(ws);
    if (this.#shared.summing.delete(ws)) this.#unsummed.delete(ws);
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

  /** Throws `store.unknown` where what memory holds of totals may lack steps. */
  requireSummed(ws: number): void {
    ask(() => this.#refuseBehind(ws));
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
    return !this.#shared.caches.hasPending(ws) && !this.#isBehind(ws);
  }

  /**
   * While a unit of work runs, totals may be neither in the file nor alone in memory, so a reading
   * takes its turn. A unit must not wait for that itself: it has reads of its own.
   */
  read(query: TotalsQuery): Answer<TotalsAnswer> {
    const { ws } = query;
    const unit = this.#unit;
    const isInFile = unit?.ws === ws ? unit.wasInFile : ask(() => this.#isInFile(ws));
    if (isInFile) return ask(() => answerQuery(this.#reads, query));
    if (unit === null) ask(() => this.#refuseBehind(ws));
    return this.#turns.take(() => this.#readNow(query));
  }

  #refuseBehind(ws: number): void {
    if (this.#isBehind(ws)) throw unknownOutcome("totals wait to be summed again");
  }

  async #readNow(query: TotalsQuery): Promise<TotalsAnswer> {
    const { ws } = query;
    ask(() => this.#refuseBehind(ws));
    if (!this.#shared.caches.hasPending(ws)) {
      return ask(() => answerQuery(this.#reads, query));
    }
    const { result } = await this.#bringIn(query);
    return result as TotalsAnswer;
  }

  /** Brings pending totals into the file. Throws `store.unknown` where it refuses them. */
  async settle(ws: number): Promise<void> {
    if (!this.#shared.caches.hasPending(ws)) return;
    const { failure } = await this.#bringIn({ name: "run", ws, id: "" });
    if (failure !== null) throw unknownOutcome(failure);
  }

  /**
   * Brings pending totals into the file, and reads them on the way. What was read is right even
   * where the file refuses them (a full disk): they stay pending then, and `failure` says why.
   */
  async #bringIn(query: TotalsQuery): Promise<ReadOnTheWay> {
    const { caches } = this.#shared;
    const draft = new TransactionDraft();
    let failure: unknown = null;
    try {
      writePendingTotals({ shared: this.#shared, ws: query.ws, draft });
      const read = await this.#writer.readOnTheWay(draft.whole(), query);
      failure = read.failure;
      return read;
    } catch (error) {
      failure = error;
      throw told(error);
    } finally {
      if (failure === null) caches.settle(query.ws);
      else caches.takeBack(query.ws);
    }
  }
}
