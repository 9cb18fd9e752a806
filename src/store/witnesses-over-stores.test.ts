/**
 * Several emitters record one call. Where the run names an authority, its record counts, whatever
 * came first. Where nobody does, the first that came counts and every other leaves no trace in any
 * total: so they count the call once in any order, and who is to decide has to be named.
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import fc from "fast-check";
import { postgresServer } from "../../test/postgres-server.ts";
import { nodeDigest } from "../compose.ts";
import type { RunOpened, StepEvent, TollgateEvent } from "../domain/event/event.ts";
import type { Store } from "../engine/ports.ts";
import { totalsOf } from "./arrival-order-contract.ts";
import { assertConserved } from "./conservation-contract.ts";
import { anyFacts, hashed, START_MS } from "./event-sequences-contract.ts";
import { MemoryStore } from "./memory/memory-store.ts";
import { deliver, engineOver, type Holdings, holdings } from "./play-contract.ts";
import { openPostgresStore } from "./postgres/postgres-store.ts";
import { openSqliteStore } from "./sqlite/sqlite-store.ts";

const dataDir = mkdtempSync(join(tmpdir(), "tollgate-witnesses-"));
const stores = new Map<string, Store>();
let workspaces = 0;

before(async () => {
  const server = await postgresServer();
  const connectionString = await server.createDatabase();
  stores.set("SQLite", openSqliteStore({ dataDir, digest: nodeDigest }));
  stores.set("PostgreSQL", await openPostgresStore({ connectionString, digest: nodeDigest }));
});

after(async () => {
  for (const store of stores.values()) await store.close();
  rmSync(dataDir, { recursive: true, force: true });
});

const isFull = process.env.TOLLGATE_TEST_FULL !== undefined;
const COUNTS: readonly [where: readonly string[], count: number][] = [
  [["memory"], isFull ? 4_000 : 60],
  [["SQLite", "PostgreSQL"], isFull ? 400 : 16],
];

const SOURCES = ["sdk", "proxy", "trace"] as const;
const anyAgent = fc.constantFrom(null, "support", "sales");
const anyTime = fc.nat(20).map((days) => START_MS - days * 86_400_000);

/** What one emitter says of the call, whole and as a bill. */
const witnessBy = (source: string, run: fc.Arbitrary<string>): fc.Arbitrary<StepEvent> =>
  fc
    .record({ run, facts: anyFacts, agent: anyAgent, occurredAtMs: anyTime })
    .map(({ facts, ...said }) => {
      const none = { parentRun: null, parentStep: null, hold: null };
      const of = { source, id: `of the ${source}`, customer: "acme", callId: "openai:c" };
      const whole = { completeness: "exact", role: "bill" } as const;
      return hashed({ type: "step", ...facts, ...said, ...none, ...of, ...whole, contentHash: "" });
    });

const witnessesIn = (run: fc.Arbitrary<string>) =>
  fc.tuple(...SOURCES.map((source) => witnessBy(source, run)));

const openingBy = (authority: string, run: string): fc.Arbitrary<RunOpened> =>
  fc.record({ occurredAtMs: anyTime, agent: anyAgent }).map((said) => {
    const of = { run, source: "sdk", id: "open", customer: "acme", parentRun: null, labels: null };
    return hashed({ type: "run.opened", ...of, ...said, authority, contentHash: "" });
  });

interface Arrival {
  readonly events: readonly TollgateEvent[];
  readonly batchSize: number;
}

const anyOrderOf = <T extends TollgateEvent>(events: readonly T[]) =>
  fc.record({
    events: fc.shuffledSubarray([...events], { minLength: events.length }),
    batchSize: fc.integer({ min: 1, max: 4 }),
  });

/** All that a store of this name holds once these have arrived. */
async function arrived(name: string, arrival: Arrival): Promise<Holdings> {
  const store = stores.get(name) ?? new MemoryStore();
  workspaces += 1;
  const workspace = `w${workspaces}`;
  const world = await engineOver(store, workspace);
  await deliver(store, workspace, { ...arrival, world });
  const found = await holdings(store, workspace);
  assertConserved(found);
  return found;
}

const billed = ({ steps }: Holdings) => steps.filter(({ role }) => role === "bill");

for (const [where, numRuns] of COUNTS) {
  const store = fc.constantFrom(...where);

  test(`a call that nobody decides on is the first that came (${where.join(", ")})`, async () => {
    const anyRun = fc.constantFrom("r1", "s1");
    const anyArrival = witnessesIn(anyRun).chain((witnesses) => anyOrderOf(witnesses));
    const property = fc.asyncProperty(anyArrival, store, async (arrival, name) => {
      const found = await arrived(name, arrival);
      const [first] = arrival.events;
      assert.deepEqual(
        billed(found).map(({ id }) => id),
        [first?.id],
      );
      const alone = await arrived(name, { events: arrival.events.slice(0, 1), batchSize: 1 });
      assert.deepEqual(totalsOf(found), totalsOf(alone), "others leave no trace");
    });
    await fc.assert(property, { numRuns });
  });

  test(`a call that an authority decides on is its record (${where.join(", ")})`, async () => {
    const anyTwo = fc
      .constantFrom(...SOURCES, "another")
      .chain((authority) => fc.tuple(witnessesIn(fc.constant("r1")), openingBy(authority, "r1")))
      .chain(([witnesses, opening]) => {
        const events = [...witnesses, opening];
        return fc.tuple(anyOrderOf(events), anyOrderOf(events), fc.constant(opening.authority));
      });
    const property = fc.asyncProperty(anyTwo, store, async ([one, other, authority], name) => {
      const [here, there] = [await arrived("memory", one), await arrived(name, other)];
      assert.deepEqual(totalsOf(there), totalsOf(here));
      const expected = SOURCES.filter((source) => source === authority);
      assert.deepEqual(
        billed(there).map(({ source }) => source),
        expected,
      );
    });
    await fc.assert(property, { numRuns });
  });
}
