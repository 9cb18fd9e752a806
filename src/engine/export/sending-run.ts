/**
 * Sends all that is ready of a target, in the order of customer, item and number. Where a target
 * wants the lines of an item one after the other, one that does not go through holds up those
 * behind it, and nobody else.
 */
import type { Capability } from "../../domain/export/capability.ts";
import type { ExportLine, LineState } from "../../domain/export/export-line.ts";
import { isSafeToResend } from "../../domain/export/outbox.ts";
import { ATTEMPTS_OF_A_TARGET_MAX_COUNT } from "../../domain/limits.ts";
import type { ExportContext, OpenTarget } from "./export-context.ts";
import { pagesOf } from "./outbox-pages.ts";
import { Pacer } from "./pacer.ts";
import { entityOf, sendBatch, wavesOf } from "./send-lines.ts";

/** Batches after which a run forgets attempts that are too many. */
const FORGETS_EVERY_BATCHES = 2_000;

/** How far a run is. */
export interface RunProgress {
  readonly phase: "planning" | "sending";
  /** Customers that are planned, lines that were sent. */
  readonly done: number;
}

/** One pass over the outbox of a target. */
export class SendingRun {
  readonly #context: ExportContext;
  readonly #open: OpenTarget;
  readonly #capability: Capability;
  readonly #pacer: Pacer;
  readonly #onProgress: (progress: RunProgress) => void;
  /** Customers' items of which an earlier line must go first. */
  readonly #blocked = new Set<string>();
  readonly #heldBack: ReadonlySet<string>;
  readonly #counts: Partial<Record<LineState, number>> = {};
  #done = 0;
  #batches = 0;
  #stopped: string | null = null;

  /** `heldBack`: customers' items of which nothing is sent. */
  constructor(
    context: ExportContext,
    open: OpenTarget,
    run: {
      readonly onProgress: (progress: RunProgress) => void;
      readonly heldBack: ReadonlySet<string>;
    },
  ) {
    this.#context = context;
    this.#open = open;
    this.#capability = open.connector.capability(open.target);
    this.#pacer = new Pacer(context, this.#capability.pace);
    this.#onProgress = run.onProgress;
    this.#heldBack = run.heldBack;
  }

  /** Sends what may be sent now; null: of all customers. */
  async all(customer: string | null): Promise<{
    readonly counts: Readonly<Partial<Record<LineState, number>>>;
    readonly stopped: string | null;
  }> {
    const { workspace, target } = this.#open;
    const own = customer === null ? {} : { customer };
    const states = ["ready", "unknown", "in_flight"] as const;
    for await (const page of pagesOf(this.#context, workspace, {
      ...{ target: target.id, states, ...own },
    })) {
      for (const wave of wavesOf(this.#sendable(page), this.#capability)) {
        await this.#pacer.all(wave, (batch) => this.#send(batch));
      }
      if (this.#stopped !== null) break;
    }
    await this.#forgetAttempts();
    return { counts: this.#counts, stopped: this.#stopped };
  }

  async #forgetAttempts(): Promise<void> {
    const { workspace, target } = this.#open;
    const { outbox } = this.#context;
    await outbox.keepNewestAttempts(workspace, target.id, ATTEMPTS_OF_A_TARGET_MAX_COUNT);
  }

  #sendable(page: readonly ExportLine[]): ExportLine[] {
    return page.filter((line) => this.#isSendable(line));
  }

  #isSendable(line: ExportLine): boolean {
    if (this.#heldBack.has(entityOf(line))) return false;
    const nowMs = this.#context.clock.nowMs();
    const isOrdered = this.#capability.pace.perEntityConcurrency !== null;
    if (isOrdered && this.#blocked.has(entityOf(line))) return false;
    const isDue = line.state !== "in_flight" && line.dueAtMs <= nowMs;
    if (isDue && isSafeToResend(line, this.#capability, nowMs)) return true;
    if (isOrdered) this.#blocked.add(entityOf(line));
    return false;
  }

  async #send(batch: readonly ExportLine[]): Promise<void> {
    const going = batch.filter((line) => !this.#blocked.has(entityOf(line)));
    if (going.length === 0 || this.#stopped !== null) return;
    const now = await sendBatch(this.#context, this.#open, going);
    this.#batches += 1;
    if (this.#batches % FORGETS_EVERY_BATCHES === 0) await this.#forgetAttempts();
    for (const { state, outcome, note } of now) {
      this.#counts[state] = (this.#counts[state] ?? 0) + 1;
      if (outcome === "auth") this.#stopped = note;
    }
    if (this.#capability.pace.perEntityConcurrency !== null) {
      const through = new Set(now.filter(isThrough).map(({ key }) => key));
      for (const line of going) if (!through.has(line.key)) this.#blocked.add(entityOf(line));
    }
    this.#done += going.length;
    this.#onProgress({ phase: "sending", done: this.#done });
  }
}

function isThrough({ state }: ExportLine): boolean {
  return state === "accepted" || state === "confirmed" || state === "rejected";
}
