/**
 * What a node remembers of budgets is what a read under the lock would say: two nodes settle, hold,
 * let go and set limits in any order, and each unit sees what the last one left.
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import fc from "fast-check";
import { nodeDigest } from "../../compose.ts";
import type { BalanceKey } from "../../domain/budget/budget.ts";
import type { Hold } from "../../domain/budget/hold.ts";
import { KNOWN_COUNTERS_MAX_COUNT, KNOWN_ROWS_MAX_COUNT } from "../../domain/database-limits.ts";
import type { UnitOfWork, Writes } from "../../engine/ports.ts";
import { postgresServer } from "../real-postgres-contract.ts";
import { amount, NOW_MS, rollupRow, runRow, writesOf } from "../sample-rows-contract.ts";
import { KnownBalances } from "./known-balances.ts";
import { KnownRows } from "./known-rows.ts";
import { openPostgresStore } from "./postgres-store.ts";
import { sentIn } from "./sent-statements-contract.ts";
import { readTouched, saveTouched, touchedBy } from "./touched.ts";
import { writtenHolds } from "./written-holds.ts";

type Node = Awaited<ReturnType<typeof openPostgresStore>>;
let nodes: readonly [Node, Node];

before(async () => {
  const connectionString = await (await postgresServer()).createDatabase();
  const open = () => openPostgresStore({ connectionString, digest: nodeDigest });
  nodes = [await open(), await open()];
});

after(async () => {
  for (const node of nodes) await node.close();
});

/** A run, a customer and a whole workspace. */
const SCOPES = ["r1", "acme", ""] as const;
const WINDOWS = ["", "2026-11"] as const;
const HOLDS = ["h1", "h2"] as const;
const KEYS: readonly BalanceKey[] = [1, 2].flatMap((budgetId) =>
  SCOPES.flatMap((scope) => WINDOWS.map((window) => ({ budgetId, scope, window }))),
);
const LIMIT_KEYS = KEYS.filter(({ window }) => window === "");

function holdRow(id: string, state: Hold["state"], reserves: Hold["reserves"]): Hold {
  return {
    ...{ run: "r1", source: "sdk", id, holdId: id, state, customer: "acme", callId: null },
    ...{ contentHash: "1h", grantedAtMs: NOW_MS, expiresAtMs: NOW_MS + 60_000, reserves },
    ...{ onExpiry: "release", cost: amount(1), charge: amount(0), currency: null },
    ...{ maxOutputTokens: null, isClamped: false, document: "{}" },
    ...{ endedAtMs: state === "open" ? null : NOW_MS, settledBy: null },
  };
}

/** What one unit does to one balance. */
interface Turn {
  readonly node: 0 | 1;
  readonly isGivenUp: boolean;
  readonly key: BalanceKey;
  readonly settled: number | null;
  readonly hold: {
    readonly id: string;
    readonly state: Hold["state"];
    readonly units: number;
  } | null;
  readonly limit: number | "freed" | null;
  /** Whether its run and its customer's period are written too, and so named already. */
  readonly isNamed: boolean;
}

const anyTurn: fc.Arbitrary<Turn> = fc.record({
  node: fc.constantFrom(0, 1),
  isGivenUp: fc.nat(5).map((one) => one === 0),
  key: fc.constantFrom(...KEYS),
  settled: fc.option(fc.nat(100)),
  hold: fc.option(
    fc.record({
      id: fc.constantFrom(...HOLDS),
      state: fc.constantFrom<Hold["state"]>("open", "open", "released"),
      units: fc.nat(50),
    }),
  ),
  limit: fc.option(fc.oneof(fc.nat(9), fc.constant("freed" as const))),
  isNamed: fc.boolean(),
});

/** What was committed last: settled by key, holds by id, limits by budget and scope. */
const emptyModel = () => ({
  settled: new Map<string, bigint>(),
  holds: new Map<string, Hold>(),
  limits: new Map<string, bigint>(),
});
type Model = ReturnType<typeof emptyModel>;

const keyText = ({ budgetId, scope, window = "" }: Partial<BalanceKey>) =>
  `${budgetId}/${scope}/${window}`;

