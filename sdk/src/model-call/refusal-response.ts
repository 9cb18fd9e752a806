/**
 * How a refusal reaches a vendor's SDK: as a response that it makes an error of at once. An error
 * thrown by fetch would pass for a broken network and be tried again; so would status 429.
 * `x-should-retry` is what both vendors' SDKs obey.
 */
import { type CallRefused, FACTS_FIELD } from "../refusal.ts";

const STATUS = 402;

/** The response; its body has the shape of both vendors' errors, with our facts in it. */
export function refusalResponse({ name, message, facts }: CallRefused): Response {
  const type = TYPES[name] ?? "call_refused";
  const error = { type, code: type, message, param: null, [FACTS_FIELD]: facts };
  const headers = { "x-should-retry": "false", "x-tollgate-decision": facts.decision };
  return Response.json({ type: "error", error }, { status: STATUS, headers });
}

const TYPES: Readonly<Record<string, string>> = {
  BudgetExceeded: "budget_exceeded",
  BudgetUndecided: "budget_undecided",
  KeyRefused: "key_refused",
  StepRepeated: "step_repeated",
};
