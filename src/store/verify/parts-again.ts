/** Parts of a lane that is burned again: a list of payers and amounts. */

/** A part with one payer; null: it is owed. */
export interface Part {
  readonly payer: string | null;
  amount: bigint;
}

/** The parts up to an amount. */
export function cut(parts: readonly Part[], upTo: bigint): Part[] {
  const kept: Part[] = [];
  let left = upTo;
  for (const { payer, amount } of parts) {
    const part = amount < left ? amount : left;
    if (part > 0n) kept.push({ payer, amount: part });
    left -= part;
  }
  return kept;
}

/** The parts behind an amount. */
export function behind(parts: readonly Part[], from: bigint): Part[] {
  let before = from;
  return parts.flatMap(({ payer, amount }) => {
    const off = amount < before ? amount : before;
    before -= off;
    return off < amount ? { payer, amount: amount - off } : [];
  });
}

/** What parts come to. */
export function sumParts(parts: readonly Part[]): bigint {
  return parts.reduce((sum, { amount }) => sum + amount, 0n);
}

/** What of them grants pay. */
export function paidOf(parts: readonly Part[]): bigint {
  return sumParts(parts.filter(({ payer }) => payer !== null));
}

/** What is given back of the last parts that grants pay is owed in their place. */
export function giveBack(lanes: readonly { readonly parts: Part[] }[], amount: bigint): void {
  let left = amount;
  for (const lane of lanes.toReversed()) {
    for (let at = lane.parts.length - 1; at >= 0 && left > 0n; at -= 1) {
      const part = lane.parts[at];
      if (part === undefined || part.payer === null) continue;
      const off = part.amount < left ? part.amount : left;
      part.amount -= off;
      left -= off;
      lane.parts.splice(at + 1, 0, { payer: null, amount: off });
    }
  }
}
