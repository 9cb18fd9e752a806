/**
 * Statements that bill otherwise than cards and settings say, sealed, hashed and added up as if
 * they were sound: `tollgate verify` works every line out again and names the one that was forged.
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { composeEngine, nodeDigest } from "../../src/compose.ts";
import { canonicalJson } from "../../src/domain/canonical-json.ts";
import { storedRateCard } from "../../src/domain/rating/stored-rate-card.ts";
import { runAct } from "../../src/engine/commit/act.ts";
import { toolCall, voided } from "../../src/engine/commit/engine-world.test.ts";
import type { Engine } from "../../src/engine/engine.ts";
import type { Store } from "../../src/engine/ports.ts";
import { MemoryStore } from "../../src/store/memory/memory-store.ts";
import { openSqliteStore } from "../../src/store/sqlite/sqlite-store.ts";
import { verifyDataFolder } from "../../src/store/verify/verify-data-folder.ts";
import { actContext } from "./act-context.ts";

const folder = mkdtempSync(join(tmpdir(), "tollgate-statements-"));
after(() => rmSync(folder, { recursive: true }));
let folders = 0;

const STEPS = { count: "steps" };
const each = (unit: string) => ({ model: "per_unit", unit });
const CARD = {
  key: "card",
  currency: "USD",
  charges: [
    { key: "calls", meter: STEPS, price: each("0.333"), minimum: "6" },
    { key: "more", meter: STEPS, price: each("3"), maximum: "7", included: "1" },
  ],
  fees: [{ key: "base", name: "Base fee", amount: "30" }],
  discounts: [
    { key: "tenth", percent: "10" },
    { key: "two", amount: "2", charges: ["more"] },
  ],
  minimum: "60",
  trial: { days: 3, charges: ["calls"] },
};
/** Everything that is billed is above the least, and below the most, of this one. */
const SMALL = { ...CARD, minimum: "1", maximum: "20" };
/** What a volume tier corrects, some of it included, and what is priced in credits. */
const COUNTED = {
  key: "card",
  currency: "USD",
  credit: { name: "point", price: "0.5" },
  charges: [
    {
      ...{ key: "calls", meter: STEPS, included: "1" },
      price: { model: "volume", tiers: [{ upTo: "3", unit: "2", flat: "1" }, { unit: "1" }] },
    },
    { key: "points", meter: STEPS, in: "credits", price: each("3") },
    {
      ...{ key: "packs", meter: STEPS, in: "credits" },
      price: { model: "volume", tiers: [{ upTo: "3", unit: "6", flat: "1" }, { unit: "4" }] },
    },
  ],
};
/** The version before that one: a charge is in money still. */
const INTO_CREDITS = {
  ...COUNTED,
  charges: COUNTED.charges.map((charge) =>
    charge.key === "points" ? { key: "points", meter: STEPS, price: each("2") } : charge,
  ),
};
/** Its price changes from one version to the next; the amount does not tell all quantities. */
const REPRICED = {
  key: "card",
  currency: "USD",
  charges: [
    {
      ...{ key: "calls", meter: STEPS, included: "1" },
      price: { model: "volume", tiers: [{ upTo: "3", unit: "2", flat: "1" }, { unit: "1" }] },
    },
    { key: "packs", meter: STEPS, price: { model: "package", size: "100", amount: "7" } },
    { key: "once", meter: STEPS, price: { model: "flat", amount: "4" } },
  ],
};
const DEARER = {
  ...REPRICED,
  charges: [
    { ...REPRICED.charges[0], price: each("5") },
    { key: "packs", meter: STEPS, price: { model: "package", size: "50", amount: "9" } },
    { key: "once", meter: STEPS, price: { model: "flat", amount: "6" } },
  ],
};
const PERIOD = "2026-11-01";
const DAY_MS = 86_400_000;
const START_MS = Date.UTC(2026, 10, 11);
const clock = { nowMs: () => Date.UTC(2026, 11, 2) };

/** Cards, each in force from the fifth of the customer's days on that is behind the one before. */
type Cards = object | readonly object[];

/** A customer from the 11th on, two calls in its trial and three behind it. */
async function play(engine: Engine, cards: Cards): Promise<void> {
  for (const [at, card] of [cards].flat().entries()) {
    const document = JSON.stringify(card);
    const effectiveFromMs = at === 0 ? 0 : START_MS + at * 5 * DAY_MS;
    const sent = { card: storedRateCard(document), document, effectiveFromMs };
    await engine.applyRateCard("w", { ...sent, takesEffect: "at_once", isRerating: true });
  }
  await engine.saveCustomer("w", { id: "acme", settings: { startedAtMs: START_MS } });
  const days = [1, 2, 10, 11, 12];
  await engine.ingest(
    "w",
    days.map((day) => toolCall({ id: `e${day}`, occurredAtMs: START_MS + day * DAY_MS })),
  );
}

