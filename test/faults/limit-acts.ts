/**
 * Random acts over budgets whose limits change: steps that are recorded, held, corrected and
 * voided, runs that open and end and outcomes, while limits are raised, lowered and taken away and
 * budgets retired.
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import {
  afterFirst,
  amended,
  cardOf,
  closed,
  each,
  FACTS,
  OUTCOMES,
  opened,
  outcome,
  RUNS as RUNS_METER,
  reversed,
  toolCall,
  usage,
  voided,
} from "../../src/engine/commit/engine-world.test.ts";
import { ask, holdOn } from "../../src/engine/limits/holds-world.test.ts";
import { type Played, WHO } from "./random-acts.ts";

export const START_MS = Date.UTC(2026, 10, 23, 10);
/** Credits of a card: four are a dollar. */
const CREDIT = { credit: { name: "AI credits", price: "0.25" } };
const CHARGES = {
  runs: [RUNS_METER, each("0.5")],
  ended: [RUNS_METER, afterFirst("1"), { when: { ending: "completed" } }],
  tools: [{ count: "steps", where: { kind: "tool" } }, each("0.1")],
  calls: [{ count: "steps", where: { kind: "model" } }, each("2"), { in: "credits" }],
  done: [OUTCOMES, each("1"), { settles: { afterHours: 1 } }],
  solved: [OUTCOMES, each("1"), { in: "credits", settles: { afterHours: 1 } }],
} as const;
export const CARD = cardOf(CHARGES, "card", CREDIT);
/** No run is charged more than this, and none that ended less. */
export const BOUND_CARD = cardOf(CHARGES, "card", { ...CREDIT, runCap: "3", runMinimum: "1" });
const BUDGETS = {
  steps: { each: "customer", measure: "steps", per: "month" },
  hourly: { each: "workspace", measure: "tokens", per: "hour" },
  tree: { each: "run", measure: "steps", per: "lifetime" },
  money: { each: "customer", measure: "charge", per: "month" },
  bill: { each: "run", measure: "charge", per: "lifetime" },
  units: { each: "agent", measure: "credits", currency: "AI credits", per: "lifetime" },
  runs: { each: "workspace", measure: "runs", per: "day" },
  open: { each: "customer", measure: "parallel_runs", per: "lifetime" },
  carded: { each: "run", where: { card: ["card"] }, measure: "steps", per: "lifetime" },
  named: { each: "run", where: { agent: ["support"] }, measure: "steps", per: "lifetime" },
} as const;
export const KEYS = Object.keys(BUDGETS) as (keyof typeof BUDGETS)[];
const SCOPES = { customer: "acme", workspace: "", run: "a", agent: "support" } as const;
const RUNS = ["a", "b", "c"] as const;

const keys = fc.constantFrom(...KEYS);
const runs = fc.constantFrom(...RUNS);
export const acts = fc.oneof(
  { weight: 6, arbitrary: fc.tuple(fc.constant("steps" as const), runs, fc.nat(4)) },
  { weight: 2, arbitrary: fc.tuple(fc.constant("held" as const), runs, fc.nat(3)) },
  { weight: 2, arbitrary: fc.tuple(fc.constant("correct" as const), runs, fc.nat(9)) },
  { weight: 2, arbitrary: fc.tuple(fc.constant("open" as const), runs, fc.nat(5)) },
  { weight: 2, arbitrary: fc.tuple(fc.constant("end" as const), runs, fc.nat(3)) },
  { weight: 3, arbitrary: fc.tuple(fc.constant("outcome" as const), runs, fc.nat(5)) },
  { weight: 5, arbitrary: fc.tuple(fc.constant("limit" as const), keys, fc.nat(9)) },
  { weight: 4, arbitrary: fc.tuple(fc.constant("own" as const), keys, fc.nat(9)) },
  { weight: 3, arbitrary: fc.tuple(fc.constant("retire" as const), keys, fc.nat(1)) },
  { weight: 2, arbitrary: fc.tuple(fc.constant("wait" as const), runs, fc.nat(90)) },
);
export type Act = typeof acts extends fc.Arbitrary<infer T> ? T : never;

