/** What the exporter needs of a store, of our books, and of whoever keeps secrets. */
import type { ExportAttempt } from "../../domain/export/attempt.ts";
import type {
  DocumentPart,
  ExportLine,
  ExportMode,
  LineState,
} from "../../domain/export/export-line.ts";
import type { BillingPeriod } from "../../domain/period/billing-period.ts";
import type { Answer } from "../answer.ts";

/** A line's place in listings: by customer, item and number. */
export interface LinePlace {
  readonly customer: string;
  readonly item: string;
  readonly no: number;
}

/** Which lines to read, in the order of their place. What is left out matches everything. */
export interface LineFilter {
  readonly target: string;
  readonly customer?: string;
  readonly item?: string;
  readonly period?: string;
  readonly states?: readonly LineState[];
  /** Only those that are due by then. */
  readonly dueByMs?: number;
  readonly limit: number;
  /** The last one of the page before. */
  readonly after?: LinePlace;
}

/** What changes in the outbox at once. */
export interface OutboxChange {
  /** New lines; none has the key, or the place in its account, of another one. */
  readonly added: readonly ExportLine[];
  /** Lines as they are now; the store has each with a version one less. */
  readonly changed: readonly ExportLine[];
  /** What was sent and said; one that is kept already stays as it is. (Default: none.) */
  readonly attempts?: readonly ExportAttempt[];
}

/** Which attempts to read, the newest first. */
export interface AttemptFilter {
  readonly target: string;
  /** Only those that went well, or only the others. (Default: both.) */
  readonly isTroubled?: boolean;
  readonly limit: number;
  /** The last one of the page before. */
  readonly after?: Pick<ExportAttempt, "atMs" | "id">;
}

/** How many lines of a target are in a state. */
export interface StateCount {
  readonly state: LineState;
  readonly count: number;
}

/** A secret as it is kept: the text is encrypted. */
export interface SealedSecret {
  readonly target: string;
  readonly name: string;
  /** Which key of the installation it is sealed with. */
  readonly keyId: string;
  /** Nonce, ciphertext and tag, base64. */
  readonly sealed: string;
  readonly savedAtMs: number;
}

/** The outbox of each workspace. Reads see every acknowledged write. */
export interface Outbox {
  /**
   * Writes all of a change, or nothing of it where another sender was faster: false. On disk when
   * it resolves to true. Throws `store.unknown` where nobody knows.
   */
  write(workspace: string, change: OutboxChange): Promise<boolean>;
  lines(workspace: string, filter: LineFilter): Answer<ExportLine[]>;
  line(workspace: string, key: string): Answer<ExportLine | undefined>;
  /** The newest line of each item and period of a customer, by item and number. */
  lastLines(workspace: string, target: string, customer: string): Answer<ExportLine[]>;
  counts(workspace: string, target: string): Answer<StateCount[]>;
  attempts(workspace: string, filter: AttemptFilter): Answer<ExportAttempt[]>;
  /** Those of these ids that are kept, the newest first. */
  attemptsOf(workspace: string, ids: readonly string[]): Answer<ExportAttempt[]>;
  /** Forgets attempts of all targets that began before an instant. */
  forgetAttempts(workspace: string, beforeMs: number): Promise<void>;
  /** Forgets all but the newest of a target's that went well, and of its others. */
  keepNewestAttempts(workspace: string, target: string, count: number): Promise<void>;
  secrets(workspace: string, target: string): Answer<SealedSecret[]>;
  /** Replaces the secret of the same name. */
  saveSecret(workspace: string, secret: SealedSecret): Promise<void>;
}

/** What our books say of one item in one period. */
export interface LedgerEntry {
  readonly item: string;
  readonly period: BillingPeriod;
  readonly value: bigint;
  readonly unit: string;
  readonly description: string;
  /** Parts of a bill; empty unless the mode is `statement`. */
  readonly parts: readonly DocumentPart[];
  /** What it was read from, such as a statement's id. */
  readonly source: string;
}

/** What a line that there is already is of. */
export type ToldItem = Pick<ExportLine, "item" | "period" | "unit" | "description" | "evidence">;

/** Our books, as the exporter reads them. */
export interface ExportLedger {
  /** Customers in the order of their ids, after one ("": from the first on). */
  customers(workspace: string, after: string, limit: number): Answer<string[]>;
  /**
   * All entries of a customer in periods from `since` on, by item and period; also of what was
   * `told` and comes to nothing now. (Default: nothing was.)
   */
  entries(
    workspace: string,
    of: {
      readonly customer: string;
      readonly mode: ExportMode;
      readonly since: string;
      readonly told?: readonly ToldItem[];
    },
  ): Answer<LedgerEntry[]>;
  /** Their time, by which windows end: a sandbox's own. Answers and claims have the machine's. */
  nowMs(workspace: string): Answer<number>;
  /** The period under way of a customer: what is late may be told in it. Null: no such customer. */
  openPeriod(workspace: string, customer: string): Answer<BillingPeriod | null>;
  /** Parts of what an entry was read from before. */
  partsOf(workspace: string, source: string): Answer<readonly DocumentPart[]>;
}

/** Seals secrets before they are kept. */
export interface SecretBox {
  /** Throws `secret.no_key` where the installation has no key. */
  seal(text: string, bound: string): Pick<SealedSecret, "keyId" | "sealed">;
  /** Throws `secret.unreadable` where the key is another one, or the text was altered. */
  open(secret: Pick<SealedSecret, "keyId" | "sealed">, bound: string): string;
}
