/** The outcomes of a run against the journal entries that recorded and reversed them. */
import type { OutcomeRecorded, OutcomeReversed } from "../../domain/event/event.ts";
import type { JournalEntry } from "../../domain/event/journal.ts";
import type { OutcomeState } from "../../domain/run/run.ts";
import { decodeOutcome } from "../stored-rows.ts";
import type { Books } from "./books.ts";
import type { DataFile } from "./data-file.ts";
import { readable } from "./data-file.ts";
import { keyText } from "./findings.ts";
import { endingAgain } from "./meter-again.ts";
import { countedAtMs, eventsOf, isInItsPeriod, type RunAt } from "./run-entries.ts";
import { type Settled, settledAgain } from "./settle-again.ts";
import { chargedAgain } from "./trial-again.ts";

/** Checks the outcomes of a run against the journal and adds them to the books. */
export function checkOutcomesOfRun(file: DataFile, books: Books, at: RunAt): void {
  const recordings = eventsOf<OutcomeRecorded>(at.entries, "outcome.recorded");
  const recorded = Map.groupBy(recordings, ({ event }) => event.key);
  const reversals = eventsOf<OutcomeReversed>(at.entries, "outcome.reversed");
  const reversed = new Set(reversals.map(({ event }) => event.key));
  const sql = "SELECT * FROM outcomes WHERE ws = ? AND run = ?";
  const seen = new Set<string>();
  for (const row of file.all(sql, at.ws, at.run.id)) {
    file.count("outcomes");
    const key = keyText(file.workspace(at.ws), at.run.id, row.key as string);
    const outcome = readable(file, { table: "outcomes", key }, () => decodeOutcome(row));
    seen.add(row.key as string);
    if (outcome === undefined) continue;
    books.addOutcome(at.ws, outcome);
    const own = recorded.get(outcome.key) ?? [];
    const isReversed = reversed.has(outcome.key);
    const settled = at.entries.find(({ kind, id }) => {
      return kind === "outcome.settled" && id === `settled-${outcome.key}`;
    });
    const events = { recorded: own, isReversed, settled };
    const charges = books.chargesAtRecording(at.ws, outcome);
    const problems = [
      ...recordProblems(outcome, own[0]),
      ...stateProblems(outcome, at, isReversed),
      ...settlingProblems(outcome, settledAgain(events, charges)),
      ...timelyProblems(file, at.ws, { outcome, settled }),
      ...ratingProblems(books, at, outcome),
      ...periodProblems(file, at.ws, outcome),
    ];
    for (const problem of problems) file.findings.add("outcomes", key, problem);
  }
  for (const [key, own] of recorded) {
    const problem = `is missing: journal entry ${own[0]?.entry.seq} recorded it`;
    const where = keyText(file.workspace(at.ws), at.run.id, key);
    file.findings.expect(seen.has(key), ["outcomes", where, problem]);
  }
}

type Recorded = ReturnType<typeof eventsOf<OutcomeRecorded>>[number];

function* recordProblems(outcome: OutcomeState, of: Recorded | undefined): Generator<string> {
  if (of === undefined) {
    yield "is not in the journal";
    return;
  }
  const { event, entry } = of;
  const pairs = [
    ["outcome", outcome.outcome, event.outcome],
    ["content_hash", outcome.contentHash, event.contentHash],
    ["occurred_at", outcome.occurredAtMs, event.occurredAtMs],
    ["received_at", outcome.receivedAtMs, entry.receivedAtMs],
  ];
  for (const [column, stored, journalled] of pairs) {
    if (stored !== journalled) yield `${column} is not what the journal recorded`;
  }
}

function* stateProblems(
  outcome: OutcomeState,
  { run }: RunAt,
  isReversed: boolean,
): Generator<string> {
  if (outcome.customer !== run.customer) yield "customer is not that of its run";
  const agent = run.opened ? run.agent : null;
  // What was reversed keeps the agent that it was reversed with.
  if (!isReversed && outcome.agent !== agent) yield "agent is not what its run's opening states";
}

function* settlingProblems(outcome: OutcomeState, by: Settled | undefined): Generator<string> {
  if (by === undefined) return;
  const { finalAtMs, status, seq } = outcome;
  if (status !== by.status) yield `status is "${status}", the journal: "${by.status}"`;
  if (finalAtMs !== by.finalAtMs) yield `final_at is ${finalAtMs}, by its card ${by.finalAtMs}`;
  if (seq !== by.seq) yield "seq is not what the journal recorded";
}

/** Nothing is final before its time, and a close leaves nothing behind that was final by then. */
function* timelyProblems(
  file: DataFile,
  ws: number,
  of: { readonly outcome: OutcomeState; readonly settled: JournalEntry | undefined },
): Generator<string> {
  const { outcome, settled } = of;
  const { customer, period, status, finalAtMs } = outcome;
  if (settled !== undefined && !(finalAtMs !== null && finalAtMs <= settled.receivedAtMs)) {
    yield `became final by journal entry ${settled.seq}, before its time`;
  }
  if (status !== "provisional") return;
  const sql = "SELECT closed_at FROM periods WHERE ws = ? AND customer = ? AND period = ?";
  const closedAtMs = file.first(sql, ws, customer, period)?.closed_at as number | undefined;
  if (closedAtMs === undefined || finalAtMs === null || finalAtMs > closedAtMs) return;
  yield `was final before its period ${period} was closed, and is not charged`;
}

function* periodProblems(file: DataFile, ws: number, outcome: OutcomeState): Generator<string> {
  const { customer, period } = outcome;
  // Its calendar is fixed before it is charged: that period is the one that will bill it.
  const shares = outcome.status === "provisional" ? [outcome.key] : outcome.shares;
  const occurredAtMs = countedAtMs(outcome.occurredAtMs, outcome.receivedAtMs);
  const atMs = outcome.finalAtMs ?? occurredAtMs;
  if (!isInItsPeriod(file, ws, { customer, period, shares, atMs })) yield `period is ${period}`;
}

function* ratingProblems(
  books: Books,
  { ws, run }: RunAt,
  outcome: OutcomeState,
): Generator<string> {
  const charge = chargedAgain(outcome.shares);
  if (outcome.charge !== charge) yield "charge is not the sum of its shares";
  const { cardVersionId } = outcome;
  if (cardVersionId === null) {
    if (outcome.shares.length > 0) yield "is charged without a card version";
    return;
  }
  const version = books.cards.of(ws, cardVersionId);
  if (version === undefined) yield `names card version ${cardVersionId}, which is missing`;
  const ending = endingAgain(version?.charges ?? [], "outcomes", run);
  // What was reversed keeps the ending that it was reversed with.
  if (outcome.status !== "reversed" && outcome.ending !== ending) {
    yield `ending is "${outcome.ending}", its run's is "${ending}"`;
  }
  const atMs = countedAtMs(outcome.occurredAtMs, outcome.receivedAtMs);
  if (version !== undefined && version.effectiveFromMs > atMs) {
    yield `is charged by card version ${version.id}, which came later`;
  }
}
