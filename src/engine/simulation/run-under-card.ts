/** One run as another card would have charged it: the same tree, with other charges. */

import type { ChargeShare, Step } from "../../domain/event/step.ts";
import { chargedBy } from "../../domain/event/trial-cell.ts";
import type { Amount } from "../../domain/money/decimal.ts";
import type { OutcomeState, Run } from "../../domain/run/run.ts";
import { NO_MOMENTS } from "../../domain/simulation/moments.ts";
import { readRates } from "../cards/conversion-rates.ts";
import { stepKeyText } from "../commit/batch-state.ts";
import type { EngineContext } from "../context.ts";
import { Accruals } from "../periods/accrued.ts";
import type { Customer } from "../ports.ts";
import { requireSteps } from "../retention/require-steps.ts";
import { type RunTree, readRunTree } from "../runs/read-run.ts";
import { type Counting, countOutcomes, countRuns, countSteps } from "./count-history.ts";
import { ratedOutcome } from "./rated-outcome.ts";
import { replayCustomer } from "./replay-customer.ts";
import { contendersOf } from "./simulate.ts";
import type { SimulatedCard } from "./simulation.ts";

/** A run under another card, and the currency of what it would be charged. */
export interface RunUnderCard {
  readonly tree: RunTree;
  /** ISO 4217; null: that of the cards in force. */
  readonly currency: string | null;
}

/**
 * Works a run out under a card (null: those in force). Tiers stand where all that the customer used
 * before has moved them. Throws `run.not_found`, and of an override what `simulate` throws.
 */
export async function runUnderCard(
  context: EngineContext,
  workspace: string,
  { run: id, card }: { readonly run: string; readonly card: SimulatedCard },
): Promise<RunUnderCard> {
  const { store, tariffs, clocks } = context;
  await requireSteps(store, workspace, null);
  const tree = await readRunTree(context, workspace, id);
  const cards = await store.cards(workspace);
  const [contender] = contendersOf({ cards: [card] }, cards);
  const customer = await store.customer(workspace, tree.run.customer ?? "");
  // Usage whose customer is not known is charged by no card.
  if (customer === undefined || contender === undefined) return { tree, currency: null };
  const by = {
    recorded: await tariffs.of(workspace),
    nowMs: (await clocks.of(workspace)).nowMs(),
  };
  const of = { store, workspace, named: [customer.id], customer: () => customer, ...by };
  const rates = await readRates(store, workspace);
  const asked = { contenders: [contender], cards, rates, customers: of.named, moments: NO_MOMENTS };
  const [counting] = await countSteps(of, asked, NOBODY);
  if (counting === undefined) return { tree, currency: null };
  await countRuns(of, [counting]);
  await countOutcomes(of, [counting]);
  const charged = await treeUnderCard({ store, workspace, customer, counting, ...by }, tree);
  const currency = contender.kind === "card" ? contender.version.card.currency : null;
  return { tree: charged, currency };
}

/** Nobody looks on: one customer's history is read in an instant. */
const NOBODY = { onProgress: () => {}, signal: new AbortController().signal };

type Underway = Parameters<typeof replayCustomer>[0] & {
  readonly customer: Customer;
  readonly counting: Counting;
};

async function treeUnderCard(of: Underway, tree: RunTree): Promise<RunTree> {
  const inTree = new Set(runIdsOf(tree));
  const ofSteps = new Map<string, readonly ChargeShare[]>();
  const ofOutcomes = new Map<string, readonly ChargeShare[]>();
  const runs = await replayCustomer(of, {
    onStep: (step, shares) => {
      if (inTree.has(step.run)) ofSteps.set(stepKeyText(step), shares);
    },
    onOutcome: ({ run, key }, shares) => {
      if (inTree.has(run)) ofOutcomes.set(outcomeText(run, key), shares);
    },
  });
  return new Charged(of, { runs, ofSteps, ofOutcomes }).tree(tree);
}

function* runIdsOf({ run, children }: RunTree): Generator<string> {
  yield run.id;
  for (const child of children) yield* runIdsOf(child);
}

function outcomeText(run: string, key: string): string {
  return `${run}\u0000${key}`;
}

interface Shares {
  readonly runs: ReadonlyMap<string, Run>;
  readonly ofSteps: ReadonlyMap<string, readonly ChargeShare[]>;
  readonly ofOutcomes: ReadonlyMap<string, readonly ChargeShare[]>;
}

/** An outcome as it is recorded, and as it is under the card; null: taken back. */
interface RatedOutcome {
  readonly outcome: OutcomeState;
  readonly rated: OutcomeState | null;
}

/** Puts what was worked out into a tree. */
class Charged {
  readonly #of: Underway;
  readonly #shares: Shares;
  readonly #accruals: Accruals;

  constructor(of: Underway, shares: Shares) {
    this.#of = of;
    this.#shares = shares;
    const { counters, tariff } = of.counting;
    const counted = {
      countersOf: (_: string, key: Parameters<typeof counters.countersOf>[0]) =>
        counters.countersOf(key),
      customer: () => of.customer,
    };
    this.#accruals = new Accruals(counted, of.workspace, tariff);
  }

  async tree({ run: recorded, steps, hasSteps, outcomes, children }: RunTree): Promise<RunTree> {
    const below: RunTree[] = [];
    for (const child of children) below.push(await this.tree(child));
    const run = this.#shares.runs.get(recorded.id) ?? recorded;
    const ofChildren = below.reduce((sum, { run: { tree } }) => sum + tree.charge, 0n);
    const own = { ...run.own, charge: (run.tree.charge - ofChildren) as Amount };
    const rated = outcomes.map((outcome) => ({ outcome, rated: this.#rated(outcome, recorded) }));
    return {
      run: { ...run, own },
      steps: steps.map((step) => this.#step(step)),
      hasSteps,
      outcomes: rated.map((one) => this.#outcome(one)),
      children: below,
      accrued: await this.#accruals.of(
        run,
        rated.flatMap((one) => one.rated ?? []),
      ),
    };
  }

  #step(step: Step): Step {
    const shares = this.#shares.ofSteps.get(stepKeyText(step)) ?? [];
    const card = this.#of.counting.isInForce ? step.cardVersionId : null;
    return { ...step, cardVersionId: card, shares, charge: chargedBy(shares) };
  }

  #rated(outcome: OutcomeState, run: Run): OutcomeState | null {
    const { counting, customer } = this.#of;
    return ratedOutcome(counting, { outcome, customer, run }, this.#of);
  }

  #outcome({ outcome, rated }: RatedOutcome): OutcomeState {
    const shares = this.#shares.ofOutcomes.get(outcomeText(outcome.run, outcome.key)) ?? [];
    const { status, finalAtMs, period } = rated ?? outcome;
    return { ...outcome, status, finalAtMs, period, shares, charge: chargedBy(shares) };
  }
}
