/** Simulations of policies: what they would have stopped of real history. Nothing is written. */
import { TollgateError } from "../../domain/errors.ts";
import {
  DOCUMENT_MAX_BYTES,
  POLICIES_PER_WORKSPACE_MAX_COUNT,
  SIMULATED_CUSTOMERS_MAX_COUNT,
} from "../../domain/limits.ts";
import { parseSentPolicy } from "../../domain/policy/parse-policy.ts";
import type { Policy } from "../../domain/policy/policy.ts";
import { policySimulationLines } from "../policy-simulation-lines.ts";
import { route } from "../route.ts";
import { closed, ID, listOf, named, nullable } from "../schema.ts";

interface Sent {
  readonly policies: readonly unknown[];
  readonly customers?: readonly string[] | null;
}

const simulatePolicies = route<unknown, unknown, Sent>({
  method: "POST",
  path: "/v1/simulations/policies",
  operationId: "simulatePolicies",
  isReport: true,
  summary: "Play real history again under policies: which runs would have been stopped, and where.",
  scope: "read",
  body: {
    schema: closed({
      policies: {
        ...listOf({ type: "object", description: "See docs/policies.md." }),
        minItems: 1,
        maxItems: POLICIES_PER_WORKSPACE_MAX_COUNT,
      },
      "customers?": nullable({
        ...listOf(ID, "Whose runs. (Default: everyone's.)"),
        minItems: 1,
        maxItems: SIMULATED_CUSTOMERS_MAX_COUNT,
      }),
    }),
    maxBytes: DOCUMENT_MAX_BYTES,
  },
  answers: {
    200: {
      description: "Lines of JSON: how far it is, what rules would have done, the total.",
      content: { "application/x-ndjson": named("PolicySimulationLine") },
    },
  },
  errors: ["policy.invalid", "field.unknown", "customer.not_found", "simulation.busy"],
  handle: async ({ engine }, { workspace, body: { policies, customers = null } }) => {
    const request = { policies: policies.map(readPolicy), customers };
    const lines = await policySimulationLines(engine, workspace, request);
    return { status: 200, body: null, lines, type: "application/x-ndjson" };
  },
});

function readPolicy(document: unknown, at: number): Policy {
  const { key } = Object(document) as { readonly key?: unknown };
  const named = typeof key === "string" && key !== "" ? key : `policy-${at + 1}`;
  const parsed = parseSentPolicy(document, named);
  if ("policy" in parsed) return parsed.policy;
  const [{ field = "", detail } = { detail: "" }] = parsed.problems;
  throw new TollgateError("policy.invalid", `${field}: ${detail}`, `policies[${at}].${field}`);
}

/** Simulations of policies. */
export const POLICY_SIMULATION_ROUTES = [simulatePolicies];
