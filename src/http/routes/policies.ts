/** Policies: rules against runs that run away, and which runs they found. */
import { TollgateError } from "../../domain/errors.ts";
import { json, ok, route } from "../route.ts";
import { closed, ID, type JsonSchema, named, TEXT } from "../schema.ts";
import { policyView, reachedView } from "../views/policy-view.ts";

const DECIDED = {
  reason: { ...TEXT, minLength: 1 },
  by: { ...ID, description: "Who decided it." },
};

interface Decided {
  readonly reason: string;
  readonly by: string;
}

interface KeyParam {
  readonly key: string;
}

const KEY_PARAM = closed({ key: ID });
const POLICY_PATH = "/v1/policies/{key}";
const POLICY: JsonSchema = { type: "object", description: "See docs/policies.md." };

const savePolicy = route<KeyParam, unknown, Decided & { readonly policy: unknown }>({
  method: "PUT",
  path: POLICY_PATH,
  operationId: "savePolicy",
  summary: "Set a policy; it holds for the next event and hold. The same again changes nothing.",
  scope: "admin",
  params: KEY_PARAM,
  body: { schema: closed({ policy: POLICY, ...DECIDED }) },
  answers: { 200: json("The policy.", named("Policy")) },
  errors: ["policy.invalid", "field.unknown", "field.out_of_range"],
  handle: async ({ engine }, { workspace, params: { key }, body }) => {
    const { policy: document, reason, by } = body;
    const saved = await engine.policies.save(workspace, { key, document, reason, by });
    if ("policy" in saved) return ok(policyView(saved.policy));
    const all = saved.problems.map(({ field, detail }) => (field ? `${field}: ${detail}` : detail));
    const field = saved.problems[0]?.field ?? "policy";
    throw new TollgateError("policy.invalid", all.join("; "), field);
  },
});

const listPolicies = route({
  method: "GET",
  path: "/v1/policies",
  operationId: "listPolicies",
  summary: "The policies in force.",
  scope: "read",
  answers: { 200: json("The policies, in the order first set.", named("PolicyList")) },
  handle: async ({ engine }, { workspace }) => {
    const policies = await engine.policies.list(workspace);
    return ok({ policies: policies.map(policyView) });
  },
});

const readPolicy = route<KeyParam>({
  method: "GET",
  path: POLICY_PATH,
  operationId: "readPolicy",
  summary: "A policy in force.",
  scope: "read",
  params: KEY_PARAM,
  answers: { 200: json("The policy.", named("Policy")) },
  errors: ["policy.not_found"],
  handle: async ({ engine }, { workspace, params: { key } }) =>
    ok(policyView(await engine.policies.find(workspace, key))),
});

const retirePolicy = route<KeyParam, unknown, Decided>({
  method: "POST",
  path: `${POLICY_PATH}/retire`,
  operationId: "retirePolicy",
  summary: "Take a policy out of force; what it stopped stays stopped until it is resumed.",
  scope: "admin",
  params: KEY_PARAM,
  body: { schema: closed(DECIDED) },
  answers: { 200: json("The policy.", named("Policy")) },
  errors: ["policy.not_found"],
  handle: async ({ engine }, { workspace, params: { key }, body }) =>
    ok(policyView(await engine.policies.retire(workspace, { key, ...body }))),
});

const readReached = route<{ readonly run: string }>({
  method: "GET",
  path: "/v1/runs/{run}/policies",
  operationId: "readRunPolicies",
  summary: "The rules of policies that a run was found beyond, oldest first.",
  scope: "read",
  params: closed({ run: ID }),
  answers: { 200: json("What was found, and when.", named("ReachedRules")) },
  errors: ["run.not_found"],
  handle: async ({ engine }, { workspace, params: { run } }) => {
    const reached = await engine.policies.reachedBy(workspace, run);
    return ok({ run, reached: reached.map(reachedView) });
  },
});

/** Setting and reading policies. */
export const POLICY_ROUTES = [savePolicy, listPolicies, readPolicy, retirePolicy, readReached];
