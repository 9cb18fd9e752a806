/**
 * A schedule of a scripted world: what happens, and how it must end. The suite of connectors
 * (connector-contract.ts) plays them at random, and some on purpose.
 */
import assert from "node:assert/strict";
import { TollgateError } from "../domain/errors.ts";
import { countedValue, type ExportLine } from "../domain/export/export-line.ts";
import type { ExportContext, OpenTarget } from "../engine/export/export-context.ts";
import { hearNotice } from "../engine/export/hear-notice.ts";
import { pagesOf } from "../engine/export/outbox-pages.ts";
import { planCustomer } from "../engine/export/plan-export.ts";
import { type Drift, reconcileLines } from "../engine/export/reconcile-export.ts";
import { runExport } from "../engine/export/run-export.ts";
import { retryLine } from "../engine/export/settle-line.ts";
import { assertAllKnown } from "../engine/export/unknown-lines.ts";
import {
  below,
  isRest,
  Killed,
  ScriptedWorld,
  WORKSPACE,
  type WorldParts,
} from "./scripted-world-contract.ts";

/** Customers and items of every schedule. */
export const CUSTOMERS = ["acme", "globex", "initech"];
export const ITEMS = ["tokens", "searches"];
const MINUTE_MS = 60_000;
/** In milliseconds. */
export const DAY_MS = 24 * 60 * MINUTE_MS;
const OPERATIONS = 24;
const ROUNDS_MAX_COUNT = 80;

/** Plays a schedule; throws where it ends otherwise than it must. */
export async function played(parts: WorldParts, seed: number): Promise<ScriptedWorld> {
  const world = new ScriptedWorld(parts, seed);
  try {
    await world.prepare();
    for (let step = 0; step < OPERATIONS; step += 1) await operate(world, parts.grain);
    await settle(world);
    await judge(world);
    return world;
  } catch (error) {
    const hint = `seed ${seed} (TOLLGATE_EXPORT_SEED=${seed} plays it again)`;
    throw new Error(`${hint}: ${error instanceof Error ? error.message : error}`, { cause: error });
  }
}

/** One thing that happens: usage, time, a sender, an operator, a customer renamed there. */
export async function operate(world: ScriptedWorld, grain: bigint): Promise<void> {
  const { chance } = world;
  world.weather = { faults: chance() < 0.7 ? 0.35 : 0, isOut: chance() < 0.1 };
  switch (below(chance, 12)) {
    case 0:
    case 1:
    case 2:
    case 3:
      return book(world, grain);
    case 4:
      world.pass(below(chance, 3 * MINUTE_MS));
      return;
    case 5:
      world.pass(below(chance, 2 * DAY_MS));
      return;
    case 6:
      world.pass(below(chance, chance() < 0.2 ? 40 * DAY_MS : 8 * DAY_MS));
      return;
    case 7:
      await Promise.all([sends(world), sends(world)]);
      return;
    case 8:
      await repair(world);
      return;
    case 9:
      return rename(world);
    default:
      await sends(world);
  }
}

/** Usage, late usage, corrections, and a card that prices a whole period anew. */
function book(world: ScriptedWorld, grain: bigint): void {
  const { chance, ledger } = world;
  for (let count = 1 + below(chance, 4); count > 0; count -= 1) {
    const customer = CUSTOMERS[below(chance, CUSTOMERS.length)] as string;
    const item = ITEMS[below(chance, ITEMS.length)] as string;
    const ago = chance() < 0.3 ? below(chance, 45 * DAY_MS) : 0;
    const size = BigInt(below(chance, 10 ** (1 + below(chance, 9)))) * grain;
    const by = chance() < 0.15 ? -size : size;
    ledger.add(customer, item, { atMs: Math.max(world.nowMs - ago, Date.UTC(2026, 9, 1)), by });
  }
}

function rename(world: ScriptedWorld): void {
  const { fake, target, chance } = world;
  if (fake.rename === undefined || chance() < 0.5) return;
  const customer = CUSTOMERS[below(chance, CUSTOMERS.length)] as string;
  const renamed = fake.rename(customer);
  const names = { ...target.customers.names, [customer]: renamed };
  // The operator is told some time later.
  world.renamed.set(customer, renamed);
  if (chance() < 0.3) return;
  world.renamed.delete(customer);
  world.target = { ...target, customers: { ...target.customers, names } };
}

/** A sender runs once, and may be killed at it. */
export async function sends(world: ScriptedWorld): Promise<void> {
  const { context, open } = world.sender();
  try {
    const arrivedMs = world.nowMs;
    for (const notice of world.arrivedNotices()) {
      // One that is heard late, because its hearer slept, is refused as too old: it got lost.
      if (world.nowMs - arrivedMs < MINUTE_MS) await hearNotice(context, open, notice);
    }
    // In bad weather nothing could be listed, and so nothing would be sent.
    if (world.weather.faults === 0) await runsKnown(context, open);
    else await runExport(context, open, { customer: null });
  } catch (error) {
    if (!(error instanceof Killed)) throw error;
  }
}

