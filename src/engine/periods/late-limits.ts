/**
 * What late adjustments of a bill are not held against: bounds, volume tiers and discounts of a
 * closed period were settled at its close and are worked out anew only where it is issued again.
 * Who reads the bill is told so. It is no part of the statement: it may be issued again meanwhile.
 */
import { periodTerms } from "../../domain/period/period-terms.ts";
import type { StatementRecord } from "../../domain/period/records.ts";
import type { LineKind } from "../../domain/period/statement-line.ts";
import type { ReadContext } from "../context.ts";
import type { Customer, Reads } from "../ports.ts";
import { periodOfKey } from "./bill.ts";
import type { CreditNote } from "./correction-records.ts";
import { type DisputeState, readCreditNotes, readDisputes, standing } from "./credited.ts";
import { type DocumentLine, outcomeName } from "./statement-lines.ts";

/**
 * A term that a closed period was settled by, or what gave some of a line back that is lowered now:
 * a credit note, or a dispute that is open or decided for the customer.
 */
export interface SettledTerm {
  readonly kind:
    | "credit_note"
    | "dispute"
    | "volume"
    | "charge_minimum"
    | "charge_maximum"
    | "minimum"
    | "maximum"
    | "discount";
  /**
   * Of a charge or line its name, of a discount its own, of a disputed outcome what it is; null: it
   * is of the whole bill.
   */
  readonly name: string | null;
}

/** Terms that adjustments of one closed period are not held against. */
export interface LateLimits {
  readonly originPeriod: string;
  /** Its statement in force, which may be issued again. */
  readonly statement: string;
  readonly terms: readonly SettledTerm[];
}

/**
 * Of a bill's document, by closed period; none where its adjustments miss nothing. `closedAtMs` is
 * that of a statement: a period that was issued again since has been worked out with all of it.
 */
export async function lateLimitsOf(
  context: Pick<ReadContext, "store" | "tariffs">,
  workspace: string,
  of: Pick<StatementRecord, "customer" | "document"> & { readonly closedAtMs?: number },
): Promise<LateLimits[]> {
  const adjusted = linesOf(of.document).filter(
    ({ kind, amountRounded }) => kind === "adjustment" && amountRounded !== "0",
  );
  const customer =
    adjusted.length === 0 ? undefined : await context.store.customer(workspace, of.customer);
  if (customer === undefined) return [];
  const periods = await context.store.periodsOf(workspace, customer.id);
  const found: LateLimits[] = [];
  for (const [originPeriod, lines] of Map.groupBy(adjusted, (line) => line.originPeriod ?? "")) {
    const closed = periods.find(({ period }) => period === originPeriod);
    if (closed === undefined) continue;
    const { statementId: statement } = closed;
    const record = await context.store.statement(workspace, statement);
    const { closedAtMs = Number.POSITIVE_INFINITY } = of;
    if (record === undefined || (isReissued(record) && record.closedAtMs >= closedAtMs)) continue;
    const settled = { customer, originPeriod, lines, billed: linesOf(record.document) };
    const terms = [
      ...(await termsBeside(context, workspace, settled)),
      ...(await givenBackBefore(context.store, workspace, { ...settled, statement })),
    ];
    if (terms.length > 0) found.push({ originPeriod, statement, terms });
  }
  return found;
}

interface Settled {
  readonly customer: Customer;
  readonly originPeriod: string;
  /** Adjustments of it. */
  readonly lines: readonly DocumentLine[];
  /** Lines of its statement. */
  readonly billed: readonly DocumentLine[];
}

