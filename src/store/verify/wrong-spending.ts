/** Balances of budgets that are not what their steps say: what it takes to put them right. */

/** Where a balance stands. */
export interface BalanceAt {
  readonly workspace: string;
  readonly budgetId: number;
  readonly scope: string;
  readonly window: string;
}

/** A balance that is not the sum of its parts, in whole units of its measure's scale. */
export interface WrongBalance extends BalanceAt {
  readonly settled: bigint;
  readonly partsAddUpTo: bigint;
}

/** Overruns of a balance that are not what was settled above its limits. */
export interface WrongOverruns extends BalanceAt {
  readonly recorded: bigint;
  readonly settledAbove: bigint;
}

/** All that a verification found of these. */
export class WrongSpending {
  readonly balances: WrongBalance[] = [];
  readonly overruns: WrongOverruns[] = [];
}
