/** What a Tollgate is given, with the defaults. */
import type { BufferOptions } from "./event-buffer.ts";
import type { Labels } from "./events.ts";
import type { Cap } from "./holds.ts";
import type { ModelHost } from "./model-call/endpoint.ts";
import { type OnProblem, silenced } from "./problem.ts";

/** How long to wait for permission, and for what. */
export interface GuardOptions {
  /** Milliseconds of one question to the server. (Default: 5,000) */
  readonly holdTimeoutMs?: number;
  /** Milliseconds that a call waits for a slower pace or for others' holds. (Default: 60,000) */
  readonly throttleMaxMs?: number;
  /** Milliseconds that a call waits for a paused run to be resumed. (Default: 60,000) */
  readonly pauseMaxMs?: number;
  /** Milliseconds that a hold lasts; open calls renew theirs. (Default: 120,000) */
  readonly holdTtlMs?: number;
  /** Below this many output tokens a clamped answer is no use. (Default: 64) */
  readonly minOutputTokens?: number;
}

/** A budget reached a stage at which it tells, such as `80%`. The call is allowed. */
export interface Notice {
  readonly run: string;
  readonly step: string;
  readonly budget: string;
  readonly stage: string;
}

/** Takes notices. What it throws is ignored. */
export type OnNotice = (notice: Notice) => void;

/** Options of `new Tollgate`. */
export interface TollgateOptions {
  /** Address of the server: `http://127.0.0.1:4100`. */
  readonly url: string;
  /** A key with the scope `ingest`. */
  readonly key: string;
  /** The capture path that identities belong to. (Default: sdk) */
  readonly source?: string;
  /** Makes all requests, to the server and to providers. (Default: the global one as it is now) */
  readonly fetch?: typeof fetch;
  /** False: nothing is held before a call, calls are only metered. (Default: true) */
  readonly guard?: boolean | GuardOptions;
  /** What happens to a call that nobody can decide on: it is refused, or made. (Default: closed) */
  readonly onUndecided?: "closed" | "open";
  readonly buffer?: Partial<BufferOptions>;
  /** Hosts that speak a vendor's language, by `host` or `host:port`. */
  readonly hosts?: Readonly<Record<string, ModelHost>>;
  /** Input tokens of a request's parsed body, at most. (Default: an upper bound by bytes) */
  readonly estimateInputTokens?: (body: unknown) => number;
  /** A stream that nobody reads for this long is recorded as it stands. (Default: 120,000) */
  readonly streamIdleMs?: number;
  /** (Default: prints a warning) */
  readonly onProblem?: OnProblem;
  /** (Default: does nothing) */
  readonly onNotice?: OnNotice;
  /** Signals before which a Node process sends what is left, such as SIGTERM. (Default: none) */
  readonly flushOnSignals?: readonly string[];
}

/** A run that begins. */
export interface RunOptions {
  /** Who the work is for. Optional below another run: a tree has one customer. */
  readonly customer?: string;
  /** What works. */
  readonly agent: string;
  /** The run's id, where one exists already. (Default: a new UUID) */
  readonly id?: string;
  /** The run above it. (Default: the run around it) */
  readonly parentRun?: string;
  /** Whom of the customer's the work is for. (Default: that of the run around it) */
  readonly endUser?: string;
  readonly labels?: Labels;
  /** Caps of this run and all below it. */
  readonly caps?: readonly Cap[];
  /** False: this run is only metered. (Default: as the Tollgate is) */
  readonly guard?: boolean;
}

/** Options with every default filled in. */
export interface Settings {
  readonly source: string;
  readonly isGuarded: boolean;
  readonly guard: Required<GuardOptions>;
  readonly onUndecided: "closed" | "open";
  readonly buffer: BufferOptions;
  readonly hosts: Readonly<Record<string, ModelHost>>;
  readonly estimateInputTokens: ((body: unknown) => number) | null;
  readonly streamIdleMs: number;
  readonly flushOnSignals: readonly string[];
  readonly onNotice: OnNotice;
}

const GUARD: Required<GuardOptions> = {
  holdTimeoutMs: 5000,
  throttleMaxMs: 60_000,
  pauseMaxMs: 60_000,
  holdTtlMs: 120_000,
  minOutputTokens: 64,
};

const BUFFER: BufferOptions = {
  maxEvents: 20_000,
  maxChars: 32_000_000,
  batchEvents: 100,
  intervalMs: 200,
  roomWaitMs: 2000,
  requestTimeoutMs: 10_000,
  firstRetryMs: 200,
  mostRetryMs: 30_000,
};

/** Fills in the defaults. */
export function settingsOf(options: TollgateOptions): Settings {
  const { guard = true } = options;
  return {
    source: options.source ?? "sdk",
    isGuarded: guard !== false,
    guard: { ...GUARD, ...(typeof guard === "object" ? guard : {}) },
    onUndecided: options.onUndecided ?? "closed",
    buffer: { ...BUFFER, ...options.buffer },
    hosts: options.hosts ?? {},
    estimateInputTokens: options.estimateInputTokens ?? null,
    streamIdleMs: options.streamIdleMs ?? 120_000,
    flushOnSignals: options.flushOnSignals ?? [],
    onNotice: silenced(options.onNotice ?? (() => {})),
  };
}
