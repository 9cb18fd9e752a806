/**
 * Where reports are read: from a copy of the database that follows it, while there is one and it is
 * young enough. Units of work, holds and whatever is decided by never ask it.
 */
import { REPLICA_AGE_MAX_MS, REPLICA_REST_MS } from "../../domain/database-limits.ts";

/** What reads a copy, and how much the copy has. */
export interface ReportCopy<Engine> {
  readonly engine: Engine;
  /** The instant up to which it has every commit; null: it follows no database. */
  asOfMs(): Promise<number | null>;
}

/** A copy of which is known that it is good enough, now. */
export interface FreshCopy<Engine> {
  readonly engine: Engine;
  readonly asOfMs: number;
}

/** Asks a copy before each report whether it will do. */
export class ReportSource<Engine> {
  readonly #copy: ReportCopy<Engine>;
  readonly #nowMs: () => number;
  readonly #onFailure: (error: unknown) => void;
  #restsUntilMs = Number.NEGATIVE_INFINITY;

  /** `onFailure` is told once for each time that the copy is left alone. */
  constructor(
    copy: ReportCopy<Engine>,
    nowMs: () => number,
    onFailure: (error: unknown) => void = () => {},
  ) {
    this.#copy = copy;
    this.#nowMs = nowMs;
    this.#onFailure = onFailure;
  }

  /** Null: ask the database itself. */
  async fresh(): Promise<FreshCopy<Engine> | null> {
    if (this.#nowMs() < this.#restsUntilMs) return null;
    try {
      const asOfMs = await this.#copy.asOfMs();
      if (asOfMs === null || this.#nowMs() - asOfMs > REPLICA_AGE_MAX_MS) return null;
      return { engine: this.#copy.engine, asOfMs };
    } catch (error) {
      this.failed(error);
      return null;
    }
  }

  /** A report could not be read from it: it is left alone for a while. */
  failed(error: unknown): void {
    this.#restsUntilMs = this.#nowMs() + REPLICA_REST_MS;
    this.#onFailure(error);
  }
}
