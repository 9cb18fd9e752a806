/** Reads outside a unit of work: listings in their order, filters, pages, and administration. */
import assert from "node:assert/strict";
import fc from "fast-check";
import type { PriceVersion } from "../domain/cost/price-book.ts";
import type { Factor, Price } from "../domain/money/decimal.ts";
import type { RateCardVersion } from "../domain/rating/rate-card.ts";
import { storedRateCard } from "../domain/rating/stored-rate-card.ts";
import type { ApiKey, RunFilter, Store } from "../engine/ports.ts";
import { anyId } from "./arbitrary-rows-contract.ts";
import type { Clause, Scene } from "./clause-contract.ts";
import { sorted, write } from "./round-trip-contract.ts";
import {
  adjustmentRow,
  conflictRow,
  counterRow,
  customerRow,
  journalRow,
  rollupRow,
  runRow,
  stepRow,
  suspendedRow,
} from "./sample-rows-contract.ts";
import { STATEMENTS } from "./statement-contract.ts";

async function pagesOf(store: Store, workspace: string, filter: RunFilter): Promise<string[]> {
  const ids: string[] = [];
  let { after } = filter;
  for (;;) {
    const where = after === undefined ? filter : { ...filter, after };
    const page = await store.listRuns(workspace, where);
    assert.ok(page.length <= filter.limit);
    ids.push(...page.map((run) => run.id));
    after = ids.at(-1);
    if (page.length < filter.limit) return ids;
  }
}

async function checkRunPages(scene: Scene): Promise<void> {
  const anyOpening = fc.record({ id: anyId, openedAtMs: fc.nat(3) });
  const some = fc.uniqueArray(anyOpening, { minLength: 1, maxLength: 9, selector: ({ id }) => id });
  const property = fc.asyncProperty(some, fc.integer({ min: 1, max: 4 }), async (rows, limit) => {
    const workspace = await scene.anotherWorkspace();
    await write(scene.store(), workspace, { runs: rows.map(runRow) });
    const ids = await pagesOf(scene.store(), workspace, { limit });
    assert.deepEqual(sorted(ids), sorted(rows.map((row) => row.id)), "each exactly once");
    const openings = ids.map((id) => rows.find((row) => row.id === id)?.openedAtMs ?? -1);
    const newestFirst = openings.toSorted((a, b) => b - a);
    assert.deepEqual(openings, newestFirst);
    assert.deepEqual(await pagesOf(scene.store(), workspace, { limit: 99 }), ids);
  });
  await fc.assert(property, { numRuns: 15 });
}

async function checkRunFilters({ store, workspace }: Scene): Promise<void> {
  await write(store(), workspace, {
    runs: [
      runRow({ id: "r1", openedAtMs: 1, agent: "support" }),
      runRow({ id: "r2", openedAtMs: 2, customer: "zeta", status: "failed", endUser: "u1" }),
      runRow({ id: "r3", openedAtMs: 3, parent: "r1", agent: "support", status: "failed" }),
      runRow({ id: "r4", openedAtMs: 4, parent: "r1", customer: null, endUser: "u2" }),
    ],
  });
  const ids = async (filter: Omit<RunFilter, "limit">) =>
    (await store().listRuns(workspace, { limit: 9, ...filter })).map((run) => run.id);
  assert.deepEqual(await ids({}), ["r4", "r3", "r2", "r1"]);
  assert.deepEqual(await ids({ customer: "acme" }), ["r3", "r1"]);
  assert.deepEqual(await ids({ agent: "support" }), ["r3", "r1"]);
  assert.deepEqual(await ids({ status: "failed" }), ["r3", "r2"]);
  assert.deepEqual(await ids({ roots: true }), ["r2", "r1"]);
  assert.deepEqual(await ids({ customer: "acme", status: "failed", roots: true }), []);
  assert.deepEqual(await ids({ customer: "acme", after: "r3" }), ["r1"]);
  assert.deepEqual(await ids({ customer: "nobody" }), []);
  assert.deepEqual(await ids({ endUser: "u1" }), ["r2"]);
  assert.deepEqual(await ids({ hasEndUser: true }), ["r4", "r2"]);
  assert.deepEqual(await ids({ hasEndUser: true, byId: true, after: "r2" }), ["r4"]);
  const children = await store().children(workspace, "r1");
  assert.deepEqual(
    children.map((run) => run.id),
    ["r3", "r4"],
  );
  assert.equal(await store().run(workspace, "r9"), undefined);
  const named = await store().runs(workspace, ["r4", "r9", "r1", "r4"]);
  assert.deepEqual(
    sorted(named),
    sorted(await store().listRuns(workspace, { limit: 9 })).filter(
      ({ id }) => id === "r4" || id === "r1",
    ),
  );
  assert.deepEqual(await store().runs(workspace, []), []);
}

