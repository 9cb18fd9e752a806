/** Commitments as the API tells them. */
import { formatAmount, formatScaled } from "../../domain/money/decimal.ts";
import { commitmentDocument } from "../../domain/period/commitment.ts";
import type { DrawnSoFar, ProjectedEnd } from "../../domain/period/commitment-projection.ts";
import type { CommitmentStatus } from "../../engine/periods/read-drawdown.ts";
import { timeText } from "../instant.ts";

/** A commitment, how much of it is drawn, and what its end is expected to bring. */
export function commitmentView({ commitment, soFar }: CommitmentStatus): object {
  return {
    ...commitmentDocument(commitment),
    lastPeriod: commitment.lastPeriod,
    soFar: soFar === null ? null : soFarView(soFar, commitment.amount),
  };
}

const PERCENT_PLACES = 2;

function soFarView(soFar: DrawnSoFar, amount: bigint): object {
  const { period, startMs, endMs, usage, drawn, left, exhaustedAtMs, projected } = soFar;
  const hundredths = (drawn * 100n * 10n ** BigInt(PERCENT_PLACES)) / amount;
  return {
    period,
    startsAt: timeText(startMs),
    endsAt: timeText(endMs),
    usage: formatAmount(usage),
    drawn: formatAmount(drawn),
    drawnPercent: formatScaled(hundredths, PERCENT_PLACES),
    left: formatAmount(left),
    exhaustedAt: exhaustedAtMs === null ? null : timeText(exhaustedAtMs),
    projected: projected === null ? null : projectedView(projected),
  };
}

function projectedView({ usage, overage, trueUp }: ProjectedEnd): object {
  return {
    usage: formatAmount(usage),
    overage: formatAmount(overage),
    trueUp: formatAmount(trueUp),
  };
}
