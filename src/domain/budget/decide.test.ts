/** May a step start: what is set aside, and which balance refuses and why. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { HOLD_RETRY_MS } from "../limits.ts";
import { type Amount, ONE_UNIT, parseAmount, quantityOfInteger } from "../money/decimal.ts";
import {
  type Ask,
  type CostKnowledge,
  type Decision,
  decideHold,
  endAction,
  freeOf,
  isStoppedBy,
  type OutputRange,
  type Room,
} from "./decide.ts";
import { parseBudget } from "./parse-budget.ts";
import { NO_SPEND } from "./spend.ts";

const NOW = 1_000_000;

interface Level {
  readonly settled?: number;
  readonly held?: number;
  readonly grantedAtMs?: number;
}

/** A balance of tokens, in whole ones: 1000 unless the document says otherwise. */
function room(document: object, { settled = 0, held = 0, grantedAtMs = 0 }: Level = {}): Room {
  const plain = { each: "workspace", measure: "tokens", limit: "1000", per: "lifetime" };
  const parsed = parseBudget({ ...plain, ...document }, "b");
  if ("problems" in parsed) assert.fail(JSON.stringify(parsed.problems));
  const { budget } = parsed;
  return {
    record: { id: 1, budget, countsFromMs: 0, retiredAtMs: null },
    scope: "",
    window: { key: "", startMs: 0, endMs: null },
    limit: budget.limit,
    settled: quantityOfInteger(settled),
    held: quantityOfInteger(held),
    grantedAtMs,
  };
}

/** A step that reads so many tokens, and writes as many as it may. */
function step(inputTokens: number, output: OutputRange | null = null): Ask {
  const worstCase = (outputTokens: number) => {
    const usage = new Map([
      ["input_uncached", quantityOfInteger(inputTokens)],
      ["output_text", quantityOfInteger(outputTokens)],
    ]);
    return { spend: { ...NO_SPEND, usage, stepCount: 1n }, parts: [], costIs: "known" as const };
  };
  return { worstCase, output, isWrapUp: false };
}

function costing(cost: string, costIs: CostKnowledge): Ask {
  const spend = { ...NO_SPEND, cost: parseAmount(cost) ?? assert.fail(), stepCount: 1n };
  return { worstCase: () => ({ spend, parts: [], costIs }), output: null, isWrapUp: false };
}

/** `allow`, or what was decided and why. */
function verdict(ask: Ask, rooms: readonly Room[]): string {
  const decided = decideHold(ask, rooms, NOW);
  return decided.decision === "allow" ? "allow" : `${decided.decision}: ${decided.reason}`;
}

function allowed(ask: Ask, rooms: readonly Room[]): Decision & { readonly decision: "allow" } {
  const decided = decideHold(ask, rooms, NOW);
  return decided.decision === "allow" ? decided : assert.fail(`refused: ${decided.reason}`);
}

function refusedBy(ask: Ask, rooms: readonly Room[]): Decision & { readonly by: Room } {
  const decided = decideHold(ask, rooms, NOW);
  return "by" in decided ? decided : assert.fail("was allowed");
}

const pauseAt80 = { stages: [{ at: "80%", do: "pause" }] };

describe("A step that fits", () => {
  it("may use a balance up, to the last token and no further", () => {
    assert.equal(verdict(step(1_000), [room({})]), "allow");
    assert.equal(verdict(step(400), [room({}, { settled: 500, held: 100 })]), "allow");
    assert.equal(verdict(step(1_001), [room({})]), "block: budget");
  });

  it("is allowed where there is no budget, and sets nothing aside", () => {
    const { reserves, maxOutputTokens, isClamped } = allowed(step(9_999), []);
    assert.deepEqual([reserves, maxOutputTokens, isClamped], [[], null, false]);
  });

  it("is set aside in every balance that it counts in, in the measure of each", () => {
    const ofSteps = room({ measure: "steps", limit: "5" });
    const rooms = [
      room({}),
      {
        ...ofSteps,
        record: { ...ofSteps.record, id: 2 },
        scope: "acme",
        window: { key: "2026-11-26", startMs: 0, endMs: 1 },
      },
    ];
    assert.deepEqual(allowed(step(300), rooms).reserves, [
      { budgetId: 1, scope: "", window: "", amount: 300n * ONE_UNIT },
      { budgetId: 2, scope: "acme", window: "2026-11-26", amount: 1n * ONE_UNIT },
    ]);
  });

  it("sets nothing aside where it needs nothing, nothing is limited, or runs are counted", () => {
    const rooms = [
      room({ measure: "searches", limit: "5" }),
      room({ limit: null }),
      room({ enforcement: "soft" }),
      room({ measure: "runs", limit: "1" }, { settled: 1 }),
      room({ measure: "parallel_runs", limit: "1" }, { settled: 1 }),
    ];
    assert.deepEqual(allowed(step(300), rooms).reserves, []);
  });

  it("needs nothing of a balance that is overdrawn, and is not refused by it", () => {
    const overdrawn = room({ measure: "searches", limit: "5" }, { settled: 9 });
    assert.equal(verdict(step(300), [overdrawn]), "allow");
    assert.equal(freeOf(overdrawn, false), -4n * ONE_UNIT);
  });

  it("is refused by the one balance that cannot cover it, though others can", () => {
    const [wide, narrow] = [room({}), room({ limit: "200" })];
    assert.equal(refusedBy(step(300), [wide, narrow]).by, narrow);
  });
});

