/** The entry: one Tollgate for a process, or for a request on an edge runtime. */
import { AsyncContext } from "./async-context.ts";
import { isAbort } from "./call.ts";
import { EventBuffer } from "./event-buffer.ts";
import type { RunEnding } from "./events.ts";
import { flushAtExit } from "./exit-flush.ts";
import { Guard } from "./guard.ts";
import { wrongHosts } from "./model-call/endpoint.ts";
import { fetchMetered } from "./model-call/metered-fetch.ts";
import { newId } from "./new-id.ts";
import { type RunOptions, settingsOf, type TollgateOptions } from "./options.ts";
import { problemReporter } from "./problem.ts";
import { refusalOf } from "./refusal.ts";
import { Run } from "./run.ts";
import { TollgateApi } from "./tollgate-api.ts";
import { unknownToRun, unknownToTollgate } from "./unknown-options.ts";
import type { Workshop } from "./workshop.ts";

const FLUSH_MS = 10_000;

/** Meters and guards runs. */
export class Tollgate {
  readonly #workshop: Workshop;
  readonly #stopExitFlush: () => void;
  /** Options of runs that were told to have no meaning. */
  readonly #ignored = new Set<string>();

  constructor(options: TollgateOptions) {
    const settings = settingsOf(options);
    const report = problemReporter(options.onProblem);
    for (const [host, wrong] of wrongHosts(settings.hosts)) {
      const detail = `Calls of ${host} are neither guarded nor metered: ${wrong}.`;
      report({ kind: "unattributed", host, detail });
    }
    for (const unknown of unknownToTollgate(options)) report({ kind: "ignored", ...unknown });
    // Taken now: an application may put `tollgate.fetch` in the global one's place.
    const send = options.fetch ?? globalThis.fetch.bind(globalThis);
    const api = new TollgateApi({ url: options.url, key: options.key, fetch: send });
    const buffer = new EventBuffer(api, settings.buffer, report);
    const guard = new Guard(api, settings, report);
    const context = new AsyncContext();
    const openCalls: Workshop["openCalls"] = new Set();
    this.#workshop = { settings, buffer, guard, context, report, send, openCalls };
    this.#stopExitFlush = flushAtExit(
      {
        isPending: () => buffer.size > 0 || openCalls.size > 0,
        flush: () => this.#lastFlush(),
        end: () => buffer.abandon("The process ended before they got through."),
      },
      settings.flushOnSignals,
    );
  }

  /**
   * For the vendors' SDKs: `new OpenAI({ fetch: tollgate.fetch })`. Model calls belong to the run
   * around them; a refused one is answered with 402, which no SDK tries again.
   */
  readonly fetch: typeof fetch = (input, init) => {
    const place = this.#workshop.context.place;
    const { run = null, parentStep = null } = place ?? {};
    return fetchMetered({ workshop: this.#workshop, run, parentStep }, input, init);
  };

  /**
   * Does work as a run, which ends as the work ends: `completed`, `failed` by an error, `cancelled`
   * by an abort. Inside another run it becomes a run below it. Throws what the work throws; where
   * that is a vendor's error about a refused call, ours instead: BudgetExceeded, KeyRefused, …
   */
  async run<Result>(
    options: RunOptions,
    work: (run: Run) => Promise<Result> | Result,
  ): Promise<Result> {
    const run = this.open(options);
    try {
      const result = await run.within(() => work(run));
      run.close("completed");
      return result;
    } catch (error) {
      run.close(endingOf(error));
      throw refusalOf(error) ?? error;
    }
  }

  /** Opens a run that the caller closes: `run.close()`. */
  open(options: RunOptions): Run {
    for (const unknown of unknownToRun(options)) {
      if (this.#ignored.has(unknown.option)) continue;
      this.#ignored.add(unknown.option);
      this.#workshop.report({ kind: "ignored", ...unknown });
    }
    const parent = this.current;
    const isBelow = options.parentRun === undefined || options.parentRun === parent?.id;
    const above = isBelow ? parent : null;
    const place = {
      id: options.id ?? newId(),
      customer: options.customer ?? above?.place.customer ?? null,
      agent: options.agent,
      parent: above,
      parentRun: options.parentRun ?? above?.id ?? null,
      endUser: options.endUser ?? above?.place.endUser ?? null,
      labels: options.labels ?? {},
      caps: options.caps ?? [],
      isGuarded: options.guard ?? above?.place.isGuarded ?? this.#workshop.settings.isGuarded,
    };
    return new Run(place, this.#workshop);
  }

  /** The run around what happens now, or null. */
  get current(): Run | null {
    const run = this.#workshop.context.place?.run;
    return run instanceof Run ? run : null;
  }

  /** Sends everything recorded so far. False: it did not get through in time; it is kept. */
  flush(timeoutMs: number = FLUSH_MS): Promise<boolean> {
    return this.#workshop.buffer.flush(timeoutMs);
  }

  /** Sends what is left and takes this Tollgate's listeners off the process. */
  async close(timeoutMs: number = FLUSH_MS): Promise<boolean> {
    this.#stopExitFlush();
    return this.#lastFlush(timeoutMs);
  }

  /** A call that nobody finishes any more is recorded by what is known of it. */
  #lastFlush(timeoutMs: number = FLUSH_MS): Promise<boolean> {
    for (const call of [...this.#workshop.openCalls]) call.giveUp();
    return this.#workshop.buffer.flush(timeoutMs, { isLast: true });
  }
}

function endingOf(error: unknown): RunEnding {
  return isAbort(error) ? "cancelled" : "failed";
}
