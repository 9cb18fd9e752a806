/**
 * Zuora as its documentation says: "docs" are pages of docs.zuora.com, "reference" those of
 * developer.zuora.com. Each rule has its source. Where they leave a choice, the harder is taken:
 * a document whose number was used is booked again, and failures come with a status of 200.
 */
import type { TheirName } from "../../domain/export/target.ts";
import type { OutgoingAnswer, OutgoingRequest } from "../../engine/export/connector-port.ts";
import type { FakeTarget, FakeWorld } from "../fake-target-contract.ts";
import { answer, failed, failedReasons, idOf } from "./fake-answers-contract.ts";
import { FakeDocuments } from "./fake-documents-contract.ts";
import { FakeUsage } from "./fake-usage-contract.ts";
import { judged } from "./zuora-spec-contract.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const TOKEN_SECONDS = 3599;
const BUSY_PART = 0.03;

/** Credentials that the fake knows. */
export const CLIENT = {
  client_id: "2f3a4b5c-1111-4222-8333-944455556666",
  client_secret: "s3cr3t-of-the-client-for-tests-0123456789",
};

interface Kept {
  readonly request: string;
  readonly answer: OutgoingAnswer;
  readonly atMs: number;
}

/** One tenant. */
export class FakeZuora implements FakeTarget {
  readonly complaints: string[] = [];
  readonly #world: FakeWorld;
  readonly #usage: FakeUsage;
  readonly #documents: FakeDocuments;
  readonly #tokens = new Map<string, number>();
  readonly #kept = new Map<string, Kept>();
  /** Account numbers by customers of ours, and how often they were changed. */
  readonly #numbers = new Map<string, number>();

  constructor(world: FakeWorld) {
    this.#world = world;
    const isAccount = (number: string, customer: string) => this.#number(customer) === number;
    const documents = new FakeDocuments(world);
    const invoicesBetween = (startMs: number, endMs: number) =>
      documents.invoicesBetween(startMs, endMs);
    this.#documents = documents;
    this.#usage = new FakeUsage(world, {
      ...{ isAccount, invoicesBetween, complaints: this.complaints },
    });
  }

  answer(request: OutgoingRequest): OutgoingAnswer {
    const body = bodyOf(request);
    this.complaints.push(...judged(request, body));
    this.#usage.work();
    const path = new URL(request.url).pathname;
    if (path === "/oauth/token") return this.#token(body as Record<string, string>);
    const token = (request.headers.authorization ?? "").replace(/^Bearer /, "");
    const untilMs = this.#tokens.get(token) ?? 0;
    if (untilMs <= this.#world.nowMs()) return answer(401, { message: "Authentication error" });
    // Reference, "Rate and concurrency limits": 429 with Retry-After.
    if (this.#world.chance() < BUSY_PART) {
      return { ...failedReasons(429, "50000070", "limit"), headers: { "retry-after": "2" } };
    }
    return this.#once(request, () => this.#carriedOut(request, path, body));
  }

  /** Docs, "Idempotent requests": the first answer, whatever it was, for 24 hours. */
  #once(request: OutgoingRequest, work: () => OutgoingAnswer): OutgoingAnswer {
    const key = request.headers["idempotency-key"];
    if (key === undefined || request.method !== "POST") return work();
    const before = this.#kept.get(key);
    const text = `${request.method} ${request.url}`;
    if (before !== undefined && this.#world.nowMs() - before.atMs < DAY_MS) {
      return before.request === text ? before.answer : answer(422, { message: "mismatch" });
    }
    const made = work();
    this.#kept.set(key, { request: text, answer: made, atMs: this.#world.nowMs() });
    return made;
  }

  #carriedOut({ method, url }: OutgoingRequest, path: string, body: unknown): OutgoingAnswer {
    const isWriting = method !== "GET" && path !== "/v1/action/query";
    const isCrud = path.startsWith("/v1/object/");
    // Reference, "Error codes": objects that are being changed elsewhere are locked (50).
    if (isWriting && this.#world.chance() < BUSY_PART) {
      return isCrud
        ? failed(200, "LOCK_COMPETITION", "locked")
        : failedReasons(200, "50000050", "locked");
    }
    if (path.startsWith("/v1/invoices") || path.startsWith("/v1/credit-memos")) {
      const { searchParams: search } = new URL(url);
      if (search.size > 0) return this.#documents.memos(search);
      return this.#documents.answer(method, path, body as Record<string, unknown>);
    }
    return this.#usage.answer({ method, path, search: new URL(url).searchParams, body });
  }

  /** Reference, "Create an OAuth token": about an hour, and limited by address. */
  #token({ client_id: id, client_secret: secret }: Record<string, string>): OutgoingAnswer {
    if (id !== CLIENT.client_id || secret !== CLIENT.client_secret) {
      return answer(401, { message: "Invalid client id" });
    }
    if (this.#world.chance() < BUSY_PART) return answer(429, { message: "Too Many Requests" });
    const token = idOf(`token ${this.#tokens.size} ${this.#world.nowMs()}`);
    this.#tokens.set(token, this.#world.nowMs() + TOKEN_SECONDS * 1000);
    return answer(200, { access_token: token, expires_in: TOKEN_SECONDS, token_type: "bearer" });
  }

  total(customer: string, item: string): bigint {
    this.#usage.work();
    return this.#usage.total(customer, item) + this.#documents.total(customer, item);
  }

  tick(): void {
    this.#usage.work();
    this.#usage.bill();
  }

  #number(customer: string): string {
    const changes = this.#numbers.get(customer) ?? 0;
    return changes === 0 ? `A-${customer}` : `A-${customer}#${changes}`;
  }

  /** An account's number may be changed; its id, subscriptions and usage stay. */
  rename(customer: string): TheirName {
    this.#numbers.set(customer, (this.#numbers.get(customer) ?? 0) + 1);
    return { ...customerName(customer), id: this.#number(customer) };
  }
}

/** What a customer is called before anybody changes it. */
export function customerName(customer: string): TheirName {
  const charges = ["tokens", "searches"].map((item) => [`charge.${item}`, `C-${customer}-${item}`]);
  return {
    ...{ id: `A-${customer}`, subscription: `S-${customer}`, accountId: idOf(customer) },
    ...Object.fromEntries(charges),
  };
}

function bodyOf({ headers, body }: OutgoingRequest): unknown {
  const type = headers["content-type"] ?? "";
  const text = String(body ?? "");
  if (type.startsWith("application/json")) return JSON.parse(text);
  if (type.startsWith("multipart/form-data")) return multipart(type, text);
  return type === "" ? null : Object.fromEntries(new URLSearchParams(text));
}

/** RFC 7578, as far as one file goes. */
function multipart(type: string, text: string): Record<string, string> {
  const boundary = /boundary=(\S+)$/.exec(type)?.[1] ?? "";
  const [, part = ""] = text.split(`--${boundary}`);
  const end = part.indexOf("\r\n\r\n");
  const name = / name="([^"]+)"; filename="([^"]+)"/.exec(part.slice(0, end));
  const file = part.slice(end + 4, -2);
  return { [name?.[1] ?? ""]: file, fileName: name?.[2] ?? "" };
}
