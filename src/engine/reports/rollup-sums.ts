/** Roll-ups added up from what they stand for: steps, outcomes, and what runs were charged. */

import type { Step } from "../../domain/event/step.ts";
import { type Amount, ZERO_QUANTITY } from "../../domain/money/decimal.ts";
import { RUN_CAP_CELL, RUN_MINIMUM_CELL } from "../../domain/period/run-bounds.ts";
import { chargesOfRating } from "../../domain/run/rating-charges.ts";
import {
  addRollup,
  type RollupRow,
  rollupKeyOfStep,
  rollupKeyText,
  tokensOfStep,
  totalsOfStep,
} from "../../domain/run/rollup.ts";
import {
  NO_TOTALS,
  type OutcomeState,
  type RunCorrection,
  type RunRating,
} from "../../domain/run/run.ts";

/** Sums by the key of a roll-up. */
export class RollupSums {
  readonly #rows = new Map<string, RollupRow>();

  /** Also such as came to nothing in the end. */
  get rows(): RollupRow[] {
    return [...this.#rows.values()];
  }

  /** A revision of a step that stands. */
  addStep(step: Step): void {
    const { input: inputTokens, output: outputTokens } = tokensOfStep(step);
    this.#add({ ...rollupKeyOfStep(step), ...totalsOfStep(step), inputTokens, outputTokens });
  }

  addOutcome(outcome: OutcomeState): void {
    this.#addCharge(outcome, "outcome", outcome);
  }

  /** How a root run of a customer was counted. */
  addRating(customer: string, rating: RunRating): void {
    const { agent } = rating;
    for (const { period, charge } of chargesOfRating(rating)) {
      this.#addCharge({ period, agent }, "run", { customer, charge });
    }
  }

  /** What the bounds of a root run came to. */
  addCorrections(customer: string, corrections: readonly RunCorrection[]): void {
    for (const one of corrections) {
      for (const [cell, charge] of partsOfCorrection(one)) {
        if (charge !== 0n) this.#addCharge(one, cell, { customer, charge });
      }
    }
  }

  #add(row: RollupRow): void {
    const key = rollupKeyText(row);
    const sum = this.#rows.get(key);
    this.#rows.set(key, sum === undefined ? row : addRollup(sum, row));
  }

  #addCharge(
    { period, agent }: { readonly period: string; readonly agent: string | null },
    kind: string,
    { customer, charge }: { readonly customer: string; readonly charge: Amount },
  ): void {
    const names = { agent: agent ?? "", kind, provider: "", model: "", tool: "" };
    const tokens = { inputTokens: ZERO_QUANTITY, outputTokens: ZERO_QUANTITY };
    this.#add({ customer, period, ...names, ...NO_TOTALS, charge, ...tokens });
  }
}

/** What a correction takes off and adds, by the cell that counts it. */
export function partsOfCorrection({ cap, minimum }: RunCorrection): readonly [string, Amount][] {
  return [
    [RUN_CAP_CELL, cap],
    [RUN_MINIMUM_CELL, minimum],
  ];
}
