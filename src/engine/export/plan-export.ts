/**
 * Plans lines: reads our books, takes off what was planned before, freezes the difference. Nothing
 * is sent. A second planner of the same account finds its place taken and begins again.
 */
import { TollgateError } from "../../domain/errors.ts";
import type { Capability } from "../../domain/export/capability.ts";
import {
  countedValue,
  type DocumentPart,
  type ExportLine,
  formatValue,
  type LineContent,
  lineKey,
  parseValue,
} from "../../domain/export/export-line.ts";
import {
  type AccountPeriod,
  type AccountPlan,
  type AccountTerms,
  type PlannedLine,
  placeIn,
  planAccount,
} from "../../domain/export/plan-account.ts";
import { quantize } from "../../domain/export/quantize.ts";
import { type Missing, missingNames, theirName } from "../../domain/export/target.ts";
import { PAGE_MAX_ROWS } from "../../domain/limits.ts";
import type { ExportContext, OpenTarget } from "./export-context.ts";
import type { LedgerEntry } from "./export-ports.ts";
import { linesOfItem } from "./outbox-pages.ts";
import { isDone, isTakingBack, owed, takeBack } from "./take-back.ts";

/** What is left of one item after planning. */
export interface CarriedItem {
  readonly customer: string;
  readonly item: string;
  readonly unit: string;
  readonly carried: bigint;
}

/** What one customer's plan came to. */
export interface CustomerPlan {
  readonly lines: readonly ExportLine[];
  readonly carried: readonly CarriedItem[];
  /** Names that are missing: nothing is planned for the customer then. */
  readonly missing: readonly Missing[];
}

/** The lines that a customer is owed now, not written anywhere yet. */
export async function planCustomer(
  context: ExportContext,
  open: OpenTarget,
  customer: string,
): Promise<CustomerPlan> {
  const { workspace, target } = open;
  const { mode, since } = target;
  const last = await context.outbox.lastLines(workspace, target.id, customer);
  const asked = { customer, mode, since, told: last };
  const entries = await context.ledger.entries(workspace, asked);
  const used = entries.map(({ item }) => ({ customer, item }));
  const missing = missingNames(target, used);
  if (missing.length > 0) return { lines: [], carried: [], missing };
  const terms = await accountTerms(context, open, customer);
  const lines: ExportLine[] = [];
  const carried: CarriedItem[] = [];
  const refused: Missing[] = [];
  for (const [item, own] of Map.groupBy(entries, (entry) => entry.item)) {
    // Where lines may be given up or told in other windows, the last ones do not say it all.
    const isWhole = terms.pastMaxMs !== null || open.connector.canTakeBack !== undefined;
    const told = isWhole ? await linesOfItem(context, open, { customer, item }) : null;
    const before = told ?? last.filter((line) => line.item === item);
    const periods = accountPeriods(own, before, told !== null);
    const itemTerms = told === null ? terms : { ...terms, told };
    const nowMs = context.clock.nowMs();
    const owing = planItem(open, periods, { before, terms: itemTerms, nowMs });
    const plan = await withZeroBills(context, open, { own, before, periods, plan: owing });
    let no = before.reduce((most, line) => Math.max(most, line.no), 0);
    for (const planned of plan.lines) {
      no += 1;
      const content = await contentOf(context, open, { customer, own, before, planned });
      const earlier = earlierLines(terms, content, [...before, ...lines]);
      const { periodTotal } = planned;
      const line = { content, no, periodTotal, earlier, takesBack: plan.takesBack };
      const made = frozenOrMissing(context, open, line);
      if (made === "later") break;
      if ("missing" in made) refused.push(made.missing);
      else lines.push(made.line);
    }
    const unit = own[0]?.unit ?? "";
    if (plan.carried !== 0n) carried.push({ customer, item, unit, carried: plan.carried });
  }
  return refused.length > 0
    ? { lines: [], carried: [], missing: refused }
    : { lines, carried, missing };
}

interface ItemPlanned {
  readonly own: readonly LedgerEntry[];
  readonly before: readonly ExportLine[];
  readonly periods: readonly AccountPeriod[];
  readonly plan: ItemPlan;
}

