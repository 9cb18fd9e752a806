/**
 * What every connector must do, tried with a stateful fake of its target over random schedules: in
 * the end, what the target would bill is what our books say, to the last unit, and the rest that
 * its numbers cannot hold is known. Three exporters that are wrong on purpose must fail the same
 * schedules.
 *
 * TOLLGATE_EXPORT_SEED plays one schedule again.
 */
import assert from "node:assert/strict";
import { randomInt } from "node:crypto";
import { describe, test } from "node:test";
import { planCustomer } from "../engine/export/plan-export.ts";
import { keptWithoutSecrets } from "./planted-secrets-contract.ts";
import {
  allLines,
  CUSTOMERS,
  DAY_MS,
  ITEMS,
  judge,
  operate,
  played,
  sends,
  settle,
} from "./play-schedule-contract.ts";
import { staysOrComesCloser, tellsNothingTwice } from "./restored-books-contract.ts";
import { ScriptedWorld, type WorldParts } from "./scripted-world-contract.ts";
import { type Spoil, WRONG_EXPORTERS } from "./wrong-exporters-contract.ts";

/** A connector to judge. */
export interface ConnectorCandidate {
  readonly name: string;
  /** Fresh parts: each schedule has an outbox and a fake of its own. */
  readonly parts: () => WorldParts;
  /**
   * Schedules of `npm test`; `test:full` plays twenty times as many. A connector's modes share
   * 500. (Default: 500.)
   */
  readonly schedules?: number;
  /** Why its target cannot tell what it holds; then nothing finds out that books lost lines. */
  readonly forgets?: string;
  /** Schedules in which a wrong exporter must be found. (Default: 500.) */
  readonly wrongSchedules?: number;
}

const SCHEDULES = 500;
const FULL_FACTOR = process.env.TOLLGATE_TEST_FULL === "1" ? 20 : 1;
const WRONG_SCHEDULES = 500;
const LOST_HISTORIES = 10;
const PLANTED_SCHEDULES = 3;
const SIDE_BY_SIDE_OPERATIONS = 12;

/** Runs the suite. */
export function connectorContract(candidate: ConnectorCandidate): void {
  describe(`${candidate.name} keeps the connector contract`, () => {
    const first = Number(process.env.TOLLGATE_EXPORT_SEED ?? randomInt(2 ** 31));
    const wanted = FULL_FACTOR * (candidate.schedules ?? SCHEDULES);
    const count = process.env.TOLLGATE_EXPORT_SEED === undefined ? wanted : 1;
    test(`${count} random schedules end with their total being ours (seed ${first})`, async () => {
      for (let seed = first; seed < first + count; seed += 1) {
        await played(candidate.parts(), seed);
      }
    });
    for (const [name, wrong] of WRONG_EXPORTERS) {
      test(`an exporter that is wrong is found: ${name}`, async () => {
        assert.equal(await isFound(candidate, wrong, first), true, `seed ${first}`);
      });
    }
    test("a preview shows what is sent, and no secret", async () => {
      await previewed(candidate.parts(), first);
    });
    test("what is kept of requests and answers holds no secret", async () => {
      for (let seed = first; seed < first + PLANTED_SCHEDULES; seed += 1) {
        await keptWithoutSecrets(candidate.parts(), seed);
      }
    });
    test("an outage of 40 days loses nothing and sends nothing twice", async () => {
      await outage(candidate.parts(), first);
    });
    test("a card that changes in mid-flight changes no line that is under way", async () => {
      await repriced(candidate.parts(), first);
    });
    test("a customer who is renamed on their side is billed once, under both names", async () => {
      await renamed(candidate.parts(), first);
    });
    const skip = candidate.forgets ?? false;
    test("books that lost lines, as a restored copy, tell them nobody twice", {
      skip,
    }, async () => {
      await tellsNothingTwice(candidate.parts(), first);
    });
    const lost = FULL_FACTOR * LOST_HISTORIES;
    test(`${lost} histories that a copy knows a part of (seed ${first})`, { skip }, async () => {
      for (let seed = first; seed < first + lost; seed += 1) {
        await staysOrComesCloser(candidate.parts(), seed);
      }
    });
    test("a live and a test account side by side share no key and no line", async () => {
      await twoAccounts(candidate, first);
    });
  });
}

/**
 * Whether a wrong exporter bills what our books do not say, or never comes to an end: where a
 * target refuses the second copy of a line, whoever sends blindly cannot tell it from a refusal.
 */
async function isFound(
  candidate: ConnectorCandidate,
  spoil: Spoil,
  first: number,
): Promise<boolean> {
  const { wrongSchedules = WRONG_SCHEDULES } = candidate;
  for (let seed = first; seed < first + wrongSchedules; seed += 1) {
    const parts = candidate.parts();
    try {
      await played({ ...parts, connector: spoil(parts.connector) }, seed);
    } catch {
      return true;
    }
  }
  return false;
}

