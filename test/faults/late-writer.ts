/** A writer whose disk takes its time, so that the next unit of work begins meanwhile. */
import { setTimeout as pause } from "node:timers/promises";
import { inlineWriter, type Writer, type WriterPlace } from "../../src/store/sqlite/writer.ts";

/** Commits in the caller's thread, where failing-database.ts reaches it, each after a while. */
export class LateWriter implements Writer {
  readonly #writer: Writer;
  readonly #lateMs: () => number;
  #last: Promise<unknown> = Promise.resolve();
  #asked = 0;

  constructor(place: WriterPlace, lateMs: () => number) {
    this.#writer = inlineWriter(place);
    this.#lateMs = lateMs;
  }

  /** True while something is on its way to the disk. */
  get isBusy(): boolean {
    return this.#asked > 0;
  }

  commit(transaction: Parameters<Writer["commit"]>[0]): Promise<void> {
    return this.#late(() => this.#writer.commit(transaction));
  }

  readOnTheWay(...asked: Parameters<Writer["readOnTheWay"]>): ReturnType<Writer["readOnTheWay"]> {
    return this.#late(() => this.#writer.readOnTheWay(...asked));
  }

  close(): Promise<void> {
    return this.#late(() => this.#writer.close());
  }

  #late<T>(work: () => Promise<T>): Promise<T> {
    this.#asked += 1;
    const done = this.#last
      .then(() => pause(this.#lateMs()))
      .then(work)
      .finally(() => {
        this.#asked -= 1;
      });
    this.#last = done.catch(() => undefined);
    return done;
  }
}