/**
 * A run as a process makes its first: these books know all that the target holds. What cannot be
 * listed now is listed the next time.
 */
export async function runsKnown(context: ExportContext, open: OpenTarget): Promise<void> {
  try {
    await assertAllKnown(context, open);
  } catch (error) {
    if (error instanceof TollgateError && error.code === "export.unlisted") return;
    throw error;
  }
  await runExport(context, open, { customer: null });
}

/** An operator corrects names and tries again what was refused. */
async function repair(world: ScriptedWorld): Promise<void> {
  for (const [customer, renamed] of world.renamed) {
    const names = { ...world.target.customers.names, [customer]: renamed };
    world.target = { ...world.target, customers: { ...world.target.customers, names } };
  }
  world.renamed.clear();
  const { context, open } = world.sender();
  try {
    for (const line of await allLines(world, ["rejected"])) await retried(context, open, line);
  } catch (error) {
    if (!(error instanceof Killed)) throw error;
  }
}

/** What cannot be tried again before other lines are settled is tried again later. */
export async function retried(
  context: ExportContext,
  open: OpenTarget,
  line: ExportLine,
): Promise<void> {
  try {
    await retryLine(context, open, line);
  } catch (error) {
    if (!(error instanceof TollgateError) || error.code !== "export.line_state") throw error;
  }
}

/** All lines of the target, or those in some states. */
export async function allLines(
  { outbox, target }: ScriptedWorld,
  states?: readonly ExportLine["state"][],
): Promise<ExportLine[]> {
  const found: ExportLine[] = [];
  const filter = { target: target.id, ...(states === undefined ? {} : { states }) };
  for await (const page of pagesOf({ outbox }, WORKSPACE, filter)) found.push(...page);
  return found;
}

/** Fair weather, until nothing is left to do. */
export async function settle(world: ScriptedWorld): Promise<void> {
  world.weather = { faults: 0, isOut: false };
  const open = ["ready", "in_flight", "accepted", "unknown", "rejected"] as const;
  for (let round = 0; round < ROUNDS_MAX_COUNT; round += 1) {
    world.pass(round < 2 ? 32 * DAY_MS : 2 * 60 * MINUTE_MS);
    await repair(world);
    await sends(world);
    const isAllPlanned = round > 2;
    const isDone = isAllPlanned && (await allLines(world, open)).length === 0;
    if (isDone && (await isNothingOwed(world))) return;
  }
  const left = await allLines(world, open);
  // What is still owed although nothing is left to send, the judge tells.
  if (left.length === 0) return;
  const told = left.map(({ state, note, key }) => `${state} ${key}: ${note}`).slice(0, 5);
  assert.fail(`after ${ROUNDS_MAX_COUNT} rounds lines are left:\n${told.join("\n")}`);
}

async function isNothingOwed(world: ScriptedWorld): Promise<boolean> {
  const { context, open } = world.sender();
  const plans = await Promise.all(CUSTOMERS.map((one) => planCustomer(context, open, one)));
  const { numbers } = open.connector.capability(open.target);
  return plans.every(
    ({ lines, carried }) =>
      lines.length === 0 && carried.every((one) => isRest(one.carried, numbers)),
  );
}

/** Throws where their total is not ours, books do not add up, or something drifts. */
export async function judge(world: ScriptedWorld): Promise<void> {
  const { context, open } = world.sender();
  const lines = await allLines(world);
  assert.deepEqual(world.fake.complaints, [], "the fake has nothing to complain about");
  const { numbers } = open.connector.capability(open.target);
  for (const customer of CUSTOMERS) {
    const plan = await planCustomer(context, open, customer);
    for (const item of ITEMS) {
      const own = lines.filter((line) => line.customer === customer && line.item === item);
      const sent = own.reduce((sum, line) => sum + countedValue(line), 0n);
      const carried = plan.carried.find((one) => one.item === item)?.carried ?? 0n;
      const place = `${customer} ${item}`;
      assert.equal(world.fake.total(customer, item), sent, `their total of ${place} is ours`);
      assert.equal(sent + carried, world.ledger.total(customer, item), `${place} adds up`);
      assert.ok(isRest(carried, numbers), `${place} carries ${carried}`);
    }
  }
  assert.deepEqual(world.fake.complaints, [], "nor has it once its books were read");
  assert.deepEqual(await driftsOf(world), [], "nothing drifts");
}

const ASKS_MAX_COUNT = 20;

/** Where they and we differ. Whom a limit of theirs keeps from answering is asked again. */
async function driftsOf(world: ScriptedWorld): Promise<readonly Drift[]> {
  for (let asks = 1; ; asks += 1) {
    const { context, open } = world.sender();
    const request = { customer: null, states: ["confirmed"] } as const;
    const { drifts } = await reconcileLines(context, open, request);
    if (asks === ASKS_MAX_COUNT || drifts.every(({ drift }) => drift !== null)) return drifts;
    world.pass(MINUTE_MS);
  }
}
