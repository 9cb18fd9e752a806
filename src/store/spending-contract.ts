/** Budgets, balances, holds, limits, stops and overruns: what every store keeps and finds. */
import assert from "node:assert/strict";
import fc from "fast-check";
import {
  type Balance,
  type BalanceKey,
  balanceText,
  type Overrun,
  type OwnLimit,
  scopeText,
} from "../domain/budget/budget.ts";
import { EXPIRIES, HOLD_STATES, type Hold, isCounting } from "../domain/budget/hold.ts";
import { STOP_MODES, STOP_SCOPES, type Stop, stopText } from "../domain/budget/stop.ts";
import type { Amount } from "../domain/money/decimal.ts";
import type { Store } from "../engine/ports.ts";
import type { KeptBalance, SpendingReads, SpendingUnit } from "../engine/spending-ports.ts";
import type { Clause, Scene } from "./clause-contract.ts";
import { forgetRows, read, sorted, write } from "./round-trip-contract.ts";
import { BUDGETS } from "./sample-budgets-contract.ts";
import { writesOf } from "./sample-rows-contract.ts";

const LAW_RUNS = 15;
const MANY = 1_000;

const scope = fc.constantFrom("", "acme", '["a","b"]', "é\u{1F600}", "B", "a");
const balanceKey = fc.record<BalanceKey>({
  budgetId: fc.integer({ min: 1, max: 2 }),
  scope,
  window: fc.constantFrom("", "2026-11-26", "2026-11-26T14:00+01:00"),
});
const level = fc.bigInt({ min: 0n, max: 10n ** 40n });
const instant = fc.integer({ min: 0, max: 2 ** 45 });
const balance = fc
  .record({ key: balanceKey, settled: fc.bigInt({ min: -(10n ** 40n), max: 10n ** 40n }) })
  .chain(({ key, settled }) =>
    fc.record<Balance>({
      budgetId: fc.constant(key.budgetId),
      scope: fc.constant(key.scope),
      window: fc.constant(key.window),
      settled: fc.constant(settled),
      stagesTold: fc.nat({ max: 9 }),
      grantedAtMs: instant,
    }),
  );
const identity = fc.record({
  run: fc.constantFrom("r1", "r2"),
  source: fc.constantFrom("sdk", "proxy"),
  id: fc.constantFrom("a", "b", "550e8400-e29b-41d4-a716-446655440000"),
});
const reserve = fc
  .tuple(balanceKey, fc.bigInt({ min: 1n, max: 10n ** 40n }))
  .map(([key, amount]) => ({ ...key, amount }));
const hold: fc.Arbitrary<Hold> = fc
  .record({
    key: identity,
    settler: identity,
    isOwn: fc.boolean(),
    rest: fc.record({
      holdId: fc.uuid().map((id) => `hold_${id}`),
      state: fc.constantFrom(...HOLD_STATES),
      customer: fc.constantFrom("acme", "globex"),
      callId: fc.option(fc.constantFrom("c1", "c2")),
      contentHash: fc.string(),
      grantedAtMs: instant,
      expiresAtMs: fc.integer({ min: 0, max: 9 }),
      onExpiry: fc.constantFrom(...EXPIRIES),
      cost: level as fc.Arbitrary<Amount>,
      charge: level as fc.Arbitrary<Amount>,
      currency: fc.option(fc.constantFrom("USD", "EUR")),
      maxOutputTokens: fc.option(fc.nat()),
      isClamped: fc.boolean(),
      reserves: fc.uniqueArray(reserve, { maxLength: 3, selector: balanceText }),
      document: fc.string({ unit: fc.constantFrom("a", '"', "\\", "é", "\n") }),
      endedAtMs: fc.option(instant),
    }),
  })
  .map(({ key, settler, isOwn, rest }) => {
    const settledBy = rest.state !== "settled" ? null : isOwn ? { ...key } : settler;
    return { ...key, ...rest, settledBy };
  });
const stop: fc.Arbitrary<Stop> = fc.record({
  of: fc.constantFrom(...STOP_SCOPES),
  id: scope,
  mode: fc.constantFrom(...STOP_MODES),
  budget: fc.option(fc.record({ budgetId: fc.nat(), scope, free: fc.nat().map(String) })),
  reason: fc.string({ unit: fc.constantFrom("a", '"', "é") }),
  by: fc.constantFrom("anna", "tollgate"),
  stoppedAtMs: instant,
});
const limit = fc.record<OwnLimit>({
  budgetId: fc.integer({ min: 1, max: 2 }),
  scope,
  limit: level,
});
const overrun = fc
  .tuple(balanceKey, identity, fc.bigInt({ min: -(10n ** 40n), max: 10n ** 40n }))
  .map(([key, by, amount]) => ({ ...key, ...by, cause: "no_hold" as const, amount }));

