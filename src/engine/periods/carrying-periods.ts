/** Periods that need a statement though nobody used anything: it carries what children owe. */
import { PAGE_MAX_ROWS } from "../../domain/limits.ts";
import { recordedActs } from "../acts/recorded-acts.ts";
import type { EngineContext } from "../context.ts";
import type { CounterKey } from "../ports.ts";
import { uncarried } from "./carried-statements.ts";
import { periodsOf } from "./committed-periods.ts";

interface CarryingQuery {
  /** Null: all. */
  readonly customer: string | null;
  readonly period: string;
  /** Customers that get a statement anyway, which carries what is due. */
  readonly besides: ReadonlySet<string>;
}

/**
 * Those of a month or day, by customer; of one customer where one is named. One statement carries
 * all that is due so far: of each parent it is the first open period that has children's statements
 * of its time or before.
 */
export async function carryingPeriods(
  { store, tariffs }: Pick<EngineContext, "store" | "tariffs">,
  workspace: string,
  { customer: only, period: prefix, besides }: CarryingQuery,
): Promise<CounterKey[]> {
  // Who closes what is there, whenever it was, begins no period to carry something in.
  if (prefix.length < MONTH_CHARS) return [];
  const parents = only === null ? await parentsIn(store, workspace) : [only];
  const tariff = await tariffs.of(workspace);
  const found: CounterKey[] = [];
  for (const id of parents) {
    if (besides.has(id)) continue;
    const customer = await store.customer(workspace, id);
    if (customer === undefined) continue;
    const due = await uncarried(store, workspace, { customer: id, replaces: null });
    const [first] = due.map(({ period }) => period).sort();
    if (first === undefined) continue;
    const closed = new Set((await store.periodsOf(workspace, id)).map(({ period }) => period));
    const open = periodsOf(tariff, customer, prefix).filter((period) => !closed.has(period));
    const period = open.find((one) => one >= first);
    if (period !== undefined) found.push({ customer: id, period });
  }
  return found;
}

const MONTH_CHARS = "2026-11".length;

/** Customers with others below them, now or formerly, by id. */
async function parentsIn(store: EngineContext["store"], workspace: string): Promise<string[]> {
  const parents = new Set<string>();
  for (let after: string | undefined; ; ) {
    const page = await store.listCustomers(workspace, PAGE_MAX_ROWS, after);
    for (const { parent } of page) if (parent !== null) parents.add(parent.id);
    after = page.at(-1)?.id;
    if (page.length < PAGE_MAX_ROWS) break;
  }
  const acts = await recordedActs<{ readonly parent: string }>(store, workspace, {
    kind: "parent.left",
  });
  for (const { parent } of acts) parents.add(parent);
  return [...parents].sort();
}
