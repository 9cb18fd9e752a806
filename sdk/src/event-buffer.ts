/**
 * Events on their way to Tollgate. They gather for a moment and go out in batches, one request at a
 * time, in the order in which they were recorded. A batch that does not get through is sent again
 * with the same bytes until it does: every event has an identity, so twice never counts twice.
 * Memory is bounded, and nothing is lost without a word: what cannot be kept or is refused is told.
 */
import type { WireEvent } from "./events.ts";
import { jsonText } from "./json-text.ts";
import type { OnProblem } from "./problem.ts";
import { jitteredMs, later, type StopTimer } from "./timers.ts";
import { type ApiAnswer, answerDetail, isKeyRefused, type TollgateApi } from "./tollgate-api.ts";

/** How much is kept, and when it goes out. */
export interface BufferOptions {
  /** Events that wait at most; beyond it calls wait a moment, then events are dropped and told. */
  readonly maxEvents: number;
  /** The same in UTF-16 units of JSON. */
  readonly maxChars: number;
  /** Events that are sent at once, without waiting for more. */
  readonly batchEvents: number;
  /** How long the first event of a batch waits for others. */
  readonly intervalMs: number;
  /** How long a call waits for room in a full buffer before it is made regardless. */
  readonly roomWaitMs: number;
  readonly requestTimeoutMs: number;
  readonly firstRetryMs: number;
  readonly mostRetryMs: number;
}

/** What fits one request of the server with room to spare (1,000 events, 4 MiB). */
const BATCH_MAX_EVENTS = 500;
const BATCH_MAX_CHARS = 500_000;

const UNCOUNTED_KEPT_MAX_COUNT = 1_000;

interface Queued {
  readonly event: WireEvent;
  readonly text: string;
}

/** The buffer of one Tollgate. */
export class EventBuffer {
  readonly #api: TollgateApi;
  readonly #options: BufferOptions;
  readonly #report: OnProblem;
  readonly #queue: Queued[] = [];
  #chars = 0;
  #sending: Promise<void> | null = null;
  #stopTimer: StopTimer | null = null;
  /** Ends the pause before a retry. */
  #hurry: (() => void) | null = null;
  /** Called after each batch that left. */
  readonly #watchers = new Set<() => void>();
  /** Events that ever left, acknowledged or dropped: how a flush knows its own. */
  #left = 0;
  /** Counts that were told to be in no bucket. */
  readonly #uncounted = new Set<string>();
  /** The last try found that the server refuses the key; told once, until it takes it. */
  #isKeyRefused = false;
  #isKeyTold = false;

  constructor(api: TollgateApi, options: BufferOptions, report: OnProblem) {
    this.#api = api;
    this.#options = options;
    this.#report = report;
  }

  /** Events that wait, those in flight among them. */
  get size(): number {
    return this.#queue.length;
  }

