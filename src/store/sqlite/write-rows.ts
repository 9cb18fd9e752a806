/** Writes what a unit of work changed. Called inside its transaction, rows in key order. */

import { present } from "../../domain/assert.ts";
import { encodePriceEntries } from "../../domain/cost/price-codec.ts";
import { journalText } from "../../domain/event/codec.ts";
import { sealedStep } from "../../domain/event/step-text.ts";
import { formatAmount } from "../../domain/money/decimal.ts";
import type { Writes } from "../../engine/ports.ts";
import type { Bound } from "../stored-rows.ts";
import { encodeShares, rowText } from "../stored-rows.ts";
import { factsOf, identityOf } from "./step-rows.ts";
import type { UnitShared } from "./unit-shared.ts";
import { isPendingFull, isPlainUnit, putTotals, writePendingTotals } from "./write-totals.ts";

const IDENTITY = "run_no, source_no, id";
const FACTS = "seq, facets_no, body, labels_no, checksum";
const SAVE_STEP = `INSERT INTO steps (${IDENTITY}, ${FACTS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (${IDENTITY}) DO UPDATE SET seq = excluded.seq, facets_no = excluded.facets_no,
    body = excluded.body, labels_no = excluded.labels_no, checksum = excluded.checksum`;
const SAVE_FORMER_STEP = `INSERT INTO former_steps (${IDENTITY}, ${FACTS})
  VALUES (?, ?, ?, ?, ?, ?, ?, ?)`;

/** Writes everything that a unit changed, totals aside where they may wait. */
export function writeRows(shared: UnitShared, ws: number, writes: Writes): void {
  const summedCount = shared.summing.get(ws);
  if (summedCount !== undefined) {
    // Totals of steps that are on disk: they wait like those of a plain unit, so that not even a
    // full disk keeps them from being summed.
    putTotals(shared, ws, writes);
    shared.caches.pending(ws).steps = summedCount;
    return;
  }
  const isPlain = isPlainUnit(shared, ws, writes);
  putTotals(shared, ws, writes);
  const { sealedSteps } = writes;
  writeSteps(shared, ws, { sql: SAVE_FORMER_STEP, steps: writes.formerSteps, sealedSteps });
  writeSteps(shared, ws, { sql: SAVE_STEP, steps: writes.steps, sealedSteps });
  shared.caches.pending(ws).steps += writes.steps.length;
  if (!isPlain || isPendingFull(shared, ws)) {
    writePendingTotals(shared, ws);
    shared.caches.settle(ws);
  }
  writeCustomers(shared, ws, writes);
  writeEvents(shared, ws, writes);
  writePeriods(shared, ws, writes);
  writeTariff(shared, ws, writes);
  writeChain(shared, ws, writes);
}

function writeSteps(
  shared: UnitShared,
  ws: number,
  { sql, steps, sealedSteps }: { readonly sql: string } & Pick<Writes, "steps" | "sealedSteps">,
): void {
  if (steps.length === 0) return;
  const statement = shared.statements.of(sql);
  for (const step of steps) {
    const runNo = present(shared.caches.run(ws, step.run), `run "${step.run}"`).runNo;
    const sealed = sealedSteps.get(step) ?? sealedStep(step);
    const [run, source, id] = identityOf(step, runNo, shared.names);
    const [seq, facets, body, labels, checksum] = factsOf(step, sealed, shared);
    statement.run(run, source, id, seq, facets, body, labels, checksum);
  }
}

function save(shared: UnitShared, table: string, values: readonly Bound[]): void {
  const marks = values.map(() => "?").join(", ");
  shared.statements.of(`INSERT OR REPLACE INTO ${table} VALUES (${marks})`).run(...values);
}

/** Saves a row whose last column is the checksum of the others. */
function saveChecked(shared: UnitShared, table: string, values: readonly Bound[]): void {
  save(shared, table, [...values, shared.checksum(rowText(values))]);
}

function writeCustomers(shared: UnitShared, ws: number, writes: Writes): void {
  for (const customer of writes.customers) {
    const { id, name, timeZone, anchorDay, cardKey, createdAtMs } = customer;
    save(shared, "customers", [ws, id, name, timeZone, anchorDay, cardKey, createdAtMs]);
    shared.caches.saveCustomer(ws, customer);
  }
}

