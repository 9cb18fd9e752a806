/** Holds that a unit of work writes, and what that changes of what holds set aside. */
import { balanceText } from "../../domain/budget/budget.ts";
import { type Hold, isCounting, type Reserve } from "../../domain/budget/hold.ts";

/** What holds are and were, one beside the other. */
export interface WrittenHolds {
  readonly holds: readonly Hold[];
  /** Null: it was not there. */
  readonly former: readonly (Hold | null)[];
  /** How many more count than before. */
  readonly moreCounting: number;
  /** What they set aside now less what they set aside before, one a balance. */
  readonly reserves: readonly Reserve[];
}

/** Of these holds, which were `former` before. */
export function writtenHolds(
  holds: readonly Hold[],
  former: readonly (Hold | null)[],
): WrittenHolds {
  const [now, before] = [holds.filter(isCounting), former.filter(wasCounting)];
  const moreCounting = now.length - before.length;
  return { holds, former, moreCounting, reserves: differences(now, before) };
}

function wasCounting(hold: Hold | null): hold is Hold {
  return hold !== null && isCounting(hold);
}

function differences(now: readonly Hold[], before: readonly Hold[]): Reserve[] {
  const sums = new Map<string, Reserve>();
  const add = (hold: Hold, sign: bigint): void => {
    for (const reserve of hold.reserves) {
      const text = balanceText(reserve);
      const amount = (sums.get(text)?.amount ?? 0n) + sign * reserve.amount;
      sums.set(text, { ...reserve, amount });
    }
  };
  for (const hold of before) add(hold, -1n);
  for (const hold of now) add(hold, 1n);
  return [...sums.values()].filter(({ amount }) => amount !== 0n);
}
