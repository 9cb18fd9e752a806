/**
 * A copy of the database from before is restored, producers send again what they sent since, and
 * the statements are those that the lost database had.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { composeHttp } from "../../src/compose.ts";
import { rateCardDocument } from "../../src/domain/rating/rate-card-document.ts";
import { storedRateCard } from "../../src/domain/rating/stored-rate-card.ts";
import { verifyDatabase } from "../../src/store/move/verify-database.ts";
import { CRASH_CARD } from "../crash/card.ts";
import { postgresServer } from "../postgres-server.ts";
import { openNode, type SideNode } from "./nodes.ts";

const NOVEMBER_MS = Date.UTC(2026, 10, 1);
const MINUTE_MS = 60_000;
const CUSTOMERS = 3;
const EVENTS = 60;

/** Steps of models and tools of several customers; every fifth belongs to a run of its own. */
function eventAt(index: number): object {
  const run = `run-${index % 5 === 0 ? index : index % 7}`;
  const at = { occurredAt: new Date(NOVEMBER_MS + index * MINUTE_MS).toISOString() };
  const where = { id: `s-${index}`, source: "t", run, ...at };
  const customer = `customer-${Number(run.slice(4)) % CUSTOMERS}`;
  if (index % 3 === 0) return { ...where, customer, kind: "tool", tool: "search", usage: {} };
  const usage = { input_uncached: 100 + index, output_text: 10 * index };
  return { ...where, customer, kind: "model", provider: "openai", model: "gpt-5", usage };
}

async function send({ engine }: SideNode, indices: readonly number[]): Promise<string[]> {
  const { intake } = composeHttp(engine);
  const statuses: string[] = [];
  for (let from = 0; from < indices.length; from += 8) {
    const events = indices.slice(from, from + 8).map(eventAt);
    const { results } = await intake.ingestBody("default", JSON.stringify(events), "json");
    statuses.push(...results.map(({ result }) => result.status));
  }
  return statuses;
}

/** Closes November, and tells what every customer owes for what. */
async function statementsOf({ engine, store }: SideNode) {
  await engine.closePeriod("default", { customer: null, period: "2026-11", early: false });
  const statements = await store.listStatements("default");
  return statements
    .map(({ customer, period, total, document }) => {
      const { lines } = JSON.parse(document) as { lines: object[] };
      return { customer, period, total, lines };
    })
    .sort((a, b) => (a.customer < b.customer ? -1 : 1));
}

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, n) => from + n);

test("a restored copy and what is sent again come to the same statements", async () => {
  const server = await postgresServer();
  const clock = { nowMs: () => Date.UTC(2026, 11, 2) };
  const url = await server.createDatabase();
  const card = { nowMs: () => NOVEMBER_MS - 86_400_000 };
  const early = await openNode(url, { clock: card });
  const applied = storedRateCard(JSON.stringify({ ...CRASH_CARD, rounding: "half_even" }));
  const document = rateCardDocument(applied);
  await early.engine.applyRateCard("default", { card: applied, document, effectiveFromMs: null });
  await early.close();
  const first = await openNode(url, { clock });
  assert.deepEqual(new Set(await send(first, range(0, 35))), new Set(["accepted"]));
  await first.close();
  const copy = await server.copyDatabase(url);
  const lost = await openNode(url, { clock });
  await send(lost, range(35, EVENTS));
  const wanted = await statementsOf(lost);
  await lost.close();
  const restored = await openNode(copy, { clock });
  // Producers send again from before the copy on, and the latest first.
  const again = await send(restored, range(20, EVENTS).reverse());
  assert.equal(again.filter((status) => status === "duplicate").length, 15);
  assert.equal(again.filter((status) => status === "accepted").length, EVENTS - 35);
  const found = await statementsOf(restored);
  await restored.close();
  assert.equal(found.length, CUSTOMERS);
  assert.ok(found.every(({ total }) => Number(total) > 0));
  assert.deepEqual(found, wanted);
  const { findings } = await verifyDatabase(copy, () => undefined);
  assert.deepEqual(findings, []);
});
