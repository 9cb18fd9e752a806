/** Writes what a unit of work changed. Called inside its transaction, rows in key order. */

import { encodePriceEntries } from "../../domain/cost/price-codec.ts";
import { journalText, stepText } from "../../domain/event/codec.ts";
import type { Step } from "../../domain/event/step.ts";
import { formatAmount } from "../../domain/money/decimal.ts";
import { addRollup } from "../../domain/run/rollup.ts";
import type { Run } from "../../domain/run/run.ts";
import type { StoredCounter, Writes } from "../../engine/ports.ts";
import {
  encodeRollup,
  encodeRun,
  encodeSegments,
  encodeShares,
  RUN_COLUMNS,
  rowText,
} from "./other-rows.ts";
import type { UnitShared } from "./sqlite-unit.ts";
import type { Bound } from "./step-rows.ts";
import { encodeStep, STEP_COLUMNS } from "./step-rows.ts";

function insertSql(verb: string, table: string, columns: readonly string[]): string {
  return `${verb} INTO ${table} (${columns.join(", ")}) VALUES (${columns.map(() => "?").join(", ")})`;
}

const RUN_UPDATES = RUN_COLUMNS.slice(2).map((name) => `${name} = excluded.${name}`);
const SAVE_RUN = `${insertSql("INSERT", "runs", RUN_COLUMNS)}
  ON CONFLICT (ws, id) DO UPDATE SET ${RUN_UPDATES.join(", ")} RETURNING run_no`;
const SAVE_STEP = insertSql("INSERT OR REPLACE", "steps", STEP_COLUMNS);
const SAVE_FORMER_STEP = insertSql("INSERT OR REPLACE", "former_steps", STEP_COLUMNS);

export function writeRows(shared: UnitShared, ws: number, writes: Writes): void {
  for (const run of writes.runs) saveRun(shared, ws, run);
  writeSteps(shared, ws, { sql: SAVE_FORMER_STEP, steps: writes.formerSteps });
  writeSteps(shared, ws, { sql: SAVE_STEP, steps: writes.steps });
  writeTotals(shared, ws, writes);
  writeEvents(shared, ws, writes);
  writePeriods(shared, ws, writes);
  writeTariff(shared, ws, writes);
  writeChain(shared, ws, writes);
}

function saveRun(shared: UnitShared, ws: number, run: Run): void {
  const known = shared.caches.run(ws, run.id);
  const statement = shared.statements.of(known === undefined ? SAVE_RUN : UPDATE_RUN);
  const values = encodeRun(ws, run);
  if (known === undefined) {
    const row = statement.get(...values);
    shared.caches.saveRun(ws, { runNo: row?.run_no as number, run });
    return;
  }
  statement.run(...values.slice(2), known.runNo);
  shared.caches.saveRun(ws, { runNo: known.runNo, run });
}

const UPDATE_RUN = `UPDATE runs SET ${RUN_COLUMNS.slice(2)
  .map((name) => `${name} = ?`)
  .join(", ")} WHERE run_no = ?`;

function writeSteps(
  shared: UnitShared,
  ws: number,
  { sql, steps }: { readonly sql: string; readonly steps: readonly Step[] },
): void {
  const { names, checksum } = shared;
  const tools = { names, checksum: (step: Step) => checksum(stepText(step)) };
  const statement = shared.statements.of(sql);
  for (const step of steps) {
    const runNo = shared.caches.run(ws, step.run)?.runNo as number;
    statement.run(...encodeStep(step, runNo, tools));
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

function writeTotals(shared: UnitShared, ws: number, writes: Writes): void {
  for (const counter of writes.counters) saveCounter(shared, ws, counter);
  for (const delta of writes.rollups) {
    const before = shared.caches.rollup(ws, delta);
    const after = before === undefined ? delta : addRollup(before, delta);
    save(shared, "rollups", encodeRollup(ws, after));
    shared.caches.saveRollup(ws, after);
  }
  for (const customer of writes.customers) {
    const { id, name, timeZone, anchorDay, cardKey, createdAtMs } = customer;
    save(shared, "customers", [ws, id, name, timeZone, anchorDay, cardKey, createdAtMs]);
    shared.caches.saveCustomer(ws, customer);
  }
}

function saveCounter(shared: UnitShared, ws: number, stored: StoredCounter): void {
  const { customer, period, cardKey, chargeKey, cell, counter } = stored;
  const amount = formatAmount(counter.amount);
  const segments = encodeSegments(counter);
  save(shared, "counters", [ws, customer, period, cardKey, chargeKey, cell, segments, amount]);
  shared.caches.saveCounter(ws, stored);
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
  for (const row of writes.witnesses) {
    const { run, source, id, customer, callId, seq, receivedAtMs, document } = row;
    const values = [ws, run, source, id, customer, callId, seq, receivedAtMs, document];
    saveChecked(shared, "witnesses", values);
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
