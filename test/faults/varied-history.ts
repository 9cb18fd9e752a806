/**
 * A data folder in which every table has rows, made through the engine as the product makes it:
 * two workspaces, two card versions, corrections, outcomes, waiting and conflicting events, and
 * two closed periods with late adjustments and acts by hand.
 */
import assert from "node:assert/strict";
import { composeEngine, composeHttp, DEFAULT_WORKSPACE, nodeDigest } from "../../src/compose.ts";
import { secretBox } from "../../src/connectors/secret-box.ts";
import { rateCardDocument } from "../../src/domain/rating/rate-card-document.ts";
import { storedRateCard } from "../../src/domain/rating/stored-rate-card.ts";
import type { Engine } from "../../src/engine/engine.ts";
import type { OutgoingHttp } from "../../src/engine/export/connector-port.ts";
import type { Store } from "../../src/engine/ports.ts";
import { readPriceDocument } from "../../src/ingest/price-list/own-format.ts";
import { openSqliteStore } from "../../src/store/sqlite/sqlite-store.ts";
import { holdAndStop, holdOfCredit, setBudgets, type World } from "./varied-budgets.ts";

type Sent = Readonly<Record<string, unknown>>;

/** The other workspace; it holds the same ids as the first. */
export const OTHER_WORKSPACE = "other";

const PRICES = {
  format: "tollgate.prices/1",
  source: "contract",
  effectiveFrom: null,
  entries: [
    {
      provider: "openai",
      subject: "gpt-5",
      aliases: [],
      prefixes: [],
      currency: "USD",
      tierFactors: { batch: "0.5" },
      periods: [
        {
          effectiveFrom: null,
          daily: null,
          rates: [
            { unit: "input_uncached", price: "0.00000125" },
            { unit: "cache_read", price: "0.000000125" },
            { unit: "output_text", price: "0.00001" },
          ],
        },
      ],
    },
  ],
};

const TOOL_TIERS = [
  { upTo: "2", unit: "0" },
  { unit: "0.05", flat: "0.01" },
];
const TEXT_TIERS = [{ upTo: "500", unit: "0.001" }, { unit: "0.0005" }];

const COMPLETED = { ending: "completed" };

function cardWith(runPrice: string): string {
  const per = (unit: string) => ({ model: "per_unit", unit });
  const agents = { model: "matrix", by: "agent", cells: { support: "0.3" }, otherwise: "0.1" };
  const outcomes = (outcome: string) => ({ count: "outcomes", where: { outcome } });
  const tools = { count: "steps", where: { kind: "tool" } };
  const card = storedRateCard(
    JSON.stringify({
      key: "support-2026",
      currency: "USD",
      charges: [
        { key: "run", meter: { count: "runs" }, price: per(runPrice) },
        { key: "tools", meter: tools, price: { model: "graduated", tiers: TOOL_TIERS } },
        {
          key: "text",
          meter: { sum: "output_text" },
          price: { model: "volume", tiers: TEXT_TIERS },
        },
        { key: "models", meter: { sum: "cost" }, price: { model: "markup", percent: "20" } },
        { key: "agents", meter: { count: "steps" }, price: agents },
        {
          key: "searches",
          meter: { sum: "searches" },
          price: { model: "package", size: "10", amount: "1" },
        },
        { key: "resolved", meter: outcomes("ticket_resolved"), price: per("0.99") },
        { key: "won", meter: outcomes("sale_won"), price: per("1.5"), settles: { afterDays: 7 } },
        { key: "done", meter: { count: "runs" }, price: per("0.2"), when: COMPLETED },
        { key: "kept", meter: outcomes("ticket_resolved"), price: per("0.3"), when: COMPLETED },
        { key: "fee", meter: { count: "steps" }, price: { model: "flat", amount: "5" } },
      ],
      minimum: "10",
      runCap: "10",
      runMinimum: "1",
    }),
  );
  return rateCardDocument(card);
}

const uuid = (no: number) => `00000000-0000-4000-8000-${String(no).padStart(12, "0")}`;

function model(run: string, id: string, more: Sent = {}): Sent {
  const usage = { input_uncached: 1000, cache_read: 50, output_text: 300 };
  const facts = { kind: "model", provider: "openai", model: "gpt-5", usage };
  return { run, id, source: "sdk", occurredAt: "2026-10-21T10:00:00Z", ...facts, ...more };
}

function tool(run: string, id: string, more: Sent = {}): Sent {
  const facts = { kind: "tool", tool: "web_search", usage: { searches: 3 } };
  return { run, id, source: "sdk", occurredAt: "2026-10-22T11:00:00Z", ...facts, ...more };
}