function rowsOf({ key, settled, hold, limit, isNamed }: Turn): Partial<Writes> {
  const { budgetId, scope } = key;
  const balance = { ...key, settled: BigInt(settled ?? 0), stagesTold: 0, grantedAtMs: 0 };
  const reserves = [{ ...key, amount: BigInt(hold?.units ?? 0) }];
  return {
    balances: settled === null ? [] : [balance],
    holds: hold === null ? [] : [holdRow(hold.id, hold.state, reserves)],
    limits: typeof limit === "number" ? [{ budgetId, scope, limit: BigInt(limit) }] : [],
    freedLimits: limit === "freed" ? [{ budgetId, scope }] : [],
    runs: isNamed ? [runRow({ id: "r1" })] : [],
    rollups: isNamed ? [rollupRow({ customer: "acme", steps: 1 })] : [],
  };
}

function apply(model: Model, { balances, holds, limits, freedLimits }: Partial<Writes>): void {
  for (const one of balances ?? []) model.settled.set(keyText(one), one.settled);
  for (const one of holds ?? []) model.holds.set(one.id, one);
  for (const one of limits ?? []) model.limits.set(keyText(one), one.limit);
  for (const one of freedLimits ?? []) model.limits.delete(keyText(one));
}

/** Settled and held of every balance that is there, and every limit. */
function expected({ settled, holds, limits }: Model) {
  const reserves = [...holds.values()]
    .filter(({ state }) => state === "open")
    .flatMap((hold) => hold.reserves);
  const balances = KEYS.flatMap((key) => {
    const own = reserves.filter((one) => keyText(one) === keyText(key));
    const held = own.reduce((sum, one) => sum + one.amount, 0n);
    const kept = settled.get(keyText(key));
    return kept === undefined && held === 0n ? [] : [`${keyText(key)}: ${kept ?? "-"} ${held}`];
  });
  const known = LIMIT_KEYS.flatMap((key) => {
    const limit = limits.get(keyText(key));
    return limit === undefined ? [] : [`${keyText(key)}: ${limit}`];
  });
  return { balances: balances.sort(), limits: known.sort() };
}

async function requireSame({ spending }: UnitOfWork, model: Model): Promise<void> {
  const found = (await spending.balances(KEYS)).map((one) => {
    const kept = one.isKept ? String(one.settled) : "-";
    return `${keyText(one)}: ${kept} ${one.held}`;
  });
  const limits = (await spending.ownLimits(LIMIT_KEYS)).map(
    (one) => `${keyText(one)}: ${one.limit}`,
  );
  assert.deepEqual({ balances: found.sort(), limits: limits.sort() }, expected(model));
}

const given = new Error("given up");

async function play(workspace: string, turn: Turn, model: Model): Promise<void> {
  const rows = rowsOf(turn);
  const unit = nodes[turn.node].transact(workspace, async (work) => {
    await requireSame(work, model);
    const head = await work.head();
    const digest = nodeDigest.content(`${head.digest}${head.lastSeq}`);
    await work.write(writesOf({ ...rows, head: { ...head, lastSeq: head.lastSeq + 1, digest } }));
    if (turn.isGivenUp) throw given;
    const written = structuredClone(model);
    apply(written, rows);
    await requireSame(work, written);
  });
  if (turn.isGivenUp) return assert.rejects(unit, given);
  await unit;
  apply(model, rows);
}

test("balances and limits that nodes remember are those that were committed last", async () => {
  let played = 0;
  const property = fc.asyncProperty(
    fc.array(anyTurn, { minLength: 4, maxLength: 16 }),
    async (turns) => {
      played += 1;
      const workspace = `w${played}`;
      await nodes[0].createWorkspace(workspace);
      const model = emptyModel();
      for (const turn of turns) await play(workspace, turn, model);
      for (const node of nodes) await node.transact(workspace, (unit) => requireSame(unit, model));
    },
  );
  await fc.assert(property, { numRuns: 40 });
});

test("a node that goes on alone asks for no balance that it knows", async () => {
  await nodes[0].createWorkspace("alone");
  const key = { budgetId: 1, scope: "r1", window: "" };
  const turn: Turn = {
    node: 0,
    isGivenUp: false,
    key,
    settled: 1,
    hold: null,
    limit: 1,
    isNamed: true,
  };
  const model = emptyModel();
  await play("alone", turn, model);
  await nodes[0].transact("alone", (unit) => requireSame(unit, model));
  const sent = await sentIn(async () => {
    for (let settled = 2; settled < 5; settled += 1) {
      await nodes[0].transact("alone", async (unit) => {
        await requireSame(unit, model);
        await unit.write(writesOf(rowsOf({ ...turn, settled })));
      });
      apply(model, rowsOf({ ...turn, settled }));
    }
  });
  const read = sent.filter(({ text }) =>
    /FROM (unnest.*budget_balances|budget_limits)/s.test(text),
  );
  assert.deepEqual(
    read.map(({ text }) => text),
    [],
  );
});

