/**
 * What was known: a reading as of an instant says what the reading of that instant said. Random
 * histories are played step by step over every store; all that can be read is remembered after each
 * step, and asked for again when the history is over.
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import fc from "fast-check";
import { postgresServer } from "../../test/postgres-server.ts";
import { nodeDigest } from "../compose.ts";
import { type Amount, formatAmount } from "../domain/money/decimal.ts";
import { storedRateCard } from "../domain/rating/stored-rate-card.ts";
import { recordedActs } from "../engine/acts/recorded-acts.ts";
import type { ReadContext } from "../engine/context.ts";
import type { Engine } from "../engine/engine.ts";
import { readCreditNotes, readDisputes } from "../engine/periods/credited.ts";
import type { StatementHead } from "../engine/periods/statement-list.ts";
import { successionsOf } from "../engine/periods/statement-successions.ts";
import type { Reads, Store } from "../engine/ports.ts";
import { USAGE_DIMENSIONS } from "../engine/reports/read-usage.ts";
import type { RunTree } from "../engine/runs/read-run.ts";
import { anyHistory, type Happening } from "./event-sequences-contract.ts";
import { MemoryStore } from "./memory/memory-store.ts";
import { codeOf, engineOver, happen, lengthMs } from "./play-contract.ts";
import { openPostgresStore } from "./postgres/postgres-store.ts";
import { sorted } from "./round-trip-contract.ts";
import { openSqliteStore } from "./sqlite/sqlite-store.ts";

const dataDir = mkdtempSync(join(tmpdir(), "tollgate-as-of-"));
const stores = new Map<string, Store>([["memory", new MemoryStore()]]);
let workspaces = 0;

before(async () => {
  const connectionString = await (await postgresServer()).createDatabase();
  const sqlite = { digest: nodeDigest, dataDir: join(dataDir, "one") };
  stores.set("SQLite", openSqliteStore(sqlite));
  stores.set("PostgreSQL", await openPostgresStore({ connectionString, digest: nodeDigest }));
});

after(async () => {
  for (const store of stores.values()) await store.close();
  rmSync(dataDir, { recursive: true, force: true });
});

const full = process.env.TOLLGATE_TEST_FULL === undefined ? 1 : 100;
const WHO = { id: null, reason: "agreed", by: "anna" };

const COMMITMENTS = {
  commitments: [
    {
      ...{ key: "yearly", name: "Yearly", kind: "prepaid", per: "contract" },
      ...{ amount: "5", currency: "USD", from: "2026-11-01", until: "2027-11-01" },
    },
  ],
};

/** Another card, or another version: tools in tiers, and runs with other bounds. */
function plainCard(key: string, unit: string) {
  const tiers = [{ upTo: "1", unit: "0" }, { unit }];
  const document = JSON.stringify({
    key,
    currency: "USD",
    charges: [
      {
        key: "tools",
        meter: { count: "steps", where: { kind: "tool" } },
        price: { model: "graduated", tiers },
      },
      { key: "runs", meter: { count: "runs" }, price: { model: "per_unit", unit } },
    ],
    minimum: "4",
    runCap: "0.9",
  });
  return { card: storedRateCard(document), document };
}

/** What people do to bills, beside what happens by itself. */
type ByHand =
  | { readonly kind: "goodwill"; readonly customer: string }
  | { readonly kind: "opening"; readonly customer: string }
  | { readonly kind: "commitment"; readonly customer: string }
  | { readonly kind: "reissue" }
  | { readonly kind: "dispute" }
  | { readonly kind: "decide" }
  | { readonly kind: "credit note" }
  | { readonly kind: "other card"; readonly customer: string }
  | { readonly kind: "next version"; readonly price: string };

const customer = fc.constantFrom("acme", "beta");
const anyByHand: fc.Arbitrary<ByHand> = fc.oneof(
  fc.record({ kind: fc.constantFrom("goodwill" as const, "opening" as const), customer }),
  fc.record({ kind: fc.constantFrom("commitment" as const, "other card" as const), customer }),
  fc.record({ kind: fc.constantFrom("reissue" as const, "dispute" as const) }),
  fc.record({ kind: fc.constantFrom("decide" as const, "credit note" as const) }),
  fc.record({ kind: fc.constant("next version" as const), price: fc.constantFrom("0.4", "0.6") }),
);

type Step = Happening | ByHand;

