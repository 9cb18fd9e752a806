/** Copies pages of the log in a thread of its own, which starts when it is first needed. */
import { extname } from "node:path";
import { Worker } from "node:worker_threads";

/** It runs one statement: no more room than that takes. */
const HEAP_LIMITS = { maxYoungGenerationSizeMb: 1, maxOldGenerationSizeMb: 16 };

/** Copies the log of one file. */
export class LogCopier {
  readonly #path: string;
  #thread: Worker | null = null;

  constructor(path: string) {
    this.#path = path;
  }

  /** Rejects where the thread has ended, which it does where SQLite refuses. */
  copy(): Promise<void> {
    this.#thread ??= this.#start();
    return ask(this.#thread, false);
  }

  /** Closes the connection: the last one to do so cleans up behind the log. */
  async close(): Promise<void> {
    const thread = this.#thread;
    if (thread === null) return;
    await ask(thread, true).catch(() => undefined);
    await thread.terminate();
  }

  #start(): Worker {
    const file = `./checkpoint-thread${extname(import.meta.url)}`;
    const thread = new Worker(new URL(file, import.meta.url), {
      workerData: this.#path,
      resourceLimits: HEAP_LIMITS,
    });
    thread.unref();
    // Who asks is told; between two questions nobody waits.
    thread.on("error", () => undefined);
    return thread;
  }
}

function ask(thread: Worker, isLast: boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = (code: unknown): void => {
      thread.off("message", done);
      thread.off("exit", end);
      reject(code);
    };
    const done = (): void => {
      thread.off("exit", end);
      resolve();
    };
    thread.once("message", done);
    thread.once("exit", end);
    thread.postMessage(isLast);
  });
}
