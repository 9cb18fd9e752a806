/**
 * Usage summed by any dimensions of the roll-ups: customer, agent, provider, model, tool, …; or by
 * end users, which only runs know.
 */
import type { Amount, Quantity } from "../../domain/money/decimal.ts";
import { ZERO_AMOUNT, ZERO_QUANTITY } from "../../domain/money/decimal.ts";
import type { RollupRow } from "../../domain/run/rollup.ts";
import { comesToSomething } from "../as-of/recount.ts";
import type { ReadContext } from "../context.ts";
import { accruedOf } from "../periods/accrued.ts";
import { type EndUserFilter, usageOfEndUsers } from "./usage-of-end-users.ts";

/** What usage can be grouped by. */
export const USAGE_DIMENSIONS = [
  "customer",
  "endUser",
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

/**
 * One row a group, largest cost first, then by their names: every store and every instant tells
 * them in one order. Groups without a value have "". Throws `report.too_large`
 * where end users are asked for and their runs are too many.
 */
export async function readUsage(
  { store, tariffs }: Pick<ReadContext, "store" | "tariffs">,
  workspace: string,
  query: {
    readonly groupBy: readonly UsageDimension[];
    readonly filter: EndUserFilter;
    readonly max?: number;
  },
): Promise<UsageRow[]> {
  const groups = new Map<string, UsageRow>();
  const sumOf = (row: Readonly<Record<UsageDimension, string>>) => {
    const group = Object.fromEntries(query.groupBy.map((name) => [name, row[name]]));
    const key = JSON.stringify(group);
    return { key, sum: groups.get(key) ?? { ...NOTHING, group } };
  };
  const add = (row: RollupRow & { readonly endUser: string }) => {
    const { key, sum } = sumOf(row);
    groups.set(key, { ...addUsage(sum, row), group: sum.group, accrued: sum.accrued });
  };
  const tariff = await tariffs.of(workspace);
  const { endUser, ...filter } = query.filter;
  if (endUser !== undefined || query.groupBy.includes("endUser")) {
    const { max } = query;
    const fromMs = earliestStartOf(filter.period);
    const from = { store, workspace, tariff, fromMs, ...(max === undefined ? {} : { max }) };
    for await (const row of usageOfEndUsers(from, query.filter)) {
      add(row);
      // The roll-ups below hold it too: what is left of them is of no end user.
      if (endUser === undefined) add({ ...negated(row), endUser: "" });
    }
  }
  const rollups = endUser === undefined ? await store.rollups(workspace, filter) : [];
  for (const row of rollups) add({ ...row, endUser: "" });
  const reading = { store, tariff };
  for await (const { amount, ...at } of accruedOf(reading, workspace, filter)) {
    if (endUser !== undefined && at.endUser !== endUser) continue;
    const names = { agent: at.agent ?? "", endUser: at.endUser ?? "" };
    const { key, sum } = sumOf({ ...NOWHERE, ...at, ...names });
    groups.set(key, { ...sum, accrued: (sum.accrued + amount) as Amount });
  }
  // What all was taken off again from, and what only witnesses, came to nothing.
  const rows = [...groups.values()].filter((row) => comesToSomething(row) || row.accrued !== 0n);
  return rows.sort((a, b) => (a.cost === b.cost ? byNames(a, b) : a.cost < b.cost ? 1 : -1));
}

/** In the order of the dimensions asked for, by code units; what has no name is last. */
function byNames({ group: a }: UsageRow, { group: b }: UsageRow): number {
  for (const [dimension, name] of Object.entries(a)) {
    const other = b[dimension as UsageDimension] ?? "";
    if (name === other) continue;
    if (name === "" || other === "") return name === "" ? 1 : -1;
    return name < other ? -1 : 1;
  }
  return 0;
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

type Sums = Pick<
  UsageRow,
  "steps" | "unpriced" | "inputTokens" | "outputTokens" | "cost" | "charge"
>;

function addUsage(a: Sums, b: Sums): Sums {
  return {
    steps: a.steps + b.steps,
    unpriced: a.unpriced + b.unpriced,
    inputTokens: (a.inputTokens + b.inputTokens) as Quantity,
    outputTokens: (a.outputTokens + b.outputTokens) as Quantity,
    cost: (a.cost + b.cost) as Amount,
    charge: (a.charge + b.charge) as Amount,
  };
}

function negated<Row extends Sums>(row: Row): Row {
  return {
    ...row,
    steps: -row.steps,
    unpriced: -row.unpriced,
    inputTokens: -row.inputTokens,
    outputTokens: -row.outputTokens,
    cost: -row.cost,
    charge: -row.charge,
  };
}

const DAY_MS = 86_400_000;

/**
 * A period is named by its first day in its customer's time zone, several by their month; no zone
 * is a day ahead.
 */
function earliestStartOf(period: string | undefined): number {
  return period === undefined ? 0 : Date.parse(period) - DAY_MS;
}
