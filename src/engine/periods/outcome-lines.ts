/**
 * Which lines bill an outcome, so that a dispute of the outcome and what is given back of such a
 * line are one thing: together they give back what was billed, and no more.
 */
import { type Amount, ZERO_AMOUNT } from "../../domain/money/decimal.ts";
import type { StatementRecord } from "../../domain/period/records.ts";
import type { CompiledCard } from "../../domain/rating/meter.ts";
import type { OutcomeState } from "../../domain/run/run.ts";
import type { Reads } from "../ports.ts";
import { creditNameOf, type DocumentLine, linesOf, ownCreditOf } from "./statement-lines.ts";

/** A version of a card, by its id. */
export type CardOf = (cardVersionId: number) => Pick<CompiledCard, "cardKey" | "segmentPrice">;

/** An outcome's share on a line. */
export interface BilledShare {
  /** 1 is the first. */
  readonly line: number;
  readonly amount: Amount;
}

interface Place {
  readonly workspace: string;
  readonly statement: StatementRecord;
  readonly cardOf: CardOf;
}

/**
 * The shares of an outcome on lines of a statement: on those of its charges where the statement
 * counted it, or on adjustments of them where it came late and was booked in that period.
 */
export async function sharesOnLines(
  store: Reads,
  { workspace, statement, cardOf }: Place,
  outcome: OutcomeState,
): Promise<BilledShare[]> {
  const { customer, period, cardVersionId } = outcome;
  if (customer !== statement.customer || cardVersionId === null) return [];
  if (period > statement.period || outcome.status !== "recorded") return [];
  const isOwn = period === statement.period;
  if (isOwn && outcome.seq > (await closedSeq(store, workspace, statement.id))) return [];
  const isOf = (line: DocumentLine) =>
    isOwn ? line.kind === "charge" : line.kind === "adjustment" && line.originPeriod === period;
  const lines = linesOf(statement);
  const ownCredit = ownCreditOf(statement);
  const card = cardOf(cardVersionId);
  const shares = outcome.shares.flatMap(({ chargeKey, cell, amount }) => {
    const own = lines.filter(
      (line) =>
        isOf(line) &&
        line.cardKey === card.cardKey &&
        line.chargeKey === chargeKey &&
        line.cell === cell,
    );
    // A charge that went over to credits within the period has a line for each.
    const pricedIn = card.segmentPrice(chargeKey, cell).price.credit?.name ?? null;
    const line = own.find((one) => creditNameOf(one, ownCredit) === pricedIn) ?? own[0];
    return line === undefined ? [] : [{ line: lines.indexOf(line) + 1, amount, chargeKey, cell }];
  });
  if (isOwn || shares.length === 0) return shares;
  const booked = await store.adjustmentsOf(workspace, statement);
  return shares.filter(({ chargeKey, cell }) =>
    booked.some(
      (row) =>
        row.run === outcome.run &&
        row.originPeriod === period &&
        row.chargeKey === chargeKey &&
        row.cell === cell,
    ),
  );
}

/** The statement in force that bills an outcome; undefined: none does yet. */
export async function statementBilling(
  store: Reads,
  { workspace, cardOf }: Omit<Place, "statement">,
  outcome: OutcomeState,
): Promise<StatementRecord | undefined> {
  for (const { period, statementId } of await store.periodsOf(workspace, outcome.customer)) {
    if (period < outcome.period) continue;
    const statement = await store.statement(workspace, statementId);
    if (statement === undefined) continue;
    const shares = await sharesOnLines(store, { workspace, statement, cardOf }, outcome);
    if (shares.length > 0) return statement;
  }
  return undefined;
}

/** An amount as parts of an outcome's shares, the first ones filled first. */
export function spreadOver(shares: readonly BilledShare[], amount: Amount): BilledShare[] {
  let rest: bigint = amount;
  return shares.map(({ line, amount: most }) => {
    const part = rest < most ? rest : most;
    rest -= part > 0n ? part : 0n;
    return { line, amount: (part > 0n ? part : ZERO_AMOUNT) as Amount };
  });
}

/** The seq of the act that made a statement. */
export async function closedSeq(
  store: Pick<Reads, "lastAct">,
  workspace: string,
  id: string,
): Promise<number> {
  const closed = await store.lastAct(workspace, "period.closed", id);
  const again = await store.lastAct(workspace, "statement.reissued", id);
  return (closed ?? again)?.seq ?? 0;
}
