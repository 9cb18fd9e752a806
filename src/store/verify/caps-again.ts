/** What is left of charges where caps of runs take something off them, a second time. */
import { amountOf } from "../stored-decimal.ts";
import { divided } from "./divide-again.ts";

interface Line {
  readonly kind: string;
  readonly cardKey: string;
  readonly chargeKey: string;
  readonly cell?: string;
  readonly amountRounded: string;
}

/** From this form of lines on, what a cap takes off is of the charges of its card. */
const CAPPED_CHARGES = 3;

/**
 * What lines come to by the key of their charge, before any discount. Of late usage, what was
 * charged and the cap may both be taken back. Before, what caps take off was of no charge.
 */
export function leftAgain(
  lines: readonly Line[],
  { form, unit }: { readonly form: number; readonly unit: bigint },
): Map<string, bigint> {
  const left = new Map<string, bigint>();
  const move = (key: string, amount: bigint) => left.set(key, (left.get(key) ?? 0n) + amount);
  for (const line of lines) move(line.chargeKey, amountOf(line.amountRounded));
  if (form < CAPPED_CHARGES) return left;
  for (const cap of lines.filter(isCap)) {
    const taken = -amountOf(cap.amountRounded);
    const turn = (amount: bigint) => (taken < 0n ? -amount : amount);
    const owed = new Map<string, bigint>();
    for (const { kind, cardKey, chargeKey, amountRounded } of lines) {
      if (kind === "fee" || chargeKey === "" || cardKey !== cap.cardKey) continue;
      owed.set(chargeKey, (owed.get(chargeKey) ?? 0n) + turn(amountOf(amountRounded)));
    }
    const charges = [...owed].filter(([, amount]) => amount > 0n);
    const most = charges.reduce((sum, [, amount]) => sum + amount, 0n);
    const off = turn(taken) > most ? most : turn(taken);
    const parts = divided(
      off,
      charges.map(([, amount]) => amount),
      unit,
    );
    for (const [at, [key]] of charges.entries()) move(key, -turn(parts[at] ?? 0n));
    move("", turn(off));
  }
  return left;
}

function isCap({ kind, chargeKey, cell }: Line): boolean {
  return kind === "run_cap" || (chargeKey === "" && cell === "run_cap");
}
