/**
 * What a stateful fake of a billing system is, for tests and for the demo: it answers requests as
 * the system's documentation says, and knows what it would bill. Faults of the network are no
 * matter of a fake: the suite cuts its answers off, delays its work and kills its senders.
 */

import type { ExportTarget, TheirName } from "../domain/export/target.ts";
import type { Notice, OutgoingAnswer, OutgoingRequest } from "../engine/export/connector-port.ts";

/** The world that a fake lives in. */
export interface FakeWorld {
  /** Their clock, which differs from ours. */
  nowMs(): number;
  /** From 0 up to 1, by the schedule's seed: to take a part of a batch, to refuse later. */
  chance(): number;
}

/** A fake billing system. */
export interface FakeTarget {
  /** Answers a request and keeps what it says. Never throws for what a sender does wrong. */
  answer(request: OutgoingRequest): OutgoingAnswer;
  /**
   * What it would bill a customer for an item, in our names, by all that is validated: the truth
   * that a test compares with. In units of 10^-33, like all exported values.
   */
  total(customer: string, item: string): bigint;
  /** Carries out what is due by now, such as validating what was taken. */
  tick?(): void;
  /** Messages to us since the last time that this was asked; some of them get lost. */
  notices?(): readonly Notice[];
  /**
   * Calls a customer by another name from now on; the former one is unknown then. Returns the name
   * that the mapping must have. Left out where names there are free.
   */
  rename?(customer: string): TheirName;
  /** Complaints about requests that the system's specification does not allow. */
  readonly complaints: readonly string[];
}

/** How a connector is put to the test: its target's settings, and a fake of it. */
export interface FakeAccount {
  readonly target: ExportTarget;
  readonly secrets: Readonly<Record<string, string>>;
  readonly fake: FakeTarget;
}
