/**
 * Books that lost what they knew: a copy from before is restored, producers send again, and the
 * target has lines that are in no outbox. Of such lines nothing may be billed a second time.
 */
import assert from "node:assert/strict";
import { TollgateError } from "../domain/errors.ts";
import type { ExportLine } from "../domain/export/export-line.ts";
import type { ExportContext, OpenTarget } from "../engine/export/export-context.ts";
import type { Outbox } from "../engine/export/export-ports.ts";
import { unknownLines } from "../engine/export/unknown-lines.ts";
import { MemoryOutbox } from "../store/memory/memory-outbox.ts";
import { CUSTOMERS, ITEMS, retried, runsKnown } from "./play-schedule-contract.ts";
import { below, ScriptedWorld, WORKSPACE, type WorldParts } from "./scripted-world-contract.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** A world whose second half is forgotten. */
export interface Restored {
  readonly world: ScriptedWorld;
  /** As it would be with the copy's outbox. */
  readonly copy: { readonly context: ExportContext; readonly open: OpenTarget };
  /** Lines that the target was told since. */
  readonly lost: readonly ExportLine[];
}

const ONE = 10n ** 33n;
const [BEFORE, SINCE] = [3n * ONE, 2n * ONE];

/** Of 5 that are told and 3 that are known, nothing is told again, and 2 are told to be unknown. */
export async function tellsNothingTwice(parts: WorldParts, seed: number): Promise<void> {
  const { world, copy, lost } = await restored(parts, seed, [BEFORE, SINCE]);
  // One that was refused is told anew by another.
  assert.equal(lost.filter(({ state }) => state !== "superseded").length, 1);
  assert.equal(world.fake.total("acme", "tokens"), BEFORE + SINCE);
  await assert.rejects(exported(world, copy), { code: "export.unknown_lines" });
  assert.equal(world.fake.total("acme", "tokens"), BEFORE + SINCE, "nothing is told again");
  const unknown = (await listed(copy)) ?? [];
  assert.deepEqual(
    unknown.map(({ said, note }) => [said?.customer, said?.value, note !== ""]),
    [["acme", SINCE, true]],
  );
  // Its item, or what a charge or document there says that it is for.
  assert.match(unknown[0]?.said?.item ?? "", /^tokens( of acme)?/);
  // Those who know them find nothing.
  assert.deepEqual(await listed(world.sender()), []);
}

const STEPS = 8;

/**
 * Whatever is sold, corrected and exported, and wherever a copy is made in between: runs on that
 * copy bring no total of theirs further from the books than it was.
 */
export async function staysOrComesCloser(parts: WorldParts, seed: number): Promise<void> {
  const world = new ScriptedWorld(parts, seed);
  await world.prepare();
  const { chance } = world;
  const longestMs = world.target.mode === "usage" ? 3 * DAY_MS : 40 * DAY_MS;
  const copiedAt = below(chance, STEPS);
  let outbox: Outbox = await copied(world.outbox, world);
  for (let step = 0; step < STEPS; step += 1) {
    const customer = chance() < 0.7 ? "acme" : "globex";
    const item = chance() < 0.7 ? "tokens" : "searches";
    const by = BigInt(below(chance, 9) - 2) * ONE;
    world.ledger.add(customer, item, { atMs: world.nowMs, by });
    world.pass(below(chance, longestMs));
    if (chance() < 0.8) await exported(world, world.sender());
    if (step === copiedAt) outbox = await copied(world.outbox, world);
  }
  // Sums and imports are through, as the pages ask for.
  world.pass(COUNTED_AFTER_MS);
  const told = totalsOf(world);
  const { context, open } = world.sender();
  const session = { ...open.session, memory: new Map() };
  await stopped(() =>
    exported(world, { context: { ...context, outbox }, open: { ...open, session } }),
  );
  world.pass(COUNTED_AFTER_MS);
  for (const [place, total] of totalsOf(world)) {
    const [customer = "", item = ""] = place.split(" ");
    const [before, books] = [told.get(place) ?? 0n, world.ledger.total(customer, item)];
    const [least, most] = before < books ? [before, books] : [books, before];
    const note = `${place}: ${total}, told ${before}, books ${books}, seed ${seed}`;
    assert.ok(least <= total && total <= most, note);
  }
}