async function checkNamedCustomers({ store, workspace }: Scene): Promise<void> {
  const rows = ["acme", "zeta", "other"].map((id) => customerRow({ id, cardKey: `card of ${id}` }));
  await write(store(), workspace, { customers: rows });
  const found = await store().customers(workspace, ["zeta", "nobody", "acme", "zeta"]);
  assert.deepEqual(sorted(found), sorted(rows.slice(0, 2)));
  assert.deepEqual(await store().customers(workspace, []), []);
}

async function checkUsage({ store, workspace }: Scene): Promise<void> {
  const rows = [
    rollupRow({ steps: 1 }),
    rollupRow({ steps: 2, customer: "zeta", agent: "support" }),
    rollupRow({ steps: 3, agent: "support", period: "2026-12-01" }),
  ];
  await write(store(), workspace, { rollups: rows });
  const steps = async (filter: Parameters<Store["rollups"]>[1]) =>
    (await store().rollups(workspace, filter)).map((row) => row.steps).sort();
  assert.deepEqual(await steps({}), [1, 2, 3]);
  assert.deepEqual(await steps({ customer: "acme" }), [1, 3]);
  assert.deepEqual(await steps({ agent: "support" }), [2, 3]);
  assert.deepEqual(await steps({ agent: "" }), [1]);
  assert.deepEqual(await steps({ customer: "acme", period: "2026-12-01" }), [3]);
  assert.deepEqual(await steps({ period: "2026-11" }), [1, 2]);
  assert.deepEqual(await steps({ agent: "support", period: "2026-12" }), [3]);
  const counters = [counterRow({}), counterRow({ period: "2026-12-01" })];
  await write(store(), workspace, { counters });
  assert.deepEqual(await store().countersOf(workspace, counterRow({})), counters.slice(0, 1));
}

async function checkAdjustmentPages({ store, workspace }: Scene): Promise<void> {
  const key = { customer: "acme", bookedPeriod: "2026-11-01" };
  const own = [2, 3, 5, 8].map((seq) => adjustmentRow({ ...key, seq }));
  const others = [
    adjustmentRow({ ...key, seq: 4, bookedPeriod: "2026-12-01" }),
    adjustmentRow({ ...key, seq: 6, customer: "beta" }),
  ];
  await write(store(), workspace, { adjustments: [...others, ...own] });
  const seqs = async (after: number, limit: number) => {
    const of = { customer: "acme", period: "2026-11-01" };
    const page = await store().adjustmentPage(workspace, of, { after, limit });
    return page.map(({ seq }) => seq);
  };
  assert.deepEqual(await seqs(0, 3), [2, 3, 5]);
  assert.deepEqual(await seqs(5, 3), [8]);
  assert.deepEqual(await seqs(2, 2), [3, 5]);
  assert.deepEqual(await seqs(8, 2), []);
  const byHand = [
    adjustmentRow({ ...key, seq: 9, run: "", reason: "disputed" }),
    adjustmentRow({ ...key, seq: 10, run: "", bookedPeriod: "2026-12-01", reason: "opening" }),
    adjustmentRow({ ...key, seq: 11, run: "", customer: "beta", reason: "goodwill" }),
  ];
  await write(store(), workspace, { adjustments: byHand.toReversed() });
  assert.deepEqual(await store().bookedByHand(workspace, "acme"), byHand.slice(0, 2));
}

