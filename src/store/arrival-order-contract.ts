/**
 * Events that are all accepted in the end, whatever their order: one customer a tree, one exact
 * record an identity, no call of two steps. Their totals must not depend on how they arrived.
 */
import fc from "fast-check";
import type { RunOpened, StepEvent, TollgateEvent } from "../domain/event/event.ts";
import { anyFacts, anyUsage, hashed, START_MS } from "./event-sequences-contract.ts";
import type { Holdings } from "./play-contract.ts";
import { sorted } from "./round-trip-contract.ts";

const DAY_MS = 86_400_000;
/** Shorter than the window of the card. */
const YOUNG_MS = 2 * DAY_MS;
const PARENTS = { r1: null, r2: "r1", r3: "r2", r4: "r1", s1: null, s2: "s1" } as const;
type RunId = keyof typeof PARENTS;
const customerOf = (run: RunId) => (run.startsWith("r") ? "acme" : "beta");
const ofTree = (run: RunId) => fc.constantFrom(null, customerOf(run));
const linkOf = (run: RunId) => fc.constantFrom(null, PARENTS[run]);

const anyRunId = fc.constantFrom(...(Object.keys(PARENTS) as RunId[]));
const anyTime = fc.nat(40).map((days) => START_MS - days * DAY_MS);
const anyAgent = fc.constantFrom(null, null, "support", "sales");

interface Place {
  readonly run: RunId;
  readonly source: string;
  readonly id: string;
  readonly occurredAtMs: number;
}

const placeOf = (id: string): fc.Arbitrary<Place> =>
  fc.record({
    run: anyRunId,
    source: fc.constantFrom("sdk", "proxy"),
    id: fc.constant(id),
    occurredAtMs: anyTime,
  });

/** Records of one step: any number of incomplete ones, at most one exact, and corrections. */
const recordsOf = (place: Place): fc.Arbitrary<TollgateEvent[]> => {
  const { run, source, id, occurredAtMs } = place;
  const identity = { run, source, id, occurredAtMs, contentHash: "" };
  const about = fc.record({
    customer: ofTree(run),
    agent: anyAgent,
    parentRun: linkOf(run),
    parentStep: fc.constant(null),
    callId: fc.constantFrom(null, `call of ${id}`),
    hold: fc.constant(null),
  });
  const incomplete = fc.array(
    fc.record({
      usage: anyUsage,
      completeness: fc.constantFrom("partial" as const, "estimated" as const),
    }),
    { maxLength: 3 },
  );
  const exact = fc.option(anyUsage);
  return fc
    .tuple(fc.tuple(anyFacts, about), incomplete, exact, correctionsOf(place))
    .map(([[facts, told], some, last, corrections]) => {
      const exactly = last === null ? [] : [{ usage: last, completeness: "exact" as const }];
      const versions = some.length + exactly.length === 0 ? [facts] : [...some, ...exactly];
      const steps = versions.map(
        (version): StepEvent =>
          hashed({ type: "step", ...facts, ...told, ...identity, ...version }),
      );
      return [...steps, ...corrections];
    });
};

function correctionsOf({ run, source, id }: Place): fc.Arbitrary<TollgateEvent[]> {
  const target = { source, id };
  const amended = fc.tuple(anyFacts, anyTime).map(([facts, occurredAtMs]): TollgateEvent => {
    const identity = { run, source, id: `amend ${id}`, occurredAtMs, contentHash: "" };
    return hashed({ type: "step.amended", ...identity, target, facts, reason: "corrected" });
  });
  const voided = anyTime.map((occurredAtMs): TollgateEvent => {
    const identity = { run, source, id: `void ${id}`, occurredAtMs, contentHash: "" };
    return hashed({ type: "step.voided", ...identity, target, reason: "test data" });
  });
  return fc.oneof(
    { weight: 4, arbitrary: fc.constant<TollgateEvent[]>([]) },
    { weight: 1, arbitrary: amended.map((event) => [event]) },
    { weight: 1, arbitrary: voided.map((event) => [event]) },
  );
}

const anyOpeningId = fc.constantFrom("open", "open again");
const anyOpening = fc.tuple(anyOpeningId.chain(placeOf), anyAgent).chain(([place, agent]) =>
  fc
    .record({
      customer: ofTree(place.run),
      parentRun: linkOf(place.run),
      labels: fc.constantFrom(null, { team: "x" }),
      authority: fc.constantFrom(null, "sdk", "proxy"),
      endUser: fc.constantFrom("u1", "u2"),
    })
    .map(
      (about): RunOpened =>
        hashed({ type: "run.opened", ...place, contentHash: "", agent, ...about }),
    ),
);

