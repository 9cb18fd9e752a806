/**
 * Closed lanes as a version wrote them that forgot what open periods lowered them by. That version
 * let credit pay for all of it again, also for what had been billed in money.
 */
import type { Amount } from "../money/decimal.ts";
import { byLane } from "./charged.ts";
import { extend, giveBack, paidIn, sumOf } from "./stretches.ts";
import type { Lane, Wallet } from "./wallet.ts";

/**
 * The wallet with closed lanes that hold all that their statements carry: credit paid of them what
 * these say, and the rest is owed. Most wallets are complete and stay as they are.
 */
export function completed(wallet: Wallet): Wallet {
  const closed = wallet.lanes.filter(({ period }) => period === "");
  const lanes: Lane[] = [];
  for (const [customer, own] of Map.groupBy(closed, (lane) => lane.customer)) {
    const stated = wallet.stated.find((one) => one.customer === customer)?.amount ?? 0n;
    lanes.push(...completeOf(own, stated));
  }
  if (lanes.every((lane) => closed.includes(lane))) return wallet;
  const open = wallet.lanes.filter(({ period }) => period !== "");
  return { ...wallet, lanes: [...open, ...lanes].sort(byLane) };
}

function completeOf(lanes: readonly Lane[], stated: bigint): readonly Lane[] {
  const paid = lanes.reduce((sum, lane) => {
    return sum + paidIn(lane.stretches) + paidIn(lane.lowered ?? []) + (lane.gone ?? 0n);
  }, 0n);
  if (paid > stated) return giveBack(lanes.toSorted(byLane), paid - stated);
  let left = stated - paid;
  return lanes.toSorted(byLane).map((lane) => {
    const is = sumOf(lane.stretches) + sumOf(lane.lowered ?? []) + (lane.gone ?? 0n);
    const missing = lane.level - is;
    if (missing <= 0n) return lane;
    const byCredit = missing < left ? missing : left;
    left -= byCredit;
    const lowered = [...(lane.lowered ?? [])];
    // By which grant is not known, and does not matter: it has its credit back.
    extend(lowered, { source: "", amount: byCredit as Amount });
    extend(lowered, { source: null, amount: (missing - byCredit) as Amount });
    return { ...lane, lowered };
  });
}
