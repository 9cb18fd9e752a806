/** Plays real history again under policies, one run tree after the other. Writes nothing. */

import { TollgateError } from "../../domain/errors.ts";
import type { Amount } from "../../domain/money/decimal.ts";
import { isStopping, type Policy } from "../../domain/policy/policy.ts";
import { type ReplayedHit, type ReplayedRun, replayTree } from "../../domain/policy/replay-tree.ts";
import type { RunFacts } from "../../domain/run/run.ts";
import type { Tariff } from "../cards/tariff.ts";
import type { EngineContext } from "../context.ts";
import type { Onlooker } from "../history.ts";
import type { Customer } from "../ports.ts";
import { mayBeCondensed } from "../retention/condensed-runs.ts";
import { wholeFrom } from "../retention/require-steps.ts";
import { runsOf } from "./count-history.ts";

/** What to play again. */
export interface PolicySimulation {
  readonly policies: readonly Policy[];
  /** Whose runs; null: everyone's. */
  readonly customers: readonly string[] | null;
}

/** Who is told while it goes on. */
export interface PolicyOnlooker extends Onlooker {
  /** What rules would have done to a run tree; it goes on once this resolves. */
  onTree(tree: StoppedTree): Promise<void>;
}

/** A tree that rules would have done something to. */
export interface StoppedTree {
  readonly root: string;
  /** Of the charges; null: it is charged by no card. */
  readonly currency: string | null;
  readonly hits: readonly ReplayedHit[];
}

/** What all of it comes to. */
export interface PolicyTotal {
  readonly trees: number;
  readonly runs: number;
  readonly steps: number;
  /** Runs by the strictest thing that rules would have done to them. */
  readonly notified: number;
  readonly throttled: number;
  readonly paused: number;
  readonly blocked: number;
  readonly savedSteps: number;
  readonly savedCost: Amount;
  /** By currency. */
  readonly savedCharge: ReadonlyMap<string, Amount>;
}

/**
 * Plays every tree again whose steps are all there. Standing runs are no trees. Throws
 * `customer.not_found`.
 */
export async function simulatePolicies(
  context: EngineContext,
  workspace: string,
  { request, onlooker }: { readonly request: PolicySimulation; readonly onlooker: PolicyOnlooker },
): Promise<PolicyTotal> {
  const { store } = context;
  for (const id of request.customers ?? []) {
    if ((await store.customer(workspace, id)) !== undefined) continue;
    throw new TollgateError("customer.not_found", `There is no customer "${id}".`, "customers");
  }
  const tariff = await context.tariffs.of(workspace);
  const { steps: about } = await store.size();
  const total = new Totals();
  const fromMs = await wholeFrom(store, workspace);
  const customers = request.customers && [...new Set(request.customers)];
  for await (const root of runsOf({ store, workspace, named: customers })) {
    if (root.parent !== null || root.standing || root.customer === null) continue;
    if (mayBeCondensed(root) && (await isOlder(context, workspace, { root, fromMs }))) continue;
    onlooker.signal.throwIfAborted();
    const tree = await readTree(context, workspace, root);
    const terms = await termsOf(context, workspace, { root, tariff });
    const replayed = replayTree(tree, { policies: request.policies, ...terms });
    total.add(tree.length, replayed, terms.currency);
    onlooker.onProgress(total.steps, about);
    const { hits } = replayed;
    if (hits.length > 0) await onlooker.onTree({ root: root.id, ...terms, hits });
  }
  return total;
}

/** Whether a tree that has ended may lack steps. */
async function isOlder(
  { store }: EngineContext,
  workspace: string,
  { root, fromMs }: { readonly root: RunFacts; readonly fromMs: number },
): Promise<boolean> {
  if (fromMs === Number.NEGATIVE_INFINITY) return false;
  return ((await store.run(workspace, root.id))?.lastSeenAtMs ?? 0) < fromMs;
}

/** A run and all below it, every parent before its children. */
async function readTree(
  { store }: EngineContext,
  workspace: string,
  root: RunFacts,
): Promise<ReplayedRun[]> {
  const tree: ReplayedRun[] = [];
  for (const waiting: RunFacts[] = [root]; waiting.length > 0; ) {
    const run = waiting.shift() as RunFacts;
    tree.push({ run, steps: await store.stepsOfRun(workspace, run.id) });
    if (run.height > 0) waiting.push(...(await store.children(workspace, run.id)));
  }
  return tree;
}

/** The card that charges a tree is that of its customer when it opened. */
async function termsOf(
  { store }: EngineContext,
  workspace: string,
  { root, tariff }: { readonly root: RunFacts; readonly tariff: Tariff },
): Promise<{ readonly card: string | null; readonly currency: string | null }> {
  const customer: Customer | undefined = await store.customer(workspace, root.customer ?? "");
  const card = customer === undefined ? null : tariff.cardFor(customer, root.openedAtMs);
  return { card: card?.cardKey ?? null, currency: card?.currency ?? null };
}

const STRICTEST = ["block", "pause", "throttle", "notify"] as const;
const COUNTED = { block: "blocked", pause: "paused", throttle: "throttled", notify: "notified" };

class Totals implements PolicyTotal {
  trees = 0;
  runs = 0;
  steps = 0;
  notified = 0;
  throttled = 0;
  paused = 0;
  blocked = 0;
  savedSteps = 0;
  savedCost = 0n as Amount;
  readonly savedCharge = new Map<string, Amount>();

  add(runs: number, { steps, hits }: ReturnType<typeof replayTree>, currency: string | null): void {
    this.trees += 1;
    this.runs += runs;
    this.steps += steps;
    for (const run of new Set(hits.map((hit) => hit.run))) {
      const own = hits.filter((hit) => hit.run === run);
      const action = STRICTEST.find((one) => own.some((hit) => hit.action === one)) ?? "notify";
      this[COUNTED[action] as "blocked"] += 1;
    }
    for (const { saved } of hits.filter(isStopping)) {
      this.savedSteps += saved.steps;
      this.savedCost = (this.savedCost + saved.cost) as Amount;
      if (currency === null) continue;
      const charge = (this.savedCharge.get(currency) ?? 0n) + saved.charge;
      this.savedCharge.set(currency, charge as Amount);
    }
  }
}
