/**
 * The answer of GET /v1/runs/{run}, as far as it is shown (RunTree in the OpenAPI document).
 * Amounts and quantities are exact decimal texts.
 */

export interface TotalsView {
  readonly steps: number;
  /** Steps whose cost is not wholly known: `cost` is a lower bound then. */
  readonly unpriced: number;
  readonly cost: string;
  readonly charge: string;
}

/** An outcome of the run and what it is charged. */
export interface OutcomeView {
  readonly key: string;
  readonly outcome: string;
  readonly status: string;
  readonly finalAt: string | null;
  readonly charge: string;
  readonly charges: readonly ShareView[];
}

/** What one charge takes for one step, or for the run itself. */
export interface ShareView {
  readonly charge: string;
  readonly cell: string;
  readonly amount: string;
  /** Free in a trial: the amount is what it would have cost. */
  readonly inTrial: boolean;
}

/** What the bounds of a run make of one period. */
export interface CorrectionView {
  readonly period: string;
  readonly cap: string;
  readonly minimum: string;
}

/** A step as it counts now. */
export interface StepView {
  readonly source: string;
  readonly id: string;
  readonly seq: number;
  readonly revision: number;
  readonly kind: string;
  readonly provider: string | null;
  readonly model: string | null;
  readonly tool: string | null;
  readonly status: string;
  readonly attempt: number;
  readonly completeness: string;
  readonly role: string;
  readonly payer: string;
  readonly voided: boolean;
  readonly occurredAt: string;
  readonly parentStep: string | null;
  /** Quantities by bucket. */
  readonly usage: Readonly<Record<string, string>>;
  readonly cost: string;
  readonly costStatus: string;
  readonly charge: string;
  readonly charges: readonly ShareView[];
}

/** A run with everything below it. */
export interface RunView {
  readonly run: string;
  readonly customer: string | null;
  readonly agent: string | null;
  readonly status: string;
  readonly openedAt: string;
  readonly closedAt: string | null;
  readonly parentRun: string | null;
  readonly labels: Readonly<Record<string, string>> | null;
  readonly totals: { readonly own: TotalsView; readonly tree: TotalsView };
  readonly costCurrency: string;
  readonly chargeCurrency: string | null;
  /** Fees of the run itself. */
  readonly charges: readonly ShareView[];
  /** What its cap and minimum come to, by period. */
  readonly corrections: readonly CorrectionView[];
  /** What waits for its end. */
  readonly accrued: string;
  /** Its steps are not there any more. */
  readonly stepsRemoved?: true;
  readonly outcomes: readonly OutcomeView[];
  readonly steps: readonly StepView[];
  readonly children: readonly RunView[];
}
