/** Nodes that take turns know which steps are new, whichever of them wrote the others. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { composeEngine, nodeDigest } from "../../compose.ts";
import { NOW_MS, step } from "../../engine/commit/engine-world.test.ts";
import { postgresServer } from "../real-postgres-contract.ts";
import { runRow, stepRow, writesOf } from "../sample-rows-contract.ts";
import { KnownIdentities, printsOf } from "./known-identities.ts";
import { KnownRows } from "./known-rows.ts";
import { openPostgresStore } from "./postgres-store.ts";
import { sentIn } from "./sent-statements-contract.ts";
import { readTouched, saveTouched, type Touched, touchedBy } from "./touched.ts";
import { writtenHolds } from "./written-holds.ts";

const WORKSPACE = "w";
const RUNS = Array.from({ length: 12 }, (_, no) => `r${no}`);
const TURNS = 20;

/** How many identities the server is asked for while it works. */
async function askedIn(work: () => Promise<void>): Promise<number> {
  const looks = (await sentIn(work)).filter(({ text }) => /SELECT \* FROM steps/.test(text));
  const counts = looks.map(({ values }) => JSON.stringify(values[4]).split(",").length);
  return counts.reduce((sum, count) => sum + count, 0);
}

test("two nodes in turns ask for no new step, and find each that is sent again", async () => {
  const connectionString = await (await postgresServer()).createDatabase();
  const open = () => openPostgresStore({ connectionString, digest: nodeDigest });
  const stores = [await open(), await open()];
  const engines = stores.map((store) => composeEngine(store, { clock: { nowMs: () => NOW_MS } }));
  await stores[0]?.createWorkspace(WORKSPACE);
  const send = async (node: number, no: number) => {
    // Runs begin as turns go, on either node.
    const runs = RUNS.slice(0, 3 + (no >> 1));
    const steps = runs.map((run) => step({ run, id: `s${no}`, customer: `of-${run}` }));
    return (await engines[node % 2]?.ingest(WORKSPACE, steps))?.results ?? [];
  };
  for (let turn = 0; turn < 4; turn += 1) await send(turn, turn);
  const asked = await askedIn(async () => {
    for (let turn = 4; turn < TURNS; turn += 1) await send(turn, turn);
  });
  // What the first node wrote before it heard of the other one it told nobody.
  assert.ok(asked <= (3 * (TURNS - 4)) / 2, `${asked} identities of ${TURNS} turns`);
  for (let no = 0; no < TURNS; no += 1) {
    for (const node of [0, 1]) {
      const results = await send(node, no);
      assert.ok(
        results.every(({ status }) => status === "duplicate"),
        `step ${no}, node ${node}`,
      );
    }
  }
  for (const store of stores) await store.close();
});

const WS = 1;
const commitAt = (commits: number) => ({ place: "here", commits, digest: `digest ${commits}` });

/** What another node's commit tells that begins a run with a step, as it is stored. */
async function documentOf(): Promise<string> {
  const [run, steps] = [runRow({ id: "r1" }), [stepRow({ run: "r1", id: "s1" })]];
  const head = { lastSeq: 1, digest: "digest 1", committedAtMs: 0 };
  const writes = { ...writesOf({ runs: [run], steps }), head };
  const before = { no: 1, before: "digest 0", holds: writtenHolds([], []) };
  let document = "";
  const query = async ({ values }: { readonly values?: readonly unknown[] }) => {
    document = values?.at(-1) as string;
    return { rows: [], command: "INSERT" };
  };
  const touched = touchedBy(writes, { ...before, begun: [run], isLarge: () => false });
  await saveTouched({ queries: { query }, ws: WS }, touched);
  return document;
}

function toldBy(document: string): Promise<readonly Touched[]> {
  const query = async () => ({ rows: [{ no: 1, document }], command: "SELECT" });
  return readTouched({ queries: { query }, ws: WS }, 0);
}

const keyOf = (id: string) => ({ run: "r1", source: "sdk", id });

test("a run that another node began is known, unless a version before did not tell", async () => {
  const document = await documentOf();
  const mayHold = async (text: string, id: string) => {
    const known = new KnownRows();
    await known.asOf(WS, commitAt(0), async () => []);
    return (await known.asOf(WS, commitAt(1), () => toldBy(text))).mayHold(keyOf(id));
  };
  assert.deepEqual([await mayHold(document, "s1"), await mayHold(document, "s2")], [true, false]);
  const { rows, ...rest } = JSON.parse(document);
  const { identities: _, ...untold } = rows;
  const ofVersionBefore = JSON.stringify({ ...rest, rows: untold });
  assert.equal(await mayHold(ofVersionBefore, "s2"), true);
});

test("a run whose steps a version before added to is not known any more", async () => {
  const known = new KnownRows();
  const rows = await known.asOf(WS, commitAt(0), async () => []);
  rows.learnRuns([], ["r1"]);
  const head = { lastSeq: 1, digest: "digest 1", committedAtMs: 0 };
  rows.written({ ...writesOf({ runs: [runRow({ id: "r1" })] }), head }, writtenHolds([], []));
  rows.committed(() => 0);
  const own = await known.asOf(WS, commitAt(1), async () => []);
  assert.equal(own.mayHold(keyOf("s1")), false);
  const { identities: _, ...untold } = (await toldBy(await documentOf()))[0]?.rows ?? assert.fail();
  const told = { no: 2, before: "digest 1", after: "digest 2" };
  const one = { ...told, rows: { ...untold, identities: null } };
  const later = await known.asOf(WS, commitAt(2), async () => [one]);
  assert.equal(later.mayHold(keyOf("s1")), true);
});

test("prints are the same on every node, and a run begins once", () => {
  const [own, told] = [new KnownIdentities(), new KnownIdentities()];
  for (const one of [own, told]) for (const run of ["r1", "r2"]) one.begin(run);
  const keys = Array.from({ length: 1_000 }, (_, no) => ({ ...keyOf(`s${no}`), run: "r2" }));
  for (const key of keys) own.add(key);
  told.addTold(printsOf(keys));
  own.begin("r2");
  for (const one of [own, told]) {
    assert.ok(keys.every((key) => one.mayHold(key)));
    assert.ok(!one.mayHold(keyOf("s1")), "of another run");
    assert.ok(one.mayHold({ ...keyOf("s1"), run: "r3" }), "nothing is known of it");
    one.forget("r2");
    assert.ok(one.mayHold({ ...keyOf("another"), run: "r2" }));
  }
});
