/**
 * The way out of Tollgate over HTTP, to URLs that others name: webhooks, chat, billing systems. A
 * caller sees one of three ends, because what may be done next differs: an answer, a request of
 * which no byte left, or one of which nobody knows whether it was received.
 */

/** What is sent. */
export interface OutgoingRequest {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly url: string;
  /** Names in small letters. Host, length and connection are set by the adapter alone. */
  readonly headers: Readonly<Record<string, string>>;
  /** Sent as it is; null: none. */
  readonly body: string | Uint8Array | null;
  /** From the look-up of the name to the last byte of the answer (Default: 20 seconds). */
  readonly timeoutMs?: number;
  /** The rest of a longer answer is not read (Default: 64 KiB). */
  readonly answerMaxBytes?: number;
}

/** An answer of any status; 3xx too, for redirects are never followed. */
export interface OutgoingAnswer {
  readonly outcome: "answered";
  readonly status: number;
  /** Names in small letters; what came several times is joined by ", ". */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  /** Whether there was more than `answerMaxBytes`. */
  readonly isCut: boolean;
  /** Of whom the answer came, as the socket says. */
  readonly remoteAddress: string;
  readonly tookMs: number;
}

/** Why no byte left: a URL or address that is not called, or no connection. */
export type NotSentReason =
  | "url_refused"
  | "address_refused"
  | "name_unresolved"
  | "not_connected"
  | "timeout";

/** How a request ended. */
export type OutgoingResult =
  | OutgoingAnswer
  | { readonly outcome: "not_sent"; readonly reason: NotSentReason; readonly detail: string }
  | {
      readonly outcome: "unknown";
      readonly reason: "timeout" | "broken";
      readonly detail: string;
    };

/** Sends requests. Never rejects. */
export interface OutgoingHttp {
  send(request: OutgoingRequest): Promise<OutgoingResult>;
  /**
   * Why a URL would never be called, as far as it says so itself; null: it may be. Its name is not
   * looked up: whom it leads to is decided at each call.
   */
  problemOf(url: string): string | null;
}