const COUNTED_AFTER_MS = 8 * HOUR_MS;

function totalsOf({ fake }: ScriptedWorld): ReadonlyMap<string, bigint> {
  const places = CUSTOMERS.flatMap((customer) => ITEMS.map((item) => [customer, item] as const));
  return new Map(
    places.map(([customer, item]) => [`${customer} ${item}`, fake.total(customer, item)]),
  );
}

/** What is unknown stops runs. */
async function stopped(runs: () => Promise<void>): Promise<void> {
  try {
    await runs();
  } catch (error) {
    if (!(error instanceof TollgateError) || error.code !== "export.unknown_lines") throw error;
  }
}

/** What is unknown there, as soon as they can be asked. */
async function listed({ context, open }: Restored["copy"]) {
  for (let asks = 0; ; asks += 1) {
    try {
      return await unknownLines(context, open, { customer: null, sinceMs: null });
    } catch (error) {
      if (asks === ASKS_MAX_COUNT) throw error;
    }
  }
}

const ASKS_MAX_COUNT = 20;

/** Sells, exports, and loses what was exported last. */
export async function restored(
  parts: WorldParts,
  seed: number,
  sold: readonly [before: bigint, since: bigint],
): Promise<Restored> {
  const world = new ScriptedWorld(parts, seed);
  await world.prepare();
  const stepMs = world.target.mode === "usage" ? DAY_MS : 31 * DAY_MS;
  const outboxes: Outbox[] = [];
  for (const by of sold) {
    if (by !== 0n) world.ledger.add("acme", "tokens", { atMs: world.nowMs, by });
    world.pass(stepMs);
    await exported(world, world.sender());
    outboxes.push(await copied(world.outbox, world));
  }
  const [before = world.outbox] = outboxes;
  const { context, open } = world.sender();
  const keys = new Set((await linesIn(before, world)).map(({ key }) => key));
  const lost = (await linesIn(world.outbox, world)).filter(({ key }) => !keys.has(key));
  world.pass(stepMs);
  // A process that was started on the copy.
  const session = { ...open.session, memory: new Map() };
  const copy = { context: { ...context, outbox: before }, open: { ...open, session } };
  return { world, copy, lost };
}

/** Runs until what was taken is confirmed, and has what was refused tried again. */
export async function exported(
  world: ScriptedWorld,
  { context, open }: Restored["copy"],
): Promise<void> {
  for (let round = 0; round < ROUNDS; round += 1) {
    await runsKnown(context, open);
    world.pass(HOUR_MS);
    const rejected = { target: open.target.id, states: ["rejected"] as const, limit: 1_000 };
    for (const line of await context.outbox.lines(WORKSPACE, rejected)) {
      await retried(context, open, line);
    }
  }
}

const ROUNDS = 8;

async function linesIn(outbox: Outbox, { target }: ScriptedWorld): Promise<readonly ExportLine[]> {
  return outbox.lines(WORKSPACE, { target: target.id, limit: 1_000 });
}

async function copied(outbox: Outbox, world: ScriptedWorld): Promise<Outbox> {
  const copy = new MemoryOutbox();
  const { target } = world;
  const added = await linesIn(outbox, world);
  const attempts = await outbox.attempts(WORKSPACE, { target: target.id, limit: 1_000 });
  assert.ok(await copy.write(WORKSPACE, { added, changed: [], attempts }));
  for (const secret of await outbox.secrets(WORKSPACE, target.id)) {
    await copy.saveSecret(WORKSPACE, secret);
  }
  return copy;
}
