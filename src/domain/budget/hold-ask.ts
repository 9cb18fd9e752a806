/** What a caller asks for before a step starts. */
import type { StepEvent } from "../event/event.ts";
import type { Usage } from "../event/usage.ts";
import type { Amount, Quantity } from "../money/decimal.ts";
import { ONE_UNIT } from "../money/decimal.ts";
import type { OutputRange } from "./decide.ts";
import type { Expiry } from "./hold.ts";

/** A hold that is asked for: the step as it will be at most. */
export interface HoldAsk {
  /** Usage states the most of every bucket and unit; output is in `output`, where it is bounded. */
  readonly step: StepEvent;
  readonly output: OutputRange | null;
  /** What the caller takes to be the most that the step costs; null: the price book knows. */
  readonly cost: Amount | null;
  readonly isWrapUp: boolean;
  readonly ttlMs: number;
  readonly onExpiry: Expiry;
  /** Digest of all of it: the same again is answered the same. */
  readonly contentHash: string;
}

/** The usage of an ask with so many output tokens. Names stay in ascending order. */
export function usageWith({ step, output }: HoldAsk, outputTokens: number): Usage {
  if (output === null) return step.usage;
  const quantity = (BigInt(outputTokens) * ONE_UNIT) as Quantity;
  const all = new Map<string, Quantity>();
  let isPut = quantity === 0n;
  for (const [name, kept] of step.usage) {
    if (!isPut && name >= OUTPUT) {
      all.set(OUTPUT, quantity);
      isPut = true;
    }
    if (name !== OUTPUT) all.set(name, kept);
  }
  return isPut ? all : all.set(OUTPUT, quantity);
}

const OUTPUT = "output_text";
