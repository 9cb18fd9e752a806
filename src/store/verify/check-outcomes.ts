/** The outcomes of a run against the journal entries that recorded and reversed them. */
import type { OutcomeRecorded, OutcomeReversed } from "../../domain/event/event.ts";
import type { OutcomeState } from "../../domain/run/run.ts";
import { decodeOutcome } from "../stored-rows.ts";
import type { Books } from "./books.ts";
import type { DataFile } from "./data-file.ts";
import { readable } from "./data-file.ts";
import { keyText } from "./findings.ts";
import { endingAgain } from "./meter-again.ts";
import { countedAtMs, eventsOf, isInItsPeriod, type RunAt } from "./run-entries.ts";
import { chargedAgain } from "./trial-again.ts";

/** Checks the outcomes of a run against the journal and adds them to the books. */
export function checkOutcomesOfRun(file: DataFile, books: Books, at: RunAt): void {
  const recorded = new Map(
    eventsOf<OutcomeRecorded>(at.entries, "outcome.recorded").map((one) => [one.event.key, one]),
  );
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
    const entry = recorded.get(outcome.key);
    const problems = [
      ...recordProblems(outcome, entry),
      ...stateProblems(outcome, at, reversed.has(outcome.key)),
      ...ratingProblems(books, at, outcome),
      ...periodProblems(file, at.ws, outcome),
    ];
    for (const problem of problems) file.findings.add("outcomes", key, problem);
  }
  for (const [key, { entry }] of recorded) {
    const problem = `is missing: journal entry ${entry.seq} recorded it`;
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
    ["seq", outcome.seq, entry.seq],
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
  const status = isReversed ? "reversed" : "recorded";
  if (outcome.status !== status) yield `status is "${outcome.status}", the journal: "${status}"`;
  if (outcome.customer !== run.customer) yield "customer is not that of its run";
  const agent = run.opened ? run.agent : null;
  // What was reversed keeps the agent that it was reversed with.
  if (!isReversed && outcome.agent !== agent) yield "agent is not what its run's opening states";
}

function* periodProblems(file: DataFile, ws: number, outcome: OutcomeState): Generator<string> {
  const { customer, period, shares } = outcome;
  const atMs = countedAtMs(outcome.occurredAtMs, outcome.receivedAtMs);
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
  if (outcome.status === "recorded" && outcome.ending !== ending) {
    yield `ending is "${outcome.ending}", its run's is "${ending}"`;
  }
  const atMs = countedAtMs(outcome.occurredAtMs, outcome.receivedAtMs);
  if (version !== undefined && version.effectiveFromMs > atMs) {
    yield `is charged by card version ${version.id}, which came later`;
  }
}