async function previewed(parts: WorldParts, seed: number): Promise<void> {
  const world = new ScriptedWorld(parts, seed);
  await world.prepare();
  world.ledger.add("acme", "tokens", { atMs: world.nowMs, by: 10n ** 10n * parts.grain });
  world.pass(40 * DAY_MS);
  const { context, open } = world.sender();
  const { lines } = await planCustomer(context, open, "acme");
  assert.ok(lines.length > 0, "there is something to preview");
  const text = JSON.stringify(open.connector.preview(lines, open.target));
  for (const secret of Object.values(world.secrets)) {
    assert.ok(!text.includes(secret), "a preview holds no secret");
  }
  assert.deepEqual(
    lines.filter(({ key }) => !text.includes(key)),
    [],
    "a preview names each line",
  );
}

async function outage(parts: WorldParts, seed: number): Promise<void> {
  const world = new ScriptedWorld(parts, seed);
  await world.prepare();
  for (let day = 0; day < 70; day += 1) {
    // The answer is lost, then nothing gets through for forty days, then all is well.
    const isStart = day === 20;
    world.weather = { faults: isStart ? 1 : 0, isOut: day > 20 && day < 60 };
    for (const customer of CUSTOMERS) {
      world.ledger.add(customer, "tokens", {
        atMs: world.nowMs,
        by: BigInt(day + 1) * parts.grain,
      });
    }
    await sends(world);
    world.pass(DAY_MS);
  }
  await settle(world);
  await judge(world);
}

/** Lines are on their way when a new card says that they should have been more, less or nothing. */
async function repriced(parts: WorldParts, seed: number): Promise<void> {
  const world = new ScriptedWorld(parts, seed);
  await world.prepare();
  const atMs = await underWay(world);
  const before = new Map((await allLines(world)).map(({ key, body }) => [key, body]));
  assert.ok(before.size > 0, "lines are under way");
  const by = { acme: SOLD / 2n, globex: -SOLD / 3n, initech: -SOLD };
  for (const [customer, change] of Object.entries(by)) {
    for (const item of ITEMS) world.ledger.add(customer, item, { atMs, by: change * parts.grain });
  }
  world.weather = { faults: 0.5, isOut: false };
  await sends(world);
  for (const { key, body } of await allLines(world)) {
    assert.equal(body, before.get(key) ?? body, `the bytes of ${key} stay`);
  }
  await settle(world);
  await judge(world);
}

/** They rename a customer while lines are on their way; our operator hears of it later. */
async function renamed(parts: WorldParts, seed: number): Promise<void> {
  const world = new ScriptedWorld(parts, seed);
  await world.prepare();
  const atMs = await underWay(world);
  const theirs = world.fake.rename?.("acme") ?? { id: "ACME-2" };
  const sold = () => {
    for (const item of ITEMS) world.ledger.add("acme", item, { atMs, by: SOLD * parts.grain });
  };
  world.weather = { faults: 0.3, isOut: false };
  sold();
  await sends(world);
  const { customers } = world.target;
  const names = { ...customers.names, acme: theirs };
  world.target = { ...world.target, customers: { ...customers, names } };
  sold();
  await settle(world);
  await judge(world);
}

const SOLD = 6n * 10n ** 9n;

/** Sells at the end of a period, and sends when it is over; some answers get lost. */
async function underWay(world: ScriptedWorld): Promise<number> {
  world.pass(30 * DAY_MS + DAY_MS / 2);
  const atMs = world.nowMs;
  for (const customer of CUSTOMERS) {
    const by = SOLD * world.grain;
    for (const item of ITEMS) world.ledger.add(customer, item, { atMs, by });
  }
  world.pass(DAY_MS);
  world.weather = { faults: 0.8, isOut: false };
  while ((await allLines(world)).length === 0) await sends(world);
  return atMs;
}

/** One outbox and one company, whose two accounts know nothing of each other. */
async function twoAccounts(candidate: ConnectorCandidate, seed: number): Promise<void> {
  const { outbox } = candidate.parts();
  const worlds = ["live", "test"].map((account) => {
    const world = new ScriptedWorld({ ...candidate.parts(), outbox }, seed);
    world.target = { ...world.target, id: account, account };
    return world;
  });
  for (const world of worlds) await world.prepare();
  for (let step = 0; step < SIDE_BY_SIDE_OPERATIONS; step += 1) {
    await Promise.all(worlds.map((world) => operate(world, world.grain)));
  }
  const keys: string[] = [];
  for (const world of worlds) {
    for (const customer of CUSTOMERS) {
      const move = { atMs: world.nowMs, by: SOLD * world.grain };
      world.ledger.add(customer, "tokens", move);
    }
    await settle(world);
  }
  for (const world of worlds) {
    await judge(world);
    keys.push(...(await allLines(world)).map(({ key }) => key));
  }
  assert.ok(keys.length >= worlds.length * CUSTOMERS.length);
  assert.equal(new Set(keys).size, keys.length);
}
