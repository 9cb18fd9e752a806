import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { StatementRecord } from "../../domain/period/records.ts";
import { statementCsv, statementNdjson } from "./statement-export.ts";

const line = (description: string, amountExact = "-1.5") => ({
  ...{ kind: "charge", cardKey: "card", chargeKey: "c", cell: "", description, amountExact },
  ...{ originPeriod: null, measure: "steps", quantity: "3", amountRounded: amountExact },
});

const statement = (customer: string, descriptions: readonly string[]): StatementRecord => ({
  ...{ id: "st_1", customer, period: "2026-11-01", currency: "USD", closedAtMs: 0, total: "1" },
  document: JSON.stringify({ lines: descriptions.map((text) => line(text)) }),
  digest: "",
});

describe("statement exports", () => {
  test("CSV has a header and a row for each line, with quotes where they are needed", () => {
    const rows = statementCsv(statement('a,"b"', ["Runs", "two\nlines"])).split("\r\n");
    assert.equal(rows.length, 4);
    assert.equal(rows[0]?.split(",").length, 17);
    const [, first, second] = rows;
    const head = 'st_1,"a,""b""",2026-11-01,USD';
    assert.equal(first, `${head},1,charge,card,c,,Runs,,steps,3,-1.5,-1.5,,`);
    assert.ok(second?.includes('"two\nlines"'));
  });

  test("a text that a spreadsheet would run is defused; amounts stay numbers", () => {
    for (const evil of ["=1+1", "+1", "-1", "@SUM(A1)", "\tx"]) {
      const csv = statementCsv(statement(evil, [evil]));
      assert.ok(csv.includes(`,'${evil},`), evil);
      assert.ok(csv.includes(",-1.5,-1.5,,\r\n"));
    }
  });

  test("CSV says behind the amounts what a line is in credits, and in which", () => {
    const lines = [
      { ...line("Runs"), credits: "30.5" },
      { ...line("Points"), credits: "-8", credit: { name: "=points", price: "0.2" } },
      line("Calls"),
    ];
    const document = JSON.stringify({ credit: { name: "AI credits", price: "0.1" }, lines });
    const rows = statementCsv({ ...statement("acme", []), document })
      .trimEnd()
      .split("\r\n");
    assert.ok(rows[0]?.endsWith(",amount_exact,amount,credits,credit"));
    assert.deepEqual(
      rows.slice(1).map((row) => row.split(",").slice(13)),
      [
        ["-1.5", "-1.5", "30.5", "AI credits"],
        ["-1.5", "-1.5", "-8", "'=points"],
        ["-1.5", "-1.5", "", ""],
      ],
    );
  });

  test("NDJSON keeps every text as it is and says whose each line is", () => {
    const text = statementNdjson(statement("=acme", ["=x", "y"]));
    const lines = text
      .trimEnd()
      .split("\n")
      .map((row) => JSON.parse(row) as object);
    const expected = { statement: "st_1", customer: "=acme", line: 2, description: "y" };
    assert.deepEqual(lines[1], { ...lines[1], ...expected });
    assert.equal(lines.length, 2);
  });
});
