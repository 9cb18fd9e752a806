/**
 * Closed lanes as a version wrote them that forgot what open periods lowered them by. That version
 * let credit pay for all of it again, also for what had been billed in money.
 */
import type { Amount } from "../money/decimal.ts";
import { byLane } from "./charged.ts";
import { extend, giveBack, paidIn, sumOf, wholeOf } from "./stretches.ts";
import type { Lane, Wallet } from "./wallet.ts";

/**
 * The wallet with closed lanes that hold all that their statements carry: credit paid of them what
 * these say, and the rest is owed. Most wallets are complete and stay as they are.
 */
export function completed(wallet: Wallet): Wallet {
  const closed = wallet.lanes.filter(({ period }) => period === "");
  if (closed.length === 0) return wallet;
  const lanes = wallet.lanes.filter(({ period }) => period !== "");
  for (const [customer, own] of Map.groupBy(closed, (lane) => lane.customer)) {
    const stated = wallet.stated.find((one) => one.customer === customer)?.amount ?? 0n;
    lanes.push(...completeOf(own.toSorted(byLane), stated));
  }
  return { ...wallet, lanes: lanes.sort(byLane) };
}

function completeOf(lanes: readonly Lane[], stated: bigint): readonly Lane[] {
  const paid = lanes.reduce((sum, lane) => sum + paidIn(wholeOf(lane)), 0n);
  if (paid > stated) return giveBack(lanes, paid - stated);
  let left = stated - paid;
  return lanes.map((lane) => {
    const missing = lane.level - sumOf(wholeOf(lane));
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
