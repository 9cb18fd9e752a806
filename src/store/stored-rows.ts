/**
 * Every row but the step's, to and from its domain form, as any SQL store keeps it: amounts and
 * quantities as decimal text, lists and labels as JSON text, counts and instants as numbers.
 */
import type { JournalEntry, JournalKind } from "../domain/event/journal.ts";
import { formatAmount, formatQuantity } from "../domain/money/decimal.ts";
import type { PeriodState, StatementRecord } from "../domain/period/records.ts";
import { counterOf, segmentsOf } from "../domain/rating/counter.ts";
import type { RollupRow } from "../domain/run/rollup.ts";
import type { OutcomeState, Restating, Run, RunFacts, RunStatus } from "../domain/run/run.ts";
import type { StatementHead } from "../engine/periods/statement-list.ts";
import type {
  Call,
  Conflict,
  Customer,
  StoredCounter,
  Suspended,
  Witness,
} from "../engine/ports.ts";
import { decodeRating, decodeShares, encodeRating } from "./rating-text.ts";
import { decodeCharges, decodeCorrections, encodeCharges, encodeCorrections } from "./run-parts.ts";
import { amountOf, quantityOf } from "./stored-decimal.ts";

/** A row by column name, as a driver gives it. */
export type Row = Readonly<Record<string, unknown>>;

/** A value as it is bound to a statement. */
export type Bound = string | number | null | Uint8Array;

/** A column that is never NULL. */
export function text(row: Row, name: string): string {
  return row[name] as string;
}
function optional(row: Row, name: string): string | null {
  return row[name] as string | null;
}
function number(row: Row, name: string): number {
  return row[name] as number;
}
/** SQLite has no booleans: 1 is true. */
function isSet(row: Row, name: string): boolean {
  return row[name] === 1 || row[name] === true;
}

/** Columns of `runs`, in binding order. */
export const RUN_COLUMNS = [
  "ws",
  "id",
  "customer",
  "agent",
  "parent",
  "height",
  "standing",
  "status",
  "opened",
  "opened_at",
  "head",
  "agent_head",
  "closed_at",
  "closed_by",
  "last_seen_at",
  "labels",
  "authority",
  "suspended",
  "own_steps",
  "own_unpriced",
  "own_cost",
  "own_charge",
  "tree_steps",
  "tree_unpriced",
  "tree_cost",
  "tree_charge",
  "rating",
  "ended_at",
  "charged_in",
  "corrections",
  "since_seq",
  "end_user",
] as const;

/** Values in the order of RUN_COLUMNS. */
export function encodeRun(ws: number, run: Run): Bound[] {
  const { own, tree } = run;
  return [
    ws,
    run.id,
    run.customer,
    run.agent,
    run.parent,
    run.height,
    run.standing ? 1 : 0,
    run.status,
    run.opened ? 1 : 0,
    run.openedAtMs,
    encodeHead(run),
    run.agentHead,
    run.closedAtMs,
    run.closedBy,
    run.lastSeenAtMs,
    run.labels === null ? null : JSON.stringify(run.labels),
    run.authority,
    run.suspended,
    own.steps,
    own.unpriced,
    formatAmount(own.cost),
    formatAmount(own.charge),
    tree.steps,
    tree.unpriced,
    formatAmount(tree.cost),
    formatAmount(tree.charge),
    run.rating === null ? null : encodeRating(run.rating),
    run.endedAtMs,
    encodeCharges(run),
    run.corrections.length === 0 ? null : encodeCorrections(run.corrections),
    run.sinceSeq,
    run.endUser,
  ];
}

/**
 * What a late opening has yet to restate stands behind its place: in a column of its own it would
 * stop nodes of the version before, whose prepared statements read rows as they were. They keep it
 * here as it is. A place holds this character nowhere.
 */
const RESTATING = "\u001d";

function encodeHead({ head, restating }: Run): string {
  return restating === null ? head : `${head}${RESTATING}${JSON.stringify(restating)}`;
}

function placeOfHead(head: string): string {
  const end = head.indexOf(RESTATING);
  return end < 0 ? head : head.slice(0, end);
}

