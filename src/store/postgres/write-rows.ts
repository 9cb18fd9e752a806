/**
 * Writes what a unit of work changed: one statement a table. Statements are sent
 * one behind the other without waiting for answers; the server carries them out in that order.
 */

import { encodePriceEntries } from "../../domain/cost/price-codec.ts";
import { journalText } from "../../domain/event/codec.ts";
import { sealedStep } from "../../domain/event/step-text.ts";
import { formatAmount } from "../../domain/money/decimal.ts";
import { touchedRules } from "../../engine/commit/rules.ts";
import type { StepKey, Writes } from "../../engine/ports.ts";
import { encodeFormerOutcome, encodeFormerRun } from "../former-rows.ts";
import { encodeShares } from "../rating-text.ts";
import { encodeAdjustedId } from "../stored-adjustment.ts";
import { encodeCreditBook } from "../stored-credit.ts";
import {
  type Bound,
  encodeCustomer,
  encodeRollup,
  encodeRun,
  encodeSegments,
} from "../stored-rows.ts";
import { encodeCard } from "../stored-tariff.ts";
import { Bundle } from "./bundle.ts";
import { rowsOf } from "./connection.ts";
import { sendTogether } from "./driver.ts";
import { writeSpending } from "./postgres-spending.ts";
import { partsOfSealed } from "./sealed-texts.ts";
import { encodeStep } from "./step-rows.ts";
import { saveRows, TABLES, type TableRows } from "./tables.ts";
import { checksumOf, type Target } from "./target.ts";
import { saveTouched, type Touched } from "./touched.ts";
import type { WrittenHolds } from "./written-holds.ts";

/** What is written beside the rows of a unit, and what its holds were. */
interface Beside {
  readonly touched: Touched | null;
  readonly holds: WrittenHolds;
}

/** Rows on their way to the server. */
export interface SentRows {
  /** Rejects with the first failure. It need not be waited for. */
  readonly answered: Promise<void>;
  /** What this process could not send has failed within the turn in which it tried. */
  readonly hasFailed: boolean;
}

/** Sends everything; called inside the unit's transaction. */
export async function writeRows(
  target: Target,
  writes: Writes,
  { touched, holds }: Beside,
): Promise<SentRows> {
  const { queries, ws, places } = target;
  const isLarge = writes.steps.length > STEPS_IN_ONE_PIECE;
  await places.find(
    queries,
    ws,
    writes.steps.map(({ run }) => run),
  );
  const parts = [
    writeTotals,
    writeRuns,
    writeSteps,
    writeEvents,
    writeFormerOutcomes,
    writeCalls,
    writeWaiting,
    writePeriods,
    writeCredit,
    writeTariff,
    writeChain,
  ];
  const bundle = isLarge ? null : new Bundle(queries, target.bundles);
  const into = bundle === null ? target : { ...target, queries: bundle };
  const sending = parts.map((write) => () => write(into, writes));
  sending.push(() => writeSpending(into, writes, holds));
  if (touched !== null) sending.push(() => saveTouched(into, touched));
  const answers = sendTogether(queries, sending, { isLarge });
  bundle?.send();
  return watch(answers);
}

function watch(parts: readonly Promise<void>[]): SentRows {
  let hasFailed = false;
  for (const part of parts) {
    part.catch(() => {
      hasFailed = true;
    });
  }
  const answered = firstFailure(parts);
  answered.catch(() => undefined);
  return {
    answered,
    get hasFailed() {
      return hasFailed;
    },
  };
}

/** Behind the statement that failed the server refuses all others; the first one says why. */
async function firstFailure(parts: readonly Promise<void>[]): Promise<void> {
  for (const one of await Promise.allSettled(parts)) {
    if (one.status === "rejected") throw one.reason;
  }
}

/** A unit of so many steps takes the server longer than a few system calls take this process. */
const STEPS_IN_ONE_PIECE = 100;

type Rows = readonly (readonly Bound[])[];

function save(
  { queries, ws }: Target,
  name: keyof typeof TABLES,
  rows: Rows | Pick<TableRows, "rows" | "skipped">,
): Promise<void> {
  const table = TABLES[name];
  return saveRows(queries, ws, "rows" in rows ? { table, ...rows } : { table, rows });
}

/** Rows of a data folder begin with the workspace. */
const BEHIND_WORKSPACE = 1;

