/**
 * Requests of the two hot routes as nearly every client writes them: whole in one piece, with a
 * content length, nothing transferred or encoded in another way. They are read here, by a grammar
 * that is narrower than HTTP's; what does not match it is nobody's fault and is read by Node, from
 * its first byte on. A request that both read means the same to both.
 */
import { PLAIN_HEAD_MAX_BYTES, PLAIN_HEADS_MAX_COUNT } from "./connection-limits.ts";

/** A request that was read. */
export interface PlainRequest {
  /** The run that holds are asked for; null: the body is of events. */
  readonly run: string | null;
  readonly authorization: string | undefined;
  readonly contentType: string | undefined;
  readonly body: Buffer;
}

interface Head {
  readonly authorization: string | undefined;
  readonly contentType: string | undefined;
  readonly bodyBytes: number;
}

const EVENTS_LINE = "POST /v1/events HTTP/1.1";
/** Ids as most are: every character stands for itself. */
const HOLDS_LINE = /^POST \/v1\/runs\/([A-Za-z0-9._-]{1,200})\/holds HTTP\/1\.1$/;
/** A field as RFC 9112 has it, of printable ASCII; none goes on in the next line. */
const FIELD =
  /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?|)[ \t]*$/;
const LENGTH = /^(0|[1-9]\d{0,6})$/;

/** What changes how a body or a connection is read: Node's business. */
const ELSEWHERE: ReadonlySet<string> = new Set([
  ...["transfer-encoding", "content-encoding", "expect", "upgrade", "trailer", "te"],
  ...["proxy-connection", "http2-settings"],
]);
/** What stands once: of two, another reader might take the other. */
const ONCE: ReadonlySet<string> = new Set([
  ...["host", "content-length", "content-type", "authorization", "connection"],
]);

/** Reads requests. Clients send the same head again and again, so heads are remembered. */
export class PlainRequests {
  readonly #heads = new Map<string, Head | null>();

  /** The request that these bytes are, neither more nor less; null: Node reads them. */
  read(bytes: Buffer): PlainRequest | null {
    const headEnd = bytes.indexOf("\r\n\r\n");
    if (headEnd < 0 || headEnd > PLAIN_HEAD_MAX_BYTES) return null;
    const text = bytes.toString("latin1", 0, headEnd);
    const lineEnd = text.indexOf("\r\n");
    if (lineEnd < 0) return null;
    const line = text.slice(0, lineEnd);
    const run = line === EVENTS_LINE ? null : (HOLDS_LINE.exec(line)?.[1] ?? undefined);
    if (run === undefined) return null;
    const head = this.#headOf(text.slice(lineEnd + 2));
    if (head === null || bytes.length !== headEnd + 4 + head.bodyBytes) return null;
    const { authorization, contentType } = head;
    return { run, authorization, contentType, body: bytes.subarray(headEnd + 4) };
  }

  #headOf(text: string): Head | null {
    const known = this.#heads.get(text);
    if (known !== undefined) return known;
    if (this.#heads.size >= PLAIN_HEADS_MAX_COUNT) this.#heads.clear();
    const head = readHead(text);
    this.#heads.set(text, head);
    return head;
  }
}

function readHead(text: string): Head | null {
  const once = new Map<string, string>();
  for (const line of text.split("\r\n")) {
    const [, written = "", value = ""] = FIELD.exec(line) ?? [];
    const name = written.toLowerCase();
    if (name === "" || ELSEWHERE.has(name) || once.has(name)) return null;
    if (ONCE.has(name)) once.set(name, value);
  }
  const length = once.get("content-length") ?? "";
  const connection = once.get("connection") ?? "keep-alive";
  if (!once.has("host") || !LENGTH.test(length) || connection.toLowerCase() !== "keep-alive") {
    return null;
  }
  return {
    authorization: once.get("authorization"),
    contentType: once.get("content-type"),
    bodyBytes: Number(length),
  };
}
