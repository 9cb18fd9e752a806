/**
 * A stand-in for the server with its contract of holds, taken strictly: closed documents, one state
 * a hold, the same answer to the same question. Events go through the server's own reader, so what
 * it would refuse is refused here. Decisions are the test's.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { isDeepStrictEqual } from "node:util";
import { nodeDigest } from "../../src/compose.ts";
import type { StepEvent, TollgateEvent } from "../../src/domain/event/event.ts";
import { parseEvent } from "../../src/ingest/native/parse-event.ts";
import { mapProviderUsage } from "../../src/ingest/provider-response/map.ts";
import type { HoldRequest, OpenRequest } from "../src/holds.ts";

/** What a test decides about a hold; what it leaves out is filled in. */
export type Verdict = Readonly<Record<string, unknown>> & { readonly decision: string };

/** One hold and what became of it. */
export interface KeptHold {
  readonly run: string;
  readonly asked: HoldRequest;
  state: "open" | "settled" | "released";
}

type Json = Readonly<Record<string, unknown>>;

const HOLD_FIELDS = [
  ...["source", "id", "kind", "provider", "model", "tool", "tier", "agent", "inputTokens"],
  ...["maxOutputTokens", "minOutputTokens", "usage", "payer", "labels", "callId", "cost"],
  ...["wrapUp", "callHash", "ttlMs"],
];
const OPEN_FIELDS = ["id", "source", "customer", "agent", "parentRun", "endUser", "labels", "caps"];