type Line = Record<string, string | null | undefined>;

interface Bill {
  readonly lines: readonly Line[];
  readonly total: string;
  readonly [name: string]: unknown;
}

async function honest(card: Cards): Promise<Bill> {
  const store = new MemoryStore();
  const engine = composeEngine(store, { clock });
  await store.createWorkspace("w");
  await play(engine, card);
  const close = { customer: "acme", period: PERIOD, early: false };
  const { statements } = await engine.closePeriod("w", close);
  return JSON.parse(statements[0]?.document ?? "");
}

const THOUSANDTHS = 1000;

/** Adds the lines up again, so that nothing but the forged line is wrong. */
function addedUp(bill: Bill): Bill {
  const lines = bill.lines.filter(({ kind }) => kind !== "rounding");
  const sum = (name: string) =>
    lines.reduce((all, line) => all + Math.round(Number(line[name]) * THOUSANDTHS), 0);
  const [exact, rounded] = [sum("amountExact"), sum("amountRounded")];
  const text = (thousandths: number) => String(thousandths / THOUSANDTHS);
  const rounding = bill.lines.find(({ kind }) => kind === "rounding") ?? {};
  const amountExact = text(rounded - exact);
  const last = exact === rounded ? [] : [{ ...rounding, amountExact }];
  return { ...bill, lines: [...lines, ...last], totalExact: text(exact), total: text(rounded) };
}

/** The form of lines that acts tell of; before, they told none. */
type Form = { readonly lineForm?: number };

async function closeWith(store: Store, bill: Bill, form: Form): Promise<void> {
  const context = actContext(store, clock);
  // What a line says undefined of is left out.
  const document = canonicalJson(JSON.parse(JSON.stringify(bill)));
  const id = `st_${nodeDigest.sha256(`acme\u0000${PERIOD}`).slice(0, 20)}`;
  await runAct(context, "w", async ({ extra, state, journal }) => {
    const closedAtMs = state.receivedAtMs;
    const { total } = bill;
    const digest = nodeDigest.sha256(document);
    const about = { customer: "acme", period: PERIOD, currency: "USD" };
    extra.statements = [{ id, ...about, closedAtMs, total, document, digest }];
    const closed = { customer: "acme", period: PERIOD, closedAtMs, statementId: id };
    state.periods.set("acme", closed);
    journal("period.closed", id, { ...closed, total, currency: "USD", digest, ...form });
  });
}

interface How {
  /** What is done behind the close. (Default: nothing.) */
  readonly later?: (engine: Engine) => Promise<unknown>;
  /** (Default: that of today.) */
  readonly form?: Form;
}

/** What is found where this bill was closed. */
async function findingsOf(
  bill: Bill,
  card: Cards = CARD,
  { later = async () => {}, form = { lineForm: 2 } }: How = {},
): Promise<string[]> {
  folders += 1;
  const dataDir = join(folder, String(folders));
  const store = openSqliteStore({ dataDir, digest: nodeDigest });
  await store.createWorkspace("w");
  const engine = composeEngine(store, { clock });
  await play(engine, card);
  await store.settle("w");
  await closeWith(store, bill, form);
  await later(engine);
  await store.close();
  return verifyDataFolder(dataDir).findings.map(({ table, problem }) => `${table} ${problem}`);
}

