/**
 * What came late in a card's credits, altered with a checksum that was made to fit: the counters
 * say what it comes to. The customer has no wallet, so no entry of credit bears witness to it.
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { composeEngine, nodeDigest } from "../../src/compose.ts";
import { cardOf, each, toolCall, voided } from "../../src/engine/commit/engine-world.test.ts";
import { openSqliteStore } from "../../src/store/sqlite/sqlite-store.ts";
import { type Bound, rowText } from "../../src/store/stored-rows.ts";
import { columnsOf, findingsAfter, openFile } from "./altered-copy.ts";

const folder = mkdtempSync(join(tmpdir(), "tollgate-forged-late-credits-"));
after(() => rmSync(folder, { recursive: true, force: true }));

/** Three credits of 0.25 a tool call. */
const CARD = cardOf(
  { tools: [{ count: "steps", where: { kind: "tool" } }, each("3"), { in: "credits" }] },
  "card",
  { credit: { name: "AI credits", price: "0.25" } },
);
const NOVEMBER = Date.UTC(2026, 10, 12);
const DECEMBER = Date.UTC(2026, 11, 2);

/** Two calls in November, one of which is taken back behind the close, and two that came late. */
async function play(dataDir: string, isBilled: boolean): Promise<void> {
  const store = openSqliteStore({ dataDir, digest: nodeDigest });
  const clock = { now: NOVEMBER };
  const engine = composeEngine(store, { clock: { nowMs: () => clock.now } });
  await store.createWorkspace("w");
  await engine.applyRateCard("w", { ...CARD, effectiveFromMs: 0 });
  await engine.saveWorkspace("w", { graceHours: 0 });
  await engine.saveCustomer("w", { id: "acme", settings: {} });
  const call = (id: string) => toolCall({ id, customer: "acme", occurredAtMs: NOVEMBER });
  await engine.ingest("w", [call("a"), call("b")]);
  clock.now = DECEMBER;
  await engine.closePeriod("w", { customer: "acme", period: "2026-11-01", early: false });
  await engine.ingest("w", [call("late"), call("later")]);
  const target = { source: "sdk", id: "a" };
  await engine.ingest("w", [voided({ id: "v", target, occurredAtMs: DECEMBER })]);
  if (isBilled) {
    await engine.closePeriod("w", { customer: "acme", period: "2026-12-01", early: true });
  }
  await store.settle("w");
  await store.close();
}

/** Findings where what the one row of this cause tells of credits is altered. */
function found(original: string, cause: string, change: (credits: string) => string): string[] {
  const findings = findingsAfter(original, (copy) => {
    const columns = columnsOf(copy, "adjustments").map(({ name }) => name);
    const rows = copy.prepare("SELECT * FROM adjustments").all();
    const row = rows.find(({ id }) => String(id).startsWith(`${cause}\u001d`));
    assert.ok(row !== undefined, `a row of "${cause}"`);
    const [, credits = ""] = String(row.id).split("\u001d");
    const altered = { ...row, id: `${cause}${change(`\u001d${credits}`)}` } as typeof row;
    assert.notEqual(altered.id, row.id);
    const bound = columns
      .filter((name) => name !== "checksum")
      .map((name) => altered[name] as Bound);
    copy
      .prepare("UPDATE adjustments SET id = ?, checksum = ? WHERE ws = ? AND seq = ?")
      .run(altered.id as string, nodeDigest.checksum(rowText(bound)), row.ws ?? 0, row.seq ?? 0);
  });
  return findings.map(({ table, key, problem }) => `${table} ${key} ${problem}`);
}

for (const isBilled of [false, true]) {
  describe(`what came late in credits, ${isBilled ? "billed" : "in the open period"}`, () => {
    const original = join(folder, isBilled ? "billed" : "open");
    before(() => play(original, isBilled));

    test("is what its counter says", () => {
      assert.deepEqual(
        findingsAfter(original, () => {}),
        [],
      );
      const db = openFile(original);
      const rows = db.prepare("SELECT id FROM adjustments ORDER BY seq").all();
      db.close();
      const told = (amount: string) => `\u001d["${amount}","0.25","AI credits"]`;
      const ids = [`late${told("3")}`, `later${told("3")}`, `a${told("-3")}`];
      assert.deepEqual(
        rows.map(({ id }) => id),
        ids,
      );
    });

    const counted = (credits: string) =>
      `adjustments w/acme/2026-11-01 card/tools: they come to ${credits} credits, not 3`;
    const ofBill = (credit: string) =>
      `adjustments w/acme/2026-12-01 card/tools of 2026-11-01 in ${credit}: they are not what`;
    const otherMoney = "adjustments w/8 is in money something else than its credits";
    const otherCredit = "adjustments w/8 is in a credit that its card does not price its charge in";
    for (const [what, from, to, named, bills] of [
      ["more", '"3"', '"30"', [otherMoney, counted("30")], [ofBill("AI credits")]],
      [
        "less, by the last digit",
        ...['"3"', '"2.999999"', [otherMoney, counted("2.999999")], [ofBill("AI credits")]],
      ],
      [
        "given back instead of taken",
        ...['"3"', '"-3"', [otherMoney, counted("-3")], [ofBill("AI credits")]],
      ],
      ["at another price", '"0.25"', '"0.5"', [otherCredit], []],
      [
        "in another credit",
        ...["AI credits", "points", [otherCredit], [ofBill("points"), ofBill("AI credits")]],
      ],
      // As rows were before adjustments told credits; the act of the close says that it was later.
      ["in none", /^.*$/, "", [counted("0")], [ofBill("AI credits")]],
    ] as [string, string | RegExp, string, string[], string[]][]) {
      test(`is named where it is ${what}`, () => {
        const all = found(original, "late", (text) => text.replace(from, to));
        const wanted = [...(isBilled ? bills : []), ...named];
        assert.deepEqual(
          all.map((one, at) => one.slice(0, wanted[at]?.length)),
          wanted,
        );
      });
    }
  });
}
