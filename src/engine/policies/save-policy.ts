/** Sets policies and takes them out of force. What changes holds for the next event and hold. */
import { canonicalJson } from "../../domain/canonical-json.ts";
import { type Problem, TollgateError } from "../../domain/errors.ts";
import { POLICIES_PER_WORKSPACE_MAX_COUNT } from "../../domain/limits.ts";
import { parseSentPolicy, policyDocument } from "../../domain/policy/parse-policy.ts";
import type { Policy } from "../../domain/policy/policy.ts";
import { unknownCard } from "../cards/known-keys.ts";
import { runAct } from "../commit/act.ts";
import type { EngineContext } from "../context.ts";
import type { Decided } from "../limits/save-budget.ts";
import type { SavedPolicy } from "./policy-books.ts";

/** A policy to set. */
export interface NewPolicy extends Decided {
  readonly key: string;
  /** As sent; see `parseSentPolicy`. */
  readonly document: unknown;
}

/** What came of it: either all problems of the document, or the policy as it is now. */
export type PolicySaved = { readonly policy: Policy } | { readonly problems: readonly Problem[] };

/** Sets a policy in place of the one of the same key; the same again changes nothing. */
export async function savePolicy(
  context: EngineContext,
  workspace: string,
  { key, document, reason, by }: NewPolicy,
): Promise<PolicySaved> {
  const parsed = parseSentPolicy(document, key);
  if ("problems" in parsed) return parsed;
  const { policy } = parsed;
  await runAct(context, workspace, async (act) => {
    const { policies } = await context.policies.of(workspace);
    const known = policies.find((one) => one.key === key);
    const after = policyDocument(policy);
    const before = known === undefined ? null : policyDocument(known);
    if (canonicalJson(before) === canonicalJson(after)) return;
    if (known === undefined && policies.length >= POLICIES_PER_WORKSPACE_MAX_COUNT) {
      const detail = `There are ${policies.length} policies already.`;
      throw new TollgateError("field.out_of_range", detail, "key");
    }
    for (const field of ["where", "except"] as const) {
      const unknown = await unknownCard(context.store, workspace, policy[field].card ?? []);
      if (unknown === null) continue;
      throw new TollgateError("policy.invalid", unknown.detail, `${field}.card`);
    }
    const saved: SavedPolicy = { key, before, after, reason, by };
    act.journal("policy.saved", key, saved);
  });
  context.policies.forget(workspace);
  return { policy };
}

/** Takes a policy out of force; what it stopped stays stopped. Throws `policy.not_found`. */
export async function retirePolicy(
  context: EngineContext,
  workspace: string,
  { key, reason, by }: Decided & { readonly key: string },
): Promise<Policy> {
  const policy = await runAct(context, workspace, async ({ journal }) => {
    const known = await findPolicy(context, workspace, key);
    const saved: SavedPolicy = { key, before: policyDocument(known), after: null, reason, by };
    journal("policy.saved", key, saved);
    return known;
  });
  context.policies.forget(workspace);
  return policy;
}

/** The policy in force of a key. Throws `policy.not_found`. */
export async function findPolicy(
  { policies }: Pick<EngineContext, "policies">,
  workspace: string,
  key: string,
): Promise<Policy> {
  const book = await policies.of(workspace);
  const found = book.policies.find((policy) => policy.key === key);
  if (found !== undefined) return found;
  throw new TollgateError("policy.not_found", `There is no policy "${key}".`, "policy");
}
