/**
 * What docs/operate.md has done after a restore where a billing system is told: Stripe's meters add
 * up, and tell a sum; its items and invoices are listed. Nothing is told twice, and once what is
 * unknown is taken out there, everything is billed once.
 */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { FakeStripe } from "../../src/cli/fake-stripe/fake-stripe.ts";
import { secretBox } from "../../src/connectors/secret-box.ts";
import { parseValue } from "../../src/domain/export/export-line.ts";
import type { OutgoingRequest } from "../../src/engine/export/connector-port.ts";
import { BY, type Json } from "./calls.ts";
import {
  type Books,
  clock,
  databaseBooks,
  folderBooks,
  keepsBooks,
  pass,
  serveBooks,
} from "./restored-books.ts";

keepsBooks();

const API_KEY = "rk_test_restored";

/** An account that outlives all servers, and what it was sent. */
class Account {
  readonly sent: OutgoingRequest[] = [];
  readonly stripe = new FakeStripe({
    ...{ apiKey: API_KEY, webhookSecret: "whsec_x", customers: { acme: "cus_acme" } },
    clock: { nowMs: () => clock.ms, chance: () => 0.5 },
    countsWithinMs: 1_000,
    meters: [{ item: "calls", eventName: "agent_calls", window: null }],
  });
  readonly #secrets = secretBox([randomBytes(32)]);

