/**
 * Permission before a call: a hold of what it may come to at most. The server decides; this asks,
 * waits where it is told to wait, and turns a "no" into an error. Asking again has the same
 * identity and content, so it never holds twice.
 */

import {
  budgetsPolicy,
  decisionIn,
  isOpenedIn,
  noticesOf,
  policyIn,
  refusalFacts,
  undecidedDetail,
} from "./hold-answer.ts";
import type { Decision, HoldRequest, Left, OpenRequest } from "./holds.ts";
import { jsonText } from "./json-text.ts";
import type { GuardOptions, OnNotice, Settings } from "./options.ts";
import type { OnProblem } from "./problem.ts";
import { KEY_REFUSED, refusalFrom } from "./refusal.ts";
import { later, pause, type StopTimer } from "./timers.ts";
import { isKeyRefused, type TollgateApi } from "./tollgate-api.ts";

/** A run as far as a hold needs it. */
export interface HeldRun {
  readonly id: string;
  /** How to open it together with the hold; null: the server knows it already. */
  readonly opening: OpenRequest | null;
  /** Told whether the server knows the run from now on, or refused to open it. */
  noteOpening(isOpened: boolean): void;
  /** What the budgets seen last say to do when nobody can decide; null: no budget was seen. */
  undecidedPolicy: "closed" | "open" | null;
}

/** Permission to make a call. `isHeld` false: nobody could decide, and the policy is `open`. */
export interface Grant {
  readonly isHeld: boolean;
  /** Output tokens that are held, at most; null: no budget bounds them. */
  readonly maxOutputTokens: number | null;
}

interface Question {
  readonly run: HeldRun;
  readonly hold: HoldRequest;
  readonly signal: AbortSignal | null;
}

interface Undecided {
  readonly policy: "closed" | "open";
  readonly reason: "undecided" | typeof KEY_REFUSED;
  readonly detail: string;
}

type Answer =
  | { readonly kind: "decided"; readonly decision: Decision }
  | ({ readonly kind: "undecided" } & Undecided);

const ASKS_MAX_COUNT = 2;
const ASK_AGAIN_MS = 150;
/** A server that names no time is asked again after this. */
const THROTTLE_DEFAULT_MS = 500;
const POLL_MAX_MS = 30_000;
const POLL_MIN_MS = 250;
const TOLD_MAX_COUNT = 10_000;

/** Asks one server. */
export class Guard {
  readonly #api: TollgateApi;
  readonly #options: Required<GuardOptions>;
  readonly #onUndecided: "closed" | "open";
  readonly #onNotice: OnNotice;
  readonly #report: OnProblem;
  /** Notices that were passed on: each stage is told once a run. */
  readonly #told = new Set<string>();

  constructor(api: TollgateApi, settings: Settings, report: OnProblem) {
    this.#api = api;
    this.#onNotice = settings.onNotice;
    this.#options = settings.guard;
    this.#onUndecided = settings.onUndecided;
    this.#report = report;
  }

  /**
   * Holds, or throws BudgetExceeded, BudgetUndecided, KeyRefused or StepRepeated; throws the
   * signal's reason where the caller gives up while it waits.
   */
  async admit(question: Question): Promise<Grant> {
    try {
      return await this.#admit(question);
    } catch (error) {
      // The question may have been answered after nobody waited for it any more.
      if (question.signal?.aborted) void this.release(question.run.id, question.hold);
      throw error;
    }
  }

