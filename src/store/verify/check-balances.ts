/** Balances and overruns against what their budgets select, and stages against what was told. */
import { formatScaled } from "../../domain/money/decimal.ts";
import { decodeBalance } from "../stored-budgets.ts";
import type { Acts } from "./acts.ts";
import { type ActedBudgets, scaleOf } from "./budget-acts.ts";
import type { BudgetSums } from "./budget-sums.ts";
import { keyOf } from "./check-budgets.ts";
import type { DataFile } from "./data-file.ts";
import { readable } from "./data-file.ts";
import { joined, KEY_PART_END } from "./key-parts.ts";
import { balanceAt, OverrunsAgain } from "./overruns-again.ts";
import type { WrongSpending } from "./wrong-spending.ts";

const TABLE = "budget_balances";

/** Checks that each balance is the sum of what it stands for, to the last digit. */
export function checkBalances(
  file: DataFile,
  { sums, acts, acted }: { sums: BudgetSums; acts: Acts; acted: ActedBudgets },
  wrong: WrongSpending,
): void {
  const told = toldStages(acts, sums);
  const over = new OverrunsAgain(file, sums, wrong);
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
    over.add(place, { budget, settled: balance.settled, acted });
  }
  reportBalances(file, sums, wrong);
  over.report();
}

function reportBalances(
  file: DataFile,
  { sums, budgets }: BudgetSums,
  { balances }: WrongSpending,
): void {
  for (const { key, stored, rebuilt } of sums.compared()) {
    const [settled = 0n] = stored ?? [];
    const [level = 0n, later = 0n] = rebuilt ?? [];
    if (settled === level) continue;
    const budget = budgets.get(key.split(KEY_PART_END).slice(0, 2).join(KEY_PART_END));
    // A run that did nothing since it has a budget has no balance yet.
    if (stored === null && later === 0n && budget?.document.each === "run") continue;
    const scale = scaleOf(budget?.document.measure);
    const text = (value: bigint) => formatScaled(value, scale);
    const state = stored === null ? "is missing: " : "";
    const sides = `settled is ${text(settled)}, its parts add up to ${text(level)}`;
    file.findings.add(TABLE, keyOf(file, key), `${state}${sides}`);
    balances.push({ ...balanceAt(file, key), settled, partsAddUpTo: level });
  }
}

/** How many stages were told of each balance. An act names the budget of its time by key. */
function toldStages(acts: Acts, { budgets }: BudgetSums): ReadonlyMap<string, number> {
  const byKey = Map.groupBy(budgets.values(), ({ ws, document }) => joined(ws, document.key));
  const told = new Map<string, number>();
  const reached = [...acts.all("budget.stage_reached")];
  const inOrder = [...reached, ...acts.all("budget.stages_armed")].sort((a, b) => a.seq - b.seq);
  for (const { ws, seq, document } of inOrder) {
    const { budget = "", scope = "", window = "", stage } = document as Record<string, string>;
    const ofKey = byKey.get(joined(ws, budget)) ?? [];
    const { id } = ofKey.findLast((one) => one.id < seq) ?? ofKey[0] ?? {};
    if (id === undefined) continue;
    const place = joined(ws, id, scope, window);
    const isArmed = stage === undefined;
    const known = told.get(place) ?? 0;
    told.set(place, isArmed ? Number(document.told) : Math.max(known, Number(stage) + 1));
  }
  return told;
}
