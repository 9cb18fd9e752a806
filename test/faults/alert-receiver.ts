/** A receiver of alerts that fails as it is told, in a time that tests turn on. */
import type { AlertChannel, SendResult } from "../../src/engine/alerts/alert-ports.ts";

/** How a receiver treats one attempt. */
export type Treatment =
  /** It takes the message and says so. */
  | "takes"
  /** It is down: nothing arrives. */
  | "dead"
  /** It takes the message, and its answer is lost. */
  | "mute"
  /** It takes the message and answers after the lease of the sender. */
  | "slow"
  /** It takes nothing, and says so after the lease of the sender. */
  | "late"
  /** It refuses, and asks for a minute of peace. */
  | "busy"
  /** It keeps what it takes for a while and hands it on in another order. */
  | "shuffling";

const ANSWERED = { retryAfterMs: 0, isGone: false } as const;
const TAKEN: SendResult = { outcome: "taken", status: 200, detail: "", ...ANSWERED };

/** A clock that only moves when it is told, and wakes who waits for an instant. */
export class TurnedClock {
  #nowMs = Date.parse("2026-11-26T08:00:00Z");
  readonly #sleepers: { readonly atMs: number; readonly wake: () => void }[] = [];

  nowMs(): number {
    return this.#nowMs;
  }

  until(atMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#sleepers.push({ atMs, wake: resolve });
    return promise;
  }

  advance(ms: number): void {
    this.#nowMs += ms;
    for (const { atMs, wake } of this.#sleepers) if (atMs <= this.#nowMs) wake();
  }
}

/** Alerts that arrived, and the messages that brought them. */
export class FaultyReceiver implements AlertChannel {
  /** How often each alert arrived. */
  readonly alerts = new Map<string, number>();
  /** Alerts by message: a message that comes twice brings the same. */
  readonly messages = new Map<string, readonly string[]>();
  /** When each message arrived first. */
  readonly arrivedAtMs: number[] = [];
  /** Alerts that messages counted and did not tell. */
  counted = 0;
  treat: () => Treatment = () => "takes";
  readonly #clock: TurnedClock;
  #held: (() => void)[] = [];

  constructor(clock: TurnedClock) {
    this.#clock = clock;
  }

  async send(_target: unknown, message: Parameters<AlertChannel["send"]>[1]): Promise<SendResult> {
    const take = (): void => {
      if (!this.messages.has(message.id)) {
        this.arrivedAtMs.push(this.#clock.nowMs());
        this.counted += message.more;
      }
      this.messages.set(
        message.id,
        message.alerts.map(({ id }) => id),
      );
      for (const { id } of message.alerts) this.alerts.set(id, (this.alerts.get(id) ?? 0) + 1);
    };
    const treatment = this.treat();
    if (treatment === "late") await this.#clock.until(this.#clock.nowMs() + 90_000);
    if (treatment === "dead" || treatment === "late") {
      return { outcome: "not_sent", status: null, detail: "down", ...ANSWERED };
    }
    if (treatment === "busy") {
      const wish = { retryAfterMs: 60_000, isGone: false };
      return { outcome: "refused", status: 429, detail: "busy", ...wish };
    }
    if (treatment === "shuffling") {
      this.#held.unshift(take);
      if (this.#held.length > 3) this.handOn();
      return TAKEN;
    }
    if (treatment === "slow") await this.#clock.until(this.#clock.nowMs() + 90_000);
    take();
    if (treatment !== "mute") return TAKEN;
    return { outcome: "unknown", status: null, detail: "no answer", ...ANSWERED };
  }

  /** Hands on what was kept. */
  handOn(): void {
    for (const take of this.#held) take();
    this.#held = [];
  }
}
