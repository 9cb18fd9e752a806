/**
 * What a wallet leaves to the one that is asked after it. What is negative is left as well, as far
 * as it took nothing off what this wallet had paid: another one may have paid for that.
 */
import type { Amount } from "../money/decimal.ts";
import { type Charged, netCharges, periodsOf } from "./charged.ts";
import { paidIn } from "./stretches.ts";
import type { Lane } from "./wallet.ts";

/** Of what is charged in open periods, by the lanes of a wallet that was brought up to it. */
export function unpaid(lanes: readonly Lane[], charged: readonly Charged[]): Charged[] {
  const left = lanes.filter(({ period }) => period !== "").map(owedPart);
  const back = new Map<string, bigint>();
  for (const { customer, lowered = [], gone = 0n } of lanes) {
    back.set(customer, (back.get(customer) ?? 0n) + paidIn(lowered) + gone);
  }
  for (const group of periodsOf(charged)) {
    const { excess } = netCharges(group);
    const customer = group[0]?.customer ?? "";
    const most = back.get(customer) ?? 0n;
    const taken = most < excess ? most : excess;
    back.set(customer, most - taken);
    left.push(...negative(group, excess - taken));
  }
  return left;
}

/** What of an open lane no grant pays. */
export function owedPart({ customer, period, charge, startMs, stretches, level }: Lane): Charged {
  const amount = (level - paidIn(stretches)) as Amount;
  return { customer, period, charge, startMs, amount };
}

/** So much less than nothing, on those charges of a period that are negative. */
export function negative(group: readonly Charged[], amount: bigint): Charged[] {
  let left = amount;
  return group.flatMap((one) => {
    const off = -one.amount < left ? -one.amount : left;
    if (off <= 0n) return [];
    left -= off;
    return { ...one, amount: -off as Amount };
  });
}
