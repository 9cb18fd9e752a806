/**
 * What is behind a line of a cap or a minimum of runs: the runs that it concerns. A customer may
 * have many and few of these, so what a bound makes of a run is taken from its row; only where
 * something was booked since the close is a run added up again, as it was then.
 */
import { type Amount, ONE_UNIT } from "../../domain/money/decimal.ts";
import { isByHand } from "../../domain/period/booking.ts";
import type { StatementRecord } from "../../domain/period/records.ts";
import type { Run, RunCorrection } from "../../domain/run/run.ts";
import type { Tariff } from "../cards/tariff.ts";
import type { Customer, Store } from "../ports.ts";
import { isOfRuns } from "../runs/correct-runs.ts";
import type { LineItem, LinePage, LineQuery } from "./line-page.ts";
import type { AtClose, RunsAtClose } from "./runs-at-close.ts";
import type { DocumentLine } from "./statement-lines.ts";

interface BoundLine {
  /** Of now: a run that a statement billed is among those of now. */
  readonly store: Store;
  readonly workspace: string;
  readonly tariff: Tariff;
  readonly customer: Customer;
  readonly statement: StatementRecord;
  readonly line: DocumentLine;
  readonly runs: RunsAtClose;
}

const AMOUNTS: Readonly<Record<string, (correction: RunCorrection) => Amount>> = {
  run_cap: ({ cap }) => cap,
  run_minimum: ({ minimum }) => minimum,
};

/** Whether a line is what the bounds of runs come to. */
export function isOfBounds({ kind }: DocumentLine): boolean {
  return Object.hasOwn(AMOUNTS, kind);
}

const RUNS_A_READ = 1_000;
/** Runs looked at for one page: a customer may have many that no bound concerns. */
const RUNS_A_PAGE_MAX_COUNT = 10_000;

/** One item a run, newest opening first. A page may be short, or empty, before the end. */
export async function boundLinePage(
  of: BoundLine,
  { limit, cursor }: LineQuery,
): Promise<Pick<LinePage, "items" | "next">> {
  const { store, workspace, statement } = of;
  const changed = await boundedSince(of);
  const items: LineItem[] = [];
  let looked = 0;
  for (let after = cursor?.run; ; ) {
    const filter = { customer: statement.customer, limit: RUNS_A_READ };
    const page = await store.listRuns(
      workspace,
      after === undefined ? filter : { ...filter, after },
    );
    for (const run of page) {
      items.push(...(await itemsOf(of, run, changed.has(run.id))));
      looked += 1;
      const isFull = items.length >= limit || looked === RUNS_A_PAGE_MAX_COUNT;
      if (isFull) return { items, next: { run: run.id, afterSeq: null } };
    }
    after = page.at(-1)?.id;
    if (page.length < RUNS_A_READ) return { items, next: null };
  }
}

/** What the bound made of a run in the period: one thing, as a run is of one card version. */
async function itemsOf(of: BoundLine, run: Run, mayDiffer: boolean): Promise<LineItem[]> {
  const { tariff, statement, line, runs } = of;
  const amountOf = AMOUNTS[line.kind] ?? nothing;
  const now = run.corrections.map((was): AtClose<RunCorrection> => ({ was, isChanged: false }));
  const isIts = ({ was }: AtClose<RunCorrection>) =>
    was.period === statement.period &&
    tariff.cardById(was.cardVersionId).cardKey === line.cardKey &&
    amountOf(was) !== 0n;
  if (!mayDiffer && !now.some(isIts)) return [];
  const facts = await runs.facts(run);
  if (facts === undefined) return [];
  const then = mayDiffer ? await runs.corrections(facts) : now;
  const about = { kind: "run", run: run.id, source: "", id: "", reason: null } as const;
  return then.filter(isIts).map(({ was, isChanged }) => ({
    ...{ ...about, occurredAtMs: facts.openedAtMs, changedAfterClose: isChanged },
    ...{ quantity: ONE_UNIT, amount: amountOf(was) },
  }));
}

function nothing(): Amount {
  return 0n as Amount;
}

/**
 * Ids of runs, and of others, of which bounds may have made something else since the close: that is
 * booked as an adjustment of the closed period. It names the run that caused it, and a bound is of
 * the run at the top of its tree, then as now one of those above.
 */
async function boundedSince(of: BoundLine): Promise<ReadonlySet<string>> {
  const { store, workspace, tariff, customer, statement } = of;
  const known = new Set<string>();
  const closed = await store.periodsOf(workspace, customer.id);
  const closedKeys = new Set(closed.map(({ period }) => period));
  const newest = await store.linkBefore(workspace, Number.MAX_SAFE_INTEGER);
  for (let at = tariff.periodOf(customer, statement.closedAtMs); ; ) {
    const key = { customer: customer.id, period: at.key };
    for (const row of await store.adjustmentsOf(workspace, key)) {
      if (row.originPeriod !== statement.period || !isOfRuns(row) || isByHand(row)) continue;
      for await (const id of upwards(of, row.run)) known.add(id);
    }
    // What is booked goes to the first period that is open, from the one that lasts on.
    const isLast = (newest?.committedAtMs ?? 0) < at.endMs && !closedKeys.has(at.key);
    if (isLast) return known;
    at = tariff.periodOf(customer, at.endMs);
  }
}

async function* upwards({ store, workspace }: BoundLine, from: string): AsyncGenerator<string> {
  for (let id: string | null = from; id !== null; ) {
    yield id;
    const run: Run | undefined = await store.run(workspace, id);
    id = run?.parent ?? null;
  }
}
