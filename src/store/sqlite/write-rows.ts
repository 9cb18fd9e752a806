/** Writes what a unit of work changed. Called inside its transaction, rows in key order. */

import { present } from "../../domain/assert.ts";
import { encodePriceEntries } from "../../domain/cost/price-codec.ts";
import { journalText } from "../../domain/event/codec.ts";
import type { Step } from "../../domain/event/step.ts";
import { facetsOf, labelsOf, type SealedStep, sealedStep } from "../../domain/event/step-text.ts";
import { formatAmount } from "../../domain/money/decimal.ts";
import type { Writes } from "../../engine/ports.ts";
import { encodeFormerOutcome, encodeFormerRun } from "../former-rows.ts";
import { encodeShares } from "../rating-text.ts";
import { encodeAdjustedId } from "../stored-adjustment.ts";
import { encodeCreditBook } from "../stored-credit.ts";
import type { Bound } from "../stored-rows.ts";
import { encodeCustomer, rowText } from "../stored-rows.ts";
import { encodeCard } from "../stored-tariff.ts";
import { writeSpending } from "./sqlite-spending.ts";
import {
  packBytes,
  packTexts,
  type StepToPack,
  type TextToPack,
  type TransactionDraft,
} from "./transaction.ts";
import type { UnitParts } from "./unit-shared.ts";
import { isPendingFull, isPlainUnit, putTotals, writePendingTotals } from "./write-totals.ts";

/**
 * Writes everything that a unit changed, totals aside where they may wait. True when the pending
 * totals go along: they are settled once the unit is committed.
 */
export function writeRows(unit: UnitParts, writes: Writes): boolean {
  const { shared, ws, draft } = unit;
  const summedCount = shared.summing.get(ws);
  if (summedCount !== undefined) {
    // Totals of steps that are on disk: they wait like those of a plain unit, so that not even a
    // full disk keeps them from being summed.
    putTotals(unit, writes);
    shared.caches.budgets(ws).stage(writes);
    shared.caches.pending(ws).steps = summedCount;
    return false;
  }
  const isPlain = putTotals(unit, writes) && isPlainUnit(writes);
  writeFormer(unit, writes);
  addFormerSteps(unit, writes.formerSteps);
  addSteps(unit, writes);
  shared.caches.pending(ws).steps += writes.steps.length;
  writeSpending(unit, writes);
  const isFlushed = !isPlain || isPendingFull(unit);
  if (isFlushed) writePendingTotals(unit);
  writeCustomers(unit, writes);
  writeEvents(unit, writes);
  writePeriods(unit, writes);
  writeCredit(unit, writes);
  writeTariff(draft, ws, writes);
  writeChain(unit, writes);
  return isFlushed;
}

/** Former revisions are rare: their texts are made again. */
function addFormerSteps(unit: UnitParts, steps: readonly Step[]): void {
  if (steps.length === 0) return;
  const packed = steps.map((step) => withText(unit, step, sealedStep(step)));
  unit.draft.add(packTexts("former_steps", packed));
}

function addSteps(unit: UnitParts, { steps, sealedSteps }: Writes): void {
  if (steps.length === 0) return;
  const { texts, bytes } = sealedSteps;
  if (bytes !== null) {
    const numbered = steps.map((step) => toPack(unit, step));
    unit.draft.add(packBytes(numbered, bytes));
    return;
  }
  const packed = steps.map((step, at) => withText(unit, step, texts[at] ?? sealedStep(step)));
  unit.draft.add(packTexts("steps", packed));
}

function withText(unit: UnitParts, step: Step, sealed: SealedStep): TextToPack {
  return { ...toPack(unit, step), id: step.id, customer: step.customer, sealed };
}

function toPack({ shared, ws, draft }: UnitParts, step: Step): StepToPack {
  const { names, caches } = shared;
  const slot = present(caches.run(ws, step.run), `run "${step.run}"`);
  const sourceNo = names.numberOf(step.source, draft);
  const labels = labelsOf(step);
  caches.identities(ws).add(slot, sourceNo, step.id);
  return {
    runNo: slot.runNo,
    sourceNo,
    seq: step.seq,
    facetsNo: names.numberOf(facetsOf(step), draft),
    labelsNo: labels === "" ? 0 : names.numberOf(labels, draft),
  };
}

function save(draft: TransactionDraft, table: string, values: readonly Bound[]): void {
  const marks = values.map(() => "?").join(", ");
  draft.run(`INSERT OR REPLACE INTO ${table} VALUES (${marks})`, values);
}

/** Saves a row whose last column is the checksum of the others. */
function saveChecked({ shared, draft }: UnitParts, table: string, values: readonly Bound[]): void {
  save(draft, table, [...values, shared.checksum(rowText(values))]);
}

function writeFormer(unit: UnitParts, { formerRuns, formerOutcomes }: Writes): void {
  const { ws } = unit;
  for (const row of formerRuns) saveChecked(unit, "former_runs", [ws, ...encodeFormerRun(row)]);
  for (const row of formerOutcomes) {
    saveChecked(unit, "former_outcomes", [ws, ...encodeFormerOutcome(row)]);
  }
}