async function checkPeriodsToBill({ store, workspace }: Scene): Promise<void> {
  await write(store(), workspace, {
    rollups: [
      rollupRow({ customer: "zeta", period: "2026-11-15" }),
      rollupRow({ period: "2026-12-01" }),
      rollupRow({ period: "2026-11-01" }),
      rollupRow({ period: "2026-11-01", agent: "support" }),
    ],
    adjustments: [
      adjustmentRow({ seq: 1, bookedPeriod: "2026-11-01" }),
      adjustmentRow({ seq: 2, customer: "beta", bookedPeriod: "2026-11-30" }),
    ],
  });
  const acme = { customer: "acme", period: "2026-11-01" };
  const beta = { customer: "beta", period: "2026-11-30" };
  const zeta = { customer: "zeta", period: "2026-11-15" };
  assert.deepEqual(await store().periodsToBill(workspace, "2026-11"), [acme, beta, zeta]);
  assert.deepEqual(await store().periodsToBill(workspace, "2026-11-01"), [acme]);
  assert.deepEqual(await store().periodsToBill(workspace, "2026-1_"), []);
  assert.deepEqual(await store().periodsToBill(workspace, "%"), []);
  for (const key of [acme, beta, zeta]) {
    assert.deepEqual(await store().periodsToBill(workspace, "2026-11", key.customer), [key]);
  }
  assert.deepEqual(await store().periodsToBill(workspace, "2026-11", "beta"), [beta]);
  const december = { customer: "acme", period: "2026-12-01" };
  assert.deepEqual(await store().periodsToBill(workspace, "", "acme"), [acme, december]);
  assert.deepEqual(await store().periodsToBill(workspace, "2026-12", "zeta"), []);
  const all = await store().periodsToBill(workspace, "");
  assert.deepEqual(all, [acme, december, beta, zeta], "by customer, then period");
}

async function checkCustomerPages(scene: Scene): Promise<void> {
  const some = fc.uniqueArray(anyId, { minLength: 1, maxLength: 9 });
  const property = fc.asyncProperty(some, fc.integer({ min: 1, max: 4 }), async (ids, limit) => {
    const workspace = await scene.anotherWorkspace();
    const customers = ids.map((id) => customerRow({ id }));
    await write(scene.store(), workspace, { customers });
    const found: string[] = [];
    for (;;) {
      const page = await scene.store().listCustomers(workspace, limit, found.at(-1));
      found.push(...page.map((customer) => customer.id));
      if (page.length < limit) break;
    }
    const byBytes = ids.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    assert.deepEqual(found, byBytes, "in the order of their bytes");
  });
  // In UTF-16, the order of JavaScript, a surrogate pair comes before U+FFFF.
  await fc.assert(property, { numRuns: 15, examples: [[["\u{10ffff}", "\uffff"], 1]] });
  assert.equal(await scene.store().customer(scene.workspace, "nobody"), undefined);
}

async function checkInboxes({ store, workspace }: Scene): Promise<void> {
  const seqs = [5, 1, 3];
  await write(store(), workspace, {
    suspended: seqs.map((seq) => suspendedRow({ id: `s${seq}`, seq })),
    conflicts: seqs.map((seq) => conflictRow({ seq, settled: seq === 3 ? "first" : null })),
  });
  const seqsOf = (rows: readonly { readonly seq: number }[]) => rows.map((row) => row.seq);
  assert.deepEqual(seqsOf(await store().listSuspended(workspace, 9)), [1, 3, 5]);
  assert.deepEqual(seqsOf(await store().listSuspended(workspace, 2)), [1, 3]);
  assert.deepEqual(seqsOf(await store().listSuspended(workspace, 2, 1)), [3, 5]);
  assert.deepEqual(seqsOf(await store().listSuspended(workspace, 2, 5)), []);
  const unlimited = Number.MAX_SAFE_INTEGER;
  assert.deepEqual(seqsOf(await store().listConflicts(workspace, unlimited)), [1, 5]);
  assert.deepEqual(seqsOf(await store().listConflicts(workspace, 1)), [1]);
  assert.deepEqual(seqsOf(await store().listConflicts(workspace, 1, 1)), [5]);
  assert.deepEqual(seqsOf(await store().listConflicts(workspace, 1, 5)), []);
}

