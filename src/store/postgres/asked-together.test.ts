/** What is asked one by one at the same time is one statement, and everybody gets his own rows. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { composeEngine, nodeDigest } from "../../compose.ts";
import { NOW_MS, step } from "../../engine/commit/engine-world.test.ts";
import { postgresServer } from "../real-postgres-contract.ts";
import { AskedTogether } from "./asked-together.ts";
import { openPostgresStore } from "./postgres-store.ts";
import { sentIn } from "./sent-statements-contract.ts";

test("what is asked in one turn is one statement, and each key has its own rows", async () => {
  const sent: (readonly (string | number)[])[][] = [];
  const asked = new AskedTogether(async (columns) => {
    sent.push([...columns]);
    return [
      { asked: 3n, name: "c" },
      { asked: 1, name: "a" },
      { asked: 1, name: "b" },
    ];
  });
  // The second asks later in the same turn, behind promises that are kept.
  const later = Promise.resolve().then(() => asked.rows("y", 2));
  const all = await Promise.all([asked.rows("x", 1), later, asked.rows("x", 1)]);
  const names = all.map((rows) => rows.map(({ name }) => name));
  assert.deepEqual(names, [["a", "b"], ["c"], []]);
  assert.deepEqual(sent, [
    [
      ["x", "x", "y"],
      [1, 1, 2],
    ],
  ]);
  await asked.rows("z", 3);
  assert.deepEqual(sent[1], [["z"], [3]]);
});

test("a statement that fails fails for all who asked, and for nobody after them", async () => {
  let fails = true;
  const asked = new AskedTogether(async () => {
    if (fails) throw new Error("cut");
    return [{ asked: 1 }];
  });
  const both = await Promise.allSettled([asked.rows("x"), asked.rows("y")]);
  assert.deepEqual(
    both.map(({ status }) => status),
    ["rejected", "rejected"],
  );
  fails = false;
  assert.equal((await asked.rows("x")).length, 1);
});

const CUSTOMERS = Array.from({ length: 40 }, (_, no) => `c${no}`);

test("a unit asks no more for the margins of many customers than for those of few", async () => {
  const connectionString = await (await postgresServer()).createDatabase();
  const open = () => openPostgresStore({ connectionString, digest: nodeDigest });
  const [first, second] = [await open(), await open()];
  const engineOf = (store: typeof first) => {
    return composeEngine(store, { clock: { nowMs: () => NOW_MS } });
  };
  await first.createWorkspace("w");
  const stepsOf = (customers: readonly string[], id: string) =>
    customers.map((customer) => step({ run: `of-${customer}`, id, customer }));
  await engineOf(first).ingest("w", stepsOf(CUSTOMERS, "s1"));
  // The second node knows nothing of these customers, so it looks at each.
  const engine = engineOf(second);
  await engine.ingest("w", stepsOf(CUSTOMERS.slice(0, 1), "s2"));
  const lookedAt = (customers: readonly string[]) =>
    sentIn(async () => {
      await engine.ingest("w", stepsOf(customers, "s2"));
    });
  const few = await lookedAt(CUSTOMERS.slice(1, 3));
  const many = await lookedAt(CUSTOMERS.slice(3, 23));
  assert.equal(many.length, few.length);
  const asked = many.filter(({ text }) => text.startsWith("SELECT k.asked"));
  for (const table of ["rollups", "periods", "adjustments"]) {
    const of = asked.filter(({ text }) => text.includes(`FROM ${table} r`));
    const counts = of.map(({ values }) => (values[1] as string[]).length);
    assert.deepEqual(counts, [20], table);
  }
  for (const store of [first, second]) await store.close();
});
