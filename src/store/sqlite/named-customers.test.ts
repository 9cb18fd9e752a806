/** Simulations of named customers: whose steps are few are read alone, others beside all others. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { composeEngine, composeHttp, nodeDigest } from "../../compose.ts";
import type { SimulatedCustomer } from "../../engine/simulation/simulation.ts";
import { CARDS } from "../play-contract.ts";
import { write } from "../round-trip-contract.ts";
import { asSent } from "../simulation-contract.ts";
import { openSqliteStore } from "./sqlite-store.ts";

const NOW_MS = Date.UTC(2026, 10, 20);
const STEPS = { large: 60, middle: 9, small: 6 };
const ALL = STEPS.large + STEPS.middle + STEPS.small;

test("a customer of few steps has its own read, and its bill is that of everyone's", async () => {
  const dataDir = mkdtempSync(join(tmpdir(), "tollgate-named-customers-"));
  const store = openSqliteStore({ dataDir, digest: nodeDigest });
  await store.createWorkspace("w");
  await write(store, "w", { cards: CARDS });
  const engine = composeEngine(store, { clock: { nowMs: () => NOW_MS } });
  const events = Object.entries(STEPS).flatMap(([customer, count]) =>
    Array.from({ length: count }, (_, at) => ({
      ...{ id: `${customer}${at}`, source: "sdk", run: `${customer}-${at % 2}`, customer },
      ...{ kind: "tool", tool: "search", occurredAt: `2026-11-0${1 + (at % 9)}T12:00:00Z` },
    })),
  );
  await composeHttp(engine).intake.ingestBody("w", Buffer.from(JSON.stringify(events)), "json");
  const simulated = async (customers: readonly string[] | null) => {
    const told: SimulatedCustomer[] = [];
    let read = 0;
    await engine.simulate("w", {
      request: { cards: [null, ...CARDS.map(asSent)], customers, from: null, to: null },
      listener: {
        signal: new AbortController().signal,
        onProgress: (done) => {
          read = done;
        },
        onCustomer: async (one) => void told.push(one),
      },
    });
    return { told, read };
  };
  const { told, read } = await simulated(null);
  assert.equal(read, ALL);
  assert.deepEqual(
    told.map(({ steps }) => steps),
    Object.values(STEPS),
  );
  for (const [at, customer] of Object.keys(STEPS).entries()) {
    const alone = await simulated([customer]);
    assert.deepEqual(alone.told, [told[at]], customer);
    assert.equal(alone.read, customer === "small" ? STEPS.small : ALL, customer);
  }
  await store.close();
  rmSync(dataDir, { recursive: true, force: true });
});
