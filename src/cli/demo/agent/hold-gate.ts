/**
 * How an agent asks before it spends: a hold for each call, with the identity of the step that will
 * be recorded for it. What is allowed is set aside in every budget of the run; a pause is waited
 * for, and a block ends the agent.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { BalanceView } from "../../render/budgets.ts";
import { readAnswer } from "../api-answer.ts";
import { EVENT_SOURCE } from "./event-source.ts";

/** The call that is about to be made; fields are those of the wire. */
export interface HoldAsk {
  readonly id: string;
  readonly kind: string;
  readonly [field: string]: unknown;
}

/** A decision, as far as an agent looks at it. */
export interface HoldDecision {
  readonly decision: string;
  readonly reason?: string;
  readonly maxOutputTokens?: number | null;
  readonly retryAfterMs?: number | null;
  readonly waitAt?: string;
  readonly decidedBy?: BalanceView | null;
}

/** Where holds are asked for. */
export interface HoldGateOptions {
  readonly baseUrl: string;
  readonly apiKey: string;
  /** Called when a run has to wait, before it does. */
  readonly onPause?: (decision: HoldDecision) => void;
}

/** A budget ended the work: the call must not be made. */
export class Refused extends Error {
  readonly decision: HoldDecision;

  constructor(decision: HoldDecision) {
    super(`${decision.decision}: ${decision.reason ?? ""}`);
    this.decision = decision;
  }
}

/** Asks one Tollgate. */
export class HoldGate {
  readonly #options: HoldGateOptions;

  constructor(options: HoldGateOptions) {
    this.#options = options;
  }

  /** Resolves when the call may be made. Throws `Refused` where it must not be. */
  async ask(run: string, hold: HoldAsk): Promise<HoldDecision> {
    for (;;) {
      const decision = await this.#decide(run, hold);
      switch (decision.decision) {
        case "allow":
          return decision;
        case "throttle":
          await sleep(decision.retryAfterMs ?? 0);
          break;
        case "pause":
          this.#options.onPause?.(decision);
          await this.#untilResumed(decision.waitAt ?? "");
          break;
        default:
          throw new Refused(decision);
      }
    }
  }

  async #decide(run: string, hold: HoldAsk): Promise<HoldDecision> {
    const { baseUrl, apiKey } = this.#options;
    const url = new URL(`/v1/runs/${encodeURIComponent(run)}/holds`, baseUrl);
    const headers = { authorization: `Bearer ${apiKey}`, "content-type": "application/json" };
    const body = JSON.stringify({ holds: [{ source: EVENT_SOURCE, ...hold }] });
    const response = await fetch(url, { method: "POST", headers, body });
    const { decisions } = await readAnswer<{ decisions: readonly HoldDecision[] }>(response);
    return decisions[0] ?? { decision: "block" };
  }

  /** Long polls: an answer comes as soon as the run may go on. */
  async #untilResumed(path: string): Promise<void> {
    const { baseUrl, apiKey } = this.#options;
    const headers = { authorization: `Bearer ${apiKey}` };
    for (;;) {
      const response = await fetch(new URL(path, baseUrl), { headers });
      const { state } = await readAnswer<{ readonly state: string }>(response);
      if (state !== "paused") return;
    }
  }
}
