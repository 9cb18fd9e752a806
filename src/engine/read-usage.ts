/** Usage summed by any dimensions of the roll-ups: customer, agent, provider, model, tool, … */
import type { Amount, Quantity } from "../domain/money/decimal.ts";
import { ZERO_AMOUNT, ZERO_QUANTITY } from "../domain/money/decimal.ts";
import { accruedOf } from "./accrued.ts";
import type { ReadContext } from "./context.ts";
import type { UsageFilter } from "./ports.ts";
import { comesToSomething } from "./recount.ts";

/** What usage can be grouped by. */
export const USAGE_DIMENSIONS = [
  "customer",
  "period",
  "agent",
  "kind",
  "provider",
  "model",
  "tool",
] as const;
export type UsageDimension = (typeof USAGE_DIMENSIONS)[number];

/** The usage of one group. */
export interface UsageRow {
  readonly group: Readonly<Partial<Record<UsageDimension, string>>>;
  readonly steps: number;
  readonly unpriced: number;
  readonly inputTokens: Quantity;
  readonly outputTokens: Quantity;
  readonly cost: Amount;
  readonly charge: Amount;
  /** What waits for the end of a run or for an outcome to be final: in no charge yet. */
  readonly accrued: Amount;
}

/** One row a group, largest cost first. Groups without a value have "". */
export async function readUsage(
  { store, tariffs }: Pick<ReadContext, "store" | "tariffs">,
  workspace: string,
  query: { readonly groupBy: readonly UsageDimension[]; readonly filter: UsageFilter },
): Promise<UsageRow[]> {
  const groups = new Map<string, UsageRow>();
  const sumOf = (row: Readonly<Record<UsageDimension, string>>) => {
    const group = Object.fromEntries(query.groupBy.map((name) => [name, row[name]]));
    const key = JSON.stringify(group);
    return { key, sum: groups.get(key) ?? { ...NOTHING, group } };
  };
  for (const row of await store.rollups(workspace, query.filter)) {
    const { key, sum } = sumOf(row);
    groups.set(key, {
      ...sum,
      steps: sum.steps + row.steps,
      unpriced: sum.unpriced + row.unpriced,
      inputTokens: (sum.inputTokens + row.inputTokens) as Quantity,
      outputTokens: (sum.outputTokens + row.outputTokens) as Quantity,
      cost: (sum.cost + row.cost) as Amount,
      charge: (sum.charge + row.charge) as Amount,
    });
  }
  const reading = { store, tariff: await tariffs.of(workspace) };
  for await (const { amount, agent, ...at } of accruedOf(reading, workspace, query.filter)) {
    const { key, sum } = sumOf({ ...NOWHERE, ...at, agent: agent ?? "" });
    groups.set(key, { ...sum, accrued: (sum.accrued + amount) as Amount });
  }
  // What all was taken off again from, and what only witnesses, came to nothing.
  const rows = [...groups.values()].filter((row) => comesToSomething(row) || row.accrued !== 0n);
  return rows.sort((a, b) => (a.cost === b.cost ? 0 : a.cost < b.cost ? 1 : -1));
}

const NOTHING = {
  steps: 0,
  unpriced: 0,
  inputTokens: ZERO_QUANTITY,
  outputTokens: ZERO_QUANTITY,
  cost: ZERO_AMOUNT,
  charge: ZERO_AMOUNT,
  accrued: ZERO_AMOUNT,
};

/** What neither runs nor outcomes have. */
const NOWHERE = { provider: "", model: "", tool: "" };
