/**
 * A customer's billing settings. Calendar and start are fixed once usage was billed by them;
 * another card is dated, and holds from then on.
 */
import { TollgateError } from "../../domain/errors.ts";
import { FORMER_CARDS_MAX_COUNT } from "../../domain/limits.ts";
import { type CardHistory, cardKeyAt, withCardFrom } from "../../domain/period/customer-cards.ts";
import { type Act, runAct } from "../commit/act.ts";
import type { EngineContext } from "../context.ts";
import { requireCommittedCurrency } from "../periods/commitment-currency.ts";
import type { Customer } from "../ports.ts";
import { newCustomer } from "./customer-defaults.ts";
import { requireParent } from "./customer-parent.ts";

type Settable = "name" | "timeZone" | "anchorDay" | "cardKey" | "startedAtMs" | "parent";

/** What may be set; a field that is left out keeps its value. */
export type CustomerSettings = Partial<Pick<Customer, Settable>> & {
  /** From when `cardKey` is the card. (Default: now; of a customer without usage, ever since.) */
  readonly cardFromMs?: number;
};

const BILLED_BY = ["timeZone", "anchorDay", "startedAtMs"] as const;

/**
 * Makes or changes a customer. Throws `customer.card_fixed` where a setting that statements rest
 * on would change under usage that is already rated, `ratecard.not_found` for an unknown card,
 * `customer.parent_refused`, `customer.not_found` for a parent that it cannot have.
 */
export async function saveCustomer(
  context: EngineContext,
  workspace: string,
  { id, settings }: { readonly id: string; readonly settings: CustomerSettings },
): Promise<Customer> {
  const { cardFromMs, cardKey, ...plain } = settings;
  if (cardKey !== undefined && cardKey !== null) await requireCard(context, workspace, cardKey);
  if (cardKey === undefined && cardFromMs !== undefined) {
    const detail = '"cardFrom" says from when "cardKey" is the card; send both.';
    throw new TollgateError("field.missing", detail, "cardKey");
  }
  const { store } = context;
  return runAct(context, workspace, async (act) => {
    const { unit, state, journal } = act;
    const [known] = await unit.customers([id]);
    const saved: Customer = { ...(known ?? newCustomer(id, state.receivedAtMs)), ...plain };
    const billed = await billedOf(context, act, id);
    const changed = BILLED_BY.filter((name) => known !== undefined && known[name] !== saved[name]);
    const isFixed = billed.isBilled || (changed.includes("startedAtMs") && billed.hasRuns);
    if (changed.length > 0 && isFixed) {
      const fields = changed.map((name) => FIELDS[name]);
      const detail = `Customer "${id}" has usage; its ${fields.join(", ")} cannot change now.`;
      throw new TollgateError("customer.card_fixed", detail, fields[0]);
    }
    const cards =
      cardKey === undefined ? saved : cardsFrom(act, saved, { ...billed, cardKey, cardFromMs });
    if (cardKey !== undefined)
      await requireCommittedCurrency(store, workspace, { customer: id, cardKey });
    const customer = { ...saved, cardKey: cards.cardKey, formerCards: cards.formerCards };
    if (plain.parent !== undefined) await requireParent(store, act, customer);
    state.customers.set(id, customer);
    journal("customer.saved", id, customer);
    const former = known?.parent?.id;
    if (former !== undefined && former !== customer.parent?.id && billed.closed.length > 0) {
      // What was billed to it, it carries still (carried-statements.ts).
      journal("parent.left", former, { parent: former, customer: id });
    }
    return customer;
  });
}

const FIELDS = { timeZone: "timeZone", anchorDay: "anchorDay", startedAtMs: "startedAt" } as const;

async function requireCard(context: EngineContext, workspace: string, key: string): Promise<void> {
  const cards = await context.store.cards(workspace);
  if (cards.some((version) => version.card.key === key)) return;
  throw new TollgateError("ratecard.not_found", `There is no rate card "${key}".`, "cardKey");
}

/** What rests on a customer's settings. */
interface Billed {
  readonly isBilled: boolean;
  /** Whether anything is rated by the customer's start: what is free in a trial has no charge. */
  readonly hasRuns: boolean;
  /** Start dates of periods that hold usage. */
  readonly used: readonly string[];
  /** Start dates of periods that are closed. */
  readonly closed: readonly string[];
}

async function billedOf({ store }: EngineContext, act: Act, customer: string): Promise<Billed> {
  const used = (await store.rollups(act.workspace, { customer })).map(({ period }) => period);
  const closed = (await act.unit.periodsOf(customer)).map(({ period }) => period);
  const waiting = await store.provisionalOutcomes(act.workspace, { customer, limit: 1 });
  const hasRuns = (await store.listRuns(act.workspace, { customer, limit: 1 })).length > 0;
  const isBilled = used.length + closed.length + waiting.length > 0;
  return { isBilled, hasRuns, used, closed };
}

interface CardChange extends Billed {
  readonly cardKey: string | null;
  readonly cardFromMs: number | undefined;
}

/** The cards of the customer after the change. Throws `customer.card_fixed`. */
function cardsFrom(act: Act, customer: Customer, change: CardChange): CardHistory {
  const { cardKey, cardFromMs } = change;
  const nowMs = act.state.receivedAtMs;
  const fromMs = cardFromMs ?? nowMs;
  const isKept = cardKeyAt(customer, fromMs) === cardKey && customer.cardKey === cardKey;
  if (isKept && cardFromMs === undefined) return customer;
  if (!change.isBilled && cardFromMs === undefined) return { cardKey, formerCards: [] };
  requireOpen(act, customer, { ...change, fromMs });
  const cards = withCardFrom(customer, { cardKey, fromMs });
  requireCurrency(act, { customer, cards, fromMs });
  if (cards.formerCards.length <= FORMER_CARDS_MAX_COUNT) return cards;
  const detail = `A customer changes its card at most ${FORMER_CARDS_MAX_COUNT} times.`;
  throw new TollgateError("field.out_of_range", detail, "cardKey");
}

/** What is billed or rated keeps its card. */
function requireOpen(
  { state, tariff }: Act,
  customer: Customer,
  { fromMs, closed, used }: Billed & { readonly fromMs: number },
): void {
  const { key } = tariff.periodOf(customer, fromMs);
  const from = new Date(fromMs).toISOString();
  const refuse = (why: string) => {
    const detail = `Customer "${customer.id}" cannot change its card at ${from}: ${why}.`;
    throw new TollgateError("customer.card_fixed", detail, "cardFrom");
  };
  if (closed.some((period) => period >= key)) refuse("a period from then on is closed");
  const isRated = used.some((period) => period >= key);
  if (fromMs < state.receivedAtMs && isRated) refuse("usage of that period is rated");
}

/** One statement has one currency, and what comes late for a former card is booked in it. */
function requireCurrency(
  { tariff }: Act,
  of: { readonly customer: Customer; readonly cards: CardHistory; readonly fromMs: number },
): void {
  const before = tariff.cardFor(of.customer, of.fromMs - 1);
  const after = tariff.cardFor({ ...of.customer, ...of.cards }, of.fromMs);
  if (before === null || after === null || before.currency === after.currency) return;
  const detail =
    `Customer "${of.customer.id}" is billed in ${before.currency}; ` +
    `card "${after.cardKey}" is in ${after.currency}.`;
  throw new TollgateError("customer.card_fixed", detail, "cardKey");
}