const changes = fc.record({
  balances: fc.uniqueArray(balance, { maxLength: 4, selector: balanceText }),
  holds: fc.uniqueArray(hold, { maxLength: 4, selector: holdText }),
  limits: fc.uniqueArray(limit, { maxLength: 3, selector: scopeText }),
  freedLimits: fc.uniqueArray(limit, { maxLength: 1, selector: scopeText }),
  stops: fc.uniqueArray(stop, { maxLength: 3, selector: stopText }),
  lifted: fc.uniqueArray(stop, { maxLength: 1, selector: stopText }),
  overruns: fc.array(overrun, { maxLength: 3 }),
});
type Changes = typeof changes extends fc.Arbitrary<infer T> ? T : never;

function holdText({ run, source, id }: Pick<Hold, "run" | "source" | "id">): string {
  return JSON.stringify([run, source, id]);
}

/** What a store must hold after some changes: maps, and sums over them. */
class Model {
  readonly balances = new Map<string, Balance>();
  readonly holds = new Map<string, Hold>();
  readonly limits = new Map<string, OwnLimit>();
  readonly stops = new Map<string, Stop>();
  readonly overruns: Overrun[] = [];

  /** Takes changes over, and returns them as a unit writes them. */
  take(sent: Changes) {
    // The generator's records have no prototype; rows do.
    const some = structuredClone(sent);
    for (const one of some.balances) this.balances.set(balanceText(one), one);
    for (const one of some.holds) this.holds.set(holdText(one), one);
    for (const one of some.freedLimits) this.limits.delete(scopeText(one));
    for (const one of some.limits) this.limits.set(scopeText(one), one);
    for (const one of some.lifted) this.stops.delete(stopText(one));
    for (const one of some.stops) this.stops.set(stopText(one), one);
    const overruns = some.overruns.map((one, at) => ({ ...one, seq: this.overruns.length + at }));
    this.overruns.push(...overruns);
    return { ...some, overruns };
  }

  kept(key: BalanceKey): KeptBalance[] {
    let held = 0n;
    let isHeld = false;
    for (const one of this.holds.values()) {
      for (const part of isCounting(one) ? one.reserves : []) {
        if (balanceText(part) !== balanceText(key)) continue;
        held += part.amount;
        isHeld = true;
      }
    }
    const { budgetId, scope: of, window } = key;
    const known = this.balances.get(balanceText(key));
    if (known === undefined && !isHeld) return [];
    const empty = { budgetId, scope: of, window, settled: 0n, stagesTold: 0, grantedAtMs: 0 };
    return [{ ...(known ?? empty), held, isKept: known !== undefined }];
  }

  keys(): BalanceKey[] {
    const reserves = [...this.holds.values()].flatMap(({ reserves: all }) => all);
    const all = [...this.balances.values(), ...reserves, { budgetId: 9, scope: "", window: "" }];
    return [...new Map(all.map((key) => [balanceText(key), key])).values()].map(
      ({ budgetId, scope: of, window }) => ({ budgetId, scope: of, window }),
    );
  }
}

const rows = <T extends object>(all: readonly T[]): T[] => sorted(all.map((row) => ({ ...row })));

async function assertUnit(unit: SpendingUnit, model: Model): Promise<void> {
  const all = [...model.holds.values()];
  const open = all.filter(isCounting);
  const keys = model.keys();
  const gone = { run: "r9", source: "sdk", id: "a" };
  const wanted = keys.flatMap((key) => model.kept(key));
  assert.deepEqual(rows(await unit.balances(keys)), rows(wanted));
  assert.deepEqual(rows(await unit.holds([...all, gone])), rows(all));
  assert.deepEqual(rows(await unit.countingHolds([...all, gone])), rows(open));
  const called = open.filter(({ callId }) => callId !== null);
  assert.deepEqual(rows(await unit.countingHoldsOfCalls(["c1", "c2", "c3"])), rows(called));
  const runs = [...new Set(all.map(({ run }) => run))];
  assert.deepEqual(rows(await unit.countingHoldsOfRuns([...runs, "r9"])), rows(open));
  const ofOne = open.filter(({ run }) => run === runs[0]);
  assert.deepEqual(rows(await unit.countingHoldsOfRuns(runs.slice(0, 1))), rows(ofOne));
  const settled = all.filter(({ settledBy }) => settledBy !== null);
  const settlers = [
    ...new Map(settled.map(({ settledBy: by }) => [holdText(by ?? gone), by ?? gone])),
  ];
  const by = settlers.map(([, key]) => key);
  assert.deepEqual(rows(await unit.holdsSettledBy([...by, gone])), rows(settled));
  assert.equal(await unit.countingHoldCount(), open.length);
  const expired = open
    .filter(({ expiresAtMs }) => expiresAtMs < 5)
    .sort((a, b) => a.expiresAtMs - b.expiresAtMs);
  const found = await unit.expiredHolds(5, MANY);
  const times = (list: readonly Hold[]) => list.map(({ expiresAtMs }) => expiresAtMs);
  assert.deepEqual(times(found), times(expired), "earliest first");
  assert.deepEqual(rows(found), rows(expired));
  assert.deepEqual(rows(await unit.expiredHolds(5, 1)), rows(found.slice(0, 1)));
  assert.deepEqual(rows(await unit.ownLimits(scopesOf(keys))), rows(limitsOf(model, keys)));
  const stops = [...model.stops.values()];
  assert.deepEqual(rows(await unit.stops([...stops, { of: "run", id: "r9" }])), rows(stops));
}