function writeCustomers({ shared, ws, draft }: UnitParts, writes: Writes): void {
  for (const customer of writes.customers) {
    save(draft, "customers", [ws, ...encodeCustomer(customer)]);
    shared.caches.saveCustomer(ws, customer);
  }
}

function writeEvents(unit: UnitParts, writes: Writes): void {
  const { shared, ws, draft } = unit;
  for (const entry of writes.journal) {
    const { seq, kind, run, source, id, contentHash, receivedAtMs, document } = entry;
    const checksum = shared.checksum(journalText(entry));
    const values = [ws, seq, kind, run, source, id, contentHash, receivedAtMs, document, checksum];
    save(draft, "journal", values);
  }
  for (const outcome of writes.outcomes) {
    const { run, key, outcome: name, contentHash, status, seq, occurredAtMs } = outcome;
    const { receivedAtMs, customer, agent, period, cardVersionId } = outcome;
    const amounts = [formatAmount(outcome.charge), encodeShares(outcome.shares)];
    const event = [ws, run, key, name, contentHash, status, seq, occurredAtMs, receivedAtMs];
    const rated = [customer, agent, period, cardVersionId, ...amounts];
    const times = [outcome.sinceSeq, outcome.finalAtMs];
    save(draft, "outcomes", [...event, ...rated, outcome.ending, ...times]);
  }
  for (const { callId, customer } of writes.freedCalls) {
    const sql = "DELETE FROM calls WHERE ws = ? AND call_id = ? AND customer = ?";
    draft.run(sql, [ws, callId, customer]);
  }
  for (const { callId, customer, run, source, id } of writes.calls) {
    save(draft, "calls", [ws, callId, customer, run, source, id]);
  }
  writeWaiting(unit, writes);
}

function writeWaiting(unit: UnitParts, writes: Writes): void {
  const { ws, draft } = unit;
  const gone = [
    { table: "suspended", keys: writes.released },
    { table: "witnesses", keys: writes.promoted },
  ];
  for (const { table, keys } of gone) {
    const sql = `DELETE FROM ${table} WHERE ws = ? AND run = ? AND source = ? AND id = ?`;
    for (const { run, source, id } of keys) draft.run(sql, [ws, run, source, id]);
  }
  for (const row of writes.witnesses) {
    const { run, source, id, customer, callId, seq, receivedAtMs, document } = row;
    const values = [ws, run, source, id, customer, callId, seq, receivedAtMs, document];
    saveChecked(unit, "witnesses", values);
  }
  for (const row of writes.suspended) {
    const { run, source, id, seq, contentHash, receivedAtMs, document } = row;
    const values = [ws, run, source, id, seq, contentHash, receivedAtMs, document];
    saveChecked(unit, "suspended", values);
  }
  for (const row of writes.conflicts) {
    const { seq, run, source, id, contentHash, receivedAtMs, document, settled } = row;
    const values = [ws, seq, run, source, id, contentHash, receivedAtMs, document, settled];
    saveChecked(unit, "conflicts", values);
  }
}

function writePeriods(unit: UnitParts, writes: Writes): void {
  const { shared, ws, draft } = unit;
  for (const row of writes.adjustments) {
    const { seq, customer, bookedPeriod, originPeriod, cardKey, chargeKey, cell } = row;
    const { reason, run, source } = row;
    const id = encodeAdjustedId(row);
    const where = [ws, seq, customer, bookedPeriod, originPeriod, cardKey, chargeKey, cell];
    const amount = formatAmount(row.amount);
    saveChecked(unit, "adjustments", [...where, amount, reason, run, source, id]);
  }
  for (const { customer, period, closedAtMs, statementId } of writes.periods) {
    save(draft, "periods", [ws, customer, period, closedAtMs, statementId]);
    shared.caches.forgetPeriods(ws, customer);
  }
  for (const row of writes.statements) {
    const { id, customer, period, currency, closedAtMs, total, document, digest } = row;
    save(draft, "statements", [
      ws,
      id,
      customer,
      period,
      currency,
      closedAtMs,
      total,
      document,
      digest,
    ]);
  }
}

function writeCredit(unit: UnitParts, { creditBooks }: Writes): void {
  for (const book of creditBooks) {
    saveChecked(unit, "credit_books", [unit.ws, ...encodeCreditBook(book)]);
  }
}

function writeTariff(draft: TransactionDraft, ws: number, writes: Writes): void {
  for (const row of writes.cards) save(draft, "rate_cards", [ws, ...encodeCard(row)]);
  for (const row of writes.prices) {
    const { id, source, effectiveFromMs, recordedAtMs, entries } = row;
    const document = encodePriceEntries(entries);
    save(draft, "price_versions", [ws, id, source, effectiveFromMs, recordedAtMs, document]);
  }
}

function writeChain({ shared, ws, draft }: UnitParts, { head, link }: Writes): void {
  if (link !== null) {
    save(draft, "chain", [ws, link.firstSeq, link.lastSeq, link.digest, link.committedAtMs]);
  }
  const sql = "UPDATE workspaces SET last_seq = ?, chain = ? WHERE ws = ?";
  draft.run(sql, [head.lastSeq, head.digest, ws]);
  shared.caches.moveHead(ws, head);
}