/** With bills of 0, for periods that come to as much as was told, by other lines. */
async function withZeroBills(
  context: ExportContext,
  { workspace, target, connector }: OpenTarget,
  { own, before, periods, plan }: ItemPlanned,
): Promise<ItemPlan> {
  const isTold = target.mode === "statement" && connector.capability(target).zeroBills === true;
  if (!isTold) return plan;
  const lines = [...plan.lines];
  for (const { period, ledger, last } of periods) {
    const isPlanned = plan.lines.some((line) => line.period.key === period.key);
    const entry = own.find((one) => one.period.key === period.key);
    const source = before.findLast((line) => line.period === period.key)?.evidence.source;
    if (isPlanned || last === null || source === undefined || source === entry?.source) continue;
    const earlier = await context.ledger.partsOf(workspace, source);
    if (differingParts(entry?.parts ?? [], earlier).length === 0) continue;
    const { window, periodTotal } = last;
    lines.push({ period, ledger, value: 0n, window, periodTotal, ...placeIn(window, before) });
  }
  return { ...plan, lines: lines.toSorted((a, b) => a.period.startMs - b.period.startMs) };
}

/** What an item is owed, and which line is taken back for it. */
type ItemPlan = AccountPlan & { readonly takesBack: ExportLine | null };

interface ItemToPlan {
  readonly before: readonly ExportLine[];
  readonly terms: AccountTerms;
  /** The machine's time: how long a line may be taken back does not follow a sandbox's. */
  readonly nowMs: number;
}

/** What one item is owed, or has to give back. */
function planItem(
  { target, connector }: OpenTarget,
  periods: readonly AccountPeriod[],
  { before, terms, nowMs }: ItemToPlan,
): ItemPlan {
  const capability = connector.capability(target);
  const waits = before.some((line) => isTakingBack(line, capability) && !isDone(line));
  // What is owed of a line that is taken back is known once it is.
  if (waits) return { lines: [], carried: owed(periods), takesBack: null };
  const plan = planAccount(periods, terms);
  const isMuch = quantize(-plan.carried, terms.numbers) > 0n && plan.lines.length === 0;
  const isPossible = terms.values === "delta" && !terms.numbers.negative;
  if (!isMuch || !isPossible) return { ...plan, takesBack: null };
  const canTakeBack = (line: ExportLine) => connector.canTakeBack?.(line, nowMs, target) ?? false;
  return takeBack(periods, { before, canTakeBack, terms }) ?? { ...plan, takesBack: null };
}

/** A line with its bytes, or why its customer is left out; `later`: it cannot be told yet. */
function frozenOrMissing(
  context: ExportContext,
  open: OpenTarget,
  line: LineToFreeze,
): { readonly line: ExportLine } | { readonly missing: Missing } | "later" {
  try {
    return { line: frozen(context, open, line) };
  } catch (error) {
    if (!(error instanceof TollgateError)) throw error;
    if (error.code === "export.line_state") return "later";
    if (error.code !== "target.invalid") throw error;
    const place = error.field ?? `customers.${line.content.customer}`;
    return { missing: { place, detail: error.message } };
  }
}

/** What stands in a line's window before it, where its total follows from it. */
export function earlierLines(
  { values }: Pick<AccountTerms, "values">,
  { item, window }: Pick<LineContent, "item" | "window">,
  lines: readonly ExportLine[],
): ExportLine[] {
  if (values === "delta") return [];
  return lines.filter((line) => line.item === item && line.window.startMs === window.startMs);
}

/** How a customer's accounts are planned now. */
export async function accountTerms(
  context: ExportContext,
  { workspace, target, connector }: OpenTarget,
  customer: string,
): Promise<AccountTerms> {
  const { numbers, values, pastMaxMs }: Capability = connector.capability(target);
  const isWhole = target.mode !== "usage";
  const cut = { kind: target.window, timeZone: target.timeZone };
  const terms = {
    nowMs: await context.ledger.nowMs(workspace),
    cut,
    numbers,
    values,
    isWhole,
    pastMaxMs,
  };
  if (pastMaxMs === null || isWhole) return terms;
  // Where a target takes no old windows, what is late is told in the period under way.
  return { ...terms, latePeriod: await context.ledger.openPeriod(workspace, customer) };
}

/**
 * Periods in order of time, each with its last line. What was sent of a period is what its last
 * line says; where all lines are given, what counts of them, for some may have been given up.
 */
export function accountPeriods(
  entries: readonly Pick<LedgerEntry, "period" | "value">[],
  before: readonly ExportLine[],
  isAll: boolean,
): AccountPeriod[] {
  return entries
    .toSorted((a, b) => a.period.startMs - b.period.startMs)
    .map(({ period, value }) => {
      const own = before.filter((line) => line.period === period.key);
      const last = own.at(-1) ?? null;
      if (last === null || !isAll) return { period, ledger: value, last };
      const periodTotal = own.reduce((sum, line) => sum + countedValue(line), 0n);
      return { period, ledger: value, last: { ...last, periodTotal } };
    });
}