function decodeRestating(head: string): Restating | null {
  const end = head.indexOf(RESTATING);
  return end < 0 ? null : (JSON.parse(head.slice(end + RESTATING.length)) as Restating);
}

/** A run, its labels and rating from their JSON text. */
export function decodeRun(row: Row): Run {
  const totals = (of: "own" | "tree") => ({
    steps: number(row, `${of}_steps`),
    unpriced: number(row, `${of}_unpriced`),
    cost: amountOf(text(row, `${of}_cost`)),
    charge: amountOf(text(row, `${of}_charge`)),
  });
  const corrections = optional(row, "corrections");
  const tree = totals("tree");
  return {
    ...decodeRunFacts(row),
    lastSeenAtMs: number(row, "last_seen_at"),
    own: totals("own"),
    tree,
    chargedIn: decodeCharges(optional(row, "charged_in"), tree.charge),
    corrections: corrections === null ? [] : decodeCorrections(corrections),
    restating: decodeRestating(text(row, "head")),
  };
}

/** The facts of a run alone. */
export function decodeRunFacts(row: Row): RunFacts {
  const rating = optional(row, "rating");
  return {
    id: text(row, "id"),
    sinceSeq: number(row, "since_seq"),
    customer: optional(row, "customer"),
    agent: optional(row, "agent"),
    parent: optional(row, "parent"),
    height: number(row, "height"),
    standing: isSet(row, "standing"),
    status: text(row, "status") as RunStatus,
    opened: isSet(row, "opened"),
    openedAtMs: number(row, "opened_at"),
    head: placeOfHead(text(row, "head")),
    agentHead: text(row, "agent_head"),
    closedAtMs: row.closed_at as number | null,
    closedBy: text(row, "closed_by"),
    labels: row.labels === null ? null : JSON.parse(text(row, "labels")),
    authority: optional(row, "authority"),
    endUser: optional(row, "end_user"),
    suspended: number(row, "suspended"),
    rating: rating === null ? null : decodeRating(rating),
    endedAtMs: row.ended_at as number | null,
  };
}

/** A customer with its billing settings. */
export function decodeCustomer(row: Row): Customer {
  return {
    id: text(row, "id"),
    name: optional(row, "name"),
    timeZone: text(row, "time_zone"),
    anchorDay: number(row, "anchor_day"),
    cardKey: optional(row, "card_key"),
    formerCards: JSON.parse(text(row, "former_cards")),
    startedAtMs: number(row, "started_at"),
    createdAtMs: number(row, "created_at"),
    parent: decodeParent(optional(row, "parent")),
  };
}

function decodeParent(stored: string | null): Customer["parent"] {
  return stored === null ? null : (JSON.parse(stored) as Customer["parent"]);
}

/** Values of a customer in the order of its columns, without the workspace. */
export function encodeCustomer(customer: Customer): Bound[] {
  const { id, name, timeZone, anchorDay, cardKey, createdAtMs, startedAtMs } = customer;
  const formerCards = JSON.stringify(customer.formerCards);
  const parent = customer.parent === null ? null : JSON.stringify(customer.parent);
  const calendar = [timeZone, anchorDay];
  return [id, name, ...calendar, cardKey, createdAtMs, formerCards, startedAtMs, parent];
}

/** An outcome with its shares. */
export function decodeOutcome(row: Row): OutcomeState {
  return {
    run: text(row, "run"),
    key: text(row, "key"),
    outcome: text(row, "outcome"),
    contentHash: text(row, "content_hash"),
    status: text(row, "status") as OutcomeState["status"],
    seq: number(row, "seq"),
    sinceSeq: number(row, "since_seq"),
    occurredAtMs: number(row, "occurred_at"),
    receivedAtMs: number(row, "received_at"),
    customer: text(row, "customer"),
    agent: optional(row, "agent"),
    period: text(row, "period"),
    cardVersionId: row.card_version as number | null,
    finalAtMs: row.final_at as number | null,
    charge: amountOf(text(row, "charge")),
    shares: decodeShares(text(row, "shares")),
    ending: optional(row, "ending") as OutcomeState["ending"],
  };
}