function opened(run: string, more: Sent = {}): Sent {
  const at = { type: "run.opened", id: `open-${run}`, source: "sdk" };
  return { run, ...at, occurredAt: "2026-10-21T09:00:00Z", customer: "acme", ...more };
}

function won(run: string, key: string, more: Sent = {}): Sent {
  const identity = { type: "outcome.recorded", run, source: "sdk", id: key };
  return { ...identity, key, outcome: "sale_won", occurredAt: "2026-10-28T12:00:00Z", ...more };
}

export const OCTOBER: readonly Sent[] = [
  opened("r1", { agent: "support", labels: { team: "x" }, endUser: "u1" }),
  model("r1", uuid(1), { callId: "openai:1", labels: { team: "x" } }),
  model("r1", uuid(2), { completeness: "partial" }),
  model("r1", uuid(2), { completeness: "exact", usage: { output_text: 700 } }),
  model("r1", "e3", { tier: "batch", payer: "customer", attempt: 2 }),
  tool("r1", "t1"),
  tool("r1", "t2"),
  tool("r1", "t3", { occurredAt: "2026-10-27T11:00:00Z", parentStep: uuid(1) }),
  opened("r2", { agent: "research", parentRun: "r1", customer: undefined }),
  model("r2", "e1", { occurredAt: "2026-10-28T10:00:00Z", model: "unheard-of" }),
  { ...model("r2", "e2"), source: "proxy", callId: "openai:1" },
  {
    type: "outcome.recorded",
    run: "r1",
    id: "o1",
    source: "sdk",
    outcome: "ticket_resolved",
    occurredAt: "2026-10-28T12:00:00Z",
  },
  {
    type: "outcome.recorded",
    run: "r1",
    id: "o2",
    source: "sdk",
    outcome: "refund_avoided",
    occurredAt: "2026-10-28T12:00:00Z",
  },
  {
    type: "outcome.reversed",
    run: "r1",
    id: "o3",
    source: "sdk",
    key: "refund_avoided",
    reason: "no",
    occurredAt: "2026-10-29T12:00:00Z",
  },
  {
    type: "step.voided",
    run: "r1",
    id: "v1",
    source: "sdk",
    target: { source: "sdk", id: "t2" },
    reason: "test",
    occurredAt: "2026-10-29T13:00:00Z",
  },
  {
    ...model("r1", "a1"),
    type: "step.amended",
    target: { source: "sdk", id: "e3" },
    reason: "wrong tier",
    attempt: 3,
  },
  model("r1", uuid(1), { callId: "openai:1", usage: { output_text: 1 } }),
  model("r1", "e4", { callId: "openai:4" }),
  model("r1", "e4", { callId: "openai:4", usage: { output_text: 2 } }),
  {
    type: "run.closed",
    run: "r1",
    id: "c1",
    source: "sdk",
    ending: "completed",
    occurredAt: "2026-10-29T14:00:00Z",
  },
  won("r1", "w1"),
  model("r3", "e1", { customer: "beta", agent: "sales" }),
  tool("r3", "t1", { customer: "beta", agent: "sales", source: "proxy" }),
  tool("r3", "t2", { customer: "beta" }),
  {
    type: "outcome.recorded",
    run: "r3",
    id: "o1",
    source: "sdk",
    outcome: "ticket_resolved",
    occurredAt: "2026-10-28T12:00:00Z",
  },
  model("r4", "e1"),
  tool("r4", "t1"),
  opened("r5", { customer: undefined, authority: "proxy" }),
  model("r5", "e1"),
  model("r5", "e1", { source: "proxy", customer: "acme" }),
  { ...model("", "s1"), run: undefined, customer: "beta", agent: "chat" },
];

export const LATE: readonly Sent[] = [
  tool("r1", "t4", { occurredAt: "2026-10-29T15:00:00Z" }),
  tool("r1", "t5", { occurredAt: "2026-10-29T15:00:00Z" }),
  model("r3", "e9", { customer: "beta", occurredAt: "2026-10-30T10:00:00Z" }),
  model("r6", "e1", { customer: "acme", occurredAt: "2026-11-01T10:00:00Z" }),
  won("r6", "w2", { occurredAt: "2026-11-01T11:00:00Z" }),
  won("r6", "w2", { id: "w2 final", final: true, occurredAt: "2026-11-02T07:00:00Z" }),
  won("r6", "w3", { occurredAt: "2026-11-01T11:00:00Z" }),
  {
    type: "outcome.reversed",
    run: "r6",
    id: "w3 off",
    source: "sdk",
    key: "w3",
    reason: "sent back",
    occurredAt: "2026-11-01T12:00:00Z",
  },
];

