/** Names are compared whole: who writes a pattern is told, wherever names are selected by. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseSentPolicy } from "../policy/parse-policy.ts";
import { resolveCard } from "./card-override.ts";
import { parseCardDocument, parseRateCard } from "./parse-rate-card.ts";
import { patternsAmong, patternsIn } from "./whole-names.ts";

const UNIT = { model: "per_unit", unit: "1" };

const card = (where: object, price: object = UNIT) => ({
  key: "base",
  currency: "USD",
  charges: [
    { key: "plain", meter: { count: "steps" }, price: UNIT },
    { key: "some", meter: { count: "steps", where }, price },
  ],
});

function fieldsOf(document: object): (string | undefined)[] {
  const parsed = parseCardDocument(document);
  return "problems" in parsed ? parsed.problems.map(({ field }) => field) : [];
}

describe("A name that is written as a pattern", () => {
  it("is refused in what a charge selects by, with its field", () => {
    const where = { agent: "supp*", model: ["gpt-5.1", "gpt-5*"], label: { team: ["*"] } };
    assert.deepEqual(fieldsOf(card(where)), [
      "charges[1].meter.where.agent",
      "charges[1].meter.where.model",
      "charges[1].meter.where.label.team",
    ]);
    assert.deepEqual(fieldsOf(card({ agent: "support", attempt: 1, kind: "model" })), []);
  });

  it("is refused as a value that has a price of its own", () => {
    const alone = { model: "matrix", by: "model", cells: { "gpt-5*": "1", "gpt-5.1": "2" } };
    const pairs = { model: "matrix", by: ["model", "tool"], cells: { "gpt-5": { "s*": "1" } } };
    assert.deepEqual(fieldsOf(card({}, alone)), ["charges[1].price.cells"]);
    assert.deepEqual(fieldsOf(card({}, pairs)), ["charges[1].price.cells"]);
  });

  it("stands on a card that is on record as it did", () => {
    assert.ok("card" in parseRateCard(card({ agent: "supp*" })));
  });

  it("is refused in what an override states, and left to the base where it does not", () => {
    const base = parseRateCard(card({ agent: "supp*" }));
    const own = (charges: object) => parseCardDocument({ key: "acme", extends: "base", charges });
    const plain = own({ plain: { meter: { count: "runs" }, price: UNIT } });
    const starred = own({ mine: { ...card({ tool: "s*" }).charges[1], key: undefined } });
    assert.ok("card" in base && "override" in plain && "override" in starred);
    assert.ok("card" in resolveCard(base.card, plain.override));
    const resolved = resolveCard(base.card, starred.override);
    assert.ok("problems" in resolved);
    const fields = resolved.problems.map(({ field }) => field);
    assert.deepEqual(fields, ['charges["mine"].meter.where.tool']);
  });

  it("is refused in a policy: whom it is for, whom not, and tools that it lets repeat", () => {
    const loop = { rule: "repeated_call", moreThan: 5, do: "pause", exceptTools: ["poll*"] };
    const parsed = parseSentPolicy(
      { where: { agent: "supp*" }, except: { customer: ["test-*"] }, rules: [loop] },
      "p",
    );
    assert.ok("problems" in parsed);
    const fields = parsed.problems.map(({ code, field }) => `${code} ${field}`);
    assert.deepEqual(fields, [
      "policy.invalid where.agent",
      "policy.invalid except.customer",
      "policy.invalid rules[0].exceptTools",
    ]);
  });

  it("is told with its value and what to do", () => {
    assert.deepEqual(patternsIn({ agent: ["a", "supp*"] }, "where", "budget.invalid"), [
      {
        code: "budget.invalid",
        detail: '"supp*" would match nothing: names are compared whole here; list each one',
        field: "where.agent",
      },
    ]);
    assert.deepEqual(patternsAmong(["support", 1], "where.agent", "budget.invalid"), []);
  });
});
