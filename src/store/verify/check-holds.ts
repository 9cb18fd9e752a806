/**
 * Holds against what they are for: whose they are, the step that settles them, and what each sets
 * aside in a balance against its own worst case. A hold that was removed whole leaves no trace.
 */
import { EXPIRIES, HOLD_STATES, type Hold } from "../../domain/budget/hold.ts";
import { decodeEvent } from "../../domain/event/codec.ts";
import type { Usage } from "../../domain/event/usage.ts";
import { decodeHold } from "../stored-budgets.ts";
import type { Row } from "../stored-rows.ts";
import { levelOf, NOTHING } from "./budget-measures.ts";
import type { BudgetDocument } from "./check-budgets.ts";
import type { DataFile } from "./data-file.ts";
import { readable } from "./data-file.ts";
import { keyText } from "./findings.ts";
import { isRecordedStep } from "./recorded.ts";

/** Checks every hold. */
export function checkHolds(file: DataFile): void {
  for (const row of file.each("SELECT * FROM holds ORDER BY ws, run, source, id")) {
    const ws = row.ws as number;
    const key = keyText(file.workspace(ws), row.run as string, row.source as string, `${row.id}`);
    const problems = readable(file, { table: "holds", key }, () => [
      ...holdProblems(file, ws, row),
    ]);
    for (const problem of problems ?? []) file.findings.add("holds", key, problem);
  }
}

const STATES: readonly string[] = HOLD_STATES;
const ENDS: readonly string[] = EXPIRIES;
const CUSTOMER = "SELECT customer FROM runs WHERE ws = ? AND id = ?";

function* holdProblems(file: DataFile, ws: number, row: Row): Generator<string> {
  const hold = decodeHold(row);
  const { state, settledBy, endedAtMs, onExpiry, reserves } = hold;
  if (!STATES.includes(state) || !ENDS.includes(onExpiry)) yield "is in no state that there is";
  if (state === "open" && isRecordedStep(file, ws, hold)) yield "is open, and its step is recorded";
  if (settledBy !== null && !isRecordedStep(file, ws, settledBy)) {
    yield "is settled by a step that is not recorded";
  }
  const settler = [row.settled_run, row.settled_source, row.settled_id];
  const isNamed = settler.every((part) => part !== null);
  if (state !== "settled" && isNamed) yield "names a step, and is not settled";
  if (!isNamed && settler.some((part) => part !== null)) yield "names a part of a step";
  if ((state === "open") !== (endedAtMs === null)) yield "ended_at does not agree with its state";
  const run = file.first(CUSTOMER, ws, hold.run);
  if (run?.customer !== hold.customer) yield "is of another customer than its run";
  const usage = usageOf(hold);
  if (usage === null) yield "is for another step than its document tells";
  for (const { budgetId, amount } of reserves) {
    const budget = budgetOf(file, ws, budgetId);
    if (budget === undefined) yield `holds of budget ${budgetId}, which is missing`;
    if (amount <= 0n) yield "sets nothing aside";
    if (budget === undefined || usage === null) continue;
    const worst = worstOf(hold, budget, usage);
    if (worst !== null && worst !== amount) {
      yield `sets aside something else of budget ${budgetId} than its worst case`;
    }
  }
  yield* creditProblems(file, ws, hold);
}

/** A hold of credit is for its charges, each known beside the whole. */
function* creditProblems(file: DataFile, ws: number, { reserves }: Hold): Generator<string> {
  for (const [budgetId, own] of Map.groupBy(reserves, (one) => one.budgetId)) {
    if (budgetOf(file, ws, budgetId)?.measure !== "prepaid") continue;
    const sumOf = (some: typeof own) => some.reduce((sum, { amount }) => sum + amount, 0n);
    const [whole, parts] = [
      own.filter(({ window }) => window === ""),
      own.filter(({ window }) => window !== ""),
    ].map(sumOf);
    if (whole !== parts) yield "holds of credit, and its charges do not add up to that";
  }
}

const BUDGET = "SELECT document FROM budgets WHERE ws = ? AND id = ?";

function budgetOf(file: DataFile, ws: number, budgetId: number): BudgetDocument | undefined {
  const row = file.first(BUDGET, ws, budgetId);
  return row === undefined ? undefined : (JSON.parse(row.document as string) as BudgetDocument);
}

/** What the step may use up at most; null: the document is of another step. */
function usageOf({ run, source, id, document }: Hold): Usage | null {
  const event = decodeEvent(document);
  const isIts = event.run === run && event.source === source && event.id === id;
  return isIts && event.type === "step" ? event.usage : null;
}

/** What a balance of a budget has to hold; null: its row does not say, or it is told elsewhere. */
function worstOf(hold: Hold, document: BudgetDocument, usage: Usage): bigint | null {
  const { customer, cost, charge, currency, grantedAtMs: atMs } = hold;
  if (document.measure === "prepaid" || document.measure === "credits") return null;
  const of = { ws: 0, customer, agent: null, labels: null, cardKey: null, firstSeq: 0, atMs };
  return levelOf({ document }, { ...NOTHING, ...of, cost, charge, currency, usage, steps: 1n });
}
