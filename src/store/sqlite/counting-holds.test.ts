/** Holds that count, of which some are kept whole: held against all of them in one list. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import fc from "fast-check";
import { composeEngine, nodeDigest } from "../../compose.ts";
import type { Hold } from "../../domain/budget/hold.ts";
import { ZERO_AMOUNT } from "../../domain/money/decimal.ts";
import { stepKeyText } from "../../engine/commit/batch-state.ts";
import { NOW_MS, opened } from "../../engine/commit/engine-world.test.ts";
import { ask, budget, holdOn, words } from "../../engine/limits/holds-world.test.ts";
import type { StepKey } from "../../engine/ports.ts";
import type { Row } from "../stored-rows.ts";
import { BalanceSlots } from "./balance-slots.ts";
import { CountingHolds } from "./counting-holds.ts";
import { openSqliteStore } from "./sqlite-store.ts";
import { Statements } from "./statements.ts";

const BALANCE = { budgetId: 1, scope: "acme", window: "" };

const SAMPLE_HOLD: Hold = {
  ...{ run: "a", source: "sdk", id: "1", holdId: "hold_1", state: "open", customer: "acme" },
  ...{ callId: null, contentHash: "asked", grantedAtMs: 1_000, expiresAtMs: 2_000 },
  ...{ onExpiry: "estimate", cost: ZERO_AMOUNT, charge: ZERO_AMOUNT, currency: null },
  ...{ maxOutputTokens: null, isClamped: false, reserves: [{ ...BALANCE, amount: 1n }] },
  ...{ document: "{}", endedAtMs: null, settledBy: null },
};

/** A file of holds, that counts how many are read one by one. */
class HoldFile {
  readonly byKey = new Map<string, Hold>();
  readonly slots = new BalanceSlots();
  reads = 0;

  *rows(): Generator<Row> {
    for (const { run, source, id, callId: call_id, state, reserves } of this.byKey.values()) {
      const texts = reserves.map((one) => [one.budgetId, one.scope, one.window, `${one.amount}`]);
      if (state === "open") yield { run, source, id, call_id, reserves: JSON.stringify(texts) };
    }
  }

  read(key: StepKey): Hold {
    this.reads += 1;
    return this.byKey.get(stepKeyText(key)) ?? assert.fail("no such hold");
  }

  put(hold: Hold): void {
    this.byKey.set(stepKeyText(hold), hold);
  }

  get counting(): Hold[] {
    return [...this.byKey.values()].filter(({ state }) => state === "open");
  }

  get held(): bigint {
    return this.slots.of(BALANCE).held;
  }
}

const RUNS = ["a", "b"];
const IDS = ["1", "2", "3", "4", "5"];
const CALLS = ["x", "y", null];
const hold = fc.record({
  run: fc.constantFrom(...RUNS),
  id: fc.constantFrom(...IDS),
  callId: fc.constantFrom(...CALLS),
  state: fc.constantFrom("open" as const, "open" as const, "settled" as const, "released" as const),
  amount: fc.bigInt({ min: 1n, max: 9n }),
});

function sorted(holds: readonly Hold[]): Hold[] {
  return holds.toSorted((a, b) => (stepKeyText(a) < stepKeyText(b) ? -1 : 1));
}

function assertSame(kept: CountingHolds, file: HoldFile): void {
  const all = file.counting;
  assert.equal(kept.size, all.length);
  const sum = all.flatMap(({ reserves }) => reserves).reduce((held, one) => held + one.amount, 0n);
  assert.equal(file.held, sum);
  for (const run of RUNS) {
    for (const id of IDS) {
      const key = { run, source: SAMPLE_HOLD.source, id };
      const own = all.find((one) => stepKeyText(one) === stepKeyText(key));
      assert.deepEqual(kept.of(key), own);
    }
  }
  for (const call of ["x", "y"]) {
    const own = all.filter(({ callId }) => callId === call);
    assert.deepEqual(sorted(kept.ofCall(call)), sorted(own), `of call ${call}`);
  }
}

describe("Holds that count", () => {
  it("are found, and are set aside, whether they are kept whole or not", () => {
    const all = fc.array(hold, { maxLength: 40, size: "max" });
    fc.assert(
      fc.property(all, fc.nat(40), fc.integer({ min: 1, max: 4 }), (moves, startAt, whole) => {
        const file = new HoldFile();
        let kept: CountingHolds | null = null;
        for (const [at, { amount, ...move }] of moves.entries()) {
          if (at === startAt) kept = new CountingHolds(file, whole);
          const one: Hold = { ...SAMPLE_HOLD, ...move, reserves: [{ ...BALANCE, amount }] };
          // What a unit changed is on disk before it is taken over.
          file.put(one);
          kept?.put(one);
          if (kept !== null) assertSame(kept, file);
        }
      }),
    );
  });

  it("are read after a start when they are looked for, each once", () => {
    const file = new HoldFile();
    const ids = Array.from({ length: 100 }, (_, at) => `h${at}`);
    for (const id of ids) file.put({ ...SAMPLE_HOLD, id, state: "open", callId: null });
    const kept = new CountingHolds(file);
    assert.deepEqual([kept.size, file.reads], [100, 0]);
    for (const id of [...ids.slice(0, 7), ...ids.slice(0, 7)]) kept.of({ ...SAMPLE_HOLD, id });
    assert.equal(file.reads, 7);
  });

  it("are kept whole up to a number, the newest ones: these are never read", () => {
    const file = new HoldFile();
    const kept = new CountingHolds(file, 2_000);
    for (let at = 0; at < 5_000; at += 1) {
      const one: Hold = { ...SAMPLE_HOLD, id: `h${at}`, state: "open", callId: null };
      file.put(one);
      kept.put(one);
    }
    for (let at = 4_000; at < 5_000; at += 1) kept.of({ ...SAMPLE_HOLD, id: `h${at}` });
    assert.deepEqual([kept.size, file.reads], [5_000, 0]);
    assert.notEqual(kept.of({ ...SAMPLE_HOLD, id: "h0" }), undefined);
    assert.equal(file.reads, 1);
  });

  it("are read before anybody is served, and with the first who asks no more", async (t) => {
    const dataDir = mkdtempSync(join(tmpdir(), "tollgate-counting-"));
    t.after(() => rmSync(dataDir, { recursive: true, force: true }));
    const start = () => {
      const store = openSqliteStore({ dataDir, digest: nodeDigest });
      return { store, engine: composeEngine(store, { clock: { nowMs: () => NOW_MS } }) };
    };
    const first = start();
    await first.store.createWorkspace("w");
    await budget(first.engine, "runs", { each: "run", measure: "steps", limit: "3" });
    await first.engine.ingest("w", [opened({ run: "r1", id: "open", customer: "acme" })]);
    await holdOn(first.engine, "r1", ask("1"), ask("2"));
    await first.store.settle("w");
    await first.store.close();
    const { store, engine } = start();
    t.after(() => store.close());
    const { of } = Statements.prototype;
    let reads = 0;
    t.mock.method(Statements.prototype, "of", function (this: Statements, sql: string) {
      if (/call_id, reserves FROM holds INDEXED BY holds_counting/.test(sql)) reads += 1;
      return of.call(this, sql);
    });
    await engine.recover("w");
    assert.equal(reads, 1);
    const decided = await holdOn(engine, "r1", ask("2"), ask("3"), ask("4"));
    assert.deepEqual(words(decided), ["allow", "allow", "throttle: held_by_others"]);
    assert.equal(reads, 1);
  });
});