  /** Never throws and never waits. */
  add(event: WireEvent): void {
    const text = textOf(event);
    if (text === null || !this.#hasRoomFor(text)) {
      const full = `The buffer is full (${this.#queue.length} events wait for Tollgate).`;
      const detail = text === null ? "The event cannot be written as JSON." : full;
      this.#report({ kind: "dropped", events: [event], detail });
      return;
    }
    this.#queue.push({ event, text });
    this.#chars += text.length;
    if (this.#queue.length >= this.#options.batchEvents) this.#start();
    else this.#stopTimer ??= later(this.#options.intervalMs, () => this.#start());
  }

  /** Resolves when there is room, or after a while without: backpressure for calls to come. */
  async room(): Promise<void> {
    if (this.#hasRoomFor("")) return;
    await this.#until(() => this.#hasRoomFor(""), this.#options.roomWaitMs);
  }

  /**
   * Sends now. True: everything recorded so far is acknowledged (or was told to be lost). The last
   * time a key that the server refuses is not tried again: nobody will give another one.
   */
  async flush(timeoutMs: number, { isLast = false } = {}): Promise<boolean> {
    const wanted = this.#left + this.#queue.length;
    this.#isKeyRefused = false;
    this.#start();
    this.#hurry?.();
    const isSent = () => this.#left >= wanted;
    return this.#until(isSent, timeoutMs, () => isLast && this.#isKeyRefused);
  }

  /** Tells that everything that still waits is lost: the process ends. */
  abandon(detail: string): void {
    if (this.#queue.length > 0) this.#drop(this.#queue.length, detail);
  }

  #hasRoomFor(text: string): boolean {
    const { maxEvents, maxChars } = this.#options;
    return this.#queue.length < maxEvents && this.#chars + text.length <= maxChars;
  }

  /** Keeps the process alive while it waits, because somebody does. */
  #until(isReached: () => boolean, timeoutMs: number, isVain = () => false): Promise<boolean> {
    if (isReached()) return Promise.resolve(true);
    return new Promise((resolve) => {
      const end = (reached: boolean) => {
        clearTimeout(timer);
        this.#watchers.delete(look);
        resolve(reached);
      };
      const look = () => (isReached() || isVain()) && end(isReached());
      const timer = setTimeout(() => end(isReached()), timeoutMs);
      this.#watchers.add(look);
    });
  }

  #start(): void {
    this.#stopTimer?.();
    this.#stopTimer = null;
    this.#sending ??= this.#sendAll().finally(() => {
      this.#sending = null;
    });
  }

  async #sendAll(): Promise<void> {
    for (let failures = 0; this.#queue.length > 0; ) {
      const batch = this.#batch(failures);
      const answer = await this.#post(batch);
      const verdict = verdictOf(answer, batch.length);
      if (verdict === "taken") {
        failures = 0;
        this.#isKeyTold = false;
        this.#tellRejected(batch, answer);
        this.#tellUncounted(batch, answer);
        this.#forget(batch.length);
      } else if (verdict === "refused") {
        this.#drop(1, `Tollgate refuses it: ${detailOf(answer)}`);
      } else {
        failures += 1;
        this.#tellUnsent(answer);
        if (verdict === "again") await this.#wait(failures, answer);
      }
    }
  }

  #tellUnsent(answer: ApiAnswer): void {
    const isTold = this.#isKeyTold;
    this.#isKeyRefused = isKeyRefused(answer);
    this.#isKeyTold = this.#isKeyRefused;
    const waiting = this.#queue.length;
    if (!(isTold && this.#isKeyTold)) {
      this.#report({ kind: "unsent", waiting, detail: detailOf(answer) });
    }
    if (this.#isKeyRefused) for (const watcher of [...this.#watchers]) watcher();
  }

  /** After a batch that was too large, ever smaller ones, so that a bad event stands alone. */
  #batch(failures: number): Queued[] {
    const most = Math.max(1, Math.floor(BATCH_MAX_EVENTS / 4 ** Math.min(failures, 5)));
    const batch: Queued[] = [];
    let chars = 0;
    for (const queued of this.#queue) {
      chars += queued.text.length;
      if (batch.length === most || (batch.length > 0 && chars > BATCH_MAX_CHARS)) break;
      batch.push(queued);
    }
    return batch;
  }

  #post(batch: readonly Queued[]): Promise<ApiAnswer> {
    const body = `[${batch.map(({ text }) => text).join(",")}]`;
    return this.#api.post("/v1/events", body, { timeoutMs: this.#options.requestTimeoutMs });
  }

  #wait(failures: number, answer: ApiAnswer): Promise<void> {
    const { firstRetryMs, mostRetryMs } = this.#options;
    const asked = answer.kind === "answer" ? (answer.retryAfterMs ?? 0) : 0;
    const own = jitteredMs(failures, firstRetryMs, mostRetryMs);
    return new Promise((resolve) => {
      const stop = later(Math.max(own, Math.min(asked, mostRetryMs)), () => end());
      const end = () => {
        stop();
        this.#hurry = null;
        resolve();
      };
      this.#hurry = end;
    });
  }

  #tellRejected(batch: readonly Queued[], answer: ApiAnswer): void {
    for (const { index, code, detail } of rejectedIn(answer)) {
      const event = batch[index]?.event;
      if (event !== undefined) this.#report({ kind: "rejected", event, code, detail });
    }
  }

  /** Every call of a model has the same: it is told of the first. */
  #tellUncounted(batch: readonly Queued[], answer: ApiAnswer): void {
    for (const [index, unread] of unreadIn(answer).entries()) {
      const event = batch[index]?.event;
      const counts = unread.filter((path) => !this.#uncounted.has(path));
      if (event === undefined || counts.length === 0) continue;
      if (this.#uncounted.size >= UNCOUNTED_KEPT_MAX_COUNT) this.#uncounted.clear();
      for (const path of counts) this.#uncounted.add(path);
      const detail = `Tollgate has no rule for ${counts.join(", ")}.`;
      this.#report({ kind: "uncounted", event, counts, detail });
    }
  }

  #drop(count: number, detail: string): void {
    const events = this.#queue.slice(0, count).map(({ event }) => event);
    this.#forget(count);
    this.#report({ kind: "dropped", events, detail });
  }

  #forget(count: number): void {
    const gone = this.#queue.splice(0, count);
    for (const { text } of gone) this.#chars -= text.length;
    this.#left += gone.length;
    for (const watcher of [...this.#watchers]) watcher();
  }
}

