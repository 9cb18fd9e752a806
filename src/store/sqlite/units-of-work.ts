/**
 * Carries out units of work: each is put together in memory, then committed by the writer. While
 * one that only adds steps is on its way to the disk, the next one is put together
 * (docs/decisions/0150-a-unit-is-put-together-while-one-is-written.md).
 */
import type { UnitWork } from "../../engine/ports.ts";
import type { CurrentTotals, TotalsParts } from "./current-totals.ts";
import { told } from "./sqlite-errors.ts";
import { SqliteUnit } from "./sqlite-unit.ts";
import { UnitAhead } from "./unit-ahead.ts";

/** Workspaces that are forgotten at most where the turn goes to another one. */
const FORGOTTEN_A_TURN = 8;

/** Units of work on one open file; the turns they take are their caller's concern. */
export class UnitsOfWork {
  readonly #parts: TotalsParts;
  readonly #current: CurrentTotals;
  /** The unit that handed its turn over last. */
  #ahead: UnitAhead | null = null;

  constructor(parts: TotalsParts, current: CurrentTotals) {
    this.#parts = parts;
    this.#current = current;
  }

  /** One that nothing overlaps. */
  async whole<T>(ws: number, work: UnitWork<T>): Promise<T> {
    await this.#makeRoom(ws);
    const end = this.#current.begin(ws);
    try {
      const unit = new SqliteUnit(this.#parts.shared, ws, null);
      const result = await work(unit);
      await this.#commit(ws, unit);
      return result;
    } catch (error) {
      this.#doubt(ws);
      throw told(error);
    } finally {
      end();
    }
  }

  /** One that may begin while another is on its way, and hand over while it is itself. */
  async early<T>(
    ws: number,
    work: UnitWork<T>,
    handedOver: () => void,
  ): Promise<{ readonly landing: Promise<T> }> {
    const ahead = await this.#aheadOf(ws);
    if (ahead === null) await this.#makeRoom(ws);
    const turn = Promise.withResolvers<void>();
    if (ahead !== null) ahead.follower = turn.promise;
    const end = this.#current.begin(ws);
    try {
      const unit = new SqliteUnit(this.#parts.shared, ws, ahead);
      // If both fail, the one ahead did so first.
      const result = await Promise.resolve(unit)
        .then(work)
        .finally(() => ahead?.committed);
      if (unit.addedSteps === null) {
        await this.#commit(ws, unit);
        end();
        return { landing: Promise.resolve(result) };
      }
      const committed = this.#parts.writer.commit(unit.draft.whole());
      this.#ahead = new UnitAhead(ws, unit.addedSteps, committed);
      const takeOver = this.#parts.shared.caches.budgets(ws).send();
      this.#current.committed(ws, false);
      handedOver();
      return {
        landing: this.#land(this.#ahead, takeOver)
          .finally(end)
          .then(() => result),
      };
    } catch (error) {
      this.#doubt(ws);
      end();
      throw told(error);
    } finally {
      turn.resolve();
    }
  }

  /**
   * Forgets what is at hand of other workspaces, once the file has it, where it is too much: of a
   * few, as all are at hand after the start. Nothing is on its way.
   */
  async #makeRoom(ws: number): Promise<void> {
    const { caches } = this.#parts.shared;
    if (!caches.turnTo(ws)) return;
    for (let n = 0; n < FORGOTTEN_A_TURN; n += 1) {
      const { idle } = caches;
      if (idle === null) return;
      // A file that refuses it refuses the unit as well, which says so.
      await this.#current.settle(idle).catch(() => undefined);
      if (!caches.forget(idle)) return;
    }
  }

  /** Null: nothing is on its way. */
  async #aheadOf(ws: number): Promise<UnitAhead | null> {
    if (this.#ahead === null || this.#ahead.hasLanded) return null;
    if (this.#ahead.ws === ws) return this.#ahead;
    // Names are shared by workspaces: what another one is adding may not be there in the end.
    await this.#parts.turns.landed();
    return null;
  }

  async #land(unit: UnitAhead, takeOver: () => void): Promise<void> {
    try {
      await unit.committed;
      takeOver();
      unit.hasLanded = true;
    } catch (error) {
      this.#doubt(unit.ws);
      unit.hasLanded = true;
      // Who began on what is in doubt has doubts of its own: totals are summed again after both.
      await unit.follower;
      throw told(error);
    }
  }

  async #commit(ws: number, unit: SqliteUnit): Promise<void> {
    if (!unit.draft.isEmpty) await this.#parts.writer.commit(unit.draft.whole());
    this.#current.committed(ws, unit.isFlushing);
  }

  /**
   * What memory holds of the workspace is in doubt now: it is dropped, and the steps on disk are
   * summed again. Others keep theirs: nobody would sum their steps before they are read.
   */
  #doubt(ws: number): void {
    const { shared } = this.#parts;
    shared.caches.doubt(ws);
    shared.names.forget();
    this.#current.doubt(ws);
  }
}