/** Histories with acts by hand strewn in. */
const anySteps: fc.Arbitrary<readonly Step[]> = fc
  .tuple(anyHistory, fc.array(fc.tuple(fc.nat(12), anyByHand), { maxLength: 6 }))
  .map(([history, acts]) => {
    const steps: Step[] = [...history];
    for (const [at, act] of acts) steps.splice(Math.min(at, steps.length), 0, act);
    return steps;
  });

async function doStep(engine: Engine, ws: string, step: Step): Promise<unknown> {
  switch (step.kind) {
    case "goodwill":
      return engine.giveGoodwill(ws, { ...WHO, customer: step.customer, amount: "0.50" });
    case "opening": {
      const counters = [{ charge: "tools", cell: "", quantity: "3" }];
      const opening = { ...WHO, customer: step.customer, amount: "1", counters };
      return engine.setOpening(ws, opening);
    }
    case "commitment":
      return engine.commitments.save(ws, { customer: step.customer, document: COMMITMENTS });
    case "reissue": {
      const [first] = await engine.store.listStatements(ws);
      return first && engine.reissueStatement(ws, { ...WHO, statement: first.id });
    }
    case "dispute": {
      const [first] = await engine.store.listStatements(ws);
      if (first === undefined) return null;
      const target = { kind: "line", statement: first.id, line: 1 } as const;
      return engine.openDispute(ws, { ...WHO, target, amount: "0.01" });
    }
    case "decide": {
      const all = ["acme", "beta"].map((id) => readDisputes(engine.store, ws, id));
      const [first] = (await Promise.all(all)).flat();
      if (first === undefined) return null;
      return engine.resolveDispute(ws, { id: first.id, favor: "us", reason: "so", by: "ben" });
    }
    case "credit note": {
      const [first] = await engine.store.listStatements(ws);
      if (first === undefined) return null;
      const lines = [{ line: 1, amount: "0.01" }];
      return engine.issueCreditNote(ws, { ...WHO, statement: first.id, lines });
    }
    case "other card":
    case "next version": {
      const key = step.kind === "other card" ? "other" : "card";
      const document = plainCard(key, step.kind === "other card" ? "0.2" : step.price);
      const card = { ...document, effectiveFromMs: null, takesEffect: "at_once" } as const;
      await engine.applyRateCard(ws, card);
      if (step.kind === "next version") return null;
      const settings = { cardKey: key, name: "Renamed" };
      return engine.saveCustomer(ws, { id: step.customer, settings });
    }
    default:
      return happen(engine, ws, step);
  }
}

/** All that can be told, of now or as of an instant; a refusal by its code. */
async function tell(engine: Engine, ws: string, atMs: number | null): Promise<object> {
  const reads = await engine.readsAt(ws, atMs);
  const told: Record<string, unknown> = {};
  const note = async (name: string, answer: Promise<unknown>): Promise<void> => {
    told[name] = await answer.catch(codeOf);
  };
  for (const id of ["r1", "r2", "r3", "r4", "r5"]) {
    await note(`run ${id}`, engine.runTree(ws, id, reads).then(seen));
  }
  for (const groupBy of [USAGE_DIMENSIONS, ["customer", "period"] as const, []]) {
    await note(
      `usage by ${groupBy}`,
      engine.usage(ws, { groupBy, filter: {} }, reads).then(sorted),
    );
  }
  const { store } = reads;
  await note("statements", statementsOf(store, ws));
  for (const id of ["acme", "beta"]) await note(`disputes of ${id}`, readDisputes(store, ws, id));
  await note("goodwill", recordedActs(store, ws, { kind: "goodwill.given" }));
  for (const id of ["acme", "beta"]) {
    const filter = { customer: id };
    await note(`lines of ${id}`, linesOf(engine, ws, { customer: id, reads }));
    await note(`usage of ${id}`, engine.usage(ws, { groupBy: [], filter }, reads));
    await note(`projection of ${id}`, engine.projection(ws, id, reads));
    await note(`statements of ${id}`, Promise.resolve(reads.store.listStatements(ws, id)));
    await note(`customer ${id}`, Promise.resolve(reads.store.customer(ws, id)));
    const waiting = { customer: id, limit: 100 };
    await note(`not final of ${id}`, Promise.resolve(reads.store.provisionalOutcomes(ws, waiting)));
    for (const period of ["2026-10-01", "2026-11-01", "2026-12-01"]) {
      await note(`bill of ${id} ${period}`, engine.bill(ws, { customer: id, period }, reads));
      const rows = await reads.store.countersOf(ws, { customer: id, period });
      told[`counters of ${id} ${period}`] = sorted(
        rows.filter(({ counter }) => counter.cardVersionId !== null || counter.amount !== 0n),
      );
    }
  }
  return told;
}

