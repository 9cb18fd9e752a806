/** Balances and overruns against what their budgets select, and stages against what was told. */
import { AMOUNT_SCALE, QUANTITY_SCALE } from "../../domain/limits.ts";
import { formatScaled, parseScaled } from "../../domain/money/decimal.ts";
import { decodeBalance } from "../stored-budgets.ts";
import type { Acts } from "./acts.ts";
import type { ActedBudgets } from "./budget-acts.ts";
import type { BudgetSums, SummedBudget } from "./budget-sums.ts";
import { keyOf } from "./check-budgets.ts";
import type { DataFile } from "./data-file.ts";
import { readable } from "./data-file.ts";
import { joined, KEY_PART_END } from "./key-parts.ts";
import { RebuiltSums } from "./rebuilt-sums.ts";

const TABLE = "budget_balances";

/** The sequence number of the first step behind the totals of a workspace; null: there is none. */
const FIRST_WAITING_SEQ = `SELECT min(s.seq) AS seq FROM steps s JOIN runs r USING (run_no)
  WHERE s.step_no > ? AND r.ws = ?`;

/** Checks that each balance is the sum of what it stands for, to the last digit. */
export function checkBalances(
  file: DataFile,
  { sums, acts, acted }: { sums: BudgetSums; acts: Acts; acted: ActedBudgets },
): void {
  const told = toldStages(acts, sums);
  const over = readOverruns(file);
  for (const row of file.rowsOf(TABLE, "ws, budget_id, scope, window_key")) {
    const parts = [row.ws, row.budget_id, row.scope, row.window_key] as (string | number)[];
    const place = joined(...parts);
    const key = keyOf(file, place);
    const budget = sums.budgets.get(joined(...parts.slice(0, 2)));
    if (budget === undefined) {
      file.findings.add(TABLE, key, "is of a budget that is missing");
      continue;
    }
    const balance = readable(file, { table: TABLE, key }, () => decodeBalance(row));
    if (balance === undefined) continue;
    if (!budget.isRetired) sums.sums.addStored(place, [balance.settled, 0n]);
    const count = told.get(place) ?? 0;
    const problem = `stages_told is ${balance.stagesTold}, the journal tells of ${count}`;
    file.findings.expect(balance.stagesTold === count, [TABLE, key, problem]);
    const limit = constantLimit(budget, parts, acted);
    if (limit !== undefined) over.addStored(place, [above(balance.settled, limit)]);
  }
  reportBalances(file, sums);
  reportOverruns(file, over, { sums, acted });
}

function reportBalances(file: DataFile, { sums, budgets }: BudgetSums): void {
  for (const { key, stored, rebuilt } of sums.compared()) {
    const [settled = 0n] = stored ?? [];
    const [level = 0n, later = 0n] = rebuilt ?? [];
    if (settled === level) continue;
    const budget = budgets.get(key.split(KEY_PART_END).slice(0, 2).join(KEY_PART_END));
    // A run that did nothing since it has a budget has no balance yet.
    if (stored === null && later === 0n && budget?.document.each === "run") continue;
    const scale = scaleOf(budget);
    const text = (value: bigint) => formatScaled(value, scale);
    const state = stored === null ? "is missing: " : "";
    const sides = `settled is ${text(settled)}, its parts add up to ${text(level)}`;
    file.findings.add(TABLE, keyOf(file, key), `${state}${sides}`);
  }
}

function scaleOf(budget: SummedBudget | undefined): number {
  const measure = budget?.document.measure;
  const amounts: readonly unknown[] = ["cost", "charge", "credits", "prepaid"];
  return amounts.includes(measure) ? AMOUNT_SCALE : QUANTITY_SCALE;
}

function above(level: bigint, limit: bigint | null): bigint {
  return limit === null || level <= limit ? 0n : level - limit;
}

/**
 * Overruns are on disk with their steps; balances of runs may wait in the server's memory. What
 * came with the steps behind the last total is not compared: a restart adds it up, and then it is.
 */
function readOverruns(file: DataFile): RebuiltSums {
  const over = new RebuiltSums(file.scratch, "overruns");
  const waitingFrom = new Map<number, number>();
  for (const { ws } of file.all("SELECT ws FROM workspaces") as { ws: number }[]) {
    const seq = file.first(FIRST_WAITING_SEQ, file.summedStepNo(ws), ws)?.seq as number | null;
    waitingFrom.set(ws, seq ?? Number.POSITIVE_INFINITY);
  }
  for (const row of file.each("SELECT * FROM overruns")) {
    if ((row.seq as number) > (waitingFrom.get(row.ws as number) ?? Number.POSITIVE_INFINITY))
      continue;
    const parts = [row.ws, row.budget_id, row.scope, row.window_key] as (string | number)[];
    const key = keyOf(file, joined(...parts));
    const level = readable(file, { table: "overruns", key }, () => BigInt(row.level as string));
    if (level !== undefined) over.addRebuilt(joined(...parts), [level]);
  }
  return over;
}

function reportOverruns(
  file: DataFile,
  over: RebuiltSums,
  { sums, acted }: { readonly sums: BudgetSums; readonly acted: ActedBudgets },
): void {
  for (const { key, stored, rebuilt } of over.differing()) {
    const parts = key.split(KEY_PART_END);
    const budget = sums.budgets.get(joined(...parts.slice(0, 2)));
    if (budget === undefined) {
      file.findings.add("overruns", keyOf(file, key), "is of a budget that is missing");
      continue;
    }
    if (constantLimit(budget, parts, acted) === undefined) continue;
    const text = (side: readonly bigint[] | null) => formatScaled(side?.[0] ?? 0n, scaleOf(budget));
    const sides = `add up to ${text(rebuilt)}, ${text(stored)} was settled above the limit`;
    file.findings.add("overruns", keyOf(file, key), sides);
  }
}

/** The one limit that a balance has always had; null: none. Undefined: it had several. */
function constantLimit(
  budget: SummedBudget,
  [ws = "", id = "", scope = ""]: readonly (string | number)[],
  { budgets, limits }: ActedBudgets,
): bigint | null | undefined {
  if (limits.has(joined(ws, id, scope)) || budgets.get(joined(ws, id))?.isLimitChanged) {
    return undefined;
  }
  const { limit } = budget.document;
  return limit === null ? null : parseScaled(limit, scaleOf(budget));
}

/** How many stages were told of each balance. An act names the budget of its time by key. */
function toldStages(acts: Acts, { budgets }: BudgetSums): ReadonlyMap<string, number> {
  const byKey = Map.groupBy(budgets.values(), ({ ws, document }) => joined(ws, document.key));
  const told = new Map<string, number>();
  for (const { ws, seq, document } of acts.all("budget.stage_reached")) {
    const { budget = "", scope = "", window = "", stage } = document as Record<string, string>;
    const ofKey = byKey.get(joined(ws, budget)) ?? [];
    const { id } = ofKey.findLast((one) => one.id < seq) ?? ofKey[0] ?? {};
    if (id === undefined) continue;
    const place = joined(ws, id, scope, window);
    told.set(place, Math.max(told.get(place) ?? 0, Number(stage) + 1));
  }
  return told;
}