/** What an application put into a step may have no JSON, and that is no reason to fail it. */
function textOf(event: WireEvent): string | null {
  try {
    return jsonText(event);
  } catch {
    return null;
  }
}

/**
 * `again`: not now. `smaller`: this many at once are too much. `refused`: a single event that will
 * never be taken. A wrong key is `again`: a key can be mended, lost events cannot.
 */
type Verdict = "taken" | "again" | "smaller" | "refused";

const WORTH_WAITING = new Set([401, 403, 404, 408, 409, 425, 429]);

function verdictOf(answer: ApiAnswer, count: number): Verdict {
  if (answer.kind === "unreachable") return "again";
  const { status, body } = answer;
  if (status < 300) return "results" in Object(body) ? "taken" : "again";
  if (status >= 500 || WORTH_WAITING.has(status) || status < 400) return "again";
  return count > 1 ? "smaller" : "refused";
}

function detailOf(answer: ApiAnswer): string {
  return answer.kind === "unreachable" ? answer.detail : answerDetail(answer);
}

/** The paths that the server named of each event. */
function unreadIn(answer: ApiAnswer): string[][] {
  if (answer.kind === "unreachable") return [];
  const { results } = Object(answer.body) as { readonly results?: unknown };
  if (!Array.isArray(results)) return [];
  return results.map((result: unknown) => {
    const { unreadUsage } = Object(result) as Record<string, unknown>;
    return Array.isArray(unreadUsage) ? unreadUsage.map(String) : [];
  });
}

interface Rejected {
  readonly index: number;
  readonly code: string;
  readonly detail: string;
}

/** What the server said of single events: refused, or contradicting what it has. */
function rejectedIn(answer: ApiAnswer): Rejected[] {
  if (answer.kind === "unreachable") return [];
  const { results } = Object(answer.body) as { readonly results?: unknown };
  if (!Array.isArray(results)) return [];
  return results.flatMap((result: unknown, index): Rejected[] => {
    const { status, error } = Object(result) as Record<string, unknown>;
    const { code, detail } = Object(error) as Record<string, unknown>;
    if (status === "conflict") {
      return [{ index, code: "conflict", detail: "Another record of this identity is counted." }];
    }
    if (status !== "rejected") return [];
    return [{ index, code: String(code ?? "internal"), detail: String(detail ?? "") }];
  });
}