/** Levels come one by one, or by the ten tokens. */
function limitOf(key: keyof typeof BUDGETS, n: number): string {
  return String(key === "hourly" ? n * 10 : n);
}

export async function act(played: Played, [what, of, n]: Act): Promise<void> {
  const { clock } = played;
  // Else all acts fall into one millisecond; and clocks are set back, too.
  if (what === "wait") {
    clock.now += (n - 20) * 60_000;
    await played.engine.settleOutcomes("w");
  } else if (what === "steps") await played.sendSteps({ run: of, occurredAtMs: clock.now }, n + 1);
  else if (what === "held") await held(played, of, n);
  else if (what === "correct") await correct(played, n);
  else if (what === "limit" || what === "own" || what === "retire")
    await limit(played, [what, of, n]);
  else await runAct(played, [what, of, n]);
}

/** Which run a late opening puts another below, by that one's name and the number of the act. */
const PARENTS: Readonly<Record<string, string>> = { b5: "a", b1: "a", c5: "a", c4: "b", c1: "b" };

type RunAct = readonly [what: "open" | "end" | "outcome", run: string, n: number];

async function runAct(played: Played, [what, run, n]: RunAct): Promise<void> {
  const at = { run, occurredAtMs: played.clock.now };
  const id = played.newId(what);
  if (what === "open") {
    // Late ones move the run in time; some are of an agent; some come below another.
    const occurredAtMs = at.occurredAtMs - (n % 3) * 60_000;
    const states = { customer: "acme", agent: n > 2 ? "support" : null };
    const parentRun = PARENTS[`${run}${n}`] ?? null;
    await played.send(opened({ run, id, occurredAtMs, ...states, parentRun }));
  }
  if (what === "end")
    await played.send(closed({ ...at, id, ending: n > 0 ? "completed" : "failed" }));
  if (what === "outcome") {
    const key = `k${n % 3}`;
    const event = n > 3 ? reversed({ ...at, id, key }) : outcome({ ...at, id, key });
    await played.send(event);
  }
}

type LimitAct = readonly [what: "limit" | "own" | "retire", key: keyof typeof BUDGETS, n: number];

async function limit({ engine: { limits } }: Played, [what, key, n]: LimitAct): Promise<void> {
  if (what === "retire") await unlessRefused(limits.retireBudget("w", { key, ...WHO }));
  if (what === "own") {
    const scope = SCOPES[BUDGETS[key].each];
    const own = n === 0 ? null : limitOf(key, n);
    await unlessRefused(limits.setLimit("w", { budget: key, scope, limit: own, ...WHO }));
  }
  // One that was retired begins anew.
  if (what === "limit" || (what === "retire" && n > 0)) {
    const document = { ...BUDGETS[key], enforcement: "soft", limit: limitOf(key, n) };
    assert.ok("record" in (await limits.saveBudget("w", { key, document, ...WHO })));
  }
}

async function held(played: Played, run: string, n: number): Promise<void> {
  const id = played.newId("h");
  await holdOn(played.engine, run, ask(id, { step: toolCall({ run, id }) }));
  if (n === 0) return;
  played.clock.now += n * 20 * 60_000;
  played.sent({ run, id });
  await played.send(toolCall({ run, id, customer: "acme", occurredAtMs: played.clock.now }));
}

async function correct(played: Played, n: number): Promise<void> {
  const target = played.anySent(n);
  if (target === undefined) return;
  const id = played.newId("x");
  const of = { run: target.run, id, target: { source: "sdk", id: target.id } };
  const facts = { ...FACTS, usage: usage({ input_uncached: n + 1 }) };
  await played.send(n % 2 === 0 ? voided(of) : amended({ ...of, facts }));
}

async function unlessRefused(done: Promise<unknown>): Promise<void> {
  await done.catch(({ code }: { readonly code: string }) => assert.equal(code, "budget.not_found"));
}
