/**
 * What a connector to a billing system is. It says what a line looks like there, sends lines and
 * reads back what arrived; when to send, whether to send again and what is owed is decided by the
 * exporter, by the connector's capability. A connector keeps nothing and retries nothing.
 *
 * Every connector passes src/connectors/connector-contract.ts with a stateful fake of its target.
 */
import type { Capability, ExportMode, Outcome } from "../../domain/export/capability.ts";
import type { ExportLine, LineContent } from "../../domain/export/export-line.ts";
import type { ExportWindow } from "../../domain/export/export-window.ts";
import type { Found } from "../../domain/export/outbox.ts";
import type { Told } from "../../domain/export/resolve-window.ts";
import type { ExportTarget, Missing, TheirName } from "../../domain/export/target.ts";

/** A request to a target. What `preview` shows is what is sent, but for secrets. */
export interface OutgoingRequest {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** `https:`, or a path of a file for connectors that write files. */
  readonly url: string;
  /** Lower-case names. A value that holds a secret is `{secret}` in a preview. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array | null;
}

/** An answer: its body is cut at ANSWER_MAX_BYTES, unless the request asks for more. */
export interface OutgoingAnswer {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What became of a request. */
export type Sent =
  | { readonly kind: "answered"; readonly answer: OutgoingAnswer }
  /** Nothing left this machine: no name, no connection, a host that is not allowed. */
  | { readonly kind: "not_sent"; readonly reason: string }
  /** It left, and nobody knows whether it arrived: time-out, reset. */
  | { readonly kind: "unclear"; readonly reason: string };

/** Which hosts a request may go to. */
export type Hosts =
  /** One of these, exactly: what a connector for one service gives. */
  | readonly string[]
  /** Any host that is on the public network: what a URL from an operator needs. */
  | "public";

/**
 * The one way out. Follows no redirect, verifies certificates, checks the address that it connects
 * to, ends after EXPORT_TIMEOUT_MS. Never rejects.
 */
export interface OutgoingHttp {
  send(
    request: OutgoingRequest,
    limits: { readonly hosts: Hosts; readonly answerMaxBytes?: number },
  ): Promise<Sent>;
}

/** What a connector works with while it sends or asks. */
export interface Session {
  readonly workspace: string;
  readonly target: ExportTarget;
  readonly http: OutgoingHttp;
  nowMs(): number;
  /** A secret of the target by its name. Throws `secret.missing`. */
  secret(name: string): Promise<string>;
  /** For access tokens: lives as long as the process, for this target alone. Never stored. */
  readonly memory: Map<string, { readonly value: string; readonly untilMs: number }>;
}

/** Their names for what a line is about. */
export interface Theirs {
  readonly customer: TheirName;
  readonly item: TheirName;
}

/** A line to be frozen. */
export interface Freezing extends LineContent {
  readonly key: string;
  readonly workspace: string;
  /** When it is planned: the date of a document. */
  readonly plannedAtMs: number;
  /** Lines of its window before it, oldest first; of targets that overwrite, none of others. */
  readonly earlier: readonly ExportLine[];
  /** A line that this one takes back whole: its value is that one's below nothing. */
  readonly takesBack: ExportLine | null;
}

/** What a look-up of one line found. */
export interface LookUp {
  readonly found: Found;
  /** What they said, redacted. */
  readonly note: string;
  /** What they have of it, where that is not what was sent: it is shown as drift. */
  readonly value?: bigint;
}

/** A message that a target sends us by itself, such as a webhook about what it refused later. */
export interface Notice {
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What a notice says of one line. */
export interface Heard {
  readonly key: string;
  readonly found: "present" | "refused";
  /** What they said, redacted. */
  readonly note: string;
}

/** A line that a target holds, as far as it tells. */
export interface HeldLine {
  readonly key: string;
  /** Where it stands there, for whoever looks. */
  readonly place: string;
  /** What it says; null: they tell its key alone. */
  readonly said: Pick<LineContent, "customer" | "item" | "value" | "unit"> | null;
  /**
   * Whether people may change it there: what it says is shown then, and compared by looking it
   * up. (Default: false.)
   */
  readonly isEditable?: boolean;
}

/** What of a customer's item is added up. */
export interface HeldSumAsked {
  /** All lines of ours: what the item was called there is in their bodies. */
  readonly lines: readonly ExportLine[];
  /** What it is called there now; null: the mapping does not say. */
  readonly names: Theirs | null;
  /** Whole windows of a period. */
  readonly span: ExportWindow;
}

/** A kind of billing system. One instance serves all targets of the kind. */
export interface Connector {
  /** Lower case, as in `--connector webhook`. */
  readonly name: string;
  readonly modes: readonly ExportMode[];
  /** Names of the secrets that a target of the kind needs. */
  readonly secrets: readonly string[];
  /** What the target can do in its mode. Pure; asked after `check` found nothing missing. */
  capability(target: ExportTarget): Capability;
  /** What is missing or wrong in a target's settings and names. Pure. */
  check(target: ExportTarget): readonly Missing[];
  /**
   * The bytes of a line: written once, kept, sent as they are for ever. Pure. Throws
   * `target.invalid` for what cannot be told there, whose customer is left out, and
   * `export.line_state` for what cannot be told before an earlier line is settled.
   */
  freeze(line: Freezing, theirs: Theirs, target: ExportTarget): string;
  /** The requests that `send` makes for lines, without secrets and tokens. Pure. */
  preview(lines: readonly ExportLine[], target: ExportTarget): readonly OutgoingRequest[];
  /**
   * Sends lines, at most `batchMaxCount`, and says of each what became of it, in their order.
   * Rejects only where nothing was sent yet (a secret is missing): that is told as not sent.
   */
  send(lines: readonly ExportLine[], session: Session): Promise<readonly Outcome[]>;
  /** For `readBack.kind` `line`: whether they have a line. Rejects: told as unclear. */
  lookUp?(line: ExportLine, session: Session): Promise<LookUp>;
  /** In place of `lookUp`, for `readBack.atOnceMaxCount` lines at most: one each, in order. */
  lookUpAll?(lines: readonly ExportLine[], session: Session): Promise<readonly LookUp[]>;
  /**
   * For `readBack.kind` `aggregate`: what they have of one customer, item and window, as decimal
   * text; null: they cannot tell now. `lines` are all of ours of that window, oldest first: what
   * they are called there is in their bodies.
   */
  total?(lines: readonly ExportLine[], session: Session): Promise<string | null>;
  /**
   * Where there are no sums (`heldSum`): all lines of the session's workspace and account that they
   * hold, in pages: at least those that
   * were written since an instant (null: all). It is how books that lost what they knew, such as a
   * restored copy, are told of it. Throws `export.unlisted` where they cannot tell now, with the
   * field `query` where they refuse to list at all.
   */
  held?(session: Session, sinceMs: number | null): AsyncIterable<readonly HeldLine[]>;
  /**
   * For `readBack.kind` `aggregate`, where no lines are listed: what they have of a customer's item
   * in a span, whoever told it, to twelve digits. What is not there comes to 0. Null: they cannot
   * tell now.
   */
  heldSum?(asked: HeldSumAsked, session: Session): Promise<bigint | null>;
  /**
   * Where values overwrite: what a line's body says, and under which of their names. Left out:
   * the window's total, under one name for ever. Pure.
   */
  readonly told?: (line: ExportLine) => Told;
  /**
   * What a message of the target's own says; null: it is not theirs (a wrong signature, too old).
   * Lines that it does not name stay as they are.
   */
  hear?(notice: Notice, session: Session): Promise<readonly Heard[] | null>;
  /**
   * Whether a confirmed line can still be taken back whole. Where less than nothing cannot be
   * sent, that is how too much is put right: what is owed of it is sent again. Pure.
   */
  canTakeBack?(line: ExportLine, nowMs: number, target: ExportTarget): boolean;
  /** Asks the target whether credentials and names are good. */
  probe?(session: Session): Promise<readonly Missing[]>;
}
