/** What of a statement's line, or of an outcome's charge, was given back or is in dispute. */
import { present } from "../../domain/assert.ts";
import { TollgateError } from "../../domain/errors.ts";
import { isTrialCell } from "../../domain/event/trial-cell.ts";
import { type Amount, formatAmount, parseAmount, ZERO_AMOUNT } from "../../domain/money/decimal.ts";
import type { StatementRecord } from "../../domain/period/records.ts";
import { recordedAct, recordedActs } from "../acts/recorded-acts.ts";
import type { Reads } from "../ports.ts";
import type {
  CreditNote,
  Dispute,
  DisputeTarget,
  Resolution,
  Voiding,
} from "./correction-records.ts";
import { type BilledShare, type CardOf, sharesOnLines, spreadOver } from "./outcome-lines.ts";
import { type DocumentLine, lineOf, linesOf } from "./statement-lines.ts";
import { takenOffSince } from "./taken-off.ts";

/** A dispute with what became of it. */
export interface DisputeState extends Dispute {
  /** Null: it is open. */
  readonly resolution: Resolution | null;
}

/** Every dispute of a customer, oldest first: each has a row that holds it out of a period. */
export async function readDisputes(
  store: Pick<Reads, "bookedByHand" | "lastAct">,
  workspace: string,
  customer: string,
): Promise<DisputeState[]> {
  const disputes: DisputeState[] = [];
  for (const { reason, id } of await store.bookedByHand(workspace, customer)) {
    if (reason !== "disputed") continue;
    const of = { kind: "dispute.opened", subject: id } as const;
    const dispute = present(await recordedAct<Dispute>(store, workspace, of), `dispute "${id}"`);
    disputes.push(await disputeState(store, workspace, dispute));
  }
  return disputes;
}

/** A dispute with what became of it. */
export async function disputeState(
  store: Pick<Reads, "lastAct">,
  workspace: string,
  dispute: Dispute,
): Promise<DisputeState> {
  const of = { kind: "dispute.resolved", subject: dispute.id } as const;
  const resolution = (await recordedAct<Resolution>(store, workspace, of)) ?? null;
  return { ...dispute, resolution };
}

/** Credit notes of a statement, oldest first. */
export function readCreditNotes(
  store: Pick<Reads, "acts">,
  workspace: string,
  statement: string,
): Promise<CreditNote[]> {
  const of = { kind: "credit_note.issued", subject: statement } as const;
  return recordedActs<CreditNote>(store, workspace, of);
}

/** Credit notes that give something back: none that was taken back, nor what takes one back. */
export function standing(notes: readonly CreditNote[]): CreditNote[] {
  const voided = new Set(
    notes.flatMap(({ id, voids }) => (voids === undefined ? [] : [id, voids])),
  );
  return notes.filter(({ id }) => !voided.has(id));
}

/** Throws `statement.voided` for a statement that another one has replaced. */
export async function requireInForce(store: Reads, workspace: string, id: string): Promise<void> {
  const of = { kind: "statement.voided", subject: id } as const;
  const voiding = await recordedAct<Voiding>(store, workspace, of);
  if (voiding === undefined) return;
  const detail = `Statement ${id} was voided; ${voiding.replacedBy} replaces it.`;
  throw new TollgateError("statement.voided", detail);
}

/**
 * What a line bills; one that counts what is free in a trial, nothing. Nor does one of a statement
 * issued again that puts on what a later period has taken off: nothing was used for it.
 */
export function billedBy({ kind, cell, amountRounded }: DocumentLine): Amount {
  const amount = recordedAmount(amountRounded);
  const isNothing = isTrialCell(cell) || (kind === "already_billed" && amount > 0n);
  return isNothing ? ZERO_AMOUNT : amount;
}

/** An amount that we have written ourselves. */
export function recordedAmount(text: string): Amount {
  return present(parseAmount(text), `the amount ${text}`);
}

/** All that may have given something back: read once for all lines that an act is about. */
export interface GivenBack {
  /** Of the customer. */
  readonly disputes: readonly DisputeState[];
  /** Of the statement in question; none where it is about none. */
  readonly notes: readonly CreditNote[];
  /** By line of the statement: what disputes of outcomes hold of what it bills for them. */
  readonly ofOutcomes: ReadonlyMap<number, Amount>;
  /** By line of the statement: what was taken off of what it bills since. */
  readonly takenOff: ReadonlyMap<number, Amount>;
}

/** What an act gives back of; null: of an outcome that no statement bills yet. */
export interface GivenBackOf {
  readonly workspace: string;
  readonly customer: string;
  readonly statement: StatementRecord | null;
  readonly cardOf: CardOf;
  /** Keys of the periods behind the statement, up to the one that is open. */
  readonly periods: readonly string[];
}

/** What may have given back some of it. */
export async function readGivenBack(
  store: Reads,
  { workspace, customer, statement, cardOf, periods }: GivenBackOf,
): Promise<GivenBack> {
  const disputes = await readDisputes(store, workspace, customer);
  if (statement === null) {
    return { disputes, notes: [], ofOutcomes: new Map(), takenOff: new Map() };
  }
  const takenOff = await takenOffSince(store, { workspace, statement, periods });
  const notes = await readCreditNotes(store, workspace, statement.id);
  const ofOutcomes = new Map<number, Amount>();
  for (const { target, originPeriod, resolution, amount } of disputes) {
    const isHeld = resolution?.favor !== "us" && originPeriod <= statement.period;
    if (target.kind !== "outcome" || !isHeld) continue;
    const outcomes = await store.outcomesOfRun(workspace, target.run);
    const outcome = outcomes.find(({ key }) => key === target.outcome);
    if (outcome === undefined) continue;
    const shares = await sharesOnLines(store, { workspace, statement, cardOf }, outcome);
    for (const part of spreadOver(shares, recordedAmount(amount))) {
      const sum = (ofOutcomes.get(part.line) ?? 0n) + part.amount;
      ofOutcomes.set(part.line, sum as Amount);
    }
  }
  return { disputes, notes, ofOutcomes, takenOff };
}

