/** Rounding and dividing, a second time: whole units, and nothing lost. */

/** A quotient by the card's rounding; what is negative rounds like what is positive. */
export function rounded(value: bigint, unit: bigint, mode: string): bigint {
  if (value < 0n) return -rounded(-value, unit, mode);
  const rest = value % unit;
  const below = value - rest;
  if (rest === 0n || mode === "down") return below;
  const isTie = rest + rest === unit;
  const isOdd = (below / unit) % 2n === 1n;
  const isUp = isTie ? mode === "half_up" || isOdd : rest + rest > unit;
  return mode === "up" || isUp ? below + unit : below;
}

/** Largest remainder: whole units by share, then one more each for who lost most, first come. */
export function divided(amount: bigint, shares: readonly bigint[], unit: bigint): bigint[] {
  const all = shares.reduce((sum, share) => sum + share, 0n);
  if (all === 0n) return shares.map(() => 0n);
  const units = amount / unit;
  const parts = shares.map((share) => (units * share) / all);
  let rest = parts.reduce((left, part) => left - part, units);
  const order = shares.map((share, at) => ({ at, lost: (units * share) % all }));
  order.sort((a, b) => (a.lost === b.lost ? a.at - b.at : a.lost < b.lost ? 1 : -1));
  for (const { at } of order) {
    if (rest <= 0n) break;
    parts[at] = (parts[at] ?? 0n) + 1n;
    rest -= 1n;
  }
  return parts.map((part) => part * unit);
}