interface Planned {
  readonly customer: string;
  readonly own: readonly LedgerEntry[];
  readonly before: readonly ExportLine[];
  readonly planned: PlannedLine;
}

async function contentOf(
  context: ExportContext,
  { workspace, target }: OpenTarget,
  { customer, own, before, planned }: Planned,
): Promise<LineContent> {
  const { period, window, revision, value, windowTotal, ledger } = planned;
  const entry = own.find((one) => one.period.key === period.key);
  if (entry === undefined) throw new TollgateError("internal", "A planned line has its entry.");
  const last = before.findLast((line) => line.period === period.key);
  const told = target.mode === "statement" ? last?.evidence.source : undefined;
  const earlier = told === undefined ? [] : await context.ledger.partsOf(workspace, told);
  return {
    ...{ customer, item: entry.item, period: period.key, window, revision, mode: target.mode },
    ...{ value, windowTotal, unit: entry.unit, description: entry.description },
    parts: differingParts(entry.parts, earlier),
    evidence: { source: entry.source, ledger: formatValue(ledger) },
  };
}

/** Parts of a bill that was issued again: what they are more or less than those told before. */
function differingParts(
  now: readonly DocumentPart[],
  before: readonly DocumentPart[],
): DocumentPart[] {
  if (before.length === 0) return [...now];
  const taken = before.map((part) => ({ ...part, ...negated(part) }));
  const groups = Map.groupBy([...now, ...taken], ({ item, description }) =>
    JSON.stringify([item, description]),
  );
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    const amount = group.reduce((sum, part) => sum + (parseValue(part.amount) ?? 0n), 0n);
    if (first === undefined || amount === 0n) return [];
    return [{ ...first, quantity: null, amount: formatValue(amount) }];
  });
}

function negated({ amount }: DocumentPart): Pick<DocumentPart, "amount"> {
  return { amount: formatValue(-(parseValue(amount) ?? 0n)) };
}

/** What a line is made of. */
export interface LineToFreeze {
  readonly content: LineContent;
  readonly no: number;
  readonly periodTotal: bigint;
  readonly earlier: readonly ExportLine[];
  readonly takesBack: ExportLine | null;
}

/** A line with its key and its bytes. Throws what `freeze` throws: `target.invalid`. */
export function frozen(
  context: ExportContext,
  { workspace, target, connector }: OpenTarget,
  { content, no, periodTotal, earlier, takesBack }: LineToFreeze,
): ExportLine {
  const { customer, item, window, revision } = content;
  const place = { workspace, connector: target.connector, account: target.account };
  const sha256 = (text: string) => context.digest.sha256(text);
  const key = lineKey({ ...place, customer, item, window, revision }, sha256);
  const theirs = {
    customer: theirName(target.customers, customer) ?? { id: customer },
    item: theirName(target.items, item) ?? { id: item },
  };
  const nowMs = context.clock.nowMs();
  const freezing = { ...content, key, workspace, plannedAtMs: nowMs, earlier, takesBack };
  const body = connector.freeze(freezing, theirs, target);
  return {
    ...{ ...content, target: target.id, key, no, periodTotal, body, bodyHash: sha256(body) },
    ...{ state: "ready", version: 1, claim: "", dueAtMs: nowMs, plannedAtMs: nowMs },
    ...{
      firstSentAtMs: null,
      lastSentAtMs: null,
      attempts: 0,
      attemptIds: [],
      isUnclear: false,
      outcome: null,
      note: "",
    },
  };
}

const ATTEMPTS_MAX_COUNT = 5;

/** Plans and keeps the lines of one customer. */
export async function writePlan(
  context: ExportContext,
  open: OpenTarget,
  customer: string,
): Promise<CustomerPlan> {
  for (let attempt = 0; ; attempt += 1) {
    const plan = await planCustomer(context, open, customer);
    if (plan.lines.length === 0) return plan;
    const change = { added: plan.lines, changed: [] };
    if (await context.outbox.write(open.workspace, change)) return plan;
    if (attempt === ATTEMPTS_MAX_COUNT) return { ...plan, lines: [] };
  }
}

/** Goes through the customers that a plan is about. */
export async function* customersOf(
  context: ExportContext,
  workspace: string,
  customer: string | null,
): AsyncGenerator<string> {
  if (customer !== null) {
    yield customer;
    return;
  }
  for (let after = ""; ; ) {
    const page = await context.ledger.customers(workspace, after, PAGE_MAX_ROWS);
    yield* page;
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE_MAX_ROWS) return;
    after = last;
  }
}
