/**
 * What is kept of an attempt for support: each request that it made and the answer, without
 * secrets, cut at a size. A line names its newest attempts; they are forgotten before their line.
 */
import type { OutcomeClass } from "./capability.ts";
import type { Found } from "./outbox.ts";

/** A body, as far as it is kept. */
export interface KeptBody {
  /** Secrets stand as `{secret}`; null: it is no text. */
  readonly text: string | null;
  readonly bytes: number;
  /** SHA-256 of all of it, lower-case hex; null where a secret stood in it, or it is no text. */
  readonly hash: string | null;
  readonly isCut: boolean;
}

/** A request as it was sent. */
export interface KeptRequest {
  readonly method: string;
  readonly url: string;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: KeptBody | null;
}

/** What became of it. */
export type KeptAnswer =
  | {
      readonly kind: "answered";
      readonly status: number;
      readonly headers: Readonly<Record<string, string>>;
      readonly body: KeptBody;
    }
  /** Nothing left this machine, or nobody knows whether it arrived. */
  | { readonly kind: "not_sent" | "unclear"; readonly reason: string };

/** One request and its answer. */
export interface Exchange {
  readonly atMs: number;
  readonly tookMs: number;
  readonly request: KeptRequest;
  readonly answer: KeptAnswer;
}

/** What an attempt said of one line. */
export interface AttemptedLine {
  readonly key: string;
  readonly said: OutcomeClass | Found;
}

/** One sending of lines, or one reading back of them. */
export interface ExportAttempt {
  /** Of a sending: the claim under which it was sent. */
  readonly id: string;
  readonly target: string;
  readonly purpose: "send" | "read_back";
  readonly atMs: number;
  /** Whether something went otherwise than it should: these are kept apart from the others. */
  readonly isTroubled: boolean;
  readonly lines: readonly AttemptedLine[];
  /** In their order; the newest ones where there were more. */
  readonly exchanges: readonly Exchange[];
  /** Requests that are left out of `exchanges`. */
  readonly leftOutCount: number;
}

const GOOD: ReadonlySet<AttemptedLine["said"]> = new Set([
  ...(["accepted", "delivered_duplicate", "present"] as const),
]);

/** Whether all of an attempt went as it should. */
export function isUntroubled(lines: readonly AttemptedLine[]): boolean {
  return lines.every(({ said }) => GOOD.has(said));
}
