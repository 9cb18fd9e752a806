/** Keeps to a target's pace: so many requests at a time, and so many a second. */
import type { Pace } from "../../domain/export/capability.ts";
import type { ExportContext } from "./export-context.ts";

const SECOND_MS = 1_000;

/** The pace of one run of a target. */
export class Pacer {
  readonly #context: Pick<ExportContext, "clock" | "wait">;
  readonly #pace: Pace;
  #nextAtMs = 0;

  constructor(context: Pick<ExportContext, "clock" | "wait">, pace: Pace) {
    this.#context = context;
    this.#pace = pace;
  }

  /** Does all of it, at most `concurrency` at a time, each begun at its turn. */
  async all<T>(jobs: readonly T[], work: (job: T) => Promise<void>): Promise<void> {
    let next = 0;
    const worker = async (): Promise<void> => {
      while (next < jobs.length) {
        const job = jobs[next] as T;
        next += 1;
        await this.#turn();
        await work(job);
      }
    };
    const count = Math.min(this.#pace.concurrency, jobs.length);
    await Promise.all(Array.from({ length: count }, worker));
  }

  async #turn(): Promise<void> {
    const { perSecond } = this.#pace;
    if (perSecond === null) return;
    const nowMs = this.#context.clock.nowMs();
    const atMs = Math.max(nowMs, this.#nextAtMs);
    this.#nextAtMs = atMs + SECOND_MS / perSecond;
    if (atMs > nowMs) await this.#context.wait(atMs - nowMs);
  }
}
