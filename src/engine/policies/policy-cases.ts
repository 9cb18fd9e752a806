/** Use cases of policies: rules against runs that run away. */
import { TollgateError } from "../../domain/errors.ts";
import type { Policy } from "../../domain/policy/policy.ts";
import type { EngineContext } from "../context.ts";
import type { Decided } from "../limits/save-budget.ts";
import {
  type PolicyOnlooker,
  type PolicySimulation,
  type PolicyTotal,
  simulatePolicies,
} from "../simulation/simulate-policies.ts";
import { actsOf, type ReachedDocument, readReached } from "./run-episodes.ts";
import {
  findPolicy,
  type NewPolicy,
  type PolicySaved,
  retirePolicy,
  savePolicy,
} from "./save-policy.ts";

/** A rule that a run was beyond, and when that was found. */
export interface Reached extends ReachedDocument {
  readonly seq: number;
  readonly atMs: number;
}

/** Policies, and what they found. */
export class PolicyCases {
  readonly #context: EngineContext;

  constructor(context: EngineContext) {
    this.#context = context;
  }

  save(workspace: string, policy: NewPolicy): Promise<PolicySaved> {
    return savePolicy(this.#context, workspace, policy);
  }

  retire(workspace: string, policy: Decided & { readonly key: string }): Promise<Policy> {
    return retirePolicy(this.#context, workspace, policy);
  }

  /** Those in force, in the order in which they were set first. */
  async list(workspace: string): Promise<readonly Policy[]> {
    return (await this.#context.policies.of(workspace)).policies;
  }

  /** Throws `policy.not_found`. */
  find(workspace: string, key: string): Promise<Policy> {
    return findPolicy(this.#context, workspace, key);
  }

  /** Plays real history again under policies. Writes nothing. */
  simulate(
    workspace: string,
    simulation: { readonly request: PolicySimulation; readonly onlooker: PolicyOnlooker },
  ): Promise<PolicyTotal> {
    return simulatePolicies(this.#context, workspace, simulation);
  }

  /** The rules that a run was beyond, oldest first. Throws `run.not_found`. */
  async reachedBy(workspace: string, run: string): Promise<Reached[]> {
    const { store } = this.#context;
    if ((await store.run(workspace, run)) === undefined) {
      throw new TollgateError("run.not_found", `There is no run "${run}".`, "run");
    }
    const found: Reached[] = [];
    const of = { kind: "policy.reached", subject: run } as const;
    for await (const { seq, receivedAtMs, document } of actsOf(store, workspace, of)) {
      found.push({ ...readReached(document), seq, atMs: receivedAtMs });
    }
    return found;
  }
}
