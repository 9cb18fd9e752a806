/** Policies and what they found, as answers show them. */

import { policyDocument } from "../../domain/policy/parse-policy.ts";
import type { Policy, PolicyHit } from "../../domain/policy/policy.ts";
import type { Reached } from "../../engine/policies/policy-cases.ts";
import { timeText } from "../instant.ts";

/** A policy as it is set. */
export function policyView(policy: Policy) {
  return policyDocument(policy);
}

/** A rule that a run is beyond. */
export function policyHitView({ policy, rule, mode, action, run, level, moreThan }: PolicyHit) {
  return { policy, rule, do: action, mode, run, level, moreThan };
}

/** The same from a run's history, with when it was found. */
export function reachedView(reached: Reached) {
  const { seq, atMs, cause, customer, agent, root } = reached;
  return { ...policyHitView(reached), cause, customer, agent, root, seq, at: timeText(atMs) };
}
