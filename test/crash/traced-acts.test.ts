/**
 * The kernel's word for acts too: credit that is given, moved and paid back, changes that a second
 * key approves or rejects, and lines that leave for a billing system. Each is in a log on disk
 * before anybody hears of it. What an act is known by is its reason, which is new with each.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { applyCrashCard, CRASH_CARD } from "./card.ts";
import { type Finding, judgeTrace } from "./system-calls.ts";
import { skipUntraced, traceOf } from "./tracer.ts";

const ROUNDS = process.env.TOLLGATE_TEST_FULL === undefined ? 4 : 40;
const HOUR_MS = 3_600_000;
/** Grant, transfer, refund, approval, rejection. */
const ACTS_A_ROUND = 5;

let made = 0;
function mark(): string {
  made += 1;
  return `ack-${String(made).padStart(6, "0")}z`;
}

interface Body {
  readonly secret?: string;
  /** What a problem says. */
  readonly detail?: string;
}

/** Asks one thing after the other, as the holder of a key. */
class Desk {
  readonly #url: string;
  readonly #key: string;

  constructor(url: string, key: string) {
    this.#url = url;
    this.#key = key;
  }

  async ask(
    asked: string,
    body?: object,
    { status = 200, reason = "" } = {},
  ): Promise<{ readonly text: string; readonly body: Body }> {
    const [method, path] = asked.split(" ") as [string, string];
    const type = body === undefined ? {} : { "content-type": "application/json" };
    const why = reason === "" ? {} : { "tollgate-reason": reason };
    const headers = { authorization: `Bearer ${this.#key}`, ...type, ...why };
    const sent = body === undefined ? {} : { body: JSON.stringify(body) };
    const answer = await fetch(`${this.#url}${path}`, { method, headers, ...sent });
    const text = await answer.text();
    assert.equal(answer.status, status, `${asked}: ${text}`);
    return { text, body: text.startsWith("{") ? JSON.parse(text.split("\n")[0] ?? "") : {} };
  }
}

async function moveCredit(desk: Desk, round: number): Promise<void> {
  const by = "anna";
  const grant = `grant-${round}`;
  const credit = { customer: "acme", by };
  const given = { id: grant, ...credit, amount: "10", reason: mark() };
  await desk.ask("POST /v1/credits/grants", given);
  const moved = { grant, ...credit, to: "beta", amount: "3" };
  await desk.ask("POST /v1/credits/transfers", { ...moved, reason: mark() });
  await desk.ask("POST /v1/credits/refunds", { grant, ...credit, amount: "2", reason: mark() });
}

/** Proposes what wants a second key, and lets that decide. */
async function decideChanges(desk: Desk, other: Desk): Promise<void> {
  for (const decision of ["approve", "reject"]) {
    const budget = { each: "customer", measure: "cost", per: "month", limit: `${1_000 + made}` };
    const wanted = { budget, reason: "agreed", by: "anna" };
    const { body } = await desk.ask("PUT /v1/budgets/cap", wanted, { status: 409 });
    const [, change] = /waits as "(.+)"/.exec(body.detail ?? "") ?? [];
    const path = `/v1/changes/${change}/${decision}`;
    await other.ask(`POST ${path}`, undefined, { reason: mark() });
  }
}

async function secondKey(desk: Desk, url: string): Promise<Desk> {
  const wanted = { scopes: ["admin"], label: "ben" };
  const { body } = await desk.ask("POST /v1/keys", wanted, { status: 201 });
  const { secret = "" } = body;
  return new Desk(url, secret);
}

async function setUp(desk: Desk): Promise<void> {
  for (const id of ["acme", "beta"]) await desk.ask(`PUT /v1/customers/${id}`, {});
  const parent = { id: "acme", pays: true, credit: "own_first" };
  await desk.ask("PUT /v1/customers/beta", { parent });
  await desk.ask("PUT /v1/approvals", { from: "1" });
}

async function traceOfActs(synchronous: "FULL" | "NORMAL"): Promise<Finding> {
  const trace = await traceOf({ synchronous }, async ({ url }, key) => {
    await applyCrashCard(url, key);
    const desk = new Desk(url, key);
    const other = await secondKey(desk, url);
    await setUp(desk);
    for (let round = 0; round < ROUNDS; round += 1) {
      await moveCredit(desk, round);
      await decideChanges(desk, other);
    }
  });
  return judgeTrace(trace, "at once");
}

const skip = skipUntraced();

test("credit and changes are on disk before who moved or decided them hears it", {
  skip,
}, async () => {
  const found = await traceOfActs("FULL");
  assert.equal(found.acknowledgements, ROUNDS * ACTS_A_ROUND);
  assert.deepEqual(found.violations, []);
});

test("with synchronous=NORMAL they are not, and that is found", { skip }, async () => {
  const found = await traceOfActs("NORMAL");
  assert.equal(found.acknowledgements, ROUNDS * ACTS_A_ROUND);
  assert.ok(found.violations.length >= (ROUNDS * ACTS_A_ROUND) / 2, "most came before the disk");
});

/** A billing system that takes everything. */
async function receiver() {
  const server = createServer((request, response) => {
    request.resume().on("end", () => response.end("{}"));
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/lines`;
  const close = () => {
    server.closeAllConnections();
    server.close();
  };
  return { url, close };
}

test("no line leaves for a billing system before it is on disk", { skip }, async () => {
  const billing = await receiver();
  const environment = {
    TOLLGATE_PRIVATE_TARGETS: "127.0.0.1",
    TOLLGATE_SECRET_KEY: Buffer.alloc(32, 7).toString("base64"),
  };
  try {
    const trace = await traceOf({ environment }, async ({ url }, key) => {
      const desk = new Desk(url, key);
      const month = new Date(Date.now() - 48 * HOUR_MS).toISOString().slice(0, 7);
      const [since, startedAt] = [`${month}-01`, `${month}-01T00:00:00Z`];
      await desk.ask(`POST /v1/rate-cards?effectiveFrom=${startedAt}`, CRASH_CARD, { status: 201 });
      await desk.ask("PUT /v1/customers/acme", { startedAt });
      const about = { connector: "webhook", account: "live", mode: "usage", window: "hour", since };
      const document = { ...about, settings: { url: billing.url } };
      await desk.ask("PUT /v1/targets/erp", { document, reason: "ours", by: "anna" });
      const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
      await desk.ask("PUT /v1/targets/erp/secrets/signing", { secret });
      for (let round = 0; round < ROUNDS; round += 1) {
        const occurredAt = new Date(Date.now() - (3 + (round % 20)) * HOUR_MS).toISOString();
        const step = { run: "r1", customer: "acme", kind: "tool", tool: "search", occurredAt };
        await desk.ask("POST /v1/events", [{ id: `e${round}`, ...step }]);
        const { text } = await desk.ask("POST /v1/targets/erp/runs", {});
        assert.match(text, /"type":"total"/);
      }
    });
    const found = judgeTrace(trace, "at once");
    assert.ok(found.sentLines >= ROUNDS, `${found.sentLines} lines`);
    assert.deepEqual(found.violations, []);
  } finally {
    billing.close();
  }
});
