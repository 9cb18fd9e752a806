import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Problem } from "../errors.ts";
import {
  MATRIX_CELLS_MAX_COUNT,
  PERCENT_MAX,
  PRICE_MAX_UNITS,
  TIERS_MAX_COUNT,
} from "../limits.ts";
import { Place } from "./document-place.ts";
import { parsePrice } from "./parse-price.ts";
import type { Meter } from "./rate-card.ts";

const STEPS: Meter = { count: "steps", where: {} };
const COST: Meter = { sum: "cost", where: {} };

function parse(document: unknown, meter: Meter = STEPS) {
  const problems: Problem[] = [];
  const price = parsePrice(new Place(document, "price", problems), meter);
  return { price, fields: problems.map(({ field }) => field), problems };
}

const tiers = (...ends: unknown[]) => ({
  model: "graduated",
  tiers: ends.map((upTo) => (upTo === undefined ? { unit: "1" } : { upTo, unit: "1" })),
});
const UNIT = 10n ** 18n;

describe("a price", () => {
  test("of every model is read exactly", () => {
    const documents = [
      { model: "per_unit", unit: "0.000000000000000001" },
      { model: "flat", amount: 5 },
      { model: "package", size: "0.5", amount: "1" },
    ];
    assert.deepEqual(
      documents.map((document) => parse(document).price),
      [
        { model: "per_unit", unit: 1n },
        { model: "flat", amount: 5n * UNIT },
        { model: "package", size: 500_000_000n, amount: UNIT },
      ],
    );
    assert.deepEqual(
      parse({ model: "volume", tiers: [{ upTo: 1, unit: 2, flat: 3 }, { unit: 0 }] }),
      {
        price: {
          model: "volume",
          tiers: [
            { upTo: 10n ** 9n, unit: 2n * UNIT, flat: 3n * UNIT },
            { upTo: null, unit: 0n, flat: 0n },
          ],
        },
        fields: [],
        problems: [],
      },
    );
  });

  test("has a known model and no field of another", () => {
    assert.deepEqual(parse({ model: "tiered", unit: "1" }).fields, ["price.model"]);
    assert.deepEqual(parse({ unit: "1" }).fields, ["price.model"]);
    const { problems } = parse({ model: "per_unit", unit: "1", amount: "1" });
    assert.deepEqual(
      problems.map(({ code, field }) => [code, field]),
      [["field.unknown", "price.amount"]],
    );
    assert.deepEqual(parse(null).fields, ["price"]);
  });

  test("is at most the largest price", () => {
    const withUnit = (unit: string) => parse({ model: "per_unit", unit }).fields.length;
    const edges = [`${PRICE_MAX_UNITS - 1n}`, `${PRICE_MAX_UNITS}`, `${PRICE_MAX_UNITS}.1`];
    assert.deepEqual(edges.map(withUnit), [0, 0, 1]);
    for (const unit of ["1e99", "1e999", "-1", 0.1, "1e-19"]) {
      assert.deepEqual(parse({ model: "per_unit", unit }).fields, ["price.unit"]);
    }
  });

  test("of cost is a markup, and only of cost", () => {
    assert.deepEqual(parse({ model: "markup", percent: "20" }, COST), {
      price: { model: "markup", factor: 1_200_000n },
      fields: [],
      problems: [],
    });
    assert.deepEqual(parse({ model: "markup", percent: "20" }).fields, ["price.model"]);
    assert.deepEqual(parse({ model: "per_unit", unit: "2" }, COST).fields, ["price.model"]);
    const edges = [`${PERCENT_MAX}`, `${PERCENT_MAX}.0001`, "0.00001", "-5"];
    assert.deepEqual(
      edges.map((percent) => parse({ model: "markup", percent }, COST).fields.length),
      [0, 1, 1, 1],
    );
  });
});

describe("tiers", () => {
  const at = (index: number) => `price.tiers[${index}].upTo`;

  test("rise without gap or overlap", () => {
    assert.deepEqual(parse(tiers("10", "20", undefined)).fields, []);
    assert.deepEqual(parse(tiers("10", "10", undefined)).fields, [at(1)], "zero width");
    assert.deepEqual(parse(tiers("10", "5", "20", undefined)).fields, [at(1)], "descending");
    assert.deepEqual(parse(tiers("0", undefined)).fields, [at(0)]);
    assert.deepEqual(parse(tiers("-1", undefined)).fields, [at(0)]);
    assert.deepEqual(parse(tiers("1e99", undefined)).fields, [at(0)]);
  });

  test("end with one that is open", () => {
    assert.deepEqual(parse(tiers("10", "20")).fields, [at(1)]);
    assert.deepEqual(parse(tiers(undefined, undefined)).fields, [at(0)]);
    assert.deepEqual(parse(tiers(null)).fields, []);
    assert.deepEqual(parse({ model: "volume", tiers: [] }).fields, ["price.tiers"]);
    assert.deepEqual(parse({ model: "volume" }).fields, ["price.tiers"]);
    assert.deepEqual(parse({ model: "volume", tiers: [5] }).fields, ["price.tiers[0]"]);
  });

  test("are at most a thousand", () => {
    const counts = [-1, 0, 1].map((more) => {
      const ends = Array.from({ length: TIERS_MAX_COUNT + more - 1 }, (_, index) => index + 1);
      return parse(tiers(...ends, undefined)).fields.length;
    });
    assert.deepEqual(counts, [0, 0, 1]);
  });
});

