/**
 * Targets that list no lines, and tell what they come to: a sum that is more than known lines can
 * make holds lines that these books lost, as those of a copy that was restored. What is owed there
 * is not known, so of that customer's item nothing is sent, while all others go on.
 */
import { TollgateError } from "../../domain/errors.ts";
import type { ExportLine } from "../../domain/export/export-line.ts";
import { type ExportWindow, lastEndedWindow } from "../../domain/export/export-window.ts";
import { surplusOf } from "../../domain/export/held-sum.ts";
import { wholeWindow } from "../../domain/export/resolve-window.ts";
import { theirName } from "../../domain/export/target.ts";
import type { BillingPeriod } from "../../domain/period/billing-period.ts";
import type { Session } from "./connector-port.ts";
import type { ExportContext, OpenTarget } from "./export-context.ts";
import type { LedgerEntry } from "./export-ports.ts";
import { linesOfItem, pagesOf } from "./outbox-pages.ts";
import { Pacer } from "./pacer.ts";
import { customersOf } from "./plan-export.ts";
import { entityOf } from "./send-lines.ts";

/** What they have too much of a customer's item, in windows of a period. */
export interface Surplus {
  readonly customer: string;
  readonly item: string;
  readonly unit: string;
  readonly span: ExportWindow;
  readonly value: bigint;
}

/** What is not to be sent. */
export interface HeldBack {
  readonly surplus: readonly Surplus[];
  /** Customers' items that are too much, or whose sums cannot be read now. */
  readonly entities: ReadonlySet<string>;
}

/** A customer's item and the periods that are asked about. */
interface Asked {
  readonly customer: string;
  readonly item: string;
  readonly periods: readonly BillingPeriod[];
}

/** What a process has found to be known, by its targets. */
interface Looked {
  /** What began later was told by this process, or by others that know of it. */
  readonly beganMs: number;
  /** Periods of customers' items that need no look any more. */
  readonly periods: Map<string, readonly BillingPeriod[]>;
}

const lookedAt = new WeakMap<Session["memory"], Looked>();

/** Customers' items whose lines are ready, and are not to be sent: once in a process for each. */
export async function heldBack(
  context: ExportContext,
  open: OpenTarget,
  customer: string | null,
): Promise<HeldBack> {
  const [surplus, entities] = [[] as Surplus[], new Set<string>()];
  if (!hasSums(open)) return { surplus, entities };
  const { workspace, target, connector, session } = open;
  const beganMs = lookedAt.get(session.memory)?.beganMs ?? (await context.ledger.nowMs(workspace));
  const looked: Looked = lookedAt.get(session.memory) ?? { beganMs, periods: new Map() };
  lookedAt.set(session.memory, looked);
  const pacer = new Pacer(context, connector.capability(target).pace);
  const own = customer === null ? {} : { customer };
  const filter = { target: target.id, states: ["ready", "unknown"] as const, ...own };
  for await (const page of pagesOf(context, workspace, filter)) {
    const lines = page.filter((line) => !isLooked(line, looked));
    const asked: Asked[] = [];
    for (const some of Map.groupBy(lines, (line) => line.customer).values()) {
      asked.push(...(await askedOf(context, open, some)));
    }
    await pacer.all(asked, async (one) => {
      const before = looked.periods.get(entityOf(one)) ?? [];
      const isNew = ({ key, startMs }: BillingPeriod) =>
        startMs <= beganMs && !before.some((period) => period.key === key);
      const found = await surplusIn(context, open, { ...one, periods: one.periods.filter(isNew) });
      surplus.push(...(found ?? []));
      if (found === null || found.length > 0) entities.add(entityOf(one));
      else looked.periods.set(entityOf(one), [...before, ...one.periods]);
    });
  }
  return { surplus, entities };
}

/** Whether its period, and that in which it is told, need no look any more. */
function isLooked(line: ExportLine, { periods }: Looked): boolean {
  const known = periods.get(entityOf(line)) ?? [];
  return (
    known.some(({ key }) => key === line.period) &&
    known.some((period) => isWithin(line.window, period))
  );
}

/**
 * All that they have too much, as far as customers and items are known to these books. Throws
 * `export.unlisted` where a sum cannot be read now.
 */
