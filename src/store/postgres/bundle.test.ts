import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import pg from "pg";
import { BUNDLES_MAX_COUNT } from "../../domain/database-limits.ts";
import { postgresServer } from "../real-postgres-contract.ts";
import { Bundle, Bundles } from "./bundle.ts";
import type { Queries } from "./connection.ts";
import type { Query } from "./driver.ts";

let client: pg.Client;
/** Texts that were sent. */
let sent: string[] = [];

before(async () => {
  const connectionString = await (await postgresServer()).createDatabase();
  // As the product's own: statements leave without waiting for one another's answers.
  client = new pg.Client({ connectionString, pipeline: true });
  await client.connect();
});

after(() => client.end());

const queries: Queries = {
  query: async ({ text, values = [] }: Query) => {
    sent.push(text);
    const { rows, command } = await client.query(text, [...values]);
    return { rows, command };
  },
};

const insert = (table: string) => `INSERT INTO ${table} (ws, k, v)
  SELECT $1::integer, unnest($2::text[]), unnest($3::integer[])
  ON CONFLICT (ws, k) DO UPDATE SET v = ${table}.v + excluded.v`;

/** Two tables with a row each, of workspace 1. */
async function tables(): Promise<void> {
  await client.query("DROP TABLE IF EXISTS one, two");
  for (const name of ["one", "two"]) {
    await client.query(`CREATE TABLE ${name} (ws integer, k text, v integer, PRIMARY KEY (ws, k));
      INSERT INTO ${name} VALUES (1, 'a', 1)`);
  }
  sent = [];
}

async function rowsOf(table: string): Promise<unknown[]> {
  const { rows } = await client.query({
    text: `SELECT * FROM ${table} ORDER BY k`,
    rowMode: "array",
  });
  return rows;
}

test("statements of different tables are sent as one, each with its values", async () => {
  await tables();
  const bundle = new Bundle(queries, new Bundles());
  const answers = [
    bundle.query({ text: insert("one"), values: [1, ["a", "b"], [10, 20]] }),
    bundle.query({
      text: "UPDATE two SET v = v + $2 WHERE ws = $1 AND k = $3",
      values: [1, 5, "a"],
    }),
  ];
  assert.deepEqual(sent, []);
  bundle.send();
  await Promise.all(answers);
  assert.equal(sent.length, 1);
  assert.deepEqual(await rowsOf("one"), [
    [1, "a", 11],
    [1, "b", 20],
  ]);
  assert.deepEqual(await rowsOf("two"), [[1, "a", 6]]);
});

test("statements of one table are sent one behind the other, in their order", async () => {
  await tables();
  const bundle = new Bundle(queries, new Bundles());
  const answers = [
    bundle.query({ text: "DELETE FROM one WHERE ws = $1 AND k = $2", values: [1, "a"] }),
    bundle.query({ text: insert("two"), values: [1, ["a"], [1]] }),
    bundle.query({ text: insert("one"), values: [1, ["a"], [7]] }),
  ];
  bundle.send();
  await Promise.all(answers);
  assert.equal(sent.length, 3);
  assert.deepEqual(await rowsOf("one"), [[1, "a", 7]]);
});

test("where one part fails nothing of the others is written, and each is told", async () => {
  await tables();
  const bundle = new Bundle(queries, new Bundles());
  const answers = [
    bundle.query({ text: insert("one"), values: [1, ["b"], [1]] }),
    bundle.query({ text: insert("two"), values: [1, ["b", "b"], [1, 1]] }),
  ];
  bundle.send();
  for (const answer of answers) await assert.rejects(answer, /a second time/);
  assert.deepEqual(await rowsOf("one"), [[1, "a", 1]]);
});

test("a server that cannot write several tables at once is asked to once", async () => {
  await tables();
  const bundles = new Bundles();
  const cannot = Object.assign(new Error("not supported"), { code: "0A000", severity: "ERROR" });
  const refusing: Queries = {
    query: (query) =>
      query.text.startsWith("WITH") ? Promise.reject(cannot) : queries.query(query),
  };
  const write = async () => {
    const bundle = new Bundle(refusing, bundles);
    const values = [1, ["b"], [1]] as const;
    const answers = ["one", "two"].map((name) => bundle.query({ text: insert(name), values }));
    bundle.send();
    await Promise.all(answers);
  };
  await assert.rejects(write(), { code: "store.unknown" });
  await write();
  assert.equal(sent.length, 2);
});

test("few combinations are prepared: what comes behind them goes one by one", () => {
  const bundles = new Bundles();
  const of = (no: number) => [`INSERT INTO a${no} VALUES ($1)`, `INSERT INTO b${no} VALUES ($1)`];
  let made = 0;
  while (bundles.togetherOf(of(made)) !== null) made += 1;
  assert.equal(made, BUNDLES_MAX_COUNT);
  assert.notEqual(bundles.togetherOf(of(0)), null);
});