  serve(books: Books) {
    const send = async (request: OutgoingRequest) => {
      if (request.method === "POST") this.sent.push(request);
      return { kind: "answered" as const, answer: this.stripe.answer(request) };
    };
    const exporting = { http: { send }, secrets: this.#secrets, wait: async () => undefined };
    return serveBooks(books, exporting, "billing");
  }

  /** What a person does there by hand. */
  byHand(method: "POST" | "DELETE", path: string, body: string | null): void {
    const key = `by hand: ${path} ${body}`;
    const headers = { authorization: `Bearer ${API_KEY}`, "idempotency-key": key };
    const url = `https://api.stripe.com${path}`;
    assert.equal(this.stripe.answer({ method, url, headers, body }).status, 200);
  }

  bills(item: string): bigint {
    this.stripe.tick();
    return this.stripe.total("acme", item);
  }
}

type Server = Awaited<ReturnType<typeof serveBooks>>;

const step = (id: string, occurredAt: string) => ({
  ...{ id, run: "r", customer: "acme", kind: "tool", tool: "search", source: "t", occurredAt },
});
const FIRST = [step("1", "2024-01-10T10:00:00Z"), step("2", "2024-01-10T11:00:00Z")];
const LATE = [step("3", "2024-01-10T12:00:00Z")];
const NEXT = [step("4", "2024-01-11T13:00:00Z"), step("5", "2024-01-11T14:00:00Z")];
const value = (text: string) => parseValue(text);

async function begin({ ask }: Server, mode: string): Promise<void> {
  pass("2024-01-01T00:00:00Z");
  const price = { model: "per_unit", unit: "0.5" };
  const charges = [{ key: "calls", meter: { count: "steps" }, price }];
  await ask("POST /v1/rate-cards", {
    ...{ card: { key: "k", currency: "USD", charges }, effectiveFrom: null },
  });
  await ask("PUT /v1/customers/acme", { startedAt: "2024-01-01T00:00:00Z" });
  const names = (name: string, id: string) => ({ names: { [name]: { id } } });
  const isUsage = mode === "usage";
  const document = {
    ...{ connector: "stripe", account: "acct_1", mode, since: "2024-01-01" },
    ...{ window: isUsage ? "day" : "period", customers: names("acme", "cus_acme") },
    items: isUsage ? names("calls", "agent_calls") : { names: {}, others: "same" },
    settings: isUsage ? {} : { currency: "usd" },
  };
  await ask("PUT /v1/targets/billing", { document, ...BY });
  await ask("PUT /v1/targets/billing/secrets/api_key", { secret: API_KEY });
}

interface Unknown {
  readonly key: string | null;
  readonly customer: string;
  readonly item: string;
  readonly value: string;
  readonly place: string;
}

async function unknownAt({ ask }: Server): Promise<readonly Unknown[]> {
  const { unknown } = await ask("POST /v1/targets/billing/reconcile", {});
  return unknown as unknown as readonly Unknown[];
}

async function isClean({ ask }: Server): Promise<void> {
  const { unknown, drifts } = await ask("POST /v1/targets/billing/reconcile", {});
  assert.deepEqual({ unknown, drifts }, { unknown: [], drifts: [] });
}

for (const [store, books] of [
  ["a folder", async () => folderBooks()],
  ["a database", () => databaseBooks()],
] as const) {
  test(`5 calls that ${store} forgot 3 of are 5 at Stripe's meters`, async () => {
    const account = new Account();
    const lost = await books();
    const first = await account.serve(lost);
    await begin(first, "usage");
    pass("2024-01-11T00:00:00Z");
    await first.ask("POST /v1/events", FIRST);
    assert.equal((await first.run()).planned, 1);
    pass("2024-01-11T01:30:00Z");
    await first.run();
    await first.stop();
    const copy = await lost.copy();
    const second = await account.serve(lost);
    pass("2024-01-11T02:00:00Z");
    await second.ask("POST /v1/events", LATE);
    assert.equal((await second.run()).planned, 1);
    pass("2024-01-12T00:00:00Z");
    await second.ask("POST /v1/events", NEXT);
    assert.equal((await second.run()).planned, 1);
    await second.stop();
    pass("2024-01-12T00:10:00Z");
    assert.equal(account.bills("calls"), value("5"));
    const told = account.sent.length;

    // Two of the five are known to the copy; with what is sent again, it owes three.
    pass("2024-01-12T01:30:00Z");
    const restored = await account.serve(copy);
    const [early] = await unknownAt(restored);
    assert.deepEqual([early?.customer, early?.item, early?.value], ["acme", "calls", "3"]);
    await restored.ask("POST /v1/events", [...FIRST, ...LATE, ...NEXT]);
    assert.equal((await restored.run()).code, "export.unknown_lines");
    assert.equal((await restored.run()).code, "export.unknown_lines", "as often as it is run");
    assert.equal(account.sent.length, told, "nothing is told meanwhile");
    assert.equal(account.bills("calls"), value("5"));
    const { drifts } = await restored.ask("POST /v1/targets/billing/reconcile", {});
    const [drift] = drifts as unknown as readonly Json[];
    assert.equal(drift?.drift, "1", "of the 10th, Stripe has one more than is known");

    // Their log of requests names the events of that time: within a day they are cancelled.
    for (const { body } of account.sent.slice(1)) {
      const id = new URLSearchParams(String(body)).get("identifier") ?? "";
      const form = `event_name=agent_calls&type=cancel&cancel[identifier]=${id}`;
      account.byHand("POST", "/v1/billing/meter_event_adjustments", form);
    }
    pass("2024-01-12T01:40:00Z");
    assert.equal(account.bills("calls"), value("2"));
    assert.deepEqual(await unknownAt(restored), []);
    await restored.run();
    // Its key said something else a day ago: it is refused, and told under another one.
    const { lines } = await restored.ask("GET /v1/targets/billing/lines?state=rejected");
    const [refused] = lines as unknown as readonly { key: string; note: string }[];
    assert.match(refused?.note ?? "", /idempotency_error/);
    await restored.ask(`POST /v1/targets/billing/lines/${refused?.key}/retry`, BY);
    await restored.run();
    pass("2024-01-12T04:00:00Z");
    await restored.run();
    assert.equal(account.bills("calls"), value("5"));
    await isClean(restored);
    await restored.stop();
    assert.deepEqual(await copy.findings(), []);
  });
}

/** January is closed at 5 calls of 0.5 each, 2.5; a credit note takes 0.5 off. */
async function billed({ ask, run }: Server): Promise<void> {
  const { statements } = await ask("POST /v1/periods/close", { period: "2024-01", early: false });
  const [made] = statements as unknown as readonly { id: string; total: string }[];
  assert.equal(made?.total, "2.5");
  await run();
  const lines = [{ line: 1, amount: "0.5" }];
  await ask(`POST /v1/statements/${made?.id}/credit-notes`, { lines, ...BY });
  await run();
}

for (const mode of ["rated", "statement"]) {
  test(`a bill of 2.5 less 0.5 that is forgotten is 2 at Stripe (${mode})`, async () => {
    const account = new Account();
    const lost = folderBooks();
    const early = await account.serve(lost);
    await begin(early, mode);
    await early.ask("POST /v1/events", FIRST);
    await early.stop();
    const copy = await lost.copy();
    const first = await account.serve(lost);
    pass("2024-02-02T00:00:00Z");
    await first.ask("POST /v1/events", [...LATE, ...NEXT]);
    await billed(first);
    await first.stop();
    const [item = ""] = account.sent.flatMap(({ body }) => {
      return new URLSearchParams(String(body)).get("metadata[tollgate_item]") ?? [];
    });
    assert.equal(account.bills(item), value("2"));

    // After more than a day: Stripe has forgotten the keys of requests.
    pass("2024-02-04T00:00:00Z");
    const restored = await account.serve(copy);
    await restored.ask("POST /v1/events", [...FIRST, ...LATE, ...NEXT]);
    assert.equal((await restored.run()).code, "export.unknown_lines");
    assert.equal(account.bills(item), value("2"));
    const unknown = await unknownAt(restored);
    const told = unknown.map(({ customer, item: of, value: amount }) => [customer, of, amount]);
    assert.deepEqual(told.toSorted(), [
      ["acme", item, "-0.5"],
      ["acme", item, "2.5"],
    ]);
    // A draft is deleted there; the fake deletes no items.
    if (mode === "statement") {
      for (const { place } of unknown) account.byHand("DELETE", `/v1/invoices/${place}`, null);
      assert.equal(account.bills(item), 0n);
      await billed(restored);
      assert.equal(account.bills(item), value("2"));
      await isClean(restored);
    }
    await restored.stop();
    assert.deepEqual(await copy.findings(), []);
  });
}
