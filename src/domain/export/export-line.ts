/**
 * What is sent to a billing system: one line for a customer, an item, a window and a revision.
 * Its identity makes its key, and its bytes are frozen when it is planned: a retry sends the same
 * bytes under the same key for ever. Anything else to be said is another revision.
 *
 * Values are decimals of one scale, quantities and amounts alike (EXPORT_SCALE places), so that
 * sums of what is sent and what is left can be compared without asking what is counted.
 */
import { canonicalJson } from "../canonical-json.ts";
import { AMOUNT_SCALE, ATTEMPTS_OF_A_LINE_MAX_COUNT } from "../limits.ts";
import { formatScaled, parseScaled } from "../money/decimal.ts";
import type { ExportMode, OutcomeClass } from "./capability.ts";
import type { ExportWindow } from "./export-window.ts";

export type { ExportMode };

/** Decimal places of an exported value. */
export const EXPORT_SCALE = AMOUNT_SCALE;

/** Where a line is between us and them (outbox.ts). */
export const LINE_STATES = [
  ...(["ready", "in_flight", "accepted", "confirmed"] as const),
  ...(["rejected", "unknown", "superseded", "voided"] as const),
] as const;
export type LineState = (typeof LINE_STATES)[number];

/** What makes a line that line and no other. */
export interface LineIdentity {
  readonly workspace: string;
  readonly connector: string;
  /** Account of the target: a live and a test account are two. */
  readonly account: string;
  readonly customer: string;
  readonly item: string;
  readonly window: ExportWindow;
  /** 0, then one more for each later line of the window. */
  readonly revision: number;
}

/** One part of a document: a line of a statement, as the target is to bill it. */
export interface DocumentPart {
  readonly item: string;
  readonly description: string;
  /** Whole decimal text, null: nothing was counted. */
  readonly quantity: string | null;
  readonly amount: string;
}

/** Where a line's value comes from: who doubts it can work it out again. */
export interface Evidence {
  /** Card versions, statements or documents that it was read from. */
  readonly source: string;
  /** What all lines of the period came to when it was planned, decimal text. */
  readonly ledger: string;
}

/** What a line says, before its bytes are frozen. */
export interface LineContent {
  readonly customer: string;
  readonly item: string;
  readonly period: string;
  readonly window: ExportWindow;
  readonly revision: number;
  readonly mode: ExportMode;
  /** What is sent: the difference to what was sent before; negative: less than was sent. */
  readonly value: bigint;
  /** The window's lines up to this one, it included: what a target that overwrites is told. */
  readonly windowTotal: bigint;
  /** Unit of a quantity, such as `steps` or `sum:seconds`; currency of an amount. */
  readonly unit: string;
  readonly description: string;
  /** Parts of a document; empty unless the mode is `statement`. */
  readonly parts: readonly DocumentPart[];
  readonly evidence: Evidence;
}

/** A line in the outbox. */
export interface ExportLine extends LineContent {
  /** Target it goes to. */
  readonly target: string;
  /** UUID that follows from the identity: the idempotency key at every target. */
  readonly key: string;
  /** Place among the lines of its customer and item, 1 being the first; no two share one. */
  readonly no: number;
  /** Sum of what counts of the lines of its customer, item and period, up to this one. */
  readonly periodTotal: bigint;
  /** What is sent, frozen. A connector that sends several lines at once puts them together. */
  readonly body: string;
  /** SHA-256 of the body, lower-case hex. */
  readonly bodyHash: string;
  readonly state: LineState;
  /** Counts every change of the row: the fencing number that a change must name. */
  readonly version: number;
  /** Whose it is while in flight; "" otherwise. */
  readonly claim: string;
  /** In flight: when the claim ends. Otherwise: not before when it is looked at again. */
  readonly dueAtMs: number;
  /** When it was first sent, or may have been; null: never. Dedup windows count from here. */
  readonly firstSentAtMs: number | null;
  /** When it was last sent, or may have been. */
  readonly lastSentAtMs: number | null;
  readonly attempts: number;
  /** Ids of the newest attempts, oldest first: what was sent and said, for support (attempt.ts). */
  readonly attemptIds: readonly string[];
  /** Whether an attempt may have arrived although nobody said so. */
  readonly isUnclear: boolean;
  readonly plannedAtMs: number;
  /** What the last answer meant; null: there was none, or a person or a look-up decided. */
  readonly outcome: OutcomeClass | null;
  /** What was said last, redacted: an answer, a reason. */
  readonly note: string;
}

/** The text that a key is the hash of. No two identities share one. */
function identityText(identity: LineIdentity): string {
  const { window, ...rest } = identity;
  return canonicalJson({ format: "tollgate.line/1", ...rest, ...window });
}

/**
 * The key of a line: a UUID of version 8 from SHA-256 of its identity. 36 characters of hex digits
 * and hyphens are what every target takes as a key.
 */
export function lineKey(identity: LineIdentity, sha256: (text: string) => string): string {
  const hex = sha256(identityText(identity));
  const variant = ((Number.parseInt(hex.charAt(16), 16) & 0x3) | 0x8).toString(16);
  const groups = [hex.slice(0, 8), hex.slice(8, 12), `8${hex.slice(13, 16)}`];
  return [...groups, `${variant}${hex.slice(17, 20)}`, hex.slice(20, 32)].join("-");
}

/** A value as its shortest decimal text. */
export function formatValue(value: bigint): string {
  return formatScaled(value, EXPORT_SCALE);
}

const VALUE_MAX_CHARS = 3 * EXPORT_SCALE;

/** A value of its decimal text; undefined where it is none. */
export function parseValue(text: string): bigint | undefined {
  return parseScaled(text, EXPORT_SCALE, VALUE_MAX_CHARS);
}

/** What a line counts for: all of it, unless another line stands for it. */
export function countedValue({ state, value }: Pick<ExportLine, "state" | "value">): bigint {
  return state === "superseded" ? 0n : value;
}

/** A line's newest attempts, oldest first, with another one. */
export function attemptsWith(
  { attemptIds }: Pick<ExportLine, "attemptIds">,
  id: string,
): readonly string[] {
  return [...attemptIds, id].slice(-ATTEMPTS_OF_A_LINE_MAX_COUNT);
}
