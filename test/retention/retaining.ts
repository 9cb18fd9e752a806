/** Removes old steps in tests as `tollgate retain` does, by a clock that the test sets. */
import { composeEngine, nodeDigest } from "../../src/compose.ts";
import { storedTariffs } from "../../src/engine/cards/workspace-tariff.ts";
import type { Engine } from "../../src/engine/engine.ts";
import { contextOf } from "../../src/engine/engine-context.ts";
import type { Store } from "../../src/engine/ports.ts";
import { RetentionCases } from "../../src/engine/retention/retention-cases.ts";
import { openPostgresStore } from "../../src/store/postgres/postgres-store.ts";
import { randomIds } from "../../src/store/random-ids.ts";
import { type Retained, retain } from "../../src/store/retain/retain.ts";
import { openSqliteStore } from "../../src/store/sqlite/sqlite-store.ts";

/** Where steps are removed. */
export interface Place {
  readonly dataDir: string;
  readonly databaseUrl?: string;
}

/** Opens what stands there. */
export async function openAt({ dataDir, databaseUrl }: Place): Promise<Store> {
  if (databaseUrl === undefined) return openSqliteStore({ dataDir, digest: nodeDigest });
  return openPostgresStore({ connectionString: databaseUrl, digest: nodeDigest });
}

/** What retention is done with, over a store. */
export function casesOver(store: Store, nowMs: number): RetentionCases {
  const clock = { nowMs: () => nowMs };
  const ports = { store, clock, ids: randomIds, digest: nodeDigest };
  return new RetentionCases(contextOf({ ...ports, tariffs: storedTariffs(store) }));
}

/** Works with an engine that is recovered first, and closes its store. */
export async function withEngine<T>(
  place: Place,
  nowMs: number,
  work: (engine: Engine) => Promise<T>,
): Promise<T> {
  const store = await openAt(place);
  try {
    const engine = composeEngine(store, { clock: { nowMs: () => nowMs } });
    for (const workspace of await store.workspaces()) await engine.recover(workspace);
    return await work(engine);
  } finally {
    await store.close();
  }
}

/** As the command does it, with an instant as the present. */
export function retainAt(place: Place, nowMs: number, keepMonths = 3): Promise<Retained> {
  const open = async () => {
    const store = await openAt(place);
    return { store, cases: casesOver(store, nowMs) };
  };
  return retain(open, { ...place, keepMonths, onProgress: () => {} });
}

/** Closes every period of every customer that has ended, once nothing goes on any more. */
export async function closeAll(engine: Engine, workspace: string): Promise<void> {
  await engine.abandonSilentRuns(workspace, 1000);
  for (let looked = -1; ; ) {
    const periods = new Set<string>();
    for (const year of ["2025", "2026", "2027"]) {
      for (const { period } of await engine.store.periodsToBill(workspace, year))
        periods.add(period);
    }
    for (const period of [...periods].sort()) {
      await engine.closePeriod(workspace, { customer: null, period, early: false });
    }
    if (periods.size === looked) return;
    looked = periods.size;
  }
}