/** Saves rows whose last column is the checksum of the others, in the order of a data folder. */
function saveChecked(target: Target, name: keyof typeof TABLES, rows: Rows): Promise<void> {
  const checked = rows.map((row) => [...row, checksumOf(target, row)]);
  return save(target, name, checked);
}

async function writeRuns(target: Target, { runs, formerRuns }: Writes): Promise<void> {
  const { places } = target;
  // Where rows of a data folder have their workspace, these have their month.
  const rows = runs.map((run) => encodeRun(places.monthOf(run.id), run));
  await Promise.all([
    save(target, "runs", rows),
    saveChecked(target, "formerRuns", formerRuns.map(encodeFormerRun)),
  ]);
}

/**
 * A step at its first revision is not there: the unit looked for its identity under the lock. To
 * look again for each row, as ON CONFLICT does, would cost a third of its writing, and would
 * replace without a word what a defect here had missed; so it is refused.
 */
async function writeSteps(target: Target, writes: Writes): Promise<void> {
  const { digest, places } = target;
  const sealed = partsOfSealed(writes);
  const added: Bound[][] = [];
  const revised: Bound[][] = [];
  for (const [at, step] of writes.steps.entries()) {
    const place = { digest, month: places.monthOf(step.run) };
    const row = encodeStep(step, sealed[at] ?? sealedStep(step), place);
    (step.revision === 1 ? added : revised).push(row);
  }
  const former = writes.formerSteps.map((step) =>
    encodeStep(step, sealedStep(step), { digest, month: null }),
  );
  await Promise.all([
    save(target, "formerSteps", former),
    save(target, "newSteps", added),
    save(target, "revisedSteps", revised),
  ]);
}

async function writeTotals(target: Target, writes: Writes): Promise<void> {
  await Promise.all([
    save(
      target,
      "counters",
      writes.counters.map((row) => {
        const { customer, period, cardKey, chargeKey, cell, counter } = row;
        const segments = encodeSegments(counter);
        return [customer, period, cardKey, chargeKey, cell, segments, formatAmount(counter.amount)];
      }),
    ),
    save(target, "rollups", {
      rows: writes.rollups.map((row) => encodeRollup(target.ws, row)),
      skipped: BEHIND_WORKSPACE,
    }),
    save(target, "customers", writes.customers.map(encodeCustomer)),
  ]);
}

async function writeEvents(target: Target, writes: Writes): Promise<void> {
  await Promise.all([
    save(
      target,
      "journal",
      writes.journal.map((entry) => {
        const { seq, kind, run, source, id, contentHash, receivedAtMs, document } = entry;
        const checksum = target.digest.checksum(journalText(entry));
        return [seq, kind, run, source, id, contentHash, receivedAtMs, document, checksum];
      }),
    ),
    save(
      target,
      "outcomes",
      writes.outcomes.map((row) => {
        const { customer, run, key, outcome, contentHash, status, seq } = row;
        const { occurredAtMs, receivedAtMs, agent, period, cardVersionId } = row;
        const event = [customer, run, key, outcome, contentHash, status, seq, occurredAtMs];
        const rated = [receivedAtMs, agent, period, cardVersionId, formatAmount(row.charge)];
        const times = [row.sinceSeq, row.finalAtMs];
        return [...event, ...rated, encodeShares(row.shares), row.ending, ...times];
      }),
    ),
  ]);
}

async function writeFormerOutcomes(target: Target, { formerOutcomes }: Writes): Promise<void> {
  await saveChecked(target, "formerOutcomes", formerOutcomes.map(encodeFormerOutcome));
}

async function writeCalls(target: Target, { freedCalls, calls }: Writes): Promise<void> {
  const freed = async (): Promise<void> => {
    if (freedCalls.length === 0) return;
    const sql = `DELETE FROM calls c USING unnest($2::text[], $3::text[]) AS k (customer, call_id)
      WHERE c.ws = $1 AND c.customer = k.customer AND c.call_id = k.call_id`;
    const customers = freedCalls.map((call) => call.customer);
    const callIds = freedCalls.map((call) => call.callId);
    await rowsOf(target.queries, sql, [target.ws, customers, callIds]);
  };
  await Promise.all([
    freed(),
    save(
      target,
      "calls",
      calls.map(({ customer, callId, run, source, id }) => [customer, callId, run, source, id]),
    ),
  ]);
}

