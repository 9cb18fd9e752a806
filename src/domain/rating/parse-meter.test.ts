import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Problem } from "../errors.ts";
import { LABELS_MAX_COUNT, WHERE_VALUES_MAX_COUNT } from "../limits.ts";
import { Place } from "./document-place.ts";
import { parseMeter } from "./parse-meter.ts";

function parse(document: unknown) {
  const problems: Problem[] = [];
  const meter = parseMeter(new Place(document, "meter", problems));
  return { meter, fields: problems.map(({ field }) => field), problems };
}

const values = (length: number) => Array.from({ length }, (_, index) => `v${index}`);

describe("a meter", () => {
  test("counts or sums, and selects by one value or a list", () => {
    const where = { agent: "a", kind: ["tool", "model"], attempt: [1, "2"], label: { team: "x" } };
    assert.deepEqual(parse({ count: "steps", where }).meter, {
      count: "steps",
      where: { agent: ["a"], kind: ["tool", "model"], attempt: [1, 2], label: { team: ["x"] } },
    });
    assert.deepEqual(parse({ sum: "seconds" }).meter, { sum: "seconds", where: {} });
    assert.deepEqual(parse({ sum: "cost", where: null }).fields, []);
  });

  test("names one thing that it counts", () => {
    for (const wrong of [{}, { count: "runs", sum: "cost" }, null, "runs", []]) {
      assert.deepEqual(parse(wrong).fields, ["meter"], JSON.stringify(wrong));
    }
    assert.deepEqual(parse({ count: "calls" }).fields, ["meter.count"]);
    assert.deepEqual(parse({ sum: "Output Tokens" }).fields, ["meter.sum"]);
    assert.deepEqual(parse({ sum: 5 }).fields, ["meter.sum"]);
  });

  test("selects only by what its subject has", () => {
    const cases: [object, string][] = [
      [{ count: "runs", where: { kind: "tool" } }, "meter.where.kind"],
      [{ count: "runs", where: { outcome: "x" } }, "meter.where.outcome"],
      [{ count: "steps", where: { outcome: "x" } }, "meter.where.outcome"],
      [{ sum: "cost", where: { outcome: "x" } }, "meter.where.outcome"],
      [{ count: "outcomes", where: { label: { a: "b" } } }, "meter.where.label"],
    ];
    for (const [document, field] of cases) assert.deepEqual(parse(document).fields, [field]);
    const allowed = [
      { count: "runs", where: { agent: "a", label: { a: "b" } } },
      { count: "outcomes", where: { outcome: "x", agent: "a" } },
    ];
    for (const document of allowed) assert.deepEqual(parse(document).fields, []);
  });

  test("refuses fields and values that no step has", () => {
    const { problems } = parse({ count: "steps", when: 1, where: { kinds: "tool" } });
    assert.deepEqual(
      problems.map(({ code, field }) => [code, field]),
      [
        ["field.unknown", "meter.when"],
        ["field.unknown", "meter.where.kinds"],
      ],
    );
    const where = {
      kind: "tools",
      status: ["ok", "bad"],
      payer: 1,
      attempt: [0, "1.5"],
      agent: [],
    };
    assert.deepEqual(parse({ count: "steps", where }).fields, [
      "meter.where.agent",
      "meter.where.kind",
      "meter.where.status[1]",
      "meter.where.payer",
      "meter.where.attempt[0]",
      "meter.where.attempt[1]",
    ]);
  });

  test("lists at most a hundred values and twenty labels", () => {
    const agents = (length: number) => parse({ count: "runs", where: { agent: values(length) } });
    const labels = (length: number) => {
      const label = Object.fromEntries(values(length).map((name) => [name, "x"]));
      return parse({ count: "runs", where: { label } });
    };
    const outcomes = [-1, 0, 1].map((more) => [
      agents(WHERE_VALUES_MAX_COUNT + more).fields.length,
      labels(LABELS_MAX_COUNT + more).fields.length,
    ]);
    assert.deepEqual(outcomes, [
      [0, 0],
      [0, 0],
      [1, 1],
    ]);
    assert.deepEqual(parse({ count: "runs", where: { label: {} } }).fields, ["meter.where.label"]);
  });
});