/** What of an outcome's shares was given back with the lines that bill them. */
export function goneWithLines(
  givenBack: GivenBack,
  statement: StatementRecord,
  shares: readonly BilledShare[],
): Amount {
  const lines = linesOf(statement);
  let gone = 0n;
  for (const { line, amount } of shares) {
    const target = { kind: "line", statement: statement.id, line } as const;
    const left = billedBy(lineOf(statement, line, lines)) - creditedOf(givenBack, target);
    if (left < amount) gone += left > 0n ? amount - left : amount;
  }
  return gone as Amount;
}

/** What was credited of a target, taken off it, or is held out in a dispute that is open. */
export function creditedOf(
  { disputes, notes, ofOutcomes, takenOff }: GivenBack,
  target: DisputeTarget,
): Amount {
  let credited = 0n;
  for (const dispute of disputes) {
    const isHeld = dispute.resolution?.favor !== "us";
    if (isHeld && isSameTarget(dispute.target, target)) credited += recordedAmount(dispute.amount);
  }
  if (target.kind === "outcome") return credited as Amount;
  credited += (ofOutcomes.get(target.line) ?? 0n) + (takenOff.get(target.line) ?? 0n);
  for (const note of notes) {
    for (const line of note.lines) {
      if (line.line === target.line) credited += recordedAmount(line.amount);
    }
  }
  return credited as Amount;
}

function isSameTarget(a: DisputeTarget, b: DisputeTarget): boolean {
  if (a.kind === "line") {
    return b.kind === "line" && a.statement === b.statement && a.line === b.line;
  }
  return b.kind === "outcome" && a.run === b.run && a.outcome === b.outcome;
}

/** What takes off what a customer owes, by hand or by what was paid in advance: none is a price. */
const SETTLING: ReadonlySet<string> = new Set(["commitment", "goodwill", "dispute", "opening"]);

/**
 * An adjustment that takes off is of another period's bill: it lowers no price of this one. What
 * such a one has taken off already is put on where its own period is issued again.
 */
function settles({ kind, amountRounded }: DocumentLine): boolean {
  const amount = recordedAmount(amountRounded);
  const isOfOther = kind === "adjustment" && amount < 0n;
  return SETTLING.has(kind) || isOfOther || (kind === "already_billed" && amount > 0n);
}

/**
 * What is left to give back of a statement as a whole; never negative. Discounts, maximums and tier
 * corrections are lines of their own, so that lines alone would give back what nobody was billed.
 */
export function leftOf(
  { disputes, notes, ofOutcomes, takenOff }: GivenBack,
  statement: StatementRecord,
): { readonly billed: Amount; readonly left: Amount } {
  const { id, total } = statement;
  let billed: bigint = recordedAmount(total);
  for (const line of linesOf(statement)) {
    if (settles(line)) billed -= recordedAmount(line.amountRounded);
  }
  let credited = 0n;
  for (const { target, resolution, amount } of disputes) {
    const isOfIt = target.kind === "line" && target.statement === id;
    if (isOfIt && resolution?.favor !== "us") credited += recordedAmount(amount);
  }
  for (const note of notes) credited += recordedAmount(note.total);
  for (const amount of ofOutcomes.values()) credited += amount;
  for (const amount of takenOff.values()) credited += amount;
  const left = billed - credited;
  return { billed: billed as Amount, left: (left > 0n ? left : 0n) as Amount };
}

/** Throws `credit.exceeded` where a statement would give back more than it billed as a whole. */
export function requireLeft(
  at: { readonly billed: Amount; readonly left: Amount; readonly wanted: Amount },
  field: string,
): void {
  if (at.wanted <= at.left) return;
  const [wanted, left, billed] = [at.wanted, at.left, at.billed].map(formatAmount);
  const detail =
    at.billed <= 0n
      ? "The statement bills nothing as a whole, so there is nothing to give back."
      : `${wanted} is more than is left of the ${billed} that the whole statement bills: ${left}.`;
  throw new TollgateError("credit.exceeded", detail, field);
}

/** Throws `credit.exceeded` where more would be given back than was billed. */
export function requireBilled(
  at: {
    readonly billed: Amount;
    readonly credited: Amount;
    readonly wanted: Amount;
    /** Of what is credited: what later periods have taken off. */
    readonly takenOff?: Amount | undefined;
  },
  field: string,
): void {
  const left = (at.billed - at.credited) as Amount;
  if (at.wanted <= left && at.wanted > 0n) return;
  const [wanted, of] = [at.wanted, at.billed].map(formatAmount);
  const detail =
    at.billed <= 0n
      ? "Nothing is charged for it, so there is nothing to give back."
      : left <= 0n
        ? `All of its ${of} is credited or disputed already${at.takenOff ? ", or taken off" : ""}.`
        : at.wanted <= 0n
          ? `${wanted} gives nothing back: state an amount of up to ${formatAmount(left)}.`
          : `${wanted} is more than is left of ${of}: ${formatAmount(left)}.`;
  throw new TollgateError("credit.exceeded", detail, field);
}
