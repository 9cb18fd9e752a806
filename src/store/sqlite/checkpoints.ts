/**
 * When pages of the write-ahead log move to the file. SQLite would do it within the commit that
 * fills the log: 64 MiB are copied and forced to disk then, and every request waits meanwhile, 50
 * to 100 ms. Here another connection copies while commits go on; the writer only carries out what
 * came up in the meantime, because the log begins anew only where all of it has been copied.
 */

/** Pages in the log, and how many of them the file has. */
export interface LogPages {
  readonly log: number;
  readonly copied: number;
}

/** What is done to the log. */
export interface LogWork {
  pages(): LogPages;
  /** Copies in the writer's own thread: the log begins anew with the next commit. */
  finish(): void;
  /** Copies beside the commits. Rejects where that cannot be done any more. */
  copy(): Promise<void>;
  /** From here on every commit looks after the log by itself. */
  giveUp(): void;
}

/** Pages that the log gathers before they move: 4 KiB each. */
export const CHECKPOINT_PAGES = 16_000;
/** Copying this many takes about as long as one commit. */
const FEW_PAGES = 300;
/** What comes up while one pass copies is left to the next; a log may grow faster than that. */
const PASSES_MAX_COUNT = 3;

/** Looks after the log of one file. */
export class Checkpoints {
  readonly #work: LogWork;
  #copying: Promise<void> | null = null;

  constructor(work: LogWork) {
    this.#work = work;
  }

  /** Called after each commit. Returns at once. */
  look(): void {
    if (this.#copying !== null || !this.#isFull()) return;
    this.#copying = this.#copy().then(
      () => {
        this.#copying = null;
      },
      // It stays as it is: nobody asks any more.
      () => this.#work.giveUp(),
    );
  }

  /** A disk that fails is told by the next commit; looking at the log is no reason to end. */
  #isFull(): boolean {
    try {
      return this.#work.pages().log >= CHECKPOINT_PAGES;
    } catch {
      return false;
    }
  }

  /** Resolves when nothing is being copied. */
  async settled(): Promise<void> {
    await this.#copying;
  }

  async #copy(): Promise<void> {
    for (let pass = 1; pass <= PASSES_MAX_COUNT; pass += 1) {
      await this.#work.copy();
      const { log, copied } = this.#work.pages();
      if (log - copied <= FEW_PAGES) break;
    }
    this.#work.finish();
  }
}
