/** Stretches of a lane: lists of who pays which amount, from the first unit charged to the last. */
import type { Amount } from "../money/decimal.ts";
import type { Lane, Stretch } from "./wallet.ts";

/** The parts of stretches up to an amount, and behind it. */
export function splitAt(
  stretches: readonly Stretch[],
  upTo: bigint,
): { readonly kept: Stretch[]; readonly rest: Stretch[] } {
  const [kept, rest]: [Stretch[], Stretch[]] = [[], []];
  let left = upTo > 0n ? upTo : 0n;
  for (const { source, amount } of stretches) {
    const part = amount < left ? amount : left;
    extend(kept, { source, amount: part as Amount });
    extend(rest, { source, amount: (amount - part) as Amount });
    left -= part;
  }
  return { kept, rest };
}

/** Adds a stretch at the end, as a part of the last one where both have one source. */
export function extend(stretches: Stretch[], { source, amount }: Stretch): void {
  if (amount === 0n) return;
  const last = stretches.at(-1);
  if (last?.source !== source) {
    stretches.push({ source, amount });
    return;
  }
  stretches[stretches.length - 1] = { source, amount: (last.amount + amount) as Amount };
}

/** What stretches, or charges, come to. */
export function sumOf(stretches: readonly Pick<Stretch, "amount">[]): bigint {
  return stretches.reduce((sum, { amount }) => sum + amount, 0n);
}

/** What of stretches grants pay. */
export function paidIn(stretches: readonly Stretch[]): bigint {
  return stretches.reduce((sum, { source, amount }) => (source === null ? sum : sum + amount), 0n);
}

/** All of a lane's stretches, with those that open periods lower it by. */
export function wholeOf({ stretches, lowered = [] }: Lane): Stretch[] {
  const whole = [...stretches];
  for (const one of lowered) extend(whole, one);
  return whole;
}

/** Gives an amount back to grants, from the last stretch on; the customer owes it instead. */
export function giveBack(lanes: readonly Lane[], amount: bigint): Lane[] {
  let left = amount;
  const backwards = lanes.toReversed().map((lane) => {
    const stretches: Stretch[] = [];
    for (const { source, amount: whole } of lane.stretches.toReversed()) {
      const off = source === null || left === 0n ? 0n : whole < left ? whole : left;
      left -= off;
      // Written from the end: what is owed stands behind what the grant still pays.
      extend(stretches, { source: null, amount: off as Amount });
      extend(stretches, { source, amount: (whole - off) as Amount });
    }
    return { ...lane, stretches: stretches.reverse() };
  });
  return backwards.reverse();
}