describe("a matrix", () => {
  const matrix = (rest: object) => ({ model: "matrix", by: "model", cells: { a: "1" }, ...rest });

  test("prices the values of one dimension that its meter knows", () => {
    const runs: Meter = { count: "runs", where: {} };
    const outcomes: Meter = { count: "outcomes", where: {} };
    const known: [string, Meter][] = [
      ["model", STEPS],
      ["label.team", STEPS],
      ["label.team", runs],
      ["outcome", outcomes],
    ];
    for (const [by, meter] of known) assert.deepEqual(parse(matrix({ by }), meter).fields, []);
    const unknown: [string, Meter][] = [
      ["outcome", STEPS],
      ["label.", STEPS],
      ["model", runs],
      ["label.team", outcomes],
      ["colour", STEPS],
    ];
    for (const [by, meter] of unknown) {
      assert.deepEqual(parse(matrix({ by }), meter).fields, ["price.by"], by);
    }
  });

  test("has cells, at most a thousand, and one way to price all others", () => {
    const cells = (length: number) =>
      Object.fromEntries(Array.from({ length }, (_, index) => [`m${index}`, "1"]));
    const counts = [0, 1, MATRIX_CELLS_MAX_COUNT, MATRIX_CELLS_MAX_COUNT + 1].map(
      (length) => parse(matrix({ cells: cells(length) })).fields.length,
    );
    assert.deepEqual(counts, [1, 0, 0, 1]);
    assert.deepEqual(parse(matrix({ cells: { "*": "1" } })).fields, ['price.cells["*"]']);
    assert.deepEqual(parse(matrix({ cells: { "gpt-5": "x" } })).fields, ['price.cells["gpt-5"]']);
    assert.deepEqual(parse(matrix({ otherwise: "-1" })).fields, ["price.otherwise"]);
  });

  test("by two dimensions has rows of cells, at most a thousand in all", () => {
    const by = ["model", "tool"];
    const pair = (cells: object) => ({ model: "matrix", by, cells });
    assert.deepEqual(parse(pair({ "gpt-5": { search: "1", run: "2" }, o9: { run: "3" } })).price, {
      model: "matrix",
      by,
      cells: { "gpt-5 | search": UNIT, "gpt-5 | run": 2n * UNIT, "o9 | run": 3n * UNIT },
      otherwise: null,
    });
    const rows = (length: number) =>
      Object.fromEntries(Array.from({ length }, (_, at) => [`m${at}`, { a: "1", b: "1" }]));
    assert.deepEqual(parse(pair(rows(MATRIX_CELLS_MAX_COUNT / 2))).fields, []);
    assert.deepEqual(parse(pair(rows(MATRIX_CELLS_MAX_COUNT / 2 + 1))).fields, ["price.cells"]);
    assert.deepEqual(parse(pair({ a: { "b | c": "1" } })).fields, ['price.cells.a["b | c"]']);
    assert.deepEqual(parse(pair({ a: "1" })).fields, ["price.cells.a"]);
    const wrong = [[], ["model"], ["model", "model"], ["model", "tool", "agent"]];
    for (const other of wrong) {
      assert.deepEqual(
        new Set(parse(matrix({ by: other, cells: { a: { b: "1" } } })).fields),
        new Set(["price.by"]),
      );
    }
  });
});

describe("a percentage", () => {
  test("is of a unit, with an optional fixed part", () => {
    const sum: Meter = { sum: "order_value", where: {} };
    const price = { model: "percentage", percent: "2.9", fixed: "0.3" };
    assert.deepEqual(parse(price, sum).price, {
      model: "percentage",
      factor: 29_000n,
      fixed: 3n * 10n ** 17n,
    });
    assert.deepEqual(parse({ model: "percentage", percent: `${PERCENT_MAX}` }, sum).fields, []);
    assert.deepEqual(parse({ model: "percentage", percent: `${PERCENT_MAX + 1n}` }, sum).fields, [
      "price.percent",
    ]);
    assert.deepEqual(parse(price).fields, ["price.model"], "steps are no money");
    assert.deepEqual(parse(price, COST).fields, ["price.model"], "that is a markup");
  });
});
