/** What delivering alerts needs: an outbox to keep messages in, channels to send them by. */
import type { AlertChannelKind, AlertTarget } from "../../domain/alert/route.ts";
import type { Answer } from "../answer.ts";

/** One attempt to deliver a message. */
export interface AlertAttempt {
  readonly atMs: number;
  readonly outcome: "taken" | "refused" | "not_sent" | "unknown";
  /** Of the answer; null: there was none. */
  readonly status: number | null;
  /** Words of ours, never of the answer. */
  readonly detail: string;
}

/** A message on its way to one route. */
export interface AlertDelivery {
  /** The same for every attempt, and after a restart. */
  readonly id: string;
  readonly route: string;
  /** Seqs of the alerts that it tells; more than one: it gathers them. */
  readonly alerts: readonly number[];
  /** How many it counts beyond those. */
  readonly more: number;
  readonly state: "ready" | "delivered" | "failed";
  /**
   * When it is due. Whoever takes it moves this to the end of its lease, so another one may try
   * then: a sender that died holds nothing up.
   */
  readonly nextAtMs: number;
  /** Grows with each taking; an end that carries an older number is not written. */
  readonly fence: number;
  readonly createdAtMs: number;
  readonly attempts: number;
  /** Null: there was no attempt yet. */
  readonly firstAttemptAtMs: number | null;
  readonly endedAtMs: number | null;
  /** The newest attempts, oldest first. */
  readonly log: readonly AlertAttempt[];
}

/** Which deliveries to read, newest first. */
export interface DeliveryFilter {
  readonly route?: string;
  readonly state?: AlertDelivery["state"];
  /** Id of the last one of the page before. */
  readonly after?: string;
  readonly limit: number;
}

/** The outbox inside a change. Its reads see what was before the change. */
export interface OpenOutbox {
  /** Seq up to which alerts have become deliveries; 0: none. */
  cursor(): Answer<number>;
  moveCursor(seq: number): void;
  delivery(id: string): Answer<AlertDelivery | undefined>;
  /** Ready ones that are due, earliest first, but those of routes that have enough under way. */
  due(
    nowMs: number,
    bounds: { readonly limit: number; readonly exceptRoutes: readonly string[] },
  ): Answer<AlertDelivery[]>;
  /** Adds a delivery, or replaces the one of its id. */
  put(delivery: AlertDelivery): void;
  /** Removes what ended before an instant. */
  forget(endedBeforeMs: number): void;
}

/** Where deliveries are kept. */
export interface AlertOutbox {
  /**
   * Carries out a change whole or not at all; what it resolves to is on disk. Changes of a
   * workspace take turns, also with those of other processes.
   */
  change<T>(workspace: string, work: (outbox: OpenOutbox) => Answer<T>): Promise<T>;
  /** Seq up to which alerts have become deliveries; 0: none. */
  cursor(workspace: string): Answer<number>;
  list(workspace: string, filter: DeliveryFilter): Answer<AlertDelivery[]>;
  /** Until when nothing is due; null: nothing waits. */
  nextDueMs(workspace: string): Answer<number | null>;
  /** When a route last took a message; null: never. */
  lastTakenMs(workspace: string, route: string): Answer<number | null>;
}

/** A message as a channel sends it. */
export interface AlertMessage {
  /** Of the delivery: a receiver knows a repetition by it. */
  readonly id: string;
  readonly atMs: number;
  readonly workspace: string;
  readonly alerts: readonly ToldAlert[];
  /** How many more there were; the list of alerts has them. */
  readonly more: number;
}

/** An alert as it is told. Amounts are decimal texts. */
export interface ToldAlert {
  readonly id: string;
  readonly type: string;
  readonly team: string;
  readonly customer: string | null;
  readonly raisedAt: string;
  /** One line for people. */
  readonly summary: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** Where a message goes, and how it is signed. */
export interface OpenTarget extends AlertTarget {
  /** Of webhooks: every secret that signs, newest first; two while they change. */
  readonly secrets: readonly string[];
}

/** How an attempt ended, and what the receiver asks for. */
export interface SendResult extends Omit<AlertAttempt, "atMs"> {
  /** How long the receiver wants to be left alone; 0: it does not say. */
  readonly retryAfterMs: number;
  /** The receiver wants nothing more, ever. */
  readonly isGone: boolean;
}

/** Sends messages of one kind. Never rejects. */
export interface AlertChannel {
  send(target: OpenTarget, message: AlertMessage): Promise<SendResult>;
}

export type AlertChannels = Readonly<Partial<Record<AlertChannelKind, AlertChannel>>>;