  async #admit(question: Question): Promise<Grant> {
    const deadline = new Deadlines(this.#options);
    for (;;) {
      const answer = await this.#ask(question);
      if (answer.kind === "undecided") return this.#withoutDecision(question, answer);
      const { decision } = answer;
      if (decision.decision === "allow") return this.#grant(question, decision);
      if (decision.decision === "invalid") {
        const { code, detail } = decision.error ?? {};
        const told = `Tollgate could not decide: ${code ?? ""} ${detail ?? ""}`.trim();
        const reason = "undecided";
        return this.#withoutDecision(question, {
          policy: this.#onUndecided,
          reason,
          detail: told,
        });
      }
      if (!(await this.#mayAskAgain(decision, deadline, question))) {
        throw refusalFrom(refusalFacts(question.run.id, question.hold.id, decision));
      }
    }
  }

  /**
   * Opens a run without holding anything. Does not throw: where nobody can decide, the calls below
   * it ask for themselves.
   */
  async open(run: HeldRun): Promise<void> {
    if (run.opening === null) return;
    const body = jsonText({ open: run.opening, holds: [] });
    const options = { timeoutMs: this.#options.holdTimeoutMs };
    const answer = await this.#api.post(`${pathOf(run.id)}/holds`, body, options);
    if (answer.kind === "answer" && answer.status < 300) run.noteOpening(isOpenedIn(answer));
  }

  /** What is left to a run that the server knows. Null: there is no answer in time. */
  async left(run: string): Promise<readonly Left[] | null> {
    const options = { timeoutMs: this.#options.holdTimeoutMs };
    const answer = await this.#api.get(`${pathOf(run)}/wait?timeoutMs=0`, options);
    if (answer.kind === "unreachable" || answer.status >= 300) return null;
    const { left } = Object(answer.body) as { readonly left?: readonly Left[] };
    return left ?? null;
  }

  /** Gives a hold back whose call was never made. Does not throw: it would expire anyway. */
  async release(run: string, hold: Pick<HoldRequest, "source" | "id">): Promise<void> {
    await this.#about(run, "release", { source: hold.source, id: hold.id });
  }

  /** Keeps a hold alive while its call lasts. Gives what ends that. */
  keep(run: string, { source, id, ttlMs }: HoldRequest): StopTimer {
    let stop: StopTimer;
    const renew = () => {
      stop = later(ttlMs / 2, renew);
      void this.#about(run, "renew", { source, id, ttlMs });
    };
    stop = later(ttlMs / 2, renew);
    return () => stop();
  }

  #grant({ run, hold }: Question, decision: Decision): Grant {
    const { budgets, maxOutputTokens = null } = decision;
    for (const { budget, stage } of noticesOf(decision)) {
      const key = jsonText([run.id, budget, stage]);
      if (this.#told.has(key)) continue;
      if (this.#told.size >= TOLD_MAX_COUNT) this.#told.clear();
      this.#told.add(key);
      this.#onNotice({ run: run.id, step: hold.id, budget, stage });
    }
    // Without any budget, what the server assumed is no reason to change the request.
    const isBounded = budgets === undefined || budgets.length > 0 || decision.isClamped === true;
    return { isHeld: true, maxOutputTokens: isBounded ? maxOutputTokens : null };
  }

  async #about(run: string, verb: "release" | "renew", hold: object): Promise<void> {
    const options = { timeoutMs: this.#options.holdTimeoutMs };
    await this.#api.post(
      `${pathOf(run)}/holds/${verb}`,
      JSON.stringify({ holds: [hold] }),
      options,
    );
  }

  async #ask({ run, hold, signal }: Question): Promise<Answer> {
    const { opening } = run;
    const body = jsonText({ ...(opening && { open: opening }), holds: [hold] });
    for (let asks = 1; ; asks += 1) {
      const options = { timeoutMs: this.#options.holdTimeoutMs, signal };
      const answer = await this.#api.post(`${pathOf(run.id)}/holds`, body, options);
      const decision = decisionIn(answer);
      if (decision !== null) {
        if (opening !== null) run.noteOpening(isOpenedIn(answer));
        run.undecidedPolicy = budgetsPolicy(decision) ?? run.undecidedPolicy;
        return { kind: "decided", decision };
      }
      const isPassing =
        answer.kind === "unreachable" || answer.status >= 500 || answer.status === 429;
      if (!isPassing || asks === ASKS_MAX_COUNT) {
        const policy = policyIn(answer) ?? run.undecidedPolicy ?? this.#onUndecided;
        const reason = isKeyRefused(answer) ? KEY_REFUSED : "undecided";
        return { kind: "undecided", policy, reason, detail: undecidedDetail(answer) };
      }
      await pause(ASK_AGAIN_MS, signal);
    }
  }

  #withoutDecision({ run, hold }: Question, { policy, reason, detail }: Undecided): Grant {
    if (policy === "open") {
      this.#report({ kind: "undecided", run: run.id, step: hold.id, detail });
      return { isHeld: false, maxOutputTokens: null };
    }
    // The hold may have been granted in an answer that was lost.
    if (reason !== KEY_REFUSED) void this.release(run.id, hold);
    const facts = { run: run.id, step: hold.id, decision: "undecided", reason } as const;
    throw refusalFrom({ ...facts, decidedBy: null, policy: null, resume: null, detail });
  }

  /** Waits as the decision says. False: it is final, or the time for waiting is over. */
  async #mayAskAgain(
    decision: Decision,
    deadlines: Deadlines,
    { run, signal }: Question,
  ): Promise<boolean> {
    if (decision.decision === "throttle") {
      const waitMs = Math.max(1, decision.retryAfterMs ?? THROTTLE_DEFAULT_MS);
      if (waitMs > deadlines.leftMs("throttle")) return false;
      await pause(waitMs, signal);
      return true;
    }
    if (decision.decision !== "pause") return false;
    return this.#waitForResume(run.id, deadlines, signal);
  }

  async #waitForResume(
    run: string,
    deadlines: Deadlines,
    signal: AbortSignal | null,
  ): Promise<boolean> {
    for (;;) {
      const timeoutMs = Math.min(POLL_MAX_MS, deadlines.leftMs("pause"));
      if (timeoutMs <= 0) return false;
      const path = `${pathOf(run)}/wait?timeoutMs=${Math.ceil(timeoutMs)}`;
      const options = { timeoutMs: timeoutMs + this.#options.holdTimeoutMs, signal };
      const startMs = performance.now();
      const answer = await this.#api.get(path, options);
      const { state } = Object(answer.kind === "answer" ? answer.body : null) as {
        state?: unknown;
      };
      if (typeof state === "string" && state !== "paused") return true;
      // A poll that does not wait must not become a tight loop.
      const restMs = POLL_MIN_MS - (performance.now() - startMs);
      if (restMs > 0) await pause(Math.min(restMs, timeoutMs), signal);
    }
  }
}

/** How long a call may still wait, for each reason; the time runs from the first wait. */
class Deadlines {
  readonly #options: Required<GuardOptions>;
  readonly #ends = new Map<string, number>();

  constructor(options: Required<GuardOptions>) {
    this.#options = options;
  }

  leftMs(reason: "throttle" | "pause"): number {
    const { throttleMaxMs, pauseMaxMs } = this.#options;
    const now = Date.now();
    const end =
      this.#ends.get(reason) ?? now + (reason === "throttle" ? throttleMaxMs : pauseMaxMs);
    this.#ends.set(reason, end);
    return end - now;
  }
}

function pathOf(run: string): string {
  return `/v1/runs/${encodeURIComponent(run)}`;
}