export async function surpluses(
  context: ExportContext,
  open: OpenTarget,
  only: string | null,
): Promise<Surplus[]> {
  const { workspace, target } = open;
  const found: Surplus[] = [];
  const pacer = new Pacer(context, open.connector.capability(target).pace);
  for await (const customer of customersOf(context, workspace, only)) {
    const { entries, current } = await entriesOf(context, open, customer);
    const listed = Object.keys(target.items.names);
    const items = new Set([...entries.map(({ item }) => item), ...listed]);
    const asked = [...items].map((item) => {
      return { customer, item, periods: periodsOf(entries, item, current) };
    });
    await pacer.all(asked, async (one) => {
      const own = await surplusIn(context, open, one);
      if (own === null) throw unread(one);
      found.push(...own);
    });
  }
  return found;
}

function unread({ customer, item }: Asked): TollgateError {
  return new TollgateError("export.unlisted", `The sum of "${item}" of "${customer}" is not told.`);
}

/** Whether a target tells sums to compare with, which nobody else adds to. */
export function hasSums({ connector, target }: OpenTarget): boolean {
  const { readBack } = connector.capability(target);
  const isOurs = readBack.kind === "aggregate" && readBack.isShared !== true;
  return connector.heldSum !== undefined && isOurs;
}

async function entriesOf(
  { outbox, ledger }: ExportContext,
  { workspace, target }: OpenTarget,
  customer: string,
): Promise<{ readonly entries: readonly LedgerEntry[]; readonly current: BillingPeriod | null }> {
  const told = await outbox.lastLines(workspace, target.id, customer);
  const { mode, since } = target;
  const entries = await ledger.entries(workspace, { customer, mode, since, told });
  return { entries, current: await ledger.openPeriod(workspace, customer) };
}

/** Also the period under way: what is late is told in it, and what was lost may be all of it. */
function periodsOf(
  entries: readonly LedgerEntry[],
  item: string,
  current: BillingPeriod | null,
): BillingPeriod[] {
  const own = entries.filter((entry) => entry.item === item).map(({ period }) => period);
  const all = current === null ? own : [...own, current];
  return [...new Map(all.map((period) => [period.key, period])).values()];
}

/** Periods that lines of a customer are of, and those that they are told in. */
async function askedOf(
  context: ExportContext,
  open: OpenTarget,
  lines: readonly ExportLine[],
): Promise<Asked[]> {
  const customer = lines[0]?.customer ?? "";
  const { entries, current } = await entriesOf(context, open, customer);
  return [...Map.groupBy(lines, (line) => line.item)].map(([item, own]) => {
    const isOf = ({ key, startMs, endMs }: BillingPeriod) =>
      own.some(({ period, window }) => {
        return period === key || isWithin(window, { startMs, endMs });
      });
    return { customer, item, periods: periodsOf(entries, item, current).filter(isOf) };
  });
}

/** What they have too much in periods; null: they cannot tell now. */
async function surplusIn(
  context: ExportContext,
  open: OpenTarget,
  { customer, item, periods }: Asked,
): Promise<Surplus[] | null> {
  if (periods.length === 0) return [];
  const { workspace, target, connector, session } = open;
  const { values } = connector.capability(target);
  const cut = { kind: target.window, timeZone: target.timeZone };
  const nowMs = await context.ledger.nowMs(workspace);
  let lines = await linesOfItem(context, open, { customer, item });
  const [theirCustomer, theirItem] = [
    theirName(target.customers, customer),
    theirName(target.items, item),
  ];
  const isNamed = theirCustomer !== null && theirItem !== null;
  const names = isNamed ? { customer: theirCustomer, item: theirItem } : null;
  const found: Surplus[] = [];
  for (const period of periods) {
    const last = lastEndedWindow(nowMs, period, cut);
    if (last === null) continue;
    const span = { startMs: period.startMs, endMs: last.endMs };
    const theirs = (await connector.heldSum?.({ lines, names, span }, session)) ?? null;
    if (theirs === null) return null;
    // What another sender sent meanwhile is in the outbox by now.
    lines = await linesOfItem(context, open, { customer, item });
    const own = lines.filter(({ window }) => isWithin(window, span));
    const value = surplusOf(theirs, own, { values, told: connector.told ?? wholeWindow });
    if (value > 0n) found.push({ customer, item, unit: lines.at(-1)?.unit ?? "", span, value });
  }
  return found;
}

function isWithin({ startMs }: ExportWindow, span: ExportWindow): boolean {
  return span.startMs <= startMs && startMs < span.endMs;
}
