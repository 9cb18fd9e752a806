/** Writes what a unit of work changed. Called inside its transaction, rows in key order. */

import { present } from "../../domain/assert.ts";
import { encodePriceEntries } from "../../domain/cost/price-codec.ts";
import { journalText } from "../../domain/event/codec.ts";
import { formatAmount, formatQuantity } from "../../domain/money/decimal.ts";
import type { RollupDelta } from "../../domain/run/rollup.ts";
import { addRollup } from "../../domain/run/rollup.ts";
import type { Run } from "../../domain/run/run.ts";
import type { StoredCounter, Writes } from "../../engine/ports.ts";
import { sealedStep } from "../../engine/seal.ts";
import type { Bound } from "../stored-rows.ts";
import {
  encodeRollup,
  encodeRun,
  encodeSegments,
  encodeShares,
  RUN_COLUMNS,
  rowText,
} from "../stored-rows.ts";
import type { UnitShared } from "./sqlite-unit.ts";
import { factsOf, identityOf } from "./step-rows.ts";

function insertSql(verb: string, table: string, columns: readonly string[]): string {
  return `${verb} INTO ${table} (${columns.join(", ")}) VALUES (${columns.map(() => "?").join(", ")})`;
}

const RUN_UPDATES = RUN_COLUMNS.slice(2).map((name) => `${name} = excluded.${name}`);
const SAVE_RUN = `${insertSql("INSERT", "runs", RUN_COLUMNS)}
  ON CONFLICT (ws, id) DO UPDATE SET ${RUN_UPDATES.join(", ")} RETURNING run_no`;
const IDENTITY = "run_no, source_no, id";
const FACTS = "seq, facets_no, body, labels_no, checksum";
const SAVE_STEP = `INSERT INTO steps (${IDENTITY}, ${FACTS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (${IDENTITY}) DO UPDATE SET seq = excluded.seq, facets_no = excluded.facets_no,
    body = excluded.body, labels_no = excluded.labels_no, checksum = excluded.checksum`;
const SAVE_FORMER_STEP = `INSERT INTO former_steps (${IDENTITY}, ${FACTS})
  VALUES (?, ?, ?, ?, ?, ?, ?, ?)`;

export function writeRows(shared: UnitShared, ws: number, writes: Writes): void {
  for (const run of writes.runs) saveRun(shared, ws, run);
  const { sealedSteps } = writes;
  writeSteps(shared, ws, { sql: SAVE_FORMER_STEP, steps: writes.formerSteps, sealedSteps });
  writeSteps(shared, ws, { sql: SAVE_STEP, steps: writes.steps, sealedSteps });
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

function writeTotals(shared: UnitShared, ws: number, writes: Writes): void {
  for (const counter of writes.counters) saveCounter(shared, ws, counter);
  for (const delta of writes.rollups) saveRollup(shared, ws, delta);
  for (const customer of writes.customers) {
    const { id, name, timeZone, anchorDay, cardKey, createdAtMs } = customer;
    save(shared, "customers", [ws, id, name, timeZone, anchorDay, cardKey, createdAtMs]);
    shared.caches.saveCustomer(ws, customer);
  }
}

const UPDATE_COUNTER = "UPDATE counters SET segments = ?, amount = ? WHERE counter_no = ?";
const INSERT_COUNTER = `INSERT INTO counters
  (ws, customer, period, card_key, charge_key, cell, segments, amount)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?) RETURNING counter_no`;

function saveCounter(shared: UnitShared, ws: number, stored: StoredCounter): void {
  const { customer, period, cardKey, chargeKey, cell, counter } = stored;
  const amount = formatAmount(counter.amount);
  const segments = encodeSegments(counter);
  const slot = shared.caches.counter(ws, stored);
  if (slot === undefined) {
    const key = [ws, customer, period, cardKey, chargeKey, cell];
    const row = shared.statements.of(INSERT_COUNTER).get(...key, segments, amount);
    shared.caches.addCounter(ws, { counterNo: row?.counter_no as number, stored });
    return;
  }
  slot.stored = stored;
  shared.statements.of(UPDATE_COUNTER).run(segments, amount, slot.counterNo);
}

const UPDATE_ROLLUP = `UPDATE rollups SET steps = ?, unpriced = ?, cost = ?, charge = ?,
  input_tokens = ?, output_tokens = ? WHERE rollup_no = ?`;
const INSERT_ROLLUP = `INSERT INTO rollups
  (ws, customer, period, agent, kind, provider, model, tool,
   steps, unpriced, cost, charge, input_tokens, output_tokens)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING rollup_no`;

function saveRollup(shared: UnitShared, ws: number, delta: RollupDelta): void {
  const slot = shared.caches.rollup(ws, delta);
  if (slot === undefined) {
    const row = shared.statements.of(INSERT_ROLLUP).get(...encodeRollup(ws, delta));
    shared.caches.addRollup(ws, { rollupNo: row?.rollup_no as number, row: delta });
    return;
  }
  slot.row = addRollup(slot.row, delta);
  const { steps, unpriced, cost, charge, inputTokens, outputTokens } = slot.row;
  shared.statements
    .of(UPDATE_ROLLUP)
    .run(
      steps,
      unpriced,
      formatAmount(cost),
      formatAmount(charge),
      formatQuantity(inputTokens),
      formatQuantity(outputTokens),
      slot.rollupNo,
    );
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
