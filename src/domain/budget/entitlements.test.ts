/** What a customer may use. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { Problem } from "../errors.ts";
import { PARALLEL_RUNS_MAX_COUNT } from "../limits.ts";
import { Place } from "../rating/document-place.ts";
import {
  EVERYTHING,
  entitlementsDocument,
  entitlementsOf,
  notEntitled,
  type OwnEntitlements,
  parseEntitlements,
  parseOwnEntitlements,
  unmatchablePatterns,
} from "./entitlements.ts";

function read(document: unknown): OwnEntitlements {
  const problems: Problem[] = [];
  const own = parseOwnEntitlements(new Place(document, "entitlements", problems));
  assert.deepEqual(problems, []);
  return own;
}

function problemOf(document: unknown): Problem | undefined {
  const problems: Problem[] = [];
  parseOwnEntitlements(new Place(document, "entitlements", problems));
  return problems[0];
}

const STEP = { agent: "support", provider: "openai", model: "gpt-5.1", tool: null };

function refusedBy(document: object, wanted: object = {}) {
  return notEntitled(entitlementsOf(null, read(document)), { ...STEP, ...wanted });
}

describe("what a customer may use", () => {
  test("who is not restricted may use everything", () => {
    assert.equal(notEntitled(EVERYTHING, STEP), null);
    assert.equal(refusedBy({}), null);
  });

  test("what is not listed is refused by name", () => {
    assert.equal(refusedBy({ models: ["gpt-5.1"], agents: ["support"] }), null);
    assert.deepEqual(refusedBy({ models: ["gpt-4.1"] }), { what: "model", name: "gpt-5.1" });
    assert.deepEqual(refusedBy({ agents: ["sales"] }), { what: "agent", name: "support" });
    assert.deepEqual(refusedBy({ tools: [] }, { tool: "search" }), {
      what: "tool",
      name: "search",
    });
  });

  test("a name may stand for all that begin so, and only where it says so", () => {
    assert.equal(refusedBy({ models: ["gpt-5*"] }), null);
    assert.equal(refusedBy({ models: ["openai/*"] }), null);
    assert.equal(refusedBy({ models: ["openai/gpt-5.1"] }), null);
    assert.deepEqual(refusedBy({ models: ["gpt-5"] }), { what: "model", name: "gpt-5.1" });
    assert.deepEqual(refusedBy({ models: ["anthropic/*"] }), { what: "model", name: "gpt-5.1" });
  });

  test("a list of agents wants an agent; models and tools concern steps that have one", () => {
    assert.deepEqual(refusedBy({ agents: ["support"] }, { agent: null }), {
      what: "agent",
      name: null,
    });
    assert.equal(refusedBy({ models: [], tools: [] }, { model: null }), null);
  });

  test("a customer's terms stand over the card's field by field; null lifts one", () => {
    const card = { ...EVERYTHING, models: ["gpt-5-mini"], tools: ["search"] };
    const all = entitlementsOf(card, read({ models: null, parallelRuns: 3 }));
    assert.deepEqual(all, { agents: null, models: null, tools: ["search"], parallelRuns: 3n });
  });

  test("terms come back from their document", () => {
    const names = fc.option(fc.array(fc.stringMatching(/^[a-z*/.-]{1,9}$/), { maxLength: 4 }));
    const all = fc.record(
      {
        agents: names,
        models: names,
        tools: names,
        parallelRuns: fc.option(fc.bigInt({ min: 0n, max: PARALLEL_RUNS_MAX_COUNT })),
      },
      { requiredKeys: [], noNullPrototype: true },
    );
    fc.assert(
      fc.property(all, (own) => {
        const document = JSON.parse(JSON.stringify(entitlementsDocument(own)));
        assert.deepEqual(read(document), own);
      }),
    );
  });

  test("what is wrong is named with its path", () => {
    assert.equal(problemOf({ model: ["x"] })?.code, "field.unknown");
    assert.equal(problemOf({ models: "gpt" })?.field, "entitlements.models");
    assert.equal(problemOf({ agents: [""] })?.field, "entitlements.agents[0]");
    assert.equal(problemOf({ parallelRuns: "-1" })?.field, "entitlements.parallelRuns");
    assert.equal(problemOf({ parallelRuns: "1.5" })?.field, "entitlements.parallelRuns");
    const most = String(PARALLEL_RUNS_MAX_COUNT);
    assert.equal(problemOf({ parallelRuns: most }), undefined);
    const more = String(PARALLEL_RUNS_MAX_COUNT + 1n);
    assert.equal(problemOf({ parallelRuns: more })?.field, "entitlements.parallelRuns");
    assert.equal(problemOf(null)?.field, "entitlements");
  });

  test("a pattern that can match nothing is named, with how one looks", () => {
    const own = read({ agents: ["*"], models: ["gpt*5", "gpt-5*"], tools: ["s*", "**"] });
    assert.deepEqual(unmatchablePatterns(own, "entitlements"), [
      {
        code: "ratecard.invalid",
        detail: '"gpt*5" matches nothing: * stands for an ending alone, as in "gpt-5*"',
        field: "entitlements.models[0]",
      },
      {
        code: "ratecard.invalid",
        detail: '"**" matches nothing: * stands for an ending alone, as in "gpt-5*"',
        field: "entitlements.tools[1]",
      },
    ]);
    assert.deepEqual(unmatchablePatterns(read({ models: null }), ""), []);
  });

  test("a card that says nothing restricts nothing", () => {
    assert.equal(parseEntitlements(new Place(undefined, "", [])), null);
    assert.deepEqual(parseEntitlements(new Place({ tools: [] }, "", [])), {
      ...EVERYTHING,
      tools: [],
    });
  });
});