async function termsBeside(
  { tariffs }: Pick<ReadContext, "tariffs">,
  workspace: string,
  { customer, originPeriod, lines, billed }: Settled,
): Promise<SettledTerm[]> {
  const tariff = await tariffs.of(workspace);
  const period = periodOfKey(tariff, customer, originPeriod);
  const spans = tariff.spansOf(customer, period);
  const terms = periodTerms({ period, spans, startedAtMs: customer.startedAtMs });
  const keys = new Set(lines.map(({ cardKey, chargeKey }) => `${cardKey}\u0000${chargeKey}`));
  const cards = new Map(spans.map(({ card }) => [card.key, card]));
  const charges = [...cards.values()].flatMap((card) =>
    card.charges.filter(({ key }) => keys.has(`${card.key}\u0000${key}`)),
  );
  const wasBilled = (kind: LineKind, key = "") =>
    billed.some((line) => line.kind === kind && (key === "" || line.chargeKey === key));
  const ofCharge = (
    kind: SettledTerm["kind"],
    isIt: (charge: (typeof charges)[number]) => boolean,
  ) => charges.filter(isIt).map(({ name }): SettledTerm => ({ kind, name }));
  const discounts = terms.discounts.filter(
    (one) =>
      one.charges === null ||
      one.charges.some((key) => lines.some((line) => line.chargeKey === key)),
  );
  return [
    ...ofCharge("volume", ({ price }) => price.model === "volume"),
    ...ofCharge("charge_minimum", ({ key }) => wasBilled("charge_minimum", key)),
    ...ofCharge("charge_maximum", ({ maximum }) => maximum !== null),
    ...discounts.map(({ name }): SettledTerm => ({ kind: "discount", name })),
    ...(wasBilled("minimum") ? [{ kind: "minimum", name: null } as const] : []),
    ...(terms.maximum === null ? [] : [{ kind: "maximum", name: null } as const]),
  ];
}

/** What gave some of a charge back that late usage takes something off. */
async function givenBackBefore(
  store: Reads,
  workspace: string,
  { statement, ...settled }: Settled & { readonly statement: string },
): Promise<SettledTerm[]> {
  if (!settled.lines.some(isNegative)) return [];
  const notes = standing(await readCreditNotes(store, workspace, statement));
  const disputes = await readDisputes(store, workspace, settled.customer.id);
  const held = disputes.filter(({ resolution }) => resolution?.favor !== "us");
  const disputed = held.flatMap(({ target }) =>
    target.kind === "line" && target.statement === statement ? target.line : [],
  );
  const { originPeriod } = settled;
  const ofPeriod = held.filter((dispute) => dispute.originPeriod === originPeriod);
  return [
    ...loweredAmong(new Set(linesOfNotes(notes)), settled).map(termOf("credit_note")),
    ...loweredAmong(new Set(disputed), settled).map(termOf("dispute")),
    ...(await reversedOutcomes(store, workspace, ofPeriod)).map(termOf("dispute")),
  ];
}

const termOf = (kind: SettledTerm["kind"]) => (name: string) => ({ kind, name });

const isNegative = ({ amountRounded }: DocumentLine) => amountRounded.startsWith("-");

function linesOfNotes(notes: readonly CreditNote[]): number[] {
  return notes.flatMap((note) => note.lines.map(({ line }) => line));
}

/** Names of the charges among these lines, 1 being the first, that are lowered now. */
function loweredAmong(numbers: ReadonlySet<number>, { lines, billed }: Settled): string[] {
  const lowered = lines.filter(isNegative);
  return billed.flatMap((line, at) => {
    const isLowered = lowered.some(
      ({ cardKey, chargeKey, cell }) =>
        cardKey === line.cardKey && chargeKey === line.chargeKey && cell === line.cell,
    );
    return isLowered && line.kind === "charge" && numbers.has(at + 1) ? [line.description] : [];
  });
}

/** Outcomes that disputes hold out in full, though a reversal has taken them off. */
async function reversedOutcomes(
  store: Reads,
  workspace: string,
  disputes: readonly DisputeState[],
): Promise<string[]> {
  const names: string[] = [];
  for (const { target } of disputes) {
    if (target.kind !== "outcome") continue;
    const outcomes = await store.outcomesOfRun(workspace, target.run);
    const outcome = outcomes.find(({ key }) => key === target.outcome);
    if (outcome?.status === "reversed") names.push(outcomeName(target));
  }
  return names;
}

function isReissued({ document }: StatementRecord): boolean {
  return (JSON.parse(document) as { readonly replaces?: string }).replaces !== undefined;
}

function linesOf(document: string): readonly DocumentLine[] {
  const { lines = [] } = JSON.parse(document) as { readonly lines?: readonly DocumentLine[] };
  return lines;
}
