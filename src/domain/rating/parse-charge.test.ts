import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Problem } from "../errors.ts";
import { QUANTITY_MAX_UNITS } from "../limits.ts";
import { Place } from "./document-place.ts";
import { parseCharge } from "./parse-charge.ts";

const CHARGE = { key: "x", meter: { count: "steps" }, price: { model: "per_unit", unit: "1" } };
const OUTCOMES = { ...CHARGE, meter: { count: "outcomes" } };
const RUNS = { ...CHARGE, meter: { count: "runs" } };

function read(document: unknown, name: string | null = null) {
  const problems: Problem[] = [];
  const charge = parseCharge(new Place(document, "", problems), name);
  return { charge, fields: problems.map(({ field }) => field) };
}

describe("a charge", () => {
  test("has no terms of its own until it says so", () => {
    const { charge, fields } = read(CHARGE);
    assert.deepEqual(fields, []);
    const { included, minimum, maximum, endings, inCredits, settlesAfterHours } = charge;
    assert.deepEqual([included, minimum, maximum], [0n, null, null]);
    assert.deepEqual([endings, inCredits, settlesAfterHours], [null, false, null]);
  });

  test("includes a quantity, or on cost an amount, up to the largest quantity", () => {
    assert.equal(read({ ...CHARGE, included: "2.5" }).charge.included, 2_500_000_000n);
    const price = { model: "markup", percent: "20" };
    const cost = read({ ...CHARGE, meter: { sum: "cost" }, price, included: "2.5" });
    assert.equal(cost.charge.included, 25n * 10n ** 32n);
    assert.deepEqual(read({ ...CHARGE, included: `${QUANTITY_MAX_UNITS}` }).fields, []);
    const tooMuch = read({ ...CHARGE, included: `${QUANTITY_MAX_UNITS + 1n}` });
    assert.deepEqual(tooMuch.fields, ["included"]);
    assert.deepEqual(read({ ...CHARGE, included: "1e400" }).fields, ["included"]);
  });

  test("includes nothing of a matrix, whose cells count alone", () => {
    const price = { model: "matrix", by: "model", cells: { a: "1" } };
    assert.deepEqual(read({ ...CHARGE, price, included: "5" }).fields, ["included"]);
  });

  test("on runs and outcomes may wait for how the run ends", () => {
    const one = read({ ...RUNS, when: { ending: "completed" } });
    assert.deepEqual([one.charge.endings, one.fields], [["completed"], []]);
    const some = read({ ...RUNS, when: { ending: ["completed", "abandoned", "completed"] } });
    assert.deepEqual(some.charge.endings, ["completed", "abandoned"]);
    assert.deepEqual(read({ ...RUNS, when: { ending: [] } }).fields, ["when.ending"]);
    assert.deepEqual(read({ ...RUNS, when: {} }).fields, ["when.ending"]);
    assert.deepEqual(read({ ...RUNS, when: { ended: 1 } }).fields, ["when.ended", "when.ending"]);
    assert.deepEqual(read({ ...CHARGE, when: { ending: "failed" } }).fields, ["when"]);
  });

  test("on outcomes may wait for a window, in days of 24 hours or in hours", () => {
    const hoursOf = (settles: unknown) => {
      const { charge, fields } = read({ ...OUTCOMES, settles });
      return fields.length === 0 ? charge.settlesAfterHours : fields;
    };
    assert.equal(hoursOf({ afterDays: 7 }), 168);
    assert.equal(hoursOf({ afterHours: "36" }), 36);
    assert.equal(hoursOf({ afterDays: 366 }), 8_784);
    assert.equal(hoursOf({ afterHours: 8_784 }), 8_784);
    assert.deepEqual(hoursOf({ afterDays: 367 }), ["settles.afterDays"]);
    assert.deepEqual(hoursOf({ afterHours: 8_785 }), ["settles.afterHours"]);
    assert.deepEqual(hoursOf({ afterHours: 0 }), ["settles.afterHours"]);
    assert.deepEqual(hoursOf({ afterHours: "1.5" }), ["settles.afterHours"]);
    assert.deepEqual(hoursOf({ afterDays: 1, afterHours: 1 }), ["settles"]);
    assert.deepEqual(hoursOf({}), ["settles"]);
    assert.deepEqual(hoursOf({ afterWeeks: 1 }), ["settles.afterWeeks", "settles"]);
    assert.equal(hoursOf(null), null);
    for (const other of [CHARGE, RUNS]) {
      assert.deepEqual(read({ ...other, settles: { afterDays: 7 } }).fields, ["settles"]);
    }
  });

  test("may be in credits, unless it is a share of money", () => {
    assert.equal(read({ ...CHARGE, in: "credits" }).charge.inCredits, true);
    assert.equal(read({ ...CHARGE, in: "money" }).charge.inCredits, false);
    assert.deepEqual(read({ ...CHARGE, in: "euros" }).fields, ["in"]);
    const price = { model: "percentage", percent: "1" };
    const share = { ...CHARGE, meter: { sum: "order_value" }, price, in: "credits" };
    assert.deepEqual(read(share).fields, ["in"]);
  });

  test("has the key that it stands under", () => {
    const { key: _, ...unnamed } = CHARGE;
    assert.equal(read(unnamed, "y").charge.key, "y");
    assert.deepEqual(read(CHARGE, "x").fields, []);
    assert.deepEqual(read(CHARGE, "y").fields, ["key"]);
  });
});
