/**
 * Crashes without a process to kill: the files as they are between two commits, while what the
 * store holds in memory is lost, and so is everything that came after. When all was sent again the
 * totals are those of a world that never crashed, and nothing waits whose customer is known.
 */
import assert from "node:assert/strict";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import fc from "fast-check";
import { composeEngine, nodeDigest } from "../../src/compose.ts";
import type { TollgateEvent } from "../../src/domain/event/event.ts";
import type { Engine } from "../../src/engine/engine.ts";
import type { Store } from "../../src/engine/ports.ts";
import { anyTwoArrivals, totalsOf } from "../../src/store/arrival-order-contract.ts";
import { START_MS } from "../../src/store/event-sequences-contract.ts";
import { MemoryStore } from "../../src/store/memory/memory-store.ts";
import { deliver, engineOver, type Holdings, holdings } from "../../src/store/play-contract.ts";
import { forgetRows } from "../../src/store/round-trip-contract.ts";
import { openSqliteStore } from "../../src/store/sqlite/sqlite-store.ts";
import { verifyDataFolder } from "../../src/store/verify/verify-data-folder.ts";

const CASES = process.env.TOLLGATE_TEST_FULL === undefined ? 100 : 3_000;
const MINUTE_MS = 60_000;
const WORKSPACE = "w";

const folder = mkdtempSync(join(tmpdir(), "tollgate-resent-"));
after(() => rmSync(folder, { recursive: true, force: true }));
let made = 0;
const nextFolder = (): string => {
  made += 1;
  return join(folder, String(made));
};

/** What happens after some batches; a crash loses the `lost` batches behind its instant. */
interface Interruption {
  readonly kind: "crash" | "failed unit" | "read";
  readonly batches: number;
  readonly lost: number;
}

const anyInterruption: fc.Arbitrary<Interruption> = fc.record({
  kind: fc.constantFrom("crash", "crash", "failed unit", "read"),
  batches: fc.nat(6),
  lost: fc.nat(3),
});

/** A data folder under an engine, and the batches that are sent to it. */
class Scene {
  readonly #batches: readonly (readonly TollgateEvent[])[];
  #dataDir = nextFolder();
  #store: Store = openSqliteStore({ dataDir: this.#dataDir, digest: nodeDigest });
  #engine: Engine = this.#overStore();
  #nowMs = START_MS;
  #sent = 0;

  constructor(batches: readonly (readonly TollgateEvent[])[]) {
    this.#batches = batches;
  }

  #overStore(): Engine {
    return composeEngine(this.#store, { clock: { nowMs: () => this.#nowMs } });
  }

  /** The workspace gets its cards and prices. */
  async prepare(): Promise<void> {
    await engineOver(this.#store, WORKSPACE);
  }

  async #ingest(batch: readonly TollgateEvent[]): Promise<TollgateEvent[]> {
    this.#nowMs += MINUTE_MS;
    const { results } = await this.#engine.ingest(WORKSPACE, batch);
    return batch.filter((_, index) => results[index]?.status === "rejected");
  }

  async #send(count: number): Promise<void> {
    for (const batch of this.#batches.slice(this.#sent, this.#sent + count)) {
      await this.#ingest(batch);
    }
    this.#sent += count;
  }

  async interrupt({ kind, batches, lost }: Interruption): Promise<void> {
    await this.#send(batches);
    if (kind === "crash") return this.#crash(lost);
    if (kind === "failed unit") await forgetRows(this.#store, WORKSPACE);
    await this.#engine.recover(WORKSPACE);
    await this.#store.listRuns(WORKSPACE, { limit: 1 });
  }

  async #crash(lost: number): Promise<void> {
    const survivor = nextFolder();
    cpSync(this.#dataDir, survivor, { recursive: true });
    await this.#send(lost);
    await this.close();
    this.#dataDir = survivor;
    this.#store = openSqliteStore({ dataDir: survivor, digest: nodeDigest });
    this.#engine = this.#overStore();
    await this.#engine.recover(WORKSPACE);
  }

  /** Sends everything from the beginning, and what was refused for as long as that changes. */
  async resend(): Promise<void> {
    let batches = this.#batches;
    for (let before = Number.POSITIVE_INFINITY; batches.flat().length < before; ) {
      before = batches.flat().length;
      const refused: TollgateEvent[][] = [];
      for (const batch of batches) refused.push(await this.#ingest(batch));
      batches = refused.filter((batch) => batch.length > 0);
    }
  }

  holdings(): Promise<Holdings> {
    return holdings(this.#store, WORKSPACE);
  }

  async close(): Promise<void> {
    await this.#store.close();
  }

  /** What the oracle finds, but for what this workspace got without an act. */
  findings() {
    const given = ["rate_cards", "price_versions", "budgets"];
    const { findings } = verifyDataFolder(this.#dataDir);
    return findings.filter(({ table }) => !given.includes(table));
  }
}

function batchesOf({ events, batchSize }: { events: readonly TollgateEvent[]; batchSize: number }) {
  const batches: (readonly TollgateEvent[])[] = [];
  for (let from = 0; from < events.length; from += batchSize) {
    batches.push(events.slice(from, from + batchSize));
  }
  return batches;
}

test("what crashes took is sent again, and nothing waits for a known customer", async () => {
  const memory = new MemoryStore();
  const interruptions = fc.array(anyInterruption, { maxLength: 4 });
  const property = fc.asyncProperty(anyTwoArrivals, interruptions, async ([one, other], all) => {
    const untouched = nextFolder();
    await deliver(memory, untouched, other);
    const scene = new Scene(batchesOf(one));
    await scene.prepare();
    for (const interruption of all) await scene.interrupt(interruption);
    await scene.resend();
    const found = await scene.holdings();
    await scene.close();
    assert.deepEqual(totalsOf(found), totalsOf(await holdings(memory, untouched)));
    const late = found.runs.filter((run) => run.customer !== null && run.suspended > 0);
    assert.deepEqual(late, []);
    const waiting = found.runs.reduce((sum, run) => sum + run.suspended, 0);
    assert.equal(found.suspended.length, waiting, "every row that waits is counted by its run");
    assert.deepEqual(scene.findings(), []);
  });
  await fc.assert(property, { numRuns: CASES });
});
