/** Random plays on runs that policies look at, and all that they find, decide and answer. */
import fc from "fast-check";
import {
  FACTS,
  opened,
  statuses,
  step,
  toolCall,
  usage,
  voided,
} from "../commit/engine-world.test.ts";
import type { Engine } from "../engine.ts";
import { ask, holdOn } from "../limits/holds-world.test.ts";

export const WHO = { reason: "test", by: "test" };
const RUNS = ["a", "b", "c", "d"] as const;

/** Rules that a short play reaches. A distance between holds is not stored, so none slows down. */
export const RULES = [
  { rule: "steps", moreThan: 6, do: "notify" },
  { rule: "steps", moreThan: 12, do: "pause" },
  { rule: "fan_out", moreThan: 1, do: "notify" },
  { rule: "fan_out", moreThan: 2, do: "block" },
  { rule: "depth", moreThan: 2, do: "notify" },
  { rule: "wall_time", moreThan: 2, do: "notify" },
  { rule: "spend_per_minute", moreThan: "0.5", do: "notify" },
  { rule: "spend_per_minute", moreThan: "1.5", do: "pause" },
  { rule: "repeated_call", moreThan: 2, within: 5, do: "pause" },
  { rule: "context_growth", moreThan: 20, rises: 2, within: 6, do: "notify" },
  { rule: "error_storm", moreThan: 2, within: 4, do: "pause" },
];

const run = fc.constantFrom(...RUNS);
const call = fc.constantFrom("x", "y");
const ago = fc.integer({ min: -5, max: 90 });
export const moves = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        do: fc.constant("tool" as const),
        ...{ run, call, ago, isError: fc.boolean() },
      }),
    },
    {
      weight: 4,
      arbitrary: fc.record({
        do: fc.constant("model" as const),
        ...{ run, ago, input: fc.integer({ min: 0, max: 60 }), isPartial: fc.boolean() },
      }),
    },
    { weight: 3, arbitrary: fc.record({ do: fc.constant("ask" as const), run, call }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant("open" as const), run, parent: run }) },
    {
      weight: 2,
      arbitrary: fc.record({
        do: fc.constant("revise" as const),
        of: fc.nat(9),
        isVoid: fc.boolean(),
      }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant("resume" as const), run }) },
  ),
  { minLength: 1, maxLength: 60, size: "max" },
);
export type Move = typeof moves extends fc.Arbitrary<(infer T)[]> ? T : never;

/** Who plays: what has the moment that it is by, and the process that a move goes to. */
export interface Players {
  readonly clock: { now: number };
  readonly engineOf: (move: number) => Engine;
}

/** Plays the moves and tells everything that was found, decided and answered. */
export async function playBy({ clock, engineOf }: Players, all: readonly Move[]) {
  const policy = { key: "guard", document: { rules: RULES }, ...WHO };
  await engineOf(0).policies.save("w", policy);
  const told: unknown[] = [];
  const sent: { readonly run: string; readonly id: string }[] = [];
  for (const [at, move] of all.entries()) {
    clock.now += 7_000;
    told.push(await carryOut(engineOf(at), { move, at, sent, nowMs: clock.now }));
  }
  const engine = engineOf(0);
  for (const id of RUNS) {
    if ((await engine.store.run("w", id)) === undefined) continue;
    told.push([id, await engine.policies.reachedBy("w", id)]);
  }
  return told;
}

interface Playing {
  readonly move: Move;
  readonly at: number;
  /** Steps that were sent, by place. */
  readonly sent: { readonly run: string; readonly id: string }[];
  readonly nowMs: number;
}

async function carryOut(engine: Engine, { move, at, sent, nowMs }: Playing): Promise<unknown> {
  const ingest = async (event: ReturnType<typeof step>) => {
    sent.push({ run: event.run, id: event.id });
    const { results, runs } = await engine.ingest("w", [event]);
    return [statuses(results), [...runs.values()].map(({ policies }) => policies)];
  };
  const id = `m${at}`;
  switch (move.do) {
    case "tool": {
      const status = move.isError ? "error" : "ok";
      const occurredAtMs = nowMs - move.ago * 1_000;
      return ingest(toolCall({ run: move.run, id, callHash: move.call, status, occurredAtMs }));
    }
    case "model": {
      const completeness = move.isPartial ? "partial" : "exact";
      const used = usage({ input_uncached: move.input });
      const occurredAtMs = nowMs - move.ago * 1_000;
      return ingest(step({ run: move.run, id, usage: used, completeness, occurredAtMs }));
    }
    case "open": {
      const { run: opens, parent } = move;
      const place = opens === parent ? {} : { parentRun: parent };
      const open = opened({ run: opens, id, customer: "acme", occurredAtMs: nowMs, ...place });
      return statuses((await engine.ingest("w", [open])).results);
    }
    case "revise": {
      const known = sent[move.of];
      if (known === undefined) return null;
      const { run: of, id: target } = known;
      const event = move.isVoid
        ? voided({ run: of, id, target: { source: "sdk", id: target } })
        : step({ run: of, id: target, ...FACTS, occurredAtMs: nowMs });
      return statuses((await engine.ingest("w", [event])).results);
    }
    case "ask": {
      const asked = { ...ask(id).step, run: move.run, callHash: move.call };
      const decisions = await holdOn(engine, move.run, ask(id, { step: asked })).catch(String);
      if (typeof decisions === "string") return decisions;
      return decisions.map((one) => ["policy" in one ? one.policy : null, one.decision]);
    }
    case "resume":
      return engine.limits.resumeWork("w", { of: "run", id: move.run, raise: null, ...WHO }).then(
        () => "resumed",
        () => "was not stopped",
      );
  }
}
