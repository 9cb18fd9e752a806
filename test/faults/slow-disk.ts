/** A server over a disk that takes its time, so that units begin while another is on its way. */
import assert from "node:assert/strict";
import { nodeDigest } from "../../src/compose.ts";
import type { Store } from "../../src/engine/ports.ts";
import { openSqliteStore } from "../../src/store/sqlite/sqlite-store.ts";
import { arm, type Fault } from "./failing-database.ts";
import { LateWriter } from "./late-writer.ts";
import { serveStore } from "./served-store.ts";

/** What fails, once so many units have begun while another was on its way. */
export interface LateFault extends Fault {
  readonly afterEarly: number;
}

/** Serves a folder; `commitMs` is how long each commit takes, asked anew for each. */
export async function serveSlowly(
  dataDir: string,
  key: string,
  { fault, commitMs }: { readonly fault: LateFault | null; readonly commitMs: () => number },
) {
  let writer: LateWriter | null = null;
  const store: Store & { close(): Promise<void> } = openSqliteStore({
    dataDir,
    digest: nodeDigest,
    writer: (place) => {
      writer = new LateWriter(place, commitMs);
      return writer;
    },
  });
  let [early, isArmed] = [0, false];
  const transact = store.transact.bind(store);
  store.transact = (workspace, work, handedOver) =>
    transact(
      workspace,
      (unit) => {
        if (writer?.isBusy) early += 1;
        if (early === fault?.afterEarly && !isArmed) arm(fault);
        isArmed ||= early === fault?.afterEarly;
        return work(unit);
      },
      handedOver,
    );
  return { ...(await serveStore(store, key)), early: () => early };
}

/** What a session under a fault came to. */
interface Session {
  readonly isHit: boolean;
  /** Requests that were refused at first. */
  readonly failures: number;
}

/** Plays sessions in which a unit fails while another has begun behind it; tells how it went. */
export async function assertTwoFailTogether(
  kind: Fault["kind"],
  seed: number,
  sessionWith: (fault: LateFault, session: number) => Promise<Session>,
): Promise<string> {
  let [hits, refused] = [0, 0];
  const least = process.env.TOLLGATE_TEST_FULL === undefined ? 4 : 60;
  let session = 0;
  // Some calls are those of a unit that nobody begins behind: it goes on until one is not.
  const isDone = () => session >= least && (refused > hits || session >= 5 * least);
  while (!isDone()) {
    session += 1;
    const afterEarly = 1 + (session % 5);
    const nth = kind === "call" ? 1 + ((7 * session + seed) % 40) : 1;
    const done = await sessionWith({ kind, nth, afterEarly }, session);
    if (done.isHit) hits += 1;
    refused += done.failures;
  }
  assert.ok(hits > 0 && refused > hits, "two units fail together");
  return `${hits} faults in ${session} sessions, ${refused} requests refused`;
}
