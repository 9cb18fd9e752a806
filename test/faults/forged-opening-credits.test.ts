/**
 * What an opening takes off in a card's credits, altered with a checksum that was made to fit: the
 * act that set it says what it is, and the card what that comes to.
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { composeEngine, nodeDigest } from "../../src/compose.ts";
import { cardOf, each, toolCall } from "../../src/engine/commit/engine-world.test.ts";
import { openSqliteStore } from "../../src/store/sqlite/sqlite-store.ts";
import { type Bound, rowText } from "../../src/store/stored-rows.ts";
import { columnsOf, findingsAfter, openFile } from "./altered-copy.ts";

const folder = mkdtempSync(join(tmpdir(), "tollgate-forged-opening-credits-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const CARD = cardOf({ tools: [{ count: "steps" }, each("3"), { in: "credits" }] }, "card", {
  credit: { name: "AI credits", price: "0.25" },
});
const clock = { nowMs: () => Date.UTC(2026, 10, 12) };
const original = join(folder, "original");

/** Two calls were counted elsewhere: 6 credits, which are 1.50. One is made here. */
before(async () => {
  const store = openSqliteStore({ dataDir: original, digest: nodeDigest });
  const engine = composeEngine(store, { clock });
  await store.createWorkspace("w");
  await engine.applyRateCard("w", { ...CARD, effectiveFromMs: 0 });
  await engine.saveCustomer("w", { id: "acme", settings: {} });
  const counters = [{ charge: "tools", cell: "", quantity: "2" }];
  const about = { id: "op", customer: "acme", amount: null, counters, reason: "moved", by: "ben" };
  await engine.setOpening("w", about);
  await engine.ingest("w", [toolCall({ customer: "acme", occurredAtMs: clock.nowMs() })]);
  await store.settle("w");
  await store.close();
});

/** Findings where what the row of the count, or its act, tells of credits is altered. */
function found(alter: {
  readonly row?: readonly [string, string];
  readonly act?: readonly [string, string];
}): string[] {
  const findings = findingsAfter(original, (copy) => {
    const names = columnsOf(copy, "adjustments").map(({ name }) => name);
    const row = copy.prepare("SELECT * FROM adjustments").all()[0] ?? {};
    const id = String(row.id).replace(...(alter.row ?? ["", ""]));
    const altered = { ...row, id } as typeof row;
    const bound = names.filter((name) => name !== "checksum").map((name) => altered[name] as Bound);
    const sql = "UPDATE adjustments SET id = ?, checksum = ?";
    copy.prepare(sql).run(id, nodeDigest.checksum(rowText(bound)));
    const act = "UPDATE journal SET document = replace(document, ?, ?) WHERE kind = 'opening.set'";
    copy.prepare(act).run(...(alter.act ?? ["", ""]));
  });
  return findings.map(({ table, key, problem }) => `${table} ${key} ${problem}`);
}

test("an opening in credits is what its act and its card say", () => {
  const db = openFile(original);
  const rows = db.prepare("SELECT amount, id FROM adjustments").all();
  db.close();
  assert.deepEqual(
    rows.map(({ amount, id }) => [amount, id]),
    [["-1.5", 'op#1\u001d["-6","0.25","AI credits"]']],
  );
  assert.deepEqual(found({}), []);
});

describe("an opening is named", () => {
  for (const [what, from, to] of [
    ["in no credits", `\u001d["-6","0.25","AI credits"]`, ""],
    ["in fewer credits", '"-6"', '"-5.999999"'],
    ["in credits that are put on", '"-6"', '"6"'],
    ["in another credit", "AI credits", "points"],
    ["in credits at another price", '"0.25"', '"0.5"'],
  ] as const) {
    test(`where its row is ${what}`, () => {
      const all = found({ row: [from, to] });
      assert.ok(
        all.some((one) => one.endsWith("is not what its act booked")),
        String(all),
      );
    });
  }

  for (const [what, from, to] of [
    ["other credits", '"credits":"-6"', '"credits":"-5"'],
    ["another credit", '"name":"AI credits"', '"name":"points"'],
    ["another price", '"price":"0.25"', '"price":"0.5"'],
  ] as const) {
    test(`where its act says ${what}`, () => {
      const all = found({ act: [from, to] });
      const problem = "takes off other credits than its count comes to";
      assert.ok(
        all.some((one) => one.endsWith(problem)),
        String(all),
      );
    });
  }
});
