/**
 * Keeps what an attempt sent and what was answered, for support. A session that is recorded is the
 * same to its connector. Secrets are taken out when the attempt is over, for only then are all of
 * them known: those that were asked for, and the tokens that were got with them.
 */
import type {
  AttemptedLine,
  Exchange,
  ExportAttempt,
  KeptAnswer,
  KeptBody,
  KeptRequest,
} from "../../domain/export/attempt.ts";
import { isUntroubled } from "../../domain/export/attempt.ts";
import {
  EXCHANGES_OF_AN_ATTEMPT_MAX_COUNT,
  EXPORT_NOTE_MAX_CHARS,
  KEPT_BODY_MAX_CHARS,
  OUTGOING_URL_MAX_CHARS,
  SECRET_MAX_CHARS,
} from "../../domain/limits.ts";
import type { OutgoingRequest, Sent, Session } from "./connector-port.ts";
import type { ExportContext } from "./export-context.ts";
import { type Redactor, redactor, secretsIn } from "./redact.ts";

interface Heard {
  readonly atMs: number;
  readonly tookMs: number;
  readonly request: OutgoingRequest;
  readonly sent: Sent;
}

/** Tokens are longer; what is shorter is something else that a connector remembers. */
const TOKEN_LEAST_CHARS = 8;

/** What is left of a reading back. */
export interface ReadBackRecord {
  readonly attempts: readonly ExportAttempt[];
  readonly named: { readonly attempt?: string };
}

/** One attempt, recorded. */
export class Recording {
  /** What the connector works with. */
  readonly session: Session;
  readonly #context: Pick<ExportContext, "clock" | "digest">;
  readonly #secrets: Set<string>;
  /** Of this attempt alone: each request has others. */
  readonly #signatures = new Set<string>();
  readonly #heard: Heard[] = [];
  readonly #startedAtMs: number;
  #count = 0;
  #latest: { readonly known: number; readonly redactor: Redactor } | null = null;

  /** `hidden`: what is hidden in all recordings of the target; it grows. */
  constructor(
    context: Pick<ExportContext, "clock" | "digest">,
    { session, hidden }: { readonly session: Session; readonly hidden: Set<string> },
  ) {
    this.#context = context;
    this.#secrets = hidden;
    this.#startedAtMs = context.clock.nowMs();
    this.session = {
      ...session,
      secret: async (name) => {
        const text = await session.secret(name);
        this.#secrets.add(text);
        return text;
      },
      http: {
        send: async (request, limits) => {
          const atMs = context.clock.nowMs();
          // A token may be forgotten while it is refused, and then nobody knows it any more.
          this.#learnTokens();
          for (const text of secretsIn(request)) this.#signatures.add(text);
          const sent = await session.http.send(request, limits);
          this.#keep({ atMs, tookMs: context.clock.nowMs() - atMs, request, sent });
          return sent;
        },
      },
    };
  }

  #learnTokens(): void {
    for (const { value } of this.session.memory.values()) {
      if (value.length >= TOKEN_LEAST_CHARS) this.#secrets.add(value);
    }
  }

  #keep(heard: Heard): void {
    this.#count += 1;
    this.#heard.push(heard);
    if (this.#heard.length > EXCHANGES_OF_AN_ATTEMPT_MAX_COUNT) this.#heard.shift();
  }

  /** A note without the secrets that were used, of bounded length. */
  note(text: string): string {
    return this.#redactor().text(text).slice(0, EXPORT_NOTE_MAX_CHARS);
  }

  /** What is kept of it. */
  attempt(of: {
    readonly id: string;
    readonly purpose: ExportAttempt["purpose"];
    readonly lines: readonly AttemptedLine[];
  }): ExportAttempt {
    const { target } = this.session;
    const redact = this.#redactor();
    return {
      ...{ id: of.id, target: target.id, purpose: of.purpose, atMs: this.#startedAtMs },
      ...{ isTroubled: !isUntroubled(of.lines), lines: of.lines },
      exchanges: this.#heard.map((heard) => this.#exchange(heard, redact)),
      leftOutCount: this.#count - this.#heard.length,
    };
  }

  /** A reading back as it is kept, and as lines name it: not at all where nothing was asked. */
  readBack(id: string, lines: readonly AttemptedLine[]): ReadBackRecord {
    if (this.#count === 0) return { attempts: [], named: {} };
    const kept = this.attempt({ id, purpose: "read_back", lines });
    return { attempts: [kept], named: { attempt: id } };
  }

  /** To make one costs more than to use it; what it has to know only grows. */
  #redactor(): Redactor {
    this.#learnTokens();
    const known = this.#secrets.size + this.#signatures.size;
    if (this.#latest?.known !== known) {
      this.#latest = { known, redactor: redactor([...this.#secrets, ...this.#signatures]) };
    }
    return this.#latest.redactor;
  }

  #exchange({ atMs, tookMs, request, sent }: Heard, redact: Redactor): Exchange {
    const { method, url, headers, body } = request;
    const kept: KeptRequest = {
      ...{ method, url: redact.text(url).slice(0, OUTGOING_URL_MAX_CHARS) },
      headers: redact.headers(headers),
      body: body === null ? null : this.#body(body, redact),
    };
    return { atMs, tookMs, request: kept, answer: this.#answer(sent, redact) };
  }

  #answer(sent: Sent, redact: Redactor): KeptAnswer {
    if (sent.kind !== "answered") {
      const reason = redact.text(sent.reason).slice(0, EXPORT_NOTE_MAX_CHARS);
      return { kind: sent.kind, reason };
    }
    const { status, headers, body } = sent.answer;
    const kept = { headers: redact.headers(headers), body: this.#body(body, redact) };
    return { kind: "answered", status, ...kept };
  }

  #body(body: string | Uint8Array, redact: Redactor): KeptBody {
    const bytes = typeof body === "string" ? encoder.encode(body).length : body.length;
    const whole = typeof body === "string" ? body : textOf(body);
    if (whole === null) return { text: null, bytes, hash: null, isCut: false };
    // What is cut off before it is read may not cut a secret that begins in what is kept.
    const read = whole.slice(0, KEPT_BODY_MAX_CHARS + 3 * SECRET_MAX_CHARS);
    const text = redact.text(read);
    const hash = text === read ? this.#context.digest.sha256(whole) : null;
    const isCut = read.length < whole.length || text.length > KEPT_BODY_MAX_CHARS;
    return { text: text.slice(0, KEPT_BODY_MAX_CHARS), bytes, hash, isCut };
  }
}

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });

/** A body as text; null: it is none, such as a Parquet file. */
function textOf(body: Uint8Array): string | null {
  try {
    return decoder.decode(body);
  } catch {
    return null;
  }
}