export const LATER: readonly Sent[] = [
  tool("r1", "t6", { occurredAt: "2026-10-29T16:00:00Z" }),
  model("r6", "e2", { occurredAt: "2026-11-03T10:00:00Z" }),
  won("r6", "w4", { occurredAt: "2026-12-01T10:00:00Z" }),
  {
    type: "outcome.reversed",
    run: "r1",
    id: "o4",
    source: "sdk",
    key: "ticket_resolved",
    reason: "reopened",
    occurredAt: "2026-12-01T12:00:00Z",
  },
];

async function applyCard(world: World, workspace: string, terms: { price: string; from: string }) {
  const document = cardWith(terms.price);
  const effectiveFromMs = Date.parse(terms.from);
  const card = storedRateCard(document);
  await world.engine.applyRateCard(workspace, { card, document, effectiveFromMs });
}

async function makeDefault(world: World): Promise<void> {
  const { engine } = world;
  const workspace = DEFAULT_WORKSPACE;
  world.setClock("2026-10-20T08:00:00Z");
  await engine.importPrices(workspace, readPriceDocument(PRICES));
  await applyCard(world, workspace, { price: "0.10", from: "2026-10-01T00:00:00Z" });
  await applyCard(world, workspace, { price: "0.25", from: "2026-10-25T00:00:00Z" });
  const settings = { name: "Acme", timeZone: "Europe/Berlin", cardKey: "support-2026" };
  await engine.saveCustomer(workspace, { id: "acme", settings });
  await giveCredit(engine, workspace);
  await engine.createKey(workspace, { scopes: ["ingest", "read"], label: "ingest" });
  const { key } = await engine.createKey(workspace, { scopes: ["admin"], label: "old" });
  await engine.revokeKey(workspace, key.id);
  await engine.receipts.rotateKey();
  world.setClock("2026-10-30T08:00:00Z");
  await setBudgets(world, workspace);
  for (const event of OCTOBER) await world.send(workspace, [event]);
  await engine.importPrices(workspace, { ...readPriceDocument(PRICES), source: "again" });
  const [first] = await engine.store.listConflicts(workspace, 1);
  if (first !== undefined) {
    await engine.settleConflict(workspace, { conflict: first.seq, keep: "second", reason: "x" });
  }
  await routeAlerts(engine, workspace);
  await holdAndStop(world, workspace);
  await holdOfCredit(world, workspace);
  await engine.alerts.post({ channels: {}, chance: () => 0.5 }).run(workspace);
  world.setClock("2026-11-02T08:00:00Z");
  await engine.closePeriod(workspace, { customer: null, period: "2026-10", early: false });
  await world.send(workspace, LATE);
  await engine.abandonSilentRuns(workspace, 1000);
  world.setClock("2026-12-02T08:00:00Z");
  await engine.closePeriod(workspace, { customer: null, period: "2026-11", early: false });
  await world.send(workspace, LATER);
  await actByHand(engine, workspace);
  await exportLines(world, workspace);
}

async function routeAlerts(engine: Engine, workspace: string): Promise<void> {
  const decided = { reason: "agreed", by: "anna" };
  const url = "https://example.com/hook";
  const route = { key: "ops", channel: "webhook", url, ...decided } as const;
  await engine.alerts.saveRoute(workspace, route);
}

/** Credit that ends, with a rule, of a customer that pays for another. */
async function giveCredit(engine: Engine, workspace: string): Promise<void> {
  const parent = { id: "acme", pays: true, credit: "own_first" } as const;
  const settings = { timeZone: "Europe/Berlin", parent };
  await engine.saveCustomer(workspace, { id: "gamma", settings });
  const who = { id: null, reason: "agreed", by: "anna" };
  const terms = { priority: 100, charges: null, currency: "USD" };
  await engine.credits.grant(workspace, {
    ...{ ...who, ...terms, customer: "acme", amount: "3", name: null },
    ...{ expiresAtMs: Date.parse("2027-12-01T00:00:00Z"), rollover: null },
    ...{ cost: null, costCurrency: null },
  });
  const rule = { amount: "1", threshold: "0.5", cap: null, expiresAfterDays: null };
  await engine.credits.saveTopupRule(workspace, { customer: "acme", ...terms, ...rule });
}

