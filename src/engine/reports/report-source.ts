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

/** Who is told what becomes of a copy: once when it is given up, once when it is taken again. */
export interface CopyNews {
  /** Why: an error, or words. */
  givenUp(reason: unknown): void;
  takenAgain(behindMs: number): void;
}

const UNTOLD: CopyNews = { givenUp: () => undefined, takenAgain: () => undefined };

/** Asks a copy before each report whether it will do. */
export class ReportSource<Engine> {
  readonly #copy: ReportCopy<Engine>;
  readonly #nowMs: () => number;
  readonly #news: CopyNews;
  #restsUntilMs = Number.NEGATIVE_INFINITY;
  #isGivenUp = false;

  /** (Default of `news`: nobody is told.) */
  constructor(copy: ReportCopy<Engine>, nowMs: () => number, news: CopyNews = UNTOLD) {
    this.#copy = copy;
    this.#nowMs = nowMs;
    this.#news = news;
  }

  /** Null: ask the database itself. */
  async fresh(): Promise<FreshCopy<Engine> | null> {
    const looked = await this.#look();
    if (looked === null || looked.behindMs > REPLICA_AGE_MAX_MS) return null;
    return { engine: this.#copy.engine, asOfMs: looked.asOfMs };
  }

  /** How old its last commit is; null: it is away, or follows no database. */
  async behindMs(): Promise<number | null> {
    const looked = await this.#look();
    // Its time is that of the database's clock, which may be ahead of ours.
    return looked === null ? null : Math.max(0, looked.behindMs);
  }

  async #look(): Promise<{ readonly asOfMs: number; readonly behindMs: number } | null> {
    if (this.#nowMs() < this.#restsUntilMs) return null;
    try {
      const asOfMs = await this.#copy.asOfMs();
      if (asOfMs === null) {
        this.#giveUp("it follows no database, or has no commit of it yet");
        return null;
      }
      const behindMs = this.#nowMs() - asOfMs;
      if (behindMs > REPLICA_AGE_MAX_MS) this.#giveUp(`it is ${behindMs} ms behind`);
      else this.#takeAgain(behindMs);
      return { asOfMs, behindMs };
    } catch (error) {
      this.failed(error);
      return null;
    }
  }

  #giveUp(reason: unknown): void {
    if (this.#isGivenUp) return;
    this.#isGivenUp = true;
    this.#news.givenUp(reason);
  }

  #takeAgain(behindMs: number): void {
    if (!this.#isGivenUp) return;
    this.#isGivenUp = false;
    this.#news.takenAgain(behindMs);
  }

  /** A report could not be read from it: it is left alone for a while. */
  failed(error: unknown): void {
    this.#restsUntilMs = this.#nowMs() + REPLICA_REST_MS;
    this.#giveUp(error);
  }
}