async function deleteKeys(target: Target, name: string, keys: readonly StepKey[]): Promise<void> {
  if (keys.length === 0) return;
  const sql = `DELETE FROM ${name} t
    USING unnest($2::text[], $3::text[], $4::text[]) AS k (run, source, id)
    WHERE t.ws = $1 AND t.run = k.run AND t.source = k.source AND t.id = k.id`;
  const runs = keys.map((key) => key.run);
  const sources = keys.map((key) => key.source);
  const ids = keys.map((key) => key.id);
  await rowsOf(target.queries, sql, [target.ws, runs, sources, ids]);
}

async function writeWaiting(target: Target, writes: Writes): Promise<void> {
  await Promise.all([
    deleteKeys(target, "witnesses", writes.promoted),
    deleteKeys(target, "suspended", writes.released),
    saveChecked(
      target,
      "witnesses",
      writes.witnesses.map((row) => {
        const { run, source, id, customer, callId, seq, receivedAtMs, document } = row;
        return [run, source, id, customer, callId, seq, receivedAtMs, document];
      }),
    ),
    saveChecked(
      target,
      "suspended",
      writes.suspended.map((row) => {
        const { run, source, id, seq, contentHash, receivedAtMs, document } = row;
        return [run, source, id, seq, contentHash, receivedAtMs, document];
      }),
    ),
    saveChecked(
      target,
      "conflicts",
      writes.conflicts.map((row) => {
        const { seq, run, source, id, contentHash, receivedAtMs, document, settled } = row;
        return [seq, run, source, id, contentHash, receivedAtMs, document, settled];
      }),
    ),
  ]);
}

async function writePeriods(target: Target, writes: Writes): Promise<void> {
  await Promise.all([
    save(
      target,
      "adjustments",
      writes.adjustments.map((row) => {
        const { customer, seq, bookedPeriod, originPeriod, cardKey, chargeKey, cell } = row;
        const { reason, run, source } = row;
        const id = encodeAdjustedId(row);
        const where = [bookedPeriod, originPeriod, cardKey, chargeKey, cell];
        const rest = [...where, formatAmount(row.amount), reason, run, source, id];
        // The customer leads the key here, and the seq in a data folder.
        return [customer, seq, ...rest, checksumOf(target, [seq, customer, ...rest])];
      }),
    ),
    save(
      target,
      "periods",
      writes.periods.map((row) => [row.customer, row.period, row.closedAtMs, row.statementId]),
    ),
    save(
      target,
      "statements",
      writes.statements.map((row) => {
        const { customer, id, period, currency, closedAtMs, total, document, digest } = row;
        return [customer, id, period, currency, closedAtMs, total, document, digest];
      }),
    ),
  ]);
}

async function writeCredit(target: Target, { creditBooks }: Writes): Promise<void> {
  await saveChecked(target, "creditBooks", creditBooks.map(encodeCreditBook));
}

async function writeTariff(target: Target, writes: Writes): Promise<void> {
  await Promise.all([
    save(target, "cards", writes.cards.map(encodeCard)),
    save(
      target,
      "prices",
      writes.prices.map(({ id, source, effectiveFromMs, recordedAtMs, entries }) => {
        return [id, source, effectiveFromMs, recordedAtMs, encodePriceEntries(entries)];
      }),
    ),
  ]);
}

async function writeChain(target: Target, writes: Writes): Promise<void> {
  const { head, link } = writes;
  const links =
    link === null ? [] : [[link.firstSeq, link.lastSeq, link.digest, link.committedAtMs]];
  const { tariff, budgets, terms } = touchedRules(writes);
  const sql = `UPDATE workspaces SET last_seq = $2, chain = $3, committed_at = $4,
    commits = commits + 1, tariff_version = coalesce($5 + commits, tariff_version),
    budgets_version = coalesce($6 + commits, budgets_version),
    terms_version = coalesce($7 + commits, terms_version) WHERE ws = $1`;
  const version = versionBehind(head.digest);
  const versions = [tariff, budgets, terms].map((isTouched) => (isTouched ? version : null));
  const values = [target.ws, head.lastSeq, head.digest, head.committedAtMs, ...versions];
  await Promise.all([save(target, "chain", links), rowsOf(target.queries, sql, values)]);
}

/** Digits of a digest that make a safe integer. */
const VERSION_DIGITS = 12;

/**
 * The version of rules that stand since this link, but for the number of its commit, which tells
 * units without a link apart. A number that is counted up would come again where a copy of the
 * database goes on that lacks some commits, and a node that knew them would take their rules for
 * those of the copy (docs/decisions/0243).
 */
function versionBehind(digest: string): number {
  return Number.parseInt(digest.slice(0, VERSION_DIGITS), 16);
}
