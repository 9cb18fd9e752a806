/**
 * Tells the payment port of every payment that is awaited. A request is told again until it is
 * taken, at growing intervals, and once more after a restart: whoever takes it knows it by its id.
 */

import { decodeBook } from "../../domain/credit/book.ts";
import { formatAmount } from "../../domain/money/decimal.ts";
import type { EngineContext } from "../context.ts";
import { readWorkspace } from "../workspaces/workspace-settings.ts";

/** A payment to be told of. */
export interface PaymentMessage {
  /** The same for every attempt. */
  readonly id: string;
  /** JSON. */
  readonly body: string;
}

/** Where payments are made; adapters send it on. */
export interface PaymentPort {
  /** Tells of a payment; true when it was taken. Never rejects. */
  ask(workspace: string, url: string, message: PaymentMessage): Promise<boolean>;
}

const FIRST_WAIT_MS = 5_000;
const LONGEST_WAIT_MS = 3_600_000;
const BOOKS_A_PAGE = 200;

interface Attempts {
  readonly count: number;
  /** Infinity: it was taken. */
  readonly nextAtMs: number;
}

/** Delivers requests of all workspaces; remembers what was taken. */
export class TopupDelivery {
  readonly #context: Pick<EngineContext, "store" | "clock">;
  readonly #port: PaymentPort;
  readonly #attempts = new Map<string, Attempts>();

  constructor(context: Pick<EngineContext, "store" | "clock">, port: PaymentPort) {
    this.#context = context;
    this.#port = port;
  }

  /** Tells of what is due to be told; returns how many were taken. */
  async run(workspace: string): Promise<number> {
    const { store } = this.#context;
    const { paymentUrl } = await readWorkspace(store, workspace);
    if (paymentUrl === null) return 0;
    let taken = 0;
    for (let after = ""; ; ) {
      const books = await store.credit.booksWatched(workspace, BOOKS_A_PAGE, after);
      for (const { customer, document } of books) {
        for (const request of decodeBook(document).requests) {
          const { id, amount, requestedAtMs, ...terms } = request;
          const requestedAt = new Date(requestedAtMs).toISOString();
          const data = { id, customer, amount: formatAmount(amount), ...terms, requestedAt };
          const body = JSON.stringify({ type: "topup.requested", timestamp: requestedAt, data });
          if (await this.#tell(workspace, paymentUrl, { id, body })) taken += 1;
        }
      }
      after = books.at(-1)?.customer ?? "";
      if (books.length < BOOKS_A_PAGE) return taken;
    }
  }

  async #tell(workspace: string, url: string, message: PaymentMessage): Promise<boolean> {
    const key = JSON.stringify([workspace, message.id]);
    const before = this.#attempts.get(key) ?? { count: 0, nextAtMs: 0 };
    if (this.#context.clock.nowMs() < before.nextAtMs) return false;
    const isTaken = await this.#port.ask(workspace, url, message);
    const waitMs = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(before.count, 20));
    const nextAtMs = isTaken ? Number.POSITIVE_INFINITY : this.#context.clock.nowMs() + waitMs;
    this.#attempts.set(key, { count: before.count + 1, nextAtMs });
    return isTaken;
  }
}