/** Every act by hand: some in the open period, some on what is closed. */
async function actByHand(engine: Engine, workspace: string): Promise<void> {
  const who = { id: null, reason: "agreed", by: "anna" };
  const [december] = await engine.store.listStatements(workspace, "acme");
  assert.ok(december !== undefined);
  const statement = december.id;
  await engine.giveGoodwill(workspace, { ...who, customer: "acme", amount: "2.50" });
  const counters = [{ charge: "tools", cell: "", quantity: "7" }];
  await engine.setOpening(workspace, { ...who, customer: "acme", amount: "-1", counters });
  await engine.reissueStatement(workspace, { ...who, statement });
  const [again] = (await engine.store.listStatements(workspace, "acme")).filter(
    ({ id, period }) => id !== statement && period === december.period,
  );
  assert.ok(again !== undefined);
  const { lines } = JSON.parse(again.document) as { lines: { amountRounded: string }[] };
  const line = 1 + lines.findIndex(({ amountRounded }) => Number(amountRounded) >= 1);
  const target = { kind: "line", statement: again.id, line } as const;
  const dispute = await engine.openDispute(workspace, { ...who, target, amount: "0.50" });
  await engine.resolveDispute(workspace, { ...who, id: dispute.id, favor: "us" });
  const credited = [{ line, amount: "0.25" }];
  await engine.issueCreditNote(workspace, { ...who, statement: again.id, lines: credited });
  const row = { provider: "openai", model: "gpt-5", day: "2026-11-02", amount: "3" };
  await engine.invoices.import(workspace, { id: "INV", currency: "USD", rows: [row] });
  await engine.invoices.bookTrueUp(workspace, { ...who, invoice: "INV" });
  await engine.saveWorkspace(workspace, { graceHours: 12 });
}

/** Lines that were taken, refused and revised, lost, and left out. */
async function exportLines({ engine, setClock }: World, workspace: string): Promise<void> {
  const who = { reason: "our ERP", by: "anna" };
  const document = {
    ...{ connector: "webhook", account: "live", mode: "rated", since: "2026-10-01" },
    settings: { url: "https://erp.example/lines" },
  };
  await engine.exports.saveTarget(workspace, { id: "erp", document, ...who });
  const secret = { target: "erp", name: "signing", text: SIGNING };
  await engine.exports.saveSecret(workspace, secret);
  const run = () => engine.exports.run(workspace, "erp", { customer: null });
  const target = { target: "erp", customer: null, after: null };
  await run();
  const { lines } = await engine.exports.status(workspace, { ...target, states: ["rejected"] });
  const [first, second] = lines.map(({ key }) => key);
  assert.ok(first !== undefined && second !== undefined, "two lines were refused");
  await engine.exports.retry(workspace, { target: "erp", key: first, ...who });
  await engine.exports.skip(workspace, { target: "erp", key: second, ...who });
  setClock("2026-12-03T08:00:00Z");
  await run();
}

const SIGNING = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/** A receiver that refuses two lines, loses one, and takes the rest. */
function receiver(): Pick<OutgoingHttp, "send"> {
  const statuses = [422, 500, 422];
  return {
    send: async () => {
      const answer = { status: statuses.shift() ?? 200, headers: {}, body: "" };
      return { kind: "answered", answer };
    },
  };
}

/** Makes the data folder; everything is on disk and the folder free when it resolves. */
export async function makeVariedHistory(dataDir: string): Promise<void> {
  const store = openSqliteStore({ dataDir, digest: nodeDigest });
  await fillVaried(store);
  await store.close();
}

/** Fills an empty store; everything is on disk when it resolves. */
export async function fillVaried(store: Store): Promise<void> {
  let nowMs = 0;
  const exporting = { http: receiver(), secrets: secretBox([Buffer.alloc(32, 7)]) };
  const engine = composeEngine(store, { clock: { nowMs: () => nowMs }, exporting });
  const { intake } = composeHttp(engine);
  const world: World = {
    engine,
    setClock: (instant) => {
      nowMs = Date.parse(instant);
    },
    send: async (workspace, events) => {
      const { results } = await intake.ingestBody(workspace, JSON.stringify(events), "json");
      for (const { id, result } of results) {
        assert.notEqual(result.status, "rejected", `${id}: ${JSON.stringify(result.error)}`);
      }
    },
  };
  await store.createWorkspace(DEFAULT_WORKSPACE);
  await store.createWorkspace(OTHER_WORKSPACE);
  await makeDefault(world);
  await applyCard(world, OTHER_WORKSPACE, { price: "1", from: "2026-10-01T00:00:00Z" });
  await world.send(OTHER_WORKSPACE, OCTOBER.slice(0, 8));
  for (const workspace of [DEFAULT_WORKSPACE, OTHER_WORKSPACE]) await store.settle(workspace);
  await engine.createKey(OTHER_WORKSPACE, { scopes: ["read"], label: "reader" });
  for (let keys = 0; keys < 2; keys += 1) await engine.receipts.rotateKey();
}
