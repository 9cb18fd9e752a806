/**
 * Cards of overrides that are not what their base and their override come to, journalled and sealed
 * as if they were: `tollgate verify` resolves them again by code of its own.
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { composeEngine, nodeDigest } from "../../src/compose.ts";
import type { RateCardVersion } from "../../src/domain/rating/rate-card.ts";
import { rateCardDocument } from "../../src/domain/rating/rate-card-document.ts";
import { storedOverride, storedRateCard } from "../../src/domain/rating/stored-rate-card.ts";
import { runAct } from "../../src/engine/commit/act.ts";
import { MemoryStore } from "../../src/store/memory/memory-store.ts";
import { openSqliteStore } from "../../src/store/sqlite/sqlite-store.ts";
import { verifyDataFolder } from "../../src/store/verify/verify-data-folder.ts";
import { actContext } from "./act-context.ts";

const folder = mkdtempSync(join(tmpdir(), "tollgate-overrides-"));
after(() => rmSync(folder, { recursive: true }));
let folders = 0;

const clock = { nowMs: () => Date.UTC(2026, 10, 2) };
const per = (unit: string) => ({ model: "per_unit", unit });
const charge = (key: string, unit: string) => {
  const meter = { count: "steps", where: { kind: "tool" } };
  return { key, meter, price: per(unit) };
};
const baseOf = (unit: string) =>
  JSON.stringify({
    ...{ key: "base", currency: "USD", minimum: "5.50", trial: { days: 5 } },
    charges: [charge("calls", unit), charge("gone", "1"), charge("last", "0.20")],
    fees: [{ key: "fee", name: "Fee", amount: "30" }],
    discounts: [{ key: "off", percent: "10" }],
  });
const OWN = JSON.stringify({
  ...{ key: "own", extends: "base", minimum: null, maximum: "90" },
  charges: { gone: null, more: { meter: { sum: "seconds" }, price: per("0.5") } },
  ...{ fees: { fee: { amount: "20" } }, discounts: { off: null } },
});

/** Two versions of a base and, by that, two of an override. */
async function honest(): Promise<readonly RateCardVersion[]> {
  const store = new MemoryStore();
  const engine = composeEngine(store, { clock });
  await store.createWorkspace("w");
  const apply = (document: string, effectiveFromMs: number) => {
    const card = storedRateCard(document);
    return engine.applyRateCard("w", { card, document: rateCardDocument(card), effectiveFromMs });
  };
  await apply(baseOf("1"), 0);
  const override = { override: storedOverride(OWN), document: OWN, effectiveFromMs: 0 };
  await engine.applyRateCard("w", override);
  await apply(baseOf("2"), clock.nowMs() + 1);
  return store.cards("w");
}

/** What is found where these versions were recorded. */
async function findingsOf(versions: readonly RateCardVersion[]): Promise<string[]> {
  folders += 1;
  const dataDir = join(folder, String(folders));
  const store = openSqliteStore({ dataDir, digest: nodeDigest });
  const context = actContext(store, clock);
  await store.createWorkspace("w");
  await runAct(context, "w", async ({ extra, journal }) => {
    extra.cards = versions;
    for (const { card, document, override, ...entry } of versions) {
      const from = override && { ...override, override: JSON.parse(override.document) };
      journal("card.applied", card.key, { ...entry, ...from, card: JSON.parse(document) });
    }
  });
  await store.close();
  return verifyDataFolder(dataDir).findings.map(({ key, problem }) => `${key}: ${problem}`);
}

type Card = Record<string, unknown>;

function forged(
  versions: readonly RateCardVersion[],
  id: number,
  change: (card: Card) => Card,
): RateCardVersion[] {
  return versions.map((version) => {
    if (version.id !== id) return version;
    const document = JSON.stringify(change(JSON.parse(version.document)));
    return { ...version, document, card: storedRateCard(document) };
  });
}

test("versions that the engine has resolved are sound", async () => {
  const versions = await honest();
  const ids = versions.map(({ id, card, override }) => [id, card.key, override?.baseVersionId]);
  assert.deepEqual(ids, [
    [1, "base", undefined],
    [2, "own", 1],
    [3, "base", undefined],
    [4, "own", 3],
  ]);
  assert.deepEqual(await findingsOf(versions), []);
});

test("whatever is altered in a resolved card is named", async () => {
  const versions = await honest();
  const wrong = "not what its base and its override come to";
  const items = (card: Card, list: string) => card[list] as Card[];
  const cases: [string, (card: Card) => Card][] = [
    ["minimum", (card) => ({ ...card, minimum: "1" })],
    ["maximum", (card) => ({ ...card, maximum: "91" })],
    ["rounding", (card) => ({ ...card, rounding: "up" })],
    ["trial", (card) => ({ ...card, trial: { days: "6" } })],
    ['fees "fee"', (card) => ({ ...card, fees: [{ key: "fee", amount: "2" }] })],
    ['discounts "off"', (card) => ({ ...card, discounts: [{ key: "off", percent: "10" }] })],
    [
      'charges "gone"',
      (card) => ({ ...card, charges: [...items(card, "charges"), charge("gone", "1")] }),
    ],
    ['charges "more"', (card) => ({ ...card, charges: items(card, "charges").slice(0, -1) })],
    [
      'charges "calls"',
      (card) => ({ ...card, charges: [charge("calls", "1"), ...items(card, "charges").slice(1)] }),
    ],
  ];
  for (const [name, change] of cases) {
    const found = await findingsOf(forged(versions, 4, change));
    assert.deepEqual(found, [`w/4: ${name}: ${wrong}`], name);
  }
});

test("an override that stands on another version than that in force is named", async () => {
  const versions = await honest();
  const [first] = versions.filter(({ id }) => id === 2);
  const stale = versions.map((version) =>
    version.id === 4 && first
      ? { ...first, id: 4, version: 2, effectiveFromMs: version.effectiveFromMs }
      : version,
  );
  assert.deepEqual(await findingsOf(stale), [
    "w/4: is resolved on version 1, and version 3 is in force then",
    'w/4: "own" is not resolved on version 3, which it extends',
  ]);
  const missing = await findingsOf(versions.filter(({ id }) => id !== 4));
  assert.deepEqual(missing, ['w/2: "own" is not resolved on version 3, which it extends']);
});
