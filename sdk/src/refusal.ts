/**
 * The errors that reach the application: a call that must not be made. A vendor's SDK wraps what
 * its `fetch` gets in an error of its own; `refusalOf` finds ours again inside it.
 */
import type { BudgetState, Decision, PolicyRule } from "./holds.ts";

/** What the server said when it refused. */
export interface RefusalFacts {
  readonly run: string;
  readonly step: string;
  readonly decision: Decision["decision"] | "undecided";
  /** `budget`, `policy`, `paused`, `stopped`, `not_entitled`, `unpriced`, `run_ended`, … */
  readonly reason: string;
  readonly decidedBy: BudgetState | null;
  /** The rule of a policy that decided; null: something else did. */
  readonly policy: PolicyRule | null;
  /** The command that lets a paused run go on. */
  readonly resume: string | null;
  readonly detail: string;
}

/** Any reason of Tollgate's for which a call was not made. */
export class CallRefused extends Error {
  override readonly name: string = "CallRefused";
  readonly facts: RefusalFacts;

  constructor(facts: RefusalFacts, options?: { readonly cause?: unknown }) {
    super(facts.detail, options);
    this.facts = facts;
  }

  get run(): string {
    return this.facts.run;
  }

  get decision(): RefusalFacts["decision"] {
    return this.facts.decision;
  }

  get reason(): string {
    return this.facts.reason;
  }
}

/** A budget, a policy or a stop does not allow the call. It was not made. */
export class BudgetExceeded extends CallRefused {
  override readonly name = "BudgetExceeded";

  /** Key of the budget that decided; null: a policy, a stop or the run's end did. */
  get budget(): string | null {
    return this.facts.decidedBy?.budget ?? null;
  }

  /** What was left of it, as exact decimal text; null as above. */
  get remaining(): string | null {
    return this.facts.decidedBy?.remaining ?? null;
  }

  get limit(): string | null {
    return this.facts.decidedBy?.limit ?? null;
  }

  /** Key of the policy that decided; null: no policy did. */
  get policy(): string | null {
    return this.facts.policy?.policy ?? null;
  }

  /** Its rule that the run is beyond: `repeated_call`, `fan_out`, …; null as above. */
  get rule(): string | null {
    return this.facts.policy?.rule ?? null;
  }
}

/** Nobody could decide, and the policy for that is `closed`. The call was not made. */
export class BudgetUndecided extends CallRefused {
  override readonly name = "BudgetUndecided";
}

/** The server refuses the key that was given, so nothing is decided until it is another one. */
export class KeyRefused extends CallRefused {
  override readonly name = "KeyRefused";
}

/** The `reason` of a `KeyRefused`. */
export const KEY_REFUSED = "key_refused";

/** The step of this id is recorded already, or held with other content: it must not run again. */
export class StepRepeated extends CallRefused {
  override readonly name = "StepRepeated";
}

/** Makes the error of a decision that is no `allow`. */
export function refusalFrom(facts: RefusalFacts, cause?: unknown): CallRefused {
  const options = cause === undefined ? undefined : { cause };
  switch (facts.decision) {
    case "undecided":
      if (facts.reason === KEY_REFUSED) return new KeyRefused(facts, options);
      return new BudgetUndecided(facts, options);
    case "settled":
    case "conflict":
      return new StepRepeated(facts, options);
    default:
      return new BudgetExceeded(facts, options);
  }
}

/** How deep errors are looked into: SDKs and frameworks wrap one another a few times. */
const WRAPPERS_MAX_COUNT = 8;

/**
 * The refusal inside an error, or null: the error itself, one that it wraps, or what a vendor's
 * SDK made of the 402 response (`error.error` with OpenAI, `error.error.error` with Anthropic).
 */
export function refusalOf(error: unknown): CallRefused | null {
  let wrapped = error;
  for (let depth = 0; depth < WRAPPERS_MAX_COUNT; depth += 1) {
    if (wrapped instanceof CallRefused) return wrapped;
    if (!isRecord(wrapped)) return null;
    const facts = factsIn(wrapped);
    if (facts !== null) return refusalFrom(facts, error);
    wrapped = wrapped.cause ?? wrapped.lastError;
  }
  return null;
}

/** Under this name our facts stand in the body of the response that refuses. */
export const FACTS_FIELD = "tollgate";

function factsIn(error: Readonly<Record<string, unknown>>): RefusalFacts | null {
  const bodies = [error.error, error.data, parsed(error.responseBody)];
  for (const body of bodies) {
    if (!isRecord(body)) continue;
    for (const place of [body, body.error]) {
      if (isRecord(place) && isFacts(place[FACTS_FIELD])) return place[FACTS_FIELD];
    }
  }
  return null;
}

function parsed(text: unknown): unknown {
  if (typeof text !== "string" || !text.includes(FACTS_FIELD)) return null;
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function isFacts(value: unknown): value is RefusalFacts {
  const names = ["run", "step", "decision", "reason", "detail"];
  return isRecord(value) && names.every((name) => typeof value[name] === "string");
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}
