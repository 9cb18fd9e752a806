/** What a provider's response is made into, before it has an identity and a time. */

import type { Problem } from "../../domain/errors.ts";
import type { Completeness, StepKind } from "../../domain/event/event.ts";
import type { Usage } from "../../domain/event/usage.ts";
import { usageOf } from "../../domain/event/usage.ts";
import type { Quantity } from "../../domain/money/decimal.ts";
import { ZERO_QUANTITY } from "../../domain/money/decimal.ts";
import type { Block } from "./block.ts";
import type { ReportedCost } from "./reported-cost.ts";
import { reportedCostOf } from "./reported-cost.ts";
import { tierOf } from "./tier.ts";

/** One billable call inside a response. Most responses are one; some hold calls of other models. */
export interface MappedStep {
  /** "" for the response itself, else a name unique in it: `advisor-1`, `compaction-1`, … */
  readonly suffix: string;
  readonly kind: StepKind;
  readonly provider: string;
  /** The model that served, where the response tells it; else the one the caller named. */
  readonly model?: string;
  /** `<provider>:<response id>`, unique within the customer. Absent: the response has no id. */
  readonly callId?: string;
  readonly tier: string;
  readonly completeness: Completeness;
  readonly usage: Usage;
  readonly reportedCost?: ReportedCost;
}

/** What the sender says beside the block. The response itself is believed first. */
export interface MapContext {
  readonly provider?: string | null;
  readonly model?: string | null;
  readonly tier?: string | null;
  readonly completeness?: Completeness;
  /** Path of the block in the sender's document, for problems. (Default: `providerUsage`) */
  readonly field?: string;
}

/** A response that was read. */
export interface Mapped {
  /** At least one; the response itself comes first. */
  readonly steps: readonly MappedStep[];
  /** Paths of counts above zero that no rule reads: never empty without someone being told. */
  readonly unread: readonly string[];
}

/** Either all steps of a response or the first problem: never a part of them. */
export type MapResult = Mapped | { readonly problem: Problem };

/** Adds quantities by bucket. */
export class Tally {
  readonly #sums = new Map<string, Quantity>();

  add(name: string, quantity: Quantity): this {
    this.#sums.set(name, (this.get(name) + quantity) as Quantity);
    return this;
  }

  get(name: string): Quantity {
    return this.#sums.get(name) ?? ZERO_QUANTITY;
  }

  sum(): Quantity {
    let sum = 0n;
    for (const quantity of this.#sums.values()) sum += quantity;
    return sum as Quantity;
  }

  usage(): Usage {
    return usageOf(this.#sums);
  }
}

/** A response as its format's mapper sees it. */
export interface Response {
  readonly usage: Block;
  /** The whole body; the same as `usage` where only the usage was sent. */
  readonly body: Block;
  readonly kind: StepKind;
  readonly provider: string;
  readonly context: MapContext;
}

const ID_NAMES = ["id", "responseId", "response_id", "generation_id"];

/** The step of the response itself. */
export function mainStep(response: Response, tally: Tally): MappedStep {
  const { body, usage, kind, provider, context } = response;
  const id = body.text(...ID_NAMES);
  const model =
    body.text("model", "modelVersion", "model_version", "model_id") ?? context.model ?? null;
  const reportedCost = reportedCostOf(usage);
  return {
    suffix: "",
    kind,
    provider,
    tier: tierOf(usage, body) ?? context.tier ?? "standard",
    completeness: context.completeness ?? "exact",
    usage: tally.usage(),
    ...(model === null ? {} : { model }),
    ...(id === null ? {} : { callId: `${provider}:${id}` }),
    ...(reportedCost === null ? {} : { reportedCost }),
  };
}

/** A call inside the response: its own model and usage, under the response's call id. */
export function innerStep(
  outer: MappedStep,
  name: string,
  part: { readonly model: string | null; readonly tally: Tally },
): MappedStep {
  const { kind, provider, tier, completeness } = outer;
  const model = part.model ?? outer.model;
  return {
    suffix: name,
    ...{ kind, provider, tier, completeness },
    usage: part.tally.usage(),
    ...(model === undefined ? {} : { model }),
    ...(outer.callId === undefined ? {} : { callId: `${outer.callId}#${name}` }),
  };
}
