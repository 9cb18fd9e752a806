/**
 * Outcomes with a window over real recorded runs: each run is sent when it happened, every third
 * outcome is taken back in its window and every third one long after. Months are closed as they
 * end, or all at the end. What the statements bill is counted again from the events. Skipped where
 * the recorded runs are absent; in CI they must be there.
 */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, test } from "node:test";
import { Decimal } from "decimal.js";
import { composeEngine, composeHttp } from "../../src/compose.ts";
import { storedRateCard } from "../../src/domain/rating/stored-rate-card.ts";
import { assertConserved } from "../../src/store/conservation-contract.ts";
import { MemoryStore } from "../../src/store/memory/memory-store.ts";
import { holdings } from "../../src/store/play-contract.ts";
import { tau2 } from "../corpus/datasets/tau2.ts";
import { ROOT } from "../e2e/doc-blocks.ts";
import type { Sent } from "./agent-recount.ts";

const shared = process.env.TOLLGATE_SHARED ?? resolve(import.meta.dirname, "../../../shared");
const root = resolve(shared, "traces");
const isAbsent = !existsSync(resolve(root, "runs"));
const skip = isAbsent && process.env.CI === undefined ? "the recorded runs are not here" : false;

const DAY_MS = 86_400_000;
const WINDOW_MS = 7 * DAY_MS;
const WORKSPACE = "w";

interface Delivery {
  readonly atMs: number;
  readonly events: readonly object[];
}

/** An outcome of a recorded run, and when it is taken back, if ever. */
interface Solved {
  readonly customer: string;
  readonly finalAtMs: number;
  readonly takenBackAtMs: number | null;
}

/** The recorded runs, spread over three months so that windows reach over their ends. */
async function history(): Promise<{ deliveries: Delivery[]; solved: Solved[] }> {
  const runs = (await tau2.read(root)).slice(0, 120);
  const deliveries: Delivery[] = [];
  const solved: Solved[] = [];
  const startMs = Date.UTC(2026, 8, 1);
  for (const [index, run] of runs.entries()) {
    const sent = run.events as Sent[];
    const firstMs = Math.min(...sent.map(({ occurredAt }) => Date.parse(occurredAt)));
    const shiftMs = startMs + (index * 90 * DAY_MS) / runs.length - firstMs;
    const moved = sent.map((event) => {
      const occurredAt = new Date(Date.parse(event.occurredAt) + shiftMs).toISOString();
      const named = event.outcome === undefined ? {} : { outcome: "ticket_resolved" };
      return { ...event, ...named, occurredAt };
    });
    const atMs = Math.max(...moved.map(({ occurredAt }) => Date.parse(occurredAt)));
    deliveries.push({ atMs, events: moved });
    const outcome = moved.find(({ type }) => type === "outcome.recorded");
    if (outcome === undefined) continue;
    const finalAtMs = Date.parse(outcome.occurredAt) + WINDOW_MS;
    const waitMs = [null, 3 * DAY_MS, 75 * DAY_MS][solved.length % 3] ?? null;
    const takenBackAtMs = waitMs === null ? null : atMs + waitMs;
    const customer = moved.find(({ type }) => type === "run.opened")?.customer ?? "";
    solved.push({ customer, finalAtMs, takenBackAtMs });
    if (takenBackAtMs === null) continue;
    const about = {
      run: outcome.run,
      source: outcome.source,
      id: "taken back",
      reason: "reopened",
    };
    const key = (outcome as { key?: string }).key ?? "ticket_resolved";
    const occurredAt = new Date(takenBackAtMs).toISOString();
    const event = { type: "outcome.reversed", ...about, key, occurredAt };
    deliveries.push({ atMs: takenBackAtMs, events: [event] });
  }
  return { deliveries: deliveries.sort((a, b) => a.atMs - b.atMs), solved };
}

interface Line {
  readonly kind: string;
  readonly amountExact: string;
}

/** What is billed by month: charges of it, and everything. */
type Billed = Readonly<Record<string, { readonly charges: string; readonly total: string }>>;