/** Counter segments as `version=quantity,…`; quantities are scaled integers. */
export function encodeSegments(counter: StoredCounter["counter"]): string {
  return segmentsOf(counter)
    .map((s) => `${s.cardVersionId}=${s.quantity}`)
    .join(",");
}

/** A counter with its segments. */
export function decodeCounter(row: Row): StoredCounter {
  const stored = text(row, "segments");
  const segments = (stored === "" ? [] : stored.split(",")).map((segment) => {
    const [version = "", quantity = ""] = segment.split("=");
    return { cardVersionId: Number(version), quantity: BigInt(quantity) };
  });
  return {
    customer: text(row, "customer"),
    period: text(row, "period"),
    cardKey: text(row, "card_key"),
    chargeKey: text(row, "charge_key"),
    cell: text(row, "cell"),
    counter: counterOf(segments, amountOf(text(row, "amount"))),
  };
}

/** A roll-up row. */
export function decodeRollup(row: Row): RollupRow {
  return {
    customer: text(row, "customer"),
    period: text(row, "period"),
    agent: text(row, "agent"),
    kind: text(row, "kind"),
    provider: text(row, "provider"),
    model: text(row, "model"),
    tool: text(row, "tool"),
    steps: number(row, "steps"),
    unpriced: number(row, "unpriced"),
    cost: amountOf(text(row, "cost")),
    charge: amountOf(text(row, "charge")),
    inputTokens: quantityOf(text(row, "input_tokens")),
    outputTokens: quantityOf(text(row, "output_tokens")),
  };
}

/** Values of a roll-up in the order of its columns, the workspace first. */
export function encodeRollup(ws: number, row: RollupRow): Bound[] {
  return [
    ws,
    row.customer,
    row.period,
    row.agent,
    row.kind,
    row.provider,
    row.model,
    row.tool,
    row.steps,
    row.unpriced,
    formatAmount(row.cost),
    formatAmount(row.charge),
    formatQuantity(row.inputTokens),
    formatQuantity(row.outputTokens),
  ];
}

/** The holder of a call. */
export function decodeCall(row: Row): Call {
  return {
    customer: text(row, "customer"),
    callId: text(row, "call_id"),
    run: text(row, "run"),
    source: text(row, "source"),
    id: text(row, "id"),
  };
}

/** A linked witness with its event. */
export function decodeWitness(row: Row): Witness {
  return {
    ...decodeCall(row),
    seq: number(row, "seq"),
    receivedAtMs: number(row, "received_at"),
    document: text(row, "document"),
  };
}

/** An event that waits. */
export function decodeSuspended(row: Row): Suspended {
  return {
    run: text(row, "run"),
    source: text(row, "source"),
    id: text(row, "id"),
    seq: number(row, "seq"),
    contentHash: text(row, "content_hash"),
    receivedAtMs: number(row, "received_at"),
    document: text(row, "document"),
  };
}

/** A conflicting record with its event. */
export function decodeConflict(row: Row): Conflict {
  return { ...decodeSuspended(row), settled: optional(row, "settled") as Conflict["settled"] };
}

/** A journal entry. */
export function decodeJournal(row: Row): JournalEntry {
  return { ...decodeSuspended(row), kind: text(row, "kind") as JournalKind };
}

/** A closed period. */
export function decodePeriod(row: Row): PeriodState {
  return {
    customer: text(row, "customer"),
    period: text(row, "period"),
    closedAtMs: number(row, "closed_at"),
    statementId: text(row, "statement_id"),
  };
}

/** A statement. */
export function decodeStatement(row: Row): StatementRecord {
  return { ...decodeStatementHead(row), document: text(row, "document") };
}

/** What a list tells of a statement. */
export function decodeStatementHead(row: Row): StatementHead {
  return {
    id: text(row, "id"),
    customer: text(row, "customer"),
    period: text(row, "period"),
    currency: text(row, "currency"),
    closedAtMs: number(row, "closed_at"),
    total: text(row, "total"),
    digest: text(row, "digest"),
  };
}

/** The text that a row's checksum covers: its bound values in column order, without itself. */
export function rowText(values: readonly Bound[]): string {
  return JSON.stringify(values);
}