describe("Output", () => {
  const range = (mostTokens: number, isStated = true): OutputRange => {
    return { leastTokens: 10, mostTokens, isStated };
  };

  it("that fits is left as it was asked for", () => {
    const { maxOutputTokens, isClamped } = allowed(step(100, range(900)), [room({})]);
    assert.deepEqual([maxOutputTokens, isClamped], [900, false]);
  });

  it("is clamped to the most that the narrowest balance covers, and so much is set aside", () => {
    const rooms = [room({}), room({}, { settled: 500 }), room({ limit: null })];
    const { maxOutputTokens, isClamped, reserves } = allowed(step(100, range(900)), rooms);
    assert.deepEqual([maxOutputTokens, isClamped], [400, true]);
    const amounts = reserves.map(({ amount }) => amount);
    assert.deepEqual(amounts, [500n * ONE_UNIT, 500n * ONE_UNIT]);
  });

  it("that nobody stated is bounded, and not called clamped", () => {
    const { maxOutputTokens, isClamped } = allowed(step(100, range(5_000, false)), [room({})]);
    assert.deepEqual([maxOutputTokens, isClamped], [900, false]);
  });

  it("may come down to its least and not below", () => {
    assert.equal(allowed(step(990, range(900)), [room({})]).maxOutputTokens, 10);
    assert.equal(verdict(step(991, range(900)), [room({})]), "block: budget");
  });

  it("is always the largest that fits", () => {
    const sizes = fc.nat(1_200);
    fc.assert(
      fc.property(sizes, sizes, sizes, (input, settled, most) => {
        const ask = step(input, {
          leastTokens: Math.min(1, most),
          mostTokens: most,
          isStated: true,
        });
        const decided = decideHold(ask, [room({}, { settled })], NOW);
        const left = Math.min(most, 1_000 - settled - input);
        const mayStart = left >= Math.min(1, most) || input + most === 0;
        assert.equal(decided.decision, mayStart ? "allow" : "block");
        if (decided.decision !== "allow" || input + most === 0) return;
        assert.equal(decided.maxOutputTokens, left);
        assert.equal(decided.isClamped, left < most);
      }),
      { numRuns: 500 },
    );
  });
});

describe("A step that does not fit", () => {
  it("waits where only what others hold is in its way", () => {
    const busy = room({}, { settled: 100, held: 700 });
    const { decision, by } = refusedBy(step(900), [busy]);
    assert.deepEqual([decision, by], ["throttle", busy]);
    assert.equal(verdict(step(900), [busy]), "throttle: held_by_others");
    const decided = decideHold(step(900), [busy], NOW);
    assert.equal("retryAfterMs" in decided && decided.retryAfterMs, HOLD_RETRY_MS);
  });

  it("does not wait for what could never make enough room", () => {
    assert.equal(verdict(step(901), [room({}, { settled: 100, held: 700 })]), "block: budget");
  });

  it("is paused or blocked as the highest stage that stops says, else blocked", () => {
    const withStages = (...actions: string[]) => {
      const stages = actions.map((action, index) => ({ at: `${90 + index}%`, do: action }));
      return room({ stages });
    };
    assert.equal(verdict(step(1_001), [withStages("notify", "pause")]), "pause: budget");
    assert.equal(verdict(step(1_001), [withStages("pause", "block", "notify")]), "block: budget");
    assert.equal(verdict(step(1_001), [withStages("notify")]), "block: budget");
    assert.equal(endAction(withStages("block", "pause")), "pause");
  });
});

describe("A stage that stops", () => {
  it("refuses what comes once it was reached, by what is settled and held", () => {
    assert.equal(verdict(step(200), [room(pauseAt80, { settled: 799 })]), "allow");
    assert.equal(verdict(step(1), [room(pauseAt80, { settled: 800 })]), "pause: budget");
    assert.equal(verdict(step(1), [room(pauseAt80, { settled: 500, held: 300 })]), "pause: budget");
  });

  it("higher up decides once it is reached too", () => {
    const stages = [...pauseAt80.stages, { at: "90%", do: "block" }];
    assert.equal(verdict(step(1), [room({ stages }, { settled: 850 })]), "pause: budget");
    assert.equal(verdict(step(1), [room({ stages }, { settled: 900 })]), "block: budget");
  });

  it("at the limit itself leaves it to the room: who needs nothing of it goes on", () => {
    const spent = room({ measure: "searches", limit: "5" }, { settled: 5 });
    assert.equal(isStoppedBy(spent), false);
    assert.equal(verdict(step(1), [spent]), "allow");
  });

  it("of a soft budget acts on what was settled, at the limit too", () => {
    const soft = { enforcement: "soft", stages: [{ at: "100%", do: "pause" }] };
    assert.equal(verdict(step(5_000), [room(soft, { settled: 999, held: 500 })]), "allow");
    assert.equal(verdict(step(1), [room(soft, { settled: 1_000 })]), "pause: budget");
  });

  it("that only notifies stops nothing, nor does a share of no limit", () => {
    const told = room({ stages: [{ at: "50%", do: "notify" }] }, { settled: 900 });
    assert.equal(verdict(step(100), [told]), "allow");
    const unlimited = room({ ...pauseAt80, limit: null }, { settled: 9_000 });
    assert.equal(verdict(step(100), [unlimited]), "allow");
  });

  it("of a level stops where there is no limit", () => {
    const stages = [{ at: "500", do: "block" }];
    assert.equal(
      verdict(step(1), [room({ limit: null, stages }, { settled: 500 })]),
      "block: budget",
    );
  });
});