/** All statements by pages of two, with what replaces what. */
async function statementsOf(store: Reads, ws: string): Promise<object> {
  const told: object[] = [];
  for (let after: StatementHead | undefined; ; ) {
    const filter = after === undefined ? { limit: 2 } : { after, limit: 2 };
    const page = await store.statementPage(ws, filter);
    const successions = await successionsOf(store, ws, page);
    told.push(...page.map((one, index) => ({ ...one, ...successions[index] })));
    after = page.at(-1);
    if (page.length < 2) return told;
  }
}

interface BilledLine {
  readonly kind: string;
  readonly amountExact: string;
}

/** Lines that are the sum of what is behind them, whatever came later. */
const OF_USAGE = ["charge", "run_cap", "run_minimum", "adjustment"];

/** What is behind every line of a customer's statements, and the credit notes on them. */
async function linesOf(
  engine: Engine,
  ws: string,
  { customer, reads }: { readonly customer: string; readonly reads: ReadContext },
): Promise<object> {
  const told: Record<string, unknown> = {};
  for (const { id: statement, document } of await reads.store.listStatements(ws, customer)) {
    told[statement] = await readCreditNotes(reads.store, ws, statement);
    const { lines } = JSON.parse(document) as { readonly lines: readonly BilledLine[] };
    for (const [index, { kind, amountExact }] of lines.entries()) {
      const line = { statement, line: index + 1, limit: 1_000, cursor: null };
      const { items, next } = await engine.readLine(ws, line, reads);
      told[`${statement} ${index + 1}`] = { items: sorted(items), next };
      if (!OF_USAGE.includes(kind)) continue;
      const behind = items.reduce((sum, { amount }) => sum + amount, 0n);
      assert.equal(formatAmount(behind as Amount), amountExact, "a line is what is behind it");
    }
  }
  return told;
}

/** A run as it is told: nobody tells its last sign of life. */
function seen({ run, children, steps, ...rest }: RunTree): object {
  const { lastSeenAtMs: _, ...told } = run;
  return { ...rest, run: told, steps: sorted(steps), children: children.map(seen) };
}

/** Plays a history; returns what was told after each step, and when that was. */
async function playAndTell(store: Store, steps: readonly Step[]) {
  workspaces += 1;
  const ws = `w${workspaces}`;
  const { engine, advance } = await engineOver(store, ws);
  const told: { readonly atMs: number; readonly now: object }[] = [];
  for (const step of steps) {
    const atMs = advance(lengthMs(step));
    await doStep(engine, ws, step).catch(codeOf);
    told.push({ atMs, now: await tell(engine, ws, null) });
  }
  return { engine, ws, told };
}

async function checkLaws(store: Store, steps: readonly Step[]): Promise<void> {
  const { engine, ws, told } = await playAndTell(store, steps);
  for (const [index, { atMs, now }] of told.entries()) {
    const of = `after step ${index + 1} of ${steps.length}`;
    assert.deepEqual(await tell(engine, ws, atMs), now, `as of the moment ${of}`);
    const beforeNextMs = atMs + 59_999;
    if (index === told.length - 1) continue;
    const later = await tell(engine, ws, beforeNextMs);
    assert.deepEqual(timeless(later), timeless(now), `until the next one ${of}`);
  }
}

/** What a later instant tells differently: how much of the period has passed. */
function timeless(told: object): object {
  const entries = Object.entries(told).filter(([name]) => !name.startsWith("projection"));
  return Object.fromEntries(
    entries.map(([name, one]) => [name, name.startsWith("bill") ? (one as Told).document : one]),
  );
}

interface Told {
  readonly document?: string;
}

for (const [name, runs] of [
  ["memory", 30],
  ["SQLite", 8],
  ["PostgreSQL", 2],
] as const) {
  test(`as of an instant, ${name} tells what it told then`, async () => {
    const property = fc.asyncProperty(anySteps, async (steps) => {
      const store = stores.get(name) ?? assert.fail(name);
      await checkLaws(store, steps);
    });
    await fc.assert(property, { numRuns: runs * full });
  });
}