describe("a forged statement", () => {
  let bill: Bill;
  let small: Bill;
  before(async () => {
    bill = await honest(CARD);
    small = await honest(SMALL);
  });

  const numberOf = (kind: string, key: string, of = bill) =>
    1 + of.lines.findIndex((line) => line.kind === kind && line.chargeKey === key);

  /** The bill with one line changed, or (null) left out. */
  function withLine([kind, key]: readonly [string, string], change: Line | null, of = bill) {
    const at = numberOf(kind, key, of) - 1;
    assert.ok(at >= 0, `${kind} ${key}`);
    const lines = of.lines.flatMap((line, index) => {
      if (index !== at) return [line];
      return change === null ? [] : [{ ...line, ...change }];
    });
    return addedUp({ ...of, lines });
  }

  test("is none where nothing is forged", async () => {
    assert.deepEqual(addedUp(bill), bill);
    const kinds = bill.lines.map(({ kind, chargeKey }) => `${kind} ${chargeKey}`.trim());
    assert.deepEqual(kinds, [
      ...["charge calls", "charge calls", "charge more", "included more", "trial calls"],
      ...["charge_minimum calls", "charge_maximum more", "fee base"],
      ...["discount tenth", "discount two", "minimum", "rounding"],
    ]);
    assert.deepEqual(await findingsOf(bill), []);
    assert.ok(small.lines.some(({ kind }) => kind === "maximum"));
    assert.deepEqual(await findingsOf(small, SMALL), []);
  });

  test("is named by its fee, bound or discount", async () => {
    for (const [kind, key] of [
      ...[
        ["fee", "base"],
        ["charge_minimum", "calls"],
        ["charge_maximum", "more"],
      ],
      ...[
        ["discount", "tenth"],
        ["discount", "two"],
      ],
    ] as [string, string][]) {
      const line = bill.lines[numberOf(kind, key) - 1];
      const forged = withLine([kind, key], { amountExact: "-1", amountRounded: "-1" });
      const found = await findingsOf(forged);
      const named = `statements line ${numberOf(kind, key)}, ${kind} ${key}: is -1, and`;
      assert.ok(found[0]?.startsWith(`${named} ${line?.amountExact} is owed`), `${found}`);
    }
  });

  test("is named where a fee tells another part; but not as it was told before", async () => {
    const line = bill.lines[numberOf("fee", "base") - 1];
    assert.equal(line?.description, "Base fee: 2026-11-11 00:00 to 2026-12-01 00:00 UTC");
    const former = "Base fee: 2026-11-11T00:00:00Z to 2026-12-01T00:00:00Z";
    const told = (description: string) => findingsOf(withLine(["fee", "base"], { description }));
    assert.deepEqual(await told(former), []);
    const [found] = await told(former.replace("11T00", "12T00"));
    assert.match(
      found ?? "",
      /fee base: is told as something else than "Base fee: 2026-11-11 00:00/,
    );
  });

  test("is named by its least and most of the period", async () => {
    const low = withLine(["minimum", ""], { amountExact: "1", amountRounded: "1" });
    const owed = bill.lines[numberOf("minimum", "") - 1]?.amountExact;
    const at = `line ${numberOf("minimum", "")}, minimum`;
    assert.deepEqual(await findingsOf(low), [`statements ${at}: is 1, and ${owed} is owed`]);
    const high = withLine(["maximum", ""], { amountExact: "-1", amountRounded: "-1" }, small);
    const most = small.lines[numberOf("maximum", "", small) - 1]?.amountExact;
    const found = await findingsOf(high, SMALL);
    const place = `line ${numberOf("maximum", "", small)}, maximum`;
    assert.deepEqual(found, [`statements ${place}: is -1, and ${most} is owed`]);
  });

  test("is named where a line is missing, or is owed by nothing", async () => {
    const [least] = bill.lines.filter(({ kind }) => kind === "minimum");
    assert.deepEqual(await findingsOf(withLine(["minimum", ""], null)), [
      `statements has no line "minimum" of ${least?.amountExact}, which is owed`,
    ]);
    const found = await findingsOf(withLine(["discount", "two"], { chargeKey: "gift" }));
    assert.deepEqual(found, [
      `statements line ${numberOf("discount", "two")}, discount gift: no card or setting owes it`,
      'statements has no line "discount two" of -2, which is owed',
    ]);
  });

  test("is named by what a line is rounded to, and by a second line of rounding", async () => {
    const at = numberOf("charge", "calls");
    const wrong = "amountRounded is not its exact amount, rounded";
    const up = await findingsOf(withLine(["charge", "calls"], { amountRounded: "1.01" }));
    assert.equal(up[0], `statements line ${at}, charge calls: ${wrong}`);
    const rounding = bill.lines.at(-1) ?? {};
    const moved = { ...bill, lines: [...bill.lines, { ...rounding, amountExact: "0" }] };
    assert.deepEqual(await findingsOf(moved), ["statements has more than one line of rounding"]);
  });

  test("is named by its total", async () => {
    const found = await findingsOf({ ...bill, total: "61" });
    assert.deepEqual(found, [
      "statements total is not the sum of its rounded lines",
      "statements total is not the sum of its exact lines",
    ]);
  });

  test("is named where a trial does not take off what it counted", async () => {
    const forged = withLine(["trial", "calls"], { amountExact: "-0.5", amountRounded: "-0.5" });
    const found = await findingsOf(forged);
    const wrong = "its trial does not take off what it came to";
    assert.equal(found[0], `statements card/calls (~trial:): ${wrong}`);
  });

  test("is named by what it tells of quantities, tiers and credits", async () => {
    const counted = await honest(COUNTED);
    assert.deepEqual(await findingsOf(counted, COUNTED), []);
    for (const [kind, key, change] of [
      ["charge", "calls", { quantity: "6" }],
      ["included", "calls", { quantity: "2" }],
      ["tier_correction", "calls", { amountExact: "-2", amountRounded: "-2" }],
      ["charge", "points", { quantity: "4" }],
      ["charge", "points", { credits: "14" }],
      ["tier_correction", "packs", { credits: "-10" }],
      ["tier_correction", "packs", { credits: undefined }],
    ] as [string, string, Line][]) {
      const found = await findingsOf(withLine([kind, key], change, counted), COUNTED);
      const named = `statements card/${key}: its lines do not tell what was counted at the close`;
      assert.ok(found[0]?.startsWith(named), `${kind} ${key}: ${found}`);
    }
  });

  test("is what its form says: before, a charge was one line, no tier in credits", async () => {
    const former = { form: {} };
    const counted = await honest(COUNTED);
    const told = withLine(["tier_correction", "packs"], { credits: undefined }, counted);
    assert.deepEqual(await findingsOf(told, COUNTED, former), []);
    const other = withLine(["tier_correction", "packs"], { credits: "-10" }, counted);
    assert.equal((await findingsOf(other, COUNTED, former)).length, 1);
    const cards = [INTO_CREDITS, COUNTED];
    const split = await honest(cards);
    assert.deepEqual(await findingsOf(split, cards), []);
    // Two calls of 2 and three of 3 credits, which are 1.50 each.
    const lines = split.lines.filter(({ chargeKey }) => chargeKey === "points");
    assert.deepEqual(
      lines.map(({ quantity, credits, amountExact }) => [quantity, credits, amountExact]),
      [
        ["2", undefined, "4"],
        ["3", "9", "4.5"],
      ],
    );
    const [first, second] = lines;
    const one = { ...second, quantity: "5", amountExact: "8.5", amountRounded: "8.5" };
    const kept = split.lines.flatMap((line) =>
      line === first ? [] : [line === second ? one : line],
    );
    const untold = [["tier_correction", "packs"], { credits: undefined }] as const;
    const merged = withLine(...untold, { ...split, lines: kept });
    assert.equal((await findingsOf(merged, cards)).length, 2);
    assert.deepEqual(await findingsOf(merged, cards, former), []);
  });

  test("is named where the price of its charges changed in the period", async () => {
    const cards = [REPRICED, DEARER];
    const repriced = await honest(cards);
    // Late calls under both versions, and one that was counted and is void: the bill stays right.
    const late = async (engine: Engine) => {
      const atMs = (day: number) => START_MS + day * DAY_MS;
      const late = [3, 13].map((day) => toolCall({ id: `late${day}`, occurredAtMs: atMs(day) }));
      const isVoid = voided({ target: { source: "sdk", id: "e2" } });
      const { results } = await engine.ingest("w", [...late, isVoid]);
      assert.deepEqual(new Set(results.map(({ status }) => status)), new Set(["accepted"]));
    };
    for (const meanwhile of [{}, { later: late }]) {
      assert.deepEqual(await findingsOf(repriced, cards, meanwhile), []);
      for (const [kind, key, change] of [
        ["charge", "calls", { quantity: "6" }],
        ["charge", "packs", { quantity: "6" }],
        ["charge", "once", { quantity: "4" }],
        ["included", "calls", { quantity: "2" }],
        ["tier_correction", "calls", { amountExact: "-3", amountRounded: "-3" }],
      ] as [string, string, Line][]) {
        const forged = withLine([kind, key], change, repriced);
        const found = await findingsOf(forged, cards, meanwhile);
        const named = `statements card/${key}: its lines do not tell what was counted at the close`;
        assert.ok(found[0]?.startsWith(named), `${kind} ${key}: ${found}`);
      }
    }
  });

  test("is named by its period, currency and rounding", async () => {
    const early = { ...bill, startsAt: "2026-10-31T23:00:00Z" };
    const period = `startsAt, endsAt: not those of the period ${PERIOD} of its customer`;
    assert.deepEqual(await findingsOf(early), [`statements ${period}`]);
    const down = await findingsOf({ ...bill, rounding: "up" });
    assert.equal(down[0], "statements rounding is not its card's");
  });
});
