/** Lines of a statement that commitments make. */

import { FACTOR_SCALE } from "../limits.ts";
import { type Amount, type Factor, multiplyAmount } from "../money/decimal.ts";
import { percentText } from "./commitment.ts";
import type { Drawn } from "./commitment-draw.ts";
import { NO_PLACE, type Unrounded } from "./statement-lines.ts";

/** What is drawn of prepaid ones, what is beyond at its own rate, what is missing at the end. */
export function commitmentLines(drawn: readonly Drawn[], origin: string | null): Unrounded[] {
  const all = drawn.flatMap(linesOf);
  const suffix = origin === null ? "" : `, adjustment of the period ${origin}`;
  return all
    .filter(({ amountExact }) => amountExact !== 0n)
    .map((line) => ({
      ...line,
      originPeriod: origin,
      description: `${line.description}${suffix}`,
    }));
}

const ONE = 10n ** BigInt(FACTOR_SCALE);

function linesOf({ commitment, drawn, overage, trueUp }: Drawn): Unrounded[] {
  const { key, name, kind } = commitment;
  const at = { ...NO_PLACE, chargeKey: key };
  const off = (kind === "prepaid" ? -drawn : 0n) as Amount;
  const factor = commitment.overage ?? (ONE as Factor);
  const beyond = `${name}: overage at ${percentText(factor)} % of the price`;
  const extra = multiplyAmount(overage, (factor - ONE) as Factor);
  return [
    { ...at, kind: "commitment", description: `${name}: drawn`, amountExact: off },
    { ...at, kind: "overage", description: beyond, amountExact: extra },
    { ...at, kind: "true_up", description: `${name}: true-up`, amountExact: trueUp },
  ];
}