const digestOf = (no: number) => `digest ${no}`;

test("a node forgets the balances of scopes that are told, all where none are told", async () => {
  const kept = ["r1", "acme", "", "label"].map((scope) => ({ budgetId: 1, scope, window: "" }));
  const settle = (key: BalanceKey) => ({ ...key, settled: 5n, stagesTold: 0, grantedAtMs: 0 });
  const knownAfter = async (rows: Partial<Writes>, ofVersionBefore = false) => {
    const known = new KnownRows();
    const own = await known.asOf(
      1,
      { place: "here", commits: 0, digest: digestOf(0) },
      async () => [],
    );
    own.learnBalances(
      kept.map((key) => ({ ...settle(key), held: 0n, isKept: true })),
      kept,
    );
    const holds = writtenHolds(
      rows.holds ?? [],
      (rows.holds ?? []).map(() => null),
    );
    const since = { no: 1, before: digestOf(0), holds, begun: [], isLarge: () => false };
    const head = { lastSeq: 1, digest: digestOf(1), committedAtMs: 0 };
    let document = "";
    const insert = async ({ values }: { readonly values?: readonly unknown[] }) => {
      document = values?.at(-1) as string;
      return { rows: [], command: "INSERT" };
    };
    await saveTouched(
      { queries: { query: insert }, ws: 1 },
      touchedBy(writesOf({ ...rows, head }), since),
    );
    if (ofVersionBefore) document = document.replace(/"scopes":\[[^\]]*\],/, "");
    assert.equal(document.includes('"scopes"'), !ofVersionBefore);
    const query = async () => ({ rows: [{ no: 1, document }], command: "SELECT" });
    const told = await readTouched({ queries: { query }, ws: 1 }, 0);
    const commit = { place: "here", commits: 1, digest: digestOf(1) };
    const { found } = (await known.asOf(1, commit, async () => told)).balances(kept);
    return found.map((one) => one?.scope);
  };
  const [ofRun, , ofAll] = kept as [BalanceKey, BalanceKey, BalanceKey];
  assert.deepEqual(await knownAfter({}), ["r1", "acme", "", "label"]);
  assert.deepEqual(await knownAfter({ balances: [settle(ofAll)] }), ["r1", "acme", "label"]);
  const named = { balances: [settle(ofRun)], runs: [runRow({ id: "r1" })] };
  assert.deepEqual(await knownAfter(named), ["acme", "", "label"]);
  assert.deepEqual(await knownAfter({ rollups: [rollupRow({ customer: "acme" })] }), [
    "r1",
    "",
    "label",
  ]);
  const held = { holds: [holdRow("h1", "open", [{ ...ofRun, amount: 5n }])] };
  assert.deepEqual(await knownAfter(held), ["acme", "", "label"]);
  const limits = [{ budgetId: 1, scope: "label", limit: 1n }];
  assert.deepEqual(await knownAfter({ limits }), ["r1", "acme", ""]);
  assert.deepEqual(await knownAfter({ freedLimits: limits }), ["r1", "acme", ""]);
  assert.deepEqual(await knownAfter({}, true), []);
});

test("no more is remembered than there is room for, and what was forgotten is not counted", () => {
  const known = new KnownBalances();
  const learn = (scope: string, window = "") =>
    known.learnBalance({ budgetId: 1, scope, window }, null);
  for (let at = 0; at <= KNOWN_ROWS_MAX_COUNT; at += 1) learn(`run ${at}`);
  assert.ok(known.count <= KNOWN_ROWS_MAX_COUNT && known.count > KNOWN_ROWS_MAX_COUNT / 2);
  const last = `run ${KNOWN_ROWS_MAX_COUNT}`;
  const before = known.count;
  known.forget(last);
  assert.equal(known.count, before - 1);
  for (let at = 0; at <= KNOWN_COUNTERS_MAX_COUNT; at += 1) learn("", `${at}`);
  assert.ok(known.count <= KNOWN_COUNTERS_MAX_COUNT, `${known.count}`);
  known.clear();
  assert.equal(known.count, 0);
});
