/**
 * What statements tell of credit is held against the entries that paid: every number of it that
 * somebody alters is named, though the document's digest fits again.
 */
import assert from "node:assert/strict";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, before, describe, test } from "node:test";
import { composeEngine, nodeDigest } from "../../src/compose.ts";
import { cardOf, each, step, toolCall, usage } from "../../src/engine/commit/engine-world.test.ts";
import type { Engine } from "../../src/engine/engine.ts";
import { openSqliteStore } from "../../src/store/sqlite/sqlite-store.ts";
import { verifyDataFolder } from "../../src/store/verify/verify-data-folder.ts";

const folder = mkdtempSync(join(tmpdir(), "tollgate-forged-paid-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const honest = join(folder, "honest");
let copies = 0;

/** Three credits of 0.25 a tool call, 0.001 a token. */
const CARD = cardOf(
  {
    tools: [{ count: "steps", where: { kind: "tool" } }, each("3"), { in: "credits" }],
    tokens: [{ sum: "input_uncached" }, each("0.001")],
  },
  "card",
  { credit: { name: "AI credits", price: "0.25" } },
);
const NOVEMBER = Date.UTC(2026, 10, 12);
const DECEMBER = Date.UTC(2026, 11, 12);

async function give(engine: Engine, customer: string, [currency, amount]: [string, string]) {
  const who = { id: `${customer} ${amount}`, reason: "agreed", by: "anna", customer, currency };
  const terms = { amount, name: null, priority: 1, expiresAtMs: null, charges: null };
  const none = { cost: null, costCurrency: null, rollover: null };
  await engine.credits.grant("w", { ...who, ...terms, ...none });
}

/** A child whose credits, then money and then its parent's pay; its bill is issued again later. */
async function play(engine: Engine, clock: { now: number }): Promise<void> {
  await engine.applyRateCard("w", { ...CARD, effectiveFromMs: 0 });
  const parent = { id: "group", pays: true, credit: "own_first" } as const;
  await engine.saveCustomer("w", { id: "group", settings: {} });
  await engine.saveCustomer("w", { id: "labs", settings: { parent } });
  await give(engine, "labs", ["AI credits", "4"]);
  await give(engine, "labs", ["USD", "0.50"]);
  await give(engine, "group", ["USD", "3"]);
  const use = (customer: string, id: string, occurredAtMs: number) =>
    engine.ingest("w", [
      toolCall({ run: customer, id: `${id} t`, customer, occurredAtMs }),
      toolCall({ run: customer, id: `${id} u`, customer, occurredAtMs }),
      step({ run: customer, id, customer, occurredAtMs, usage: usage({ input_uncached: 700 }) }),
    ]);
  const close = (customer: string, period: string) =>
    engine.closePeriod("w", { customer, period, early: true });
  await use("labs", "a", NOVEMBER);
  await use("group", "b", NOVEMBER);
  clock.now = Date.UTC(2026, 11, 2);
  const { statements } = await close("labs", "2026-11-01");
  await close("group", "2026-11-01");
  await use("labs", "late", NOVEMBER);
  const statement = statements[0]?.id ?? assert.fail("no statement");
  await engine.reissueStatement("w", { statement, reason: "late usage", by: "anna" });
  clock.now = DECEMBER;
  await give(engine, "group", ["USD", "1"]);
  await use("group", "c", DECEMBER);
  await close("group", "2026-12-01");
}

type Told = Record<string, unknown> & {
  readonly customer: string;
  readonly period: string;
  readonly replaces?: string;
};

/** What is found of statements where one of them is altered, its digest with it. */
function found(is: (told: Told) => boolean, change: (told: Told) => object): string[] {
  copies += 1;
  const dataDir = join(folder, String(copies));
  cpSync(honest, dataDir, { recursive: true });
  const db = new DatabaseSync(join(dataDir, "tollgate.db"));
  let altered = 0;
  for (const row of db.prepare("SELECT * FROM statements").all()) {
    const told = JSON.parse(String(row.document)) as Told;
    if (!is(told)) continue;
    altered += 1;
    const document = JSON.stringify({ ...told, ...change(told) });
    const of = "UPDATE statements SET document = ?, digest = ? WHERE id = ?";
    db.prepare(of).run(document, nodeDigest.sha256(document), row.id ?? "");
  }
  db.close();
  assert.equal(altered, 1, "one statement is altered");
  const { findings } = verifyDataFolder(dataDir);
  const problems = findings.map(({ table, problem }) => `${table}: ${problem}`);
  return problems.filter((one) => one !== "statements: digest is not what the journal recorded");
}

const first = (told: Told) => told.customer === "labs" && told.replaces === undefined;
const again = (told: Told) => told.customer === "labs" && told.replaces !== undefined;
const parents = (told: Told) => told.customer === "group" && told.period === "2026-11-01";
const parentsNext = (told: Told) => told.customer === "group" && told.period === "2026-12-01";

describe("what a statement tells of credit", () => {
  before(async () => {
    const store = openSqliteStore({ dataDir: honest, digest: nodeDigest });
    const clock = { now: NOVEMBER };
    const engine = composeEngine(store, { clock: { nowMs: () => clock.now } });
    await store.createWorkspace("w");
    await play(engine, clock);
    await store.settle("w");
    await store.close();
  });

  test("is what the entries say", () => {
    assert.deepEqual(verifyDataFolder(honest).findings, []);
  });

  const numbers: readonly [what: string, (told: Told) => boolean, object, readonly string[]][] = [
    ["what credit paid", first, { paidByCredit: "2" }, ["paidByCredit is 2, by the entries 2.2"]],
    [
      "what credit of customers above paid",
      first,
      { paidByParentsCredit: "0.1" },
      ["paidByParentsCredit is 0.1, by the entries 0.7"],
    ],
    [
      "what is due",
      again,
      { amountDue: "0" },
      [
        // The parent's statement that carries it tells otherwise.
        "due of st_d43d367ed4a45375f496 is 2.1, by the entries 0",
        "amountDue is 0, by the entries 2.1",
      ],
    ],
    [
      "the movements of a wallet",
      parents,
      { wallets: [{ currency: "USD", opening: "1", moved: { issued: "3" }, balance: "2" }] },
      [
        "opening of the wallet in USD is 1, by the entries 0",
        "balance of the wallet in USD is 2, by the entries 0.1",
        "used of the wallet in USD is 0, by the entries -2.9",
        // The statement after it goes on from there.
        "opening of the wallet in USD is 0.1, by the entries 2",
      ],
    ],
    [
      "which wallets there are",
      parents,
      { wallets: [] },
      [
        "tells of other wallets than there are",
        "opening of the wallet in USD is 0.1, by the entries 0",
      ],
    ],
    [
      "that credit paid at all",
      again,
      { paidByCredit: undefined },
      ["tells nothing of its customer's credit"],
    ],
  ];
  for (const [what, is, change, problems] of numbers) {
    test(`cannot be altered: ${what}`, () => {
      assert.deepEqual(
        found(is, () => change),
        problems.map((one) => `statements: ${one}`),
      );
    });
  }

  test("cannot be altered: what of a child is due, and was carried before", () => {
    const change = ({ children }: Told) => {
      const [child] = children as [object];
      return { children: [{ ...child, due: "9", carriedBefore: "8" }] };
    };
    assert.deepEqual(found(parentsNext, change), [
      "statements: amountDue is 3.3, by the entries 2.2",
      "statements: due of st_d43d367ed4a45375f496 is 9, by the entries 2.1",
      "statements: carried before of st_d43d367ed4a45375f496 is 8, by the entries 0",
    ]);
  });

  test("cannot be altered: what notes gave back of a child's", () => {
    const change = ({ children }: Told) => {
      const [child] = children as [object];
      return { children: [{ ...child, credited: "1" }] };
    };
    assert.deepEqual(found(parentsNext, change), [
      "statements: credited of st_d43d367ed4a45375f496 is 1, by the entries 0",
    ]);
  });

  test("cannot be altered: whose statement is carried", () => {
    const change = ({ children }: Told) => {
      const [child] = children as [object];
      return { children: [{ ...child, statement: "st_none" }] };
    };
    assert.deepEqual(found(parentsNext, change), [
      "statements: carries st_none, which was not billed to its customer",
    ]);
  });
});
