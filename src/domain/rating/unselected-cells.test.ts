/** A cell of a matrix that the charge's own filter leaves out would charge nothing, unseen. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { resolveCard } from "./card-override.ts";
import { parseCardDocument, parseRateCard } from "./parse-rate-card.ts";

const charge = (where: object, by: unknown, cells: object) => ({
  key: "tools",
  meter: { count: "steps", where },
  price: { model: "matrix", by, cells },
});
const card = (...given: Parameters<typeof charge>) => ({
  key: "base",
  currency: "USD",
  charges: [charge(...given)],
});

function problemsOf(document: object): string[] {
  const parsed = parseCardDocument(document);
  if (!("problems" in parsed)) return [];
  return parsed.problems.map(({ field, detail }) => `${field}: ${detail}`);
}

describe("A cell of a matrix that its charge never selects", () => {
  it("is refused with its path, with what is selected and what to do", () => {
    const cells = { search: "1", deploy: "2", "run tests": "3" };
    assert.deepEqual(problemsOf(card({ tool: "search" }, "tool", cells)), [
      'charges[0].price.cells.deploy: "deploy" is never counted: ' +
        "the charge selects tool search alone; select it too",
      'charges[0].price.cells["run tests"]: "run tests" is never counted: ' +
        "the charge selects tool search alone; select it too",
    ]);
    const [told] = problemsOf(card({ tool: ["a", "b", "c", "d"] }, "tool", { z: "1" }));
    assert.match(told ?? "", /selects tool a, b, c, … alone/);
  });

  it("is refused by either of two dimensions, and once by the first", () => {
    const where = { model: "m1", label: { region: ["eu"] } };
    const cells = { m1: { eu: "1", us: "2" }, m2: { eu: "3", us: "4" } };
    const paths = problemsOf(card(where, ["model", "label.region"], cells)).map(
      (told) => told.split(": ")[0],
    );
    assert.deepEqual(paths, ["charges[0].price.cells.m1.us", "charges[0].price.cells.m2"]);
  });

  it("is none where the charge selects by something else, or not at all", () => {
    const cells = { search: "1", deploy: "2" };
    assert.deepEqual(problemsOf(card({}, "tool", cells)), []);
    assert.deepEqual(
      problemsOf(card({ kind: "tool", tool: ["deploy", "search"] }, "tool", cells)),
      [],
    );
    assert.deepEqual(problemsOf(card({ label: { team: "a" } }, "label.region", cells)), []);
  });

  it("stands on a card that is on record as it did, and on overrides of it", () => {
    const base = parseRateCard(card({ tool: "search" }, "tool", { deploy: "1" }));
    assert.ok("card" in base);
    const own = (charges: object) => parseCardDocument({ key: "acme", extends: "base", charges });
    const other = own({
      runs: { meter: { count: "runs" }, price: { model: "flat", amount: "1" } },
    });
    assert.ok("override" in other && "card" in resolveCard(base.card, other.override));
    const { key: _, ...same } = charge({ tool: "search" }, "tool", { deploy: "1" });
    const stated = own({ tools: same });
    assert.ok("override" in stated);
    const resolved = resolveCard(base.card, stated.override);
    const [problem] = "problems" in resolved ? resolved.problems : [];
    assert.equal(problem?.field, 'charges["tools"].price.cells.deploy');
  });
});