async function billedBy(deliveries: readonly Delivery[], isTimely: boolean): Promise<Billed> {
  const file = join(ROOT, "examples/cards/outcome-settled.json");
  const document = readFileSync(file, "utf8");
  const store = new MemoryStore();
  let nowMs = 0;
  const engine = composeEngine(store, { clock: { nowMs: () => nowMs } });
  await store.createWorkspace(WORKSPACE);
  const card = { card: storedRateCard(document), document, effectiveFromMs: 0 };
  await engine.applyRateCard(WORKSPACE, card);
  const { intake } = composeHttp(engine);
  const close = (period: string) =>
    engine.closePeriod(WORKSPACE, { customer: null, period, early: false });
  const months = ["2026-09", "2026-10", "2026-11", "2026-12", "2027-01", "2027-02"];
  for (const { atMs, events } of deliveries) {
    while (isTimely && atMs >= Date.parse(`${months[1]}-01T00:00:00Z`)) {
      nowMs = Date.parse(`${months[1]}-01T00:00:00Z`);
      await close(months.shift() ?? "");
    }
    nowMs = atMs;
    const { results } = await intake.ingestBody(WORKSPACE, JSON.stringify(events), "json");
    for (const { result } of results) assert.notEqual(result.status, "rejected");
    if (isTimely) await engine.settleOutcomes(WORKSPACE);
  }
  nowMs = Date.UTC(2027, 2, 1);
  for (const month of months) await close(month);
  assert.equal(await engine.settleOutcomes(WORKSPACE), 0);
  assertConserved(await holdings(store, WORKSPACE));
  const statements = await store.listStatements(WORKSPACE);
  const byMonth = Map.groupBy(statements, ({ period }) => period.slice(0, 7));
  const entries = [...byMonth].map(([month, all]) => {
    const lines = all.flatMap((one) => JSON.parse(one.document).lines as Line[]);
    const charged = lines.filter(({ kind }) => kind === "charge");
    return [month, { charges: sumOf(charged), total: sumOf(lines) }] as const;
  });
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}

function sumOf(lines: readonly Line[]): string {
  return lines.reduce((sum, line) => sum.plus(line.amountExact), new Decimal(0)).toFixed();
}

/** By month of being final: what is left by an instant, in tiers for each customer. */
function countedAgain(solved: readonly Solved[], isLeft: (one: Solved) => boolean) {
  const left = solved.filter(isLeft);
  const monthOf = ({ finalAtMs }: Solved) => new Date(finalAtMs).toISOString().slice(0, 7);
  const sums = new Map<string, Decimal>();
  for (const [place, own] of Map.groupBy(left, (one) => `${monthOf(one)} ${one.customer}`)) {
    const month = place.slice(0, 7);
    const first = new Decimal("0.99").times(Math.min(own.length, 10));
    const amount = first.plus(new Decimal("0.79").times(Math.max(own.length - 10, 0)));
    sums.set(month, (sums.get(month) ?? new Decimal(0)).plus(amount));
  }
  return sums;
}

function totalOf(sums: Iterable<Decimal>): string {
  return [...sums].reduce((sum, one) => sum.plus(one), new Decimal(0)).toFixed();
}

describe("outcomes that settle, over recorded runs", { skip }, () => {
  test("each month bills what became final in it, less what is taken back", async () => {
    const { deliveries, solved } = await history();
    const takenBack = solved.filter(({ takenBackAtMs }) => takenBackAtMs !== null);
    assert.ok(solved.length > 30 && takenBack.length > 20);
    const timely = await billedBy(deliveries, true);
    const closedAt = (month: string) => Temporal.PlainYearMonth.from(month).add({ months: 1 });
    const isBilled = ({ finalAtMs, takenBackAtMs }: Solved) => {
      const month = new Date(finalAtMs).toISOString().slice(0, 7);
      const endMs = Date.parse(`${closedAt(month)}-01T00:00:00Z`);
      return takenBackAtMs === null || takenBackAtMs >= endMs;
    };
    const charged = countedAgain(solved, isBilled);
    assert.ok(charged.size > 2);
    for (const [month, amount] of charged) {
      assert.equal(timely[month]?.charges, amount.toFixed(), month);
    }
    const kept = countedAgain(solved, ({ takenBackAtMs }) => takenBackAtMs === null);
    const total = (billed: Billed) =>
      totalOf(Object.values(billed).map((one) => new Decimal(one.total)));
    assert.equal(total(timely), totalOf(kept.values()), "adjustments give back the rest");
    const late = await billedBy(deliveries, false);
    for (const [month, amount] of kept) assert.equal(late[month]?.total, amount.toFixed(), month);
    assert.equal(total(late), total(timely));
  });
});