async function checkJournal({ store, workspace }: Scene): Promise<void> {
  await write(store(), workspace, { journal: [4, 2, 9].map((seq) => journalRow({ seq })) });
  const seqs = async (after: number, limit: number) =>
    (await store().journal(workspace, after, limit)).map((entry) => entry.seq);
  assert.deepEqual(await seqs(0, 9), [2, 4, 9]);
  assert.deepEqual(await seqs(2, 1), [4]);
  assert.deepEqual(await seqs(9, 9), []);
}

async function checkTariff({ store, workspace, restart }: Scene): Promise<void> {
  const charge = {
    key: "tools",
    meter: { count: "steps", where: { kind: "tool" } },
    price: { model: "per_unit", unit: "0.000000000000000001" },
  };
  const cards = ["b-card", "a-card"].map((key, index): RateCardVersion => {
    const document = JSON.stringify({ key, currency: "USD", charges: [charge] });
    const effective = { effectiveFromMs: index, recordedAtMs: index };
    const override = { document: '{"extends":"b-card"}', baseVersionId: 1 };
    const how =
      index === 0
        ? ({ takesEffect: "at_once", override: null } as const)
        : ({ takesEffect: "next_period", override } as const);
    const card = storedRateCard(document);
    return { id: index + 1, version: 1, ...effective, ...how, card, document };
  });
  const rate = { unit: "input_uncached", price: (10n ** 27n) as Price };
  const tiers = [{ inputAboveTokens: 200_000, price: 1n as Price }];
  const entry = {
    provider: "openai",
    subject: "gpt-5",
    aliases: ["gpt-5-2026"],
    prefixes: [],
    currency: "USD",
    tierFactors: { batch: 500_000n as Factor },
    periods: [{ effectiveFromMs: null, daily: null, rates: [{ ...rate, tiers }] }],
  };
  const version = { source: "seed", recordedAtMs: 5, entries: [entry] };
  const prices: PriceVersion[] = [
    { ...version, id: 1, effectiveFromMs: null },
    { ...version, id: 2, effectiveFromMs: Number.MAX_SAFE_INTEGER },
  ];
  await write(store(), workspace, { cards, prices });
  const check = async () => {
    assert.deepEqual(await store().cards(workspace), cards);
    assert.deepEqual(await store().prices(workspace), prices);
  };
  await check();
  await restart();
  if ((await store().workspaces()).includes(workspace)) await check();
}

async function checkKeys({ store, workspace, anotherWorkspace }: Scene): Promise<void> {
  const key = (id: string, createdAtMs: number): ApiKey => ({
    id: `${workspace} ${id}`,
    hash: `${workspace} hash ${id}`,
    workspace,
    scopes: ["ingest", "read"],
    label: 'it\'s "mine"',
    createdAtMs,
    revokedAtMs: null,
  });
  const [late, early] = [key("late", 9), key("early", 1)];
  await store().keyring.save(late);
  await store().keyring.save(early);
  await store().keyring.save({ ...key("theirs", 5), workspace: await anotherWorkspace() });
  assert.deepEqual(await store().keyring.ofWorkspace(workspace), [early, late], "oldest first");
  const revoked = { ...early, revokedAtMs: 20 };
  await store().keyring.save(revoked);
  assert.deepEqual(await store().keyring.byHash(early.hash), revoked);
  assert.deepEqual(await store().keyring.ofWorkspace(workspace), [revoked, late]);
  assert.equal(await store().keyring.byHash("unknown"), undefined);
}