function youngOne(place: Place): Place {
  return { ...place, occurredAtMs: START_MS - (place.occurredAtMs % YOUNG_MS) };
}

const anyOutcome = fc
  .tuple(
    fc.oneof(placeOf("outcome"), placeOf("outcome").map(youngOne)),
    fc.constantFrom("resolved", "sold"),
    fc.boolean(),
    fc.boolean(),
  )
  .map(([place, outcome, isReversed, isConfirmed]): TollgateEvent[] => {
    const { run, source, occurredAtMs } = place;
    const identity = { run, source, occurredAtMs, contentHash: "" };
    const key = `${outcome} ${source}`;
    const recorded = hashed({ type: "outcome.recorded", ...identity, id: key, outcome, key });
    const confirmed = hashed({ ...recorded, id: `confirm ${key}`, final: true });
    // What is final when it is confirmed stays where it is, so only what is young is confirmed.
    const isYoung = START_MS - occurredAtMs < YOUNG_MS;
    const all = isConfirmed && isYoung ? [recorded, confirmed] : [recorded];
    if (!isReversed) return all;
    const id = `reverse ${key}`;
    return [...all, hashed({ type: "outcome.reversed", ...identity, id, key, reason: "wrong" })];
  });

const anyEnding = fc
  .tuple(placeOf("close"), fc.constantFrom("completed" as const, "failed" as const))
  .map(
    ([place, ending]): TollgateEvent =>
      hashed({ type: "run.closed", ...place, contentHash: "", ending }),
  );

const anySteps = fc
  .array(fc.constant(null), { minLength: 1, maxLength: 6 })
  .chain((slots) => fc.tuple(...slots.map((_, index) => placeOf(`e${index}`).chain(recordsOf))));

const uniqueOutcomes = fc.uniqueArray(anyOutcome, {
  maxLength: 2,
  selector: ([recorded]) => `${recorded?.run} ${recorded?.id}`,
});
/** Several openings of a run contradict one another; the earliest stands. */
const uniqueOpenings = fc.uniqueArray(anyOpening, {
  maxLength: 6,
  selector: ({ run, source, id }) => `${run} ${source} ${id}`,
});

/** Several endings of a run come at different times or from different sources. */
const uniqueEndings = fc.uniqueArray(anyEnding, {
  maxLength: 4,
  selector: ({ run, source }) => `${run} ${source}`,
});

/** The same events in two orders, each cut into batches. */
export const anyTwoArrivals = fc
  .tuple(anySteps, uniqueOutcomes, uniqueOpenings, uniqueEndings)
  .map(([steps, outcomes, ...others]) => [...steps.flat(), ...outcomes.flat(), ...others.flat()])
  .chain((events) => {
    const all = { minLength: events.length, maxLength: events.length };
    const arrival = fc.record({
      events: fc.shuffledSubarray(events, all),
      batchSize: fc.integer({ min: 1, max: 5 }),
    });
    return fc.tuple(arrival, arrival);
  });

/** What must not depend on the order of arrival: all but places in it and shares of tiers. */
export function totalsOf({ runs, rollups, counters, outcomes }: Holdings) {
  const totals = runs.map(({ lastSeenAtMs: _, own, tree, rating, ...run }) => ({
    ...run,
    // Of events of one time, which of them decided: a confirmation that comes after the reversal
    // is no event of its run, before it is one. What they decided is compared.
    head: "",
    agentHead: "",
    sinceSeq: 0,
    // What is charged by tiers, and so what a cap takes off it, is shares too.
    chargedIn: [],
    corrections: [],
    own: { ...own, charge: 0n },
    tree: { ...tree, charge: 0n },
    rating: rating?.counted === true ? { ...rating, shares: [], left: [] } : null,
  }));
  const usage = rollups.map(({ charge: _, ...row }) => row);
  return {
    runs: sorted(totals),
    outcomes: sorted(outcomes.map(outcomeFacts)),
    rollups: sorted(usage.filter((row) => row.steps !== 0)),
    counters: sorted(
      counters.filter(
        ({ counter, chargeKey }) => counter.cardVersionId !== null && chargeKey !== "",
      ),
    ),
  };
}

/** A reversed outcome counts for nothing, so the agent it counted for no longer matters. */
function outcomeFacts({ run, key, status, agent }: Holdings["outcomes"][number]) {
  return status === "recorded" ? { run, key, status, agent } : { run, key, status };
}