function scopesOf(keys: readonly BalanceKey[]): BalanceKey[] {
  return [...new Map(keys.map((key) => [scopeText(key), key])).values()];
}

function limitsOf(model: Model, keys: readonly BalanceKey[]): OwnLimit[] {
  const scopes = new Set(keys.map(scopeText));
  return [...model.limits.values()].filter((one) => scopes.has(scopeText(one)));
}

const byBytes = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b));

async function assertReads(store: SpendingReads, workspace: string, model: Model): Promise<void> {
  const keys = model.keys();
  const wanted = keys.flatMap((key) => model.kept(key));
  assert.deepEqual(rows(await store.balances(workspace, keys)), rows(wanted));
  await assertListing(store, workspace, model);
  const limits = [...model.limits.values()].filter(({ budgetId }) => budgetId === 1);
  const inOrder = limits.sort((a, b) => byBytes(a.scope, b.scope));
  assert.deepEqual(await store.ownLimitsOf(workspace, 1, MANY), inOrder);
  assert.deepEqual(
    rows(await store.ownLimits(workspace, scopesOf(keys))),
    rows(limitsOf(model, keys)),
  );
  const holds = [...model.holds.values()].filter(({ run }) => run === "r1");
  const found = await store.holdsOfRun(workspace, "r1", { limit: MANY });
  for (const limit of [1, 2, 5]) {
    const paged: Hold[] = [];
    for (let after: Hold | undefined; ; after = paged.at(-1)) {
      const page = await store.holdsOfRun(workspace, "r1", { limit, ...(after && { after }) });
      paged.push(...page);
      if (page.length < limit) break;
    }
    assert.deepEqual(paged, found, "pages are the list");
  }
  assert.deepEqual(rows(found), rows(holds));
  const ages = found.map(({ grantedAtMs }) => grantedAtMs);
  assert.deepEqual(
    ages,
    [...ages].sort((a, b) => b - a),
    "newest first",
  );
  const stops = [...model.stops.values()].sort(
    (a, b) => byBytes(a.of, b.of) || byBytes(a.id, b.id),
  );
  assert.deepEqual(await store.listStops(workspace, { limit: MANY }), stops);
  for (const [at, after] of stops.entries()) {
    const next = await store.listStops(workspace, { limit: 1, after });
    assert.deepEqual(next, stops.slice(at + 1, at + 2), "a page goes on behind the one before");
  }
  assert.deepEqual(rows(await store.stops(workspace, stops)), rows(stops));
  for (const key of keys) {
    const over = model.overruns.filter((one) => balanceText(one) === balanceText(key));
    assert.deepEqual(await store.overrunsOf(workspace, key, MANY), over);
  }
}

/** What was settled or is held is listed, page by page, by budget, scope and window. */
async function assertListing(store: SpendingReads, workspace: string, model: Model) {
  const holds = [...model.holds.values()].filter(isCounting);
  const all: readonly BalanceKey[] = [
    ...model.balances.values(),
    ...holds.flatMap(({ reserves }) => reserves),
  ];
  const listed = [...new Map(all.map((key) => [balanceText(key), key])).values()].sort(
    (a, b) => a.budgetId - b.budgetId || byBytes(a.scope, b.scope) || byBytes(a.window, b.window),
  );
  const kept = listed.flatMap((key) => model.kept(key));
  const pages: KeptBalance[] = [];
  for (let after: BalanceKey | undefined; ; after = pages.at(-1)) {
    const filter = { limit: 2, ...(after === undefined ? {} : { after }) };
    const page = await store.balancesOf(workspace, filter);
    pages.push(...page.map((row) => ({ ...row })));
    if (page.length < 2) break;
  }
  assert.deepEqual(pages, kept);
  const some = { budgetId: 1, scope: "acme", window: "", limit: MANY };
  const filtered = kept.filter((one) => one.budgetId === 1 && one.scope === "acme");
  const found = (await store.balancesOf(workspace, some)).map((row) => ({ ...row }));
  assert.deepEqual(
    found,
    filtered.filter(({ window }) => window === ""),
  );
}

