/**
 * Adds steps up in threads of their own, each with a reading connection of its own: a simulation
 * goes through all of history while events go on being committed. Threads take the rows in
 * stretches, one after the other, so that all have work until the end; what they bring back are
 * sums, which add up whoever made them.
 */
import { availableParallelism } from "node:os";
import { extname } from "node:path";
import { Worker } from "node:worker_threads";
import type { Counted } from "../../domain/simulation/step-sums.ts";
import type { Onlooker, StepSumRequest } from "../../engine/history.ts";
import { unknownOutcome } from "../unknown-outcome.ts";

/** Rows that a thread takes at a time. */
const STRETCH_ROWS = 25_000;
const THREADS_MAX_COUNT = 4;

/** What a thread is given. */
export interface SummingPlace {
  readonly path: string;
  readonly ws: number;
  readonly request: StepSumRequest;
}

/** Steps whose number is above `from` and not above `to`. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
}

/** What is asked of a thread; null: bring what you have, and end. */
export type SummingRequest = Stretch | null;

/** What a thread answers. */
export type SummingReply =
  | { readonly kind: "read"; readonly rows: number }
  | { readonly kind: "sums"; readonly counted: readonly Counted[] };

/** Adds up all steps up to one. */
export async function sumStepsInThreads(
  place: SummingPlace,
  lastStepNo: number,
  onlooker: Onlooker,
): Promise<readonly Counted[]> {
  onlooker.signal.throwIfAborted();
  const stretches = stretchesTo(lastStepNo);
  const most = Math.min(THREADS_MAX_COUNT, availableParallelism());
  const count = Math.max(1, Math.min(most, stretches.length));
  let done = 0;
  const onRows = (rows: number): void => {
    done += rows;
    onlooker.onProgress(Math.min(done, lastStepNo), lastStepNo);
  };
  const work = { place, stretches, onRows };
  const threads = Array.from({ length: count }, () => new SummingThread(work));
  const stop = (): void => {
    for (const thread of threads) thread.fail(onlooker.signal.reason);
  };
  onlooker.signal.addEventListener("abort", stop);
  try {
    return (await Promise.all(threads.map(({ result }) => result))).flat();
  } finally {
    onlooker.signal.removeEventListener("abort", stop);
    for (const thread of threads) thread.end();
  }
}

function stretchesTo(lastStepNo: number): Stretch[] {
  const stretches: Stretch[] = [];
  for (let from = 0; from < lastStepNo; from += STRETCH_ROWS) {
    stretches.push({ from, to: Math.min(lastStepNo, from + STRETCH_ROWS) });
  }
  return stretches;
}

interface Work {
  readonly place: SummingPlace;
  /** Shared: each thread takes the next one. */
  readonly stretches: Stretch[];
  readonly onRows: (rows: number) => void;
}

class SummingThread {
  readonly result: Promise<readonly Counted[]>;
  readonly #thread: Worker;
  readonly #work: Work;
  readonly #resolve: (counted: readonly Counted[]) => void;
  readonly fail: (reason: unknown) => void;

  constructor(work: Work) {
    this.#work = work;
    const { promise, resolve, reject } = Promise.withResolvers<readonly Counted[]>();
    this.result = promise;
    this.#resolve = resolve;
    this.fail = reject;
    const file = `./sum-steps-thread${extname(import.meta.url)}`;
    this.#thread = new Worker(new URL(file, import.meta.url), { workerData: work.place });
    this.#thread.on("message", (reply: SummingReply) => this.#take(reply));
    this.#thread.on("error", reject);
    this.#thread.on("exit", () => reject(unknownOutcome("a thread that adds up steps has ended")));
    this.#askNext();
  }

  #askNext(): void {
    const request: SummingRequest = this.#work.stretches.shift() ?? null;
    this.#thread.postMessage(request);
  }

  #take(reply: SummingReply): void {
    if (reply.kind === "sums") {
      this.#resolve(reply.counted);
      return;
    }
    this.#work.onRows(reply.rows);
    this.#askNext();
  }

  end(): void {
    void this.#thread.terminate();
  }
}
