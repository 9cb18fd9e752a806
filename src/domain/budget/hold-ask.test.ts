/** What a step uses at most, with so many output tokens. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { usageEquals, usageOf } from "../event/usage.ts";
import { quantityOfInteger } from "../money/decimal.ts";
import type { OutputRange } from "./decide.ts";
import { type HoldAsk, usageWith } from "./hold-ask.ts";

const RANGE: OutputRange = { leastTokens: 1, mostTokens: 1_000, isStated: true };

function ask(usage: Readonly<Record<string, number>>, output: OutputRange | null): HoldAsk {
  const entries = Object.entries(usage).map(([unit, n]) => [unit, quantityOfInteger(n)] as const);
  const identity = { run: "r", source: "sdk", id: "s", occurredAtMs: 0 };
  const place = { customer: null, agent: null, parentRun: null, parentStep: null };
  const call = {
    callId: null,
    hold: null,
    provider: "p",
    model: "m",
    tool: null,
    tier: "standard",
  };
  const facts = { kind: "model", status: "ok", completeness: "exact", attempt: 1 } as const;
  const counted = { payer: "us", role: "bill", labels: null, usage: usageOf(entries) } as const;
  return {
    step: { type: "step", contentHash: "h", ...identity, ...place, ...call, ...facts, ...counted },
    output,
    cost: null,
    isWrapUp: false,
    ttlMs: 1_000,
    onExpiry: "estimate",
    contentHash: "h",
  };
}

function counts(of: HoldAsk, outputTokens: number): Record<string, number> {
  const units = [...usageWith(of, outputTokens)];
  return Object.fromEntries(units.map(([unit, n]) => [unit, Number(n) / 1e9]));
}

describe("The usage of an ask", () => {
  it("is what it states, with so many tokens of output", () => {
    const one = ask({ input_uncached: 100, web_searches: 2 }, RANGE);
    assert.deepEqual(counts(one, 40), { input_uncached: 100, output_text: 40, web_searches: 2 });
  });

  it("is what it states and nothing else where it has no output to bound", () => {
    const search = ask({ searches: 3 }, null);
    assert.deepEqual(counts(search, 40), { searches: 3 });
  });

  it("counts the output once, also where the step states some of its own", () => {
    const one = ask({ input_uncached: 100, output_text: 900 }, RANGE);
    assert.deepEqual(counts(one, 40), { input_uncached: 100, output_text: 40 });
  });

  it("of no output at all has no bucket of output", () => {
    const one = ask({ input_uncached: 100, output_text: 900 }, RANGE);
    assert.deepEqual(counts(one, 0), { input_uncached: 100 });
  });

  it("is a usage as any step has it: names ascending, nothing of zero", () => {
    const names = fc.constantFrom("cache_read", "input_uncached", "output_audio", "searches", "a");
    const usages = fc.dictionary(names, fc.nat(1_000));
    fc.assert(
      fc.property(usages, fc.nat(1_000), (usage, outputTokens) => {
        const most = usageWith(ask(usage, RANGE), outputTokens);
        const proper = usageOf(most);
        assert.ok(usageEquals(most, proper));
        assert.deepEqual([...most.keys()], [...proper.keys()]);
      }),
    );
  });
});