async function checkActs({ store, workspace, anotherWorkspace }: Scene): Promise<void> {
  const act = (seq: number, source: "period.closed" | "card.applied", id: string) =>
    journalRow({ seq, kind: source, run: "", source, id });
  const [first, other, third] = [
    act(2, "period.closed", "a"),
    act(3, "period.closed", "b"),
    act(7, "period.closed", "a"),
  ];
  const rest = [
    act(4, "card.applied", "a"),
    journalRow({ seq: 5, source: "period.closed", id: "a" }),
  ];
  await write(store(), workspace, { journal: [third, first, ...rest, other] });
  await write(store(), await anotherWorkspace(), { journal: [act(9, "period.closed", "a")] });
  const read = (some: object) =>
    store().acts(workspace, { kind: "period.closed", limit: 9, ...some });
  assert.deepEqual(await read({}), [first, other, third], "oldest first, none of a run");
  assert.deepEqual(await read({ subject: "a" }), [first, third]);
  assert.deepEqual(await read({ afterSeq: 2 }), [other, third]);
  assert.deepEqual(await read({ subject: "a", afterSeq: 1, limit: 1 }), [first]);
  assert.deepEqual(await read({ subject: "c" }), []);
  assert.deepEqual(await read({ beforeSeq: 7 }), [other, first], "newest first");
  assert.deepEqual(await read({ subject: "a", beforeSeq: 9, limit: 1 }), [third]);
  assert.deepEqual(await store().lastAct(workspace, "period.closed", "a"), third);
  assert.equal(await store().lastAct(workspace, "period.closed", "c"), undefined);
}

async function checkScans(scene: Scene): Promise<void> {
  const anyKey = fc.record({ run: anyId, source: anyId, id: anyId });
  const some = fc.uniqueArray(anyKey, { maxLength: 9, selector: (key) => JSON.stringify(key) });
  const property = fc.asyncProperty(some, fc.integer({ min: 1, max: 4 }), async (keys, limit) => {
    const [workspace, other] = [await scene.anotherWorkspace(), await scene.anotherWorkspace()];
    const runs = [...new Set(keys.map(({ run }) => run))];
    const rows = { runs: runs.map((id) => runRow({ id })), steps: keys.map(stepRow) };
    for (const each of [workspace, other]) await write(scene.store(), each, rows);
    const found: string[] = [];
    for (let after: string | null = ""; after !== null; ) {
      const { steps, next } = await scene.store().stepPage(workspace, after, limit);
      assert.ok(steps.length <= limit);
      found.push(...steps.map(({ run, source, id }) => JSON.stringify({ run, source, id })));
      after = next;
    }
    assert.deepEqual(found.toSorted(), keys.map((key) => JSON.stringify(key)).toSorted());
    const ids: string[] = [];
    for (let page = [""]; page.length > 0; ids.push(...page)) {
      page = await scene.store().runIds(workspace, ids.at(-1) ?? "", limit);
    }
    const bytes = (id: string) => Buffer.from(id).toString("hex");
    assert.deepEqual(
      ids,
      runs.toSorted((a, b) => (bytes(a) < bytes(b) ? -1 : 1)),
    );
  });
  await fc.assert(property, { numRuns: 15 });
}

async function checkSize({ store, workspace, anotherWorkspace }: Scene): Promise<void> {
  const before = await store().size();
  await write(store(), workspace, { runs: [runRow({ id: "r1" }), runRow({ id: "r2" })] });
  const after = await store().size();
  assert.equal(after.runs - before.runs, 2);
  assert.equal(after.steps, before.steps);
  assert.ok(after.bytes >= 0);
  const next = await anotherWorkspace();
  assert.deepEqual((await store().workspaces()).slice(-2), [workspace, next], "oldest first");
}

/** Reads of the port. */
export const READS: readonly Clause[] = [
  { name: "pages of runs show each run once, newest opening first", check: checkRunPages },
  { name: "runs are filtered by customer, agent, status and place", check: checkRunFilters },
  { name: "roll-ups and counters are read by customer, agent and period", check: checkUsage },
  { name: "periods to bill are those with usage or adjustments", check: checkPeriodsToBill },
  { name: "adjustments of a period are read page by page", check: checkAdjustmentPages },
  { name: "pages of customers show each one once, in order", check: checkCustomerPages },
  {
    name: "customers are found by their names, those that are not known left out",
    check: checkNamedCustomers,
  },
  { name: "steps and ids of runs are read page by page, each once", check: checkScans },
  { name: "suspense and open conflicts are listed in order of arrival", check: checkInboxes },
  ...STATEMENTS,
  { name: "the journal is read onwards from any place", check: checkJournal },
  { name: "acts are found by kind and subject, oldest first", check: checkActs },
  { name: "rate cards and prices come back exactly", check: checkTariff },
  { name: "a key is found by its hash and revoked for good", check: checkKeys },
  { name: "sizes count runs and steps, and workspaces are listed", check: checkSize },
];