describe("A reserve", () => {
  const kept = { reserve: "200" };
  const wrapUp = (tokens: number): Ask => ({ ...step(tokens), isWrapUp: true });

  it("is kept from ordinary steps and open to the one that delivers the result", () => {
    const rest = room(kept, { settled: 800 });
    assert.equal(verdict(step(1), [rest]), "block: budget");
    assert.equal(verdict(wrapUp(200), [rest]), "allow");
    assert.equal(verdict(wrapUp(201), [rest]), "block: budget");
    assert.equal(freeOf(rest, true) - freeOf(rest, false), 200n * ONE_UNIT);
  });

  it("lets the result through a stage that stops all else", () => {
    const stopped = room({ ...kept, ...pauseAt80 }, { settled: 900 });
    assert.equal(verdict(step(1), [stopped]), "pause: budget");
    assert.equal(verdict(wrapUp(100), [stopped]), "allow");
  });
});

describe("Pace", () => {
  const slow = { stages: [{ at: "50%", do: "throttle", delayMs: 1_000 }] };
  const last = (agoMs: number, settled = 500) => {
    return room(slow, { settled, grantedAtMs: NOW - agoMs });
  };

  it("lets a hold wait for what is missing to the distance from the last one", () => {
    const decided = decideHold(step(1), [last(400)], NOW);
    assert.equal(verdict(step(1), [last(400)]), "throttle: pace");
    assert.equal("retryAfterMs" in decided && decided.retryAfterMs, 600);
    assert.equal(verdict(step(1), [last(999)]), "throttle: pace");
    assert.equal(verdict(step(1), [last(1_000)]), "allow");
  });

  it("is kept neither before the stage nor by the first hold", () => {
    assert.equal(verdict(step(1), [last(0, 499)]), "allow");
    assert.equal(verdict(step(1), [room(slow, { settled: 500 })]), "allow");
  });

  it("makes nobody wait for longer than the delay when the clock was set back", () => {
    assert.equal(verdict(step(1), [last(0)]), "throttle: pace");
    assert.equal(verdict(step(1), [last(-1)]), "allow");
  });

  it("is not asked of a step that does not fit", () => {
    assert.equal(verdict(step(501), [last(0)]), "block: budget");
  });
});

describe("A step whose cost nobody knows", () => {
  const unknown = costing("0", "unknown");

  it("is blocked by a budget of money, unless that says otherwise", () => {
    assert.equal(verdict(unknown, [room({ measure: "cost" })]), "block: unpriced");
    assert.equal(verdict(unknown, [room({ measure: "charge" })]), "block: unpriced");
    assert.equal(verdict(unknown, [room({ measure: "cost", unpriced: "allow" })]), "allow");
    assert.equal(
      verdict(unknown, [room({ measure: "cost", unpriced: "strict" })]),
      "block: unpriced",
    );
  });

  it("but its caller states is let through, unless a budget is strict", () => {
    const stated = costing("0.5", "stated");
    for (const [unpriced, said] of [
      ["block", "allow"],
      ["allow", "allow"],
      ["strict", "block: unpriced"],
    ] as const) {
      for (const measure of ["cost", "charge"]) {
        assert.equal(verdict(stated, [room({ measure, unpriced })]), said);
      }
    }
    assert.equal(verdict(stated, [room({ measure: "steps", unpriced: "strict" })]), "allow");
    assert.equal(verdict(costing("0.5", "known"), [room({ unpriced: "strict" })]), "allow");
  });

  it("is no matter to a budget of something else, a soft one, or one without a limit", () => {
    const soft = room({ measure: "cost", enforcement: "soft" });
    assert.equal(verdict(unknown, [room({}), soft]), "allow");
    assert.equal(verdict(unknown, [room({ measure: "cost", limit: null })]), "allow");
  });

  it("is one thing, a step that costs nothing another", () => {
    assert.equal(verdict(costing("0", "known"), [room({ measure: "cost" })]), "allow");
  });
});

describe("Money", () => {
  it("is compared to the last of its decimal places", () => {
    const one = { ...room({ measure: "cost", limit: "1" }), settled: 1n as Amount };
    assert.equal(verdict(costing("1", "known"), [one]), "block: budget");
    assert.equal(verdict(costing(`0.${"9".repeat(33)}`, "known"), [one]), "allow");
  });
});
