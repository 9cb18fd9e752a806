/** Units that change holds fail, and memory says what the file has of them, or has not. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import fc from "fast-check";
import { nodeDigest } from "../../compose.ts";
import type { Hold } from "../../domain/budget/hold.ts";
import type { Amount } from "../../domain/money/decimal.ts";
import type { Store, UnitOfWork } from "../../engine/ports.ts";
import { runRow, writesOf } from "../sample-rows-contract.ts";
import { DATABASE_FILE, openSqliteStore } from "./sqlite-store.ts";
import { inlineWriter, type Writer } from "./writer.ts";

const isFull = process.env.TOLLGATE_TEST_FULL !== undefined;
const folder = mkdtempSync(join(tmpdir(), "tollgate-doubted-"));
after(() => rmSync(folder, { recursive: true, force: true }));

/** What becomes of a commit: it is told as it is, or as failed, where the file may have it. */
type Fate = "lands" | "is lost" | "lands unheard";

interface Change {
  readonly id: number;
  readonly state: Hold["state"];
}

interface Unit {
  readonly changes: readonly Change[];
  readonly fate: Fate;
  /** It may hand over, so that the next begins while it is on its way. */
  readonly isEarly: boolean;
}

const IDS = [0, 1, 2, 3, 4, 5];
const keyOf = (id: number) => ({ run: "r1", source: "sdk", id: `h${id}` });
const BALANCE = { budgetId: 1, scope: "r1", window: "" };

/** Sets 3 aside of the balance of run r1; those with an even number have a call. */
const holdOf = ({ id, state }: Change): Hold => ({
  ...{ ...keyOf(id), holdId: `hold_${id}`, state, customer: "acme" },
  ...{ callId: id % 2 === 0 ? "c1" : null, contentHash: `1h${id}`, grantedAtMs: 1 },
  ...{ expiresAtMs: 2, onExpiry: "estimate", cost: 0n as Amount, charge: 0n as Amount },
  ...{ currency: null, maxOutputTokens: null, isClamped: false, document: "{}" },
  ...{ endedAtMs: state === "open" ? null : 3, reserves: [{ ...BALANCE, amount: 3n }] },
  settledBy: null,
});

let stores = 0;

async function openStore() {
  stores += 1;
  const dataDir = join(folder, `s${stores}`);
  const fates: Fate[] = [];
  const fated = (writer: Writer): Writer => ({
    ...{ readOnTheWay: writer.readOnTheWay, close: writer.close },
    commit: async (transaction) => {
      const fate = fates.shift();
      await nextTurn();
      if (fate !== "is lost") await writer.commit(transaction);
      if (fate === "is lost" || fate === "lands unheard") throw new Error("a fault");
    },
  });
  const writer = (place: Parameters<typeof inlineWriter>[0]) => fated(inlineWriter(place));
  const store = openSqliteStore({ dataDir, digest: nodeDigest, writer });
  await store.createWorkspace("w");
  await store.transact("w", async (unit) =>
    unit.write(writesOf({ runs: [runRow({ id: "r1" })], head: await unit.head() })),
  );
  await store.settle("w");
  return { store, file: join(dataDir, DATABASE_FILE), fates };
}

/** What a unit of work finds of all holds. */
async function found(store: Store) {
  const ids = (holds: readonly Hold[]) => holds.map(({ id }) => id).sort();
  return store.transact("w", async ({ spending }: UnitOfWork) => {
    const [balance] = await spending.balances([BALANCE]);
    return {
      open: ids(await spending.countingHolds(IDS.map(keyOf))),
      ofCall: ids(await spending.countingHoldsOfCalls(["c1"])),
      count: await spending.countingHoldCount(),
      held: balance?.held ?? 0n,
    };
  });
}

/** The same, by the rows of the file. */
function inFile(file: string) {
  const db = new DatabaseSync(file, { readOnly: true });
  const rows = db.prepare("SELECT id, call_id FROM holds WHERE state = 'open' ORDER BY id").all();
  db.close();
  const open = rows.map(({ id }) => id as string);
  const ofCall = rows.filter((row) => row.call_id !== null).map(({ id }) => id as string);
  return { open, ofCall, count: open.length, held: 3n * BigInt(open.length) };
}

/** Begins a unit; resolves when it has ended, one way or the other. */
function begin(store: Store, { changes, isEarly }: Unit): Promise<unknown> {
  const work = async (unit: UnitOfWork) => {
    await unit.spending.holds(changes.map(({ id }) => keyOf(id)));
    await unit.write(writesOf({ holds: changes.map(holdOf), head: await unit.head() }));
  };
  const told = isEarly ? () => undefined : undefined;
  return Promise.allSettled([store.transact("w", work, told)]);
}

test("holds are what the file says, whichever units failed, alone or together", async () => {
  const change = fc.record({
    id: fc.constantFrom(...IDS),
    state: fc.constantFrom<Hold["state"]>("open", "open", "released", "settled"),
  });
  const unit: fc.Arbitrary<Unit> = fc.record({
    changes: fc.uniqueArray(change, { minLength: 1, maxLength: 4, selector: ({ id }) => id }),
    fate: fc.constantFrom<Fate>("lands", "lands", "is lost", "lands unheard"),
    isEarly: fc.boolean(),
  });
  const together = fc.array(fc.array(unit, { minLength: 1, maxLength: 3 }), { maxLength: 6 });
  const property = fc.asyncProperty(together, async (all) => {
    const { store, file, fates } = await openStore();
    for (const units of all) {
      fates.splice(0, fates.length, ...units.map(({ fate }) => fate));
      await Promise.all(units.map((one) => begin(store, one)));
      fates.length = 0;
      assert.deepEqual(await found(store), inFile(file));
    }
    await store.close();
  });
  await fc.assert(property, { numRuns: isFull ? 3_000 : 25 });
});

test("a hold that no failed unit touched is not read again", async () => {
  const { store, file, fates } = await openStore();
  const grant = (id: number): Unit => ({
    ...{ changes: [{ id, state: "open" }], fate: "lands", isEarly: false },
  });
  for (const id of [0, 1]) await begin(store, grant(id));
  fates.push("is lost");
  await begin(store, grant(2));
  const db = new DatabaseSync(file);
  db.exec("DELETE FROM holds WHERE id = 'h0'");
  db.close();
  assert.equal((await found(store)).held, 6n, "of both that were granted, none of the third");
  await store.close();
});