/** The stand-in. Its public fields may be set and read at any time. */
export class TollgateStandIn {
  /** Decides on each hold that is asked for anew. (Default: allows as asked) */
  decide: (hold: HoldRequest, run: string) => Verdict = () => ({ decision: "allow" });
  /** Answers the opening of a run. (Default: accepts it) */
  admit: (run: string) => Json = () => ({ status: "accepted" });
  readonly openings: { readonly run: string; readonly open: OpenRequest }[] = [];
  /** Statuses with which the next requests to `/v1/events` are answered. */
  readonly failures: number[] = [];
  /** What the next question for a hold gets instead of a decision. */
  undecided: { readonly status: number; readonly body: Json } | null = null;
  /** States that the next polls of a paused run get; then it runs. */
  readonly waits: string[] = [];
  readonly asks: {
    readonly run: string;
    readonly open: OpenRequest | null;
    readonly hold: HoldRequest;
  }[] = [];
  readonly holds = new Map<string, KeptHold>();
  readonly renewed: string[] = [];
  readonly events: TollgateEvent[] = [];
  /** Events as sent. */
  readonly sent: Json[] = [];
  readonly batches: number[] = [];
  /** What broke the contract. */
  readonly complaints: string[] = [];
  polls = 0;
  readonly #seen = new Set<string>();
  readonly #server = createServer((request, response) => {
    this.#serve(request, response).catch((error: unknown) => {
      this.complaints.push(String(error));
      answer(response, 500, { code: "internal" });
    });
  });

  static async start(): Promise<TollgateStandIn> {
    const standIn = new TollgateStandIn();
    await standIn.listen(0);
    return standIn;
  }

  listen(port: number): Promise<void> {
    return new Promise((resolve) => this.#server.listen(port, "127.0.0.1", resolve));
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get steps(): StepEvent[] {
    return this.events.filter((event) => event.type === "step");
  }

  stateOf(id: string): string | undefined {
    return [...this.holds.values()].find(({ asked }) => asked.id === id)?.state;
  }

  close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    return closed;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.headers.authorization !== "Bearer tg_test") {
      return answer(response, 401, { code: "key.invalid", detail: "No such key." });
    }
    const sent = (await text(request)) || "null";
    const { pathname } = new URL(request.url ?? "", "http://x.test");
    if (pathname === "/v1/events") return this.#takeEvents(JSON.parse(sent) as Json[], response);
    const [, run = "", verb = ""] = /^\/v1\/runs\/([^/]+)\/(.*)$/.exec(pathname) ?? [];
    const body = JSON.parse(sent) as { readonly open?: OpenRequest; readonly holds: HoldRequest[] };
    const decoded = decodeURIComponent(run);
    switch (verb) {
      case "holds":
        return this.#takeHolds(decoded, body, response);
      case "holds/release":
        return this.#release(decoded, body.holds, response);
      case "holds/renew":
        this.renewed.push(...body.holds.map(({ id }) => id));
        return answer(response, 200, { holds: [] });
      case "wait":
        this.polls += 1;
        return answer(response, 200, { run: decoded, state: this.waits.shift() ?? "running" });
      default:
        return answer(response, 404, { code: "route.unknown", detail: pathname });
    }
  }

  #takeHolds(
    run: string,
    { open, holds, ...rest }: { readonly open?: OpenRequest; readonly holds: HoldRequest[] },
    response: ServerResponse,
  ): void {
    if (this.undecided !== null) {
      answer(response, this.undecided.status, this.undecided.body);
      return;
    }
    this.#isClosed(rest, [], "body");
    if (open !== undefined) this.#isClosed(open, OPEN_FIELDS, "open");
    if (open !== undefined) this.openings.push({ run, open });
    const decisions = holds.map((hold) => {
      this.#isClosed(hold, HOLD_FIELDS, "hold");
      if (hold.ttlMs < 1000) this.complaints.push(`ttlMs of ${hold.ttlMs}`);
      this.asks.push({ run, open: open ?? null, hold });
      return { source: hold.source, id: hold.id, ...this.#decideOn(run, hold) };
    });
    const opened = open === undefined ? null : { id: open.id, ...this.admit(run) };
    answer(response, 200, { run, opened, decisions });
  }

  #decideOn(run: string, hold: HoldRequest): Json {
    const key = keyOf(run, hold);
    const kept = this.holds.get(key);
    if (kept?.state === "settled" || this.#seen.has(key)) return { decision: "settled" };
    if (kept !== undefined && !isDeepStrictEqual(kept.asked, hold)) return { decision: "conflict" };
    const verdict = this.decide(hold, run);
    if (verdict.decision !== "allow") return verdict;
    this.holds.set(key, { run, asked: hold, state: "open" });
    const expiresAt = new Date(Date.now() + hold.ttlMs).toISOString();
    const { maxOutputTokens = null } = hold;
    return { hold: `hold_${hold.id}`, expiresAt, maxOutputTokens, isClamped: false, ...verdict };
  }

  #release(run: string, holds: readonly HoldRequest[], response: ServerResponse): void {
    for (const hold of holds) {
      const kept = this.holds.get(keyOf(run, hold));
      if (kept?.state === "open") kept.state = "released";
    }
    answer(response, 200, { released: holds.length, holds: [] });
  }

  #takeEvents(sent: readonly Json[], response: ServerResponse): void {
    const status = this.failures.shift();
    this.batches.push(sent.length);
    if (status !== undefined) {
      answer(response, status, { code: "scripted" });
      return;
    }
    const results = sent.map((event, index) => ({
      index,
      id: event.id,
      ...this.#takeEvent(event),
    }));
    answer(response, 200, { results, runs: {} });
  }

  #takeEvent(sent: Json): Json {
    const parsed = parseEvent(sent, { digest: nodeDigest, mapProviderUsage });
    if ("problem" in parsed) {
      this.complaints.push(`${JSON.stringify(parsed.problem)} in ${JSON.stringify(sent)}`);
      return { status: "rejected", error: parsed.problem };
    }
    this.sent.push(sent);
    const [event] = parsed.events;
    if (event === undefined) return { status: "accepted" };
    const key = keyOf(event.run, event);
    if (this.#seen.has(key) && event.type !== "step") return { status: "duplicate" };
    this.#seen.add(key);
    this.events.push(event);
    const kept = this.holds.get(key);
    if (kept !== undefined) kept.state = "settled";
    return { status: "accepted" };
  }

  #isClosed(document: object, known: readonly string[], what: string): void {
    for (const field of Object.keys(document)) {
      if (!known.includes(field)) this.complaints.push(`${what} has an unknown field ${field}`);
    }
  }
}

function keyOf(run: string, { source, id }: { readonly source: string; readonly id: string }) {
  return JSON.stringify([run, source, id]);
}

function answer(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}