function writeEvents(shared: UnitShared, ws: number, writes: Writes): void {
  const { statements } = shared;
  for (const entry of writes.journal) {
    const { seq, kind, run, source, id, contentHash, receivedAtMs, document } = entry;
    const checksum = shared.checksum(journalText(entry));
    const values = [ws, seq, kind, run, source, id, contentHash, receivedAtMs, document, checksum];
    save(shared, "journal", values);
  }
  for (const outcome of writes.outcomes) {
    const { run, key, outcome: name, contentHash, status, seq, occurredAtMs } = outcome;
    const { receivedAtMs, customer, agent, period, cardVersionId } = outcome;
    const amounts = [formatAmount(outcome.charge), encodeShares(outcome.shares)];
    const event = [ws, run, key, name, contentHash, status, seq, occurredAtMs, receivedAtMs];
    save(shared, "outcomes", [...event, customer, agent, period, cardVersionId, ...amounts]);
  }
  for (const { callId, customer } of writes.freedCalls) {
    const sql = "DELETE FROM calls WHERE ws = ? AND call_id = ? AND customer = ?";
    statements.of(sql).run(ws, callId, customer);
  }
  for (const { callId, customer, run, source, id } of writes.calls) {
    save(shared, "calls", [ws, callId, customer, run, source, id]);
  }
  writeWaiting(shared, ws, writes);
}

function writeWaiting(shared: UnitShared, ws: number, writes: Writes): void {
  const gone = [
    { table: "suspended", keys: writes.released },
    { table: "witnesses", keys: writes.promoted },
  ];
  for (const { table, keys } of gone) {
    const sql = `DELETE FROM ${table} WHERE ws = ? AND run = ? AND source = ? AND id = ?`;
    for (const { run, source, id } of keys) shared.statements.of(sql).run(ws, run, source, id);
  }
  for (const row of writes.witnesses) {
    const { run, source, id, customer, callId, seq, receivedAtMs, document } = row;
    const values = [ws, run, source, id, customer, callId, seq, receivedAtMs, document];
    saveChecked(shared, "witnesses", values);
  }
  for (const row of writes.suspended) {
    const { run, source, id, seq, contentHash, receivedAtMs, document } = row;
    const values = [ws, run, source, id, seq, contentHash, receivedAtMs, document];
    saveChecked(shared, "suspended", values);
  }
  for (const row of writes.conflicts) {
    const { seq, run, source, id, contentHash, receivedAtMs, document, settled } = row;
    const values = [ws, seq, run, source, id, contentHash, receivedAtMs, document, settled];
    saveChecked(shared, "conflicts", values);
  }
}

function writePeriods(shared: UnitShared, ws: number, writes: Writes): void {
  for (const row of writes.adjustments) {
    const { seq, customer, bookedPeriod, originPeriod, cardKey, chargeKey, cell } = row;
    const { reason, run, source, id } = row;
    const where = [ws, seq, customer, bookedPeriod, originPeriod, cardKey, chargeKey, cell];
    const amount = formatAmount(row.amount);
    saveChecked(shared, "adjustments", [...where, amount, reason, run, source, id]);
  }
  for (const { customer, period, closedAtMs, statementId } of writes.periods) {
    save(shared, "periods", [ws, customer, period, closedAtMs, statementId]);
    shared.caches.forgetPeriods(ws, customer);
  }
  for (const row of writes.statements) {
    const { id, customer, period, currency, closedAtMs, total, document, digest } = row;
    save(shared, "statements", [
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

function writeTariff(shared: UnitShared, ws: number, writes: Writes): void {
  for (const row of writes.cards) {
    const { id, version, effectiveFromMs, recordedAtMs, card, document } = row;
    const values = [ws, id, card.key, version, effectiveFromMs, recordedAtMs, document];
    save(shared, "rate_cards", values);
  }
  for (const row of writes.prices) {
    const { id, source, effectiveFromMs, recordedAtMs, entries } = row;
    const document = encodePriceEntries(entries);
    save(shared, "price_versions", [ws, id, source, effectiveFromMs, recordedAtMs, document]);
  }
}

function writeChain(shared: UnitShared, ws: number, writes: Writes): void {
  const { head, link } = writes;
  if (link !== null) {
    save(shared, "chain", [ws, link.firstSeq, link.lastSeq, link.digest]);
  }
  const sql = "UPDATE workspaces SET last_seq = ?, chain = ? WHERE ws = ?";
  shared.statements.of(sql).run(head.lastSeq, head.digest, ws);
}