async function assertHolds(store: Store, workspace: string, model: Model): Promise<void> {
  await read(store, workspace, (unit) => assertUnit(unit.spending, model));
  await assertReads(store.spending, workspace, model);
}

async function checkLaw(scene: Scene): Promise<void> {
  const units = fc.array(changes, { minLength: 1, maxLength: 4 });
  const property = fc.asyncProperty(units, async (all) => {
    const workspace = await scene.anotherWorkspace();
    const store = scene.store();
    const model = new Model();
    for (const some of all) {
      await write(store, workspace, model.take(some));
      await assertHolds(store, workspace, model);
    }
    // Balances are totals: they may wait in memory, and what is there goes with a failed unit.
    await store.settle(workspace);
    await forgetRows(store, workspace);
    await assertHolds(store, workspace, model);
  });
  await fc.assert(property, { numRuns: LAW_RUNS });
}

async function checkFailed(scene: Scene): Promise<void> {
  const property = fc.asyncProperty(changes, changes, async (some, lost) => {
    const workspace = await scene.anotherWorkspace();
    const store = scene.store();
    const model = new Model();
    await write(store, workspace, model.take(some));
    await store.settle(workspace);
    const overruns = lost.overruns.map((one, at) => ({ ...one, seq: 900 + at }));
    const failed = read(store, workspace, async (unit) => {
      await unit.write(writesOf({ ...lost, overruns, budgets: BUDGETS }));
      throw new Error("on purpose");
    });
    await assert.rejects(failed, /on purpose/);
    await assertHolds(store, workspace, model);
    assert.deepEqual(await store.spending.budgets(workspace), []);
  });
  await fc.assert(property, { numRuns: LAW_RUNS });
}

async function checkRestart(scene: Scene): Promise<void> {
  const [some, more] = fc.sample(changes, { numRuns: 2, seed: 7 });
  assert.ok(some !== undefined && more !== undefined);
  const model = new Model();
  const { workspace } = scene;
  await write(scene.store(), workspace, { ...model.take(some), budgets: BUDGETS });
  await write(scene.store(), workspace, model.take(more));
  await scene.restart();
  await assertHolds(scene.store(), workspace, model);
  assert.deepEqual(await scene.store().spending.budgets(workspace), BUDGETS);
}

async function checkBudgets({ store, workspace }: Scene): Promise<void> {
  await write(store(), workspace, { budgets: BUDGETS.toReversed() });
  assert.deepEqual(await store().spending.budgets(workspace), BUDGETS);
  const [first, ...others] = BUDGETS;
  assert.ok(first !== undefined);
  const retired = { ...first, retiredAtMs: 7, budget: { ...first.budget, limit: 10n ** 32n } };
  await write(store(), workspace, { budgets: [retired] });
  await forgetRows(store(), workspace);
  assert.deepEqual(await store().spending.budgets(workspace), [retired, ...others]);
}

async function checkApart(scene: Scene): Promise<void> {
  const [some] = fc.sample(changes, { numRuns: 1, seed: 3 });
  assert.ok(some !== undefined);
  const model = new Model();
  const other = await scene.anotherWorkspace();
  await write(scene.store(), scene.workspace, model.take(some));
  await assertHolds(scene.store(), scene.workspace, model);
  await read(scene.store(), other, async ({ spending }) => {
    assert.deepEqual(await spending.balances(model.keys()), []);
    assert.deepEqual(await spending.holds([...model.holds.values()]), []);
    assert.equal(await spending.countingHoldCount(), 0);
  });
  assert.deepEqual(await scene.store().spending.listStops(other, { limit: MANY }), []);
}

/** What budgets need. */
export const SPENDING: readonly Clause[] = [
  { name: "budgets come back as they were set, retired ones too", check: checkBudgets },
  { name: "what is held is the sum of open holds, and every row is found", check: checkLaw },
  { name: "a failed unit leaves nothing of budgets, holds and stops", check: checkFailed },
  { name: "a restart keeps budgets, balances, holds and stops", check: checkRestart },
  { name: "no workspace sees another's balances, holds and stops", check: checkApart },
];
