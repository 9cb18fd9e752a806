/** A customer's billing settings. They are fixed once usage was billed by them. */
import { TollgateError } from "../domain/errors.ts";
import { runAct } from "./act.ts";
import type { EngineContext } from "./context.ts";
import { DEFAULT_CUSTOMER } from "./customer-defaults.ts";
import type { Customer } from "./ports.ts";

/** What may be set; a field that is left out keeps its value. */
export type CustomerSettings = Partial<Omit<Customer, "id" | "createdAtMs">>;

const BILLED_BY = ["timeZone", "anchorDay", "cardKey"] as const;

/**
 * Makes or changes a customer. Throws `customer.card_fixed` where a setting that statements rest
 * on would change under usage that is already rated, `ratecard.not_found` for an unknown card.
 */
export async function saveCustomer(
  context: EngineContext,
  workspace: string,
  { id, settings }: { readonly id: string; readonly settings: CustomerSettings },
): Promise<Customer> {
  const { cardKey } = settings;
  if (cardKey !== undefined && cardKey !== null) await requireCard(context, workspace, cardKey);
  return runAct(context, workspace, async ({ unit, state, journal }) => {
    const [known] = await unit.customers([id]);
    const created = { ...DEFAULT_CUSTOMER, id, createdAtMs: state.receivedAtMs };
    const customer: Customer = { ...(known ?? created), ...settings };
    const changed = BILLED_BY.filter(
      (name) => known !== undefined && known[name] !== customer[name],
    );
    // A period may be closed without usage, for a commitment that ends in it.
    const isClosed = (await unit.periodsOf(id)).length > 0;
    const isDated = isClosed && changed.some((name) => name !== "cardKey");
    if (isDated || (changed.length > 0 && (await hasUsage(context, workspace, id)))) {
      const has = isDated ? "statements" : "usage";
      const detail = `Customer "${id}" has ${has}; its ${changed.join(", ")} cannot change now.`;
      throw new TollgateError("customer.card_fixed", detail, changed[0]);
    }
    state.customers.set(id, customer);
    journal("customer.saved", id, customer);
    return customer;
  });
}

async function requireCard(context: EngineContext, workspace: string, key: string): Promise<void> {
  const cards = await context.store.cards(workspace);
  if (cards.some((version) => version.card.key === key)) return;
  throw new TollgateError("ratecard.not_found", `There is no rate card "${key}".`, "cardKey");
}

async function hasUsage(
  context: EngineContext,
  workspace: string,
  customer: string,
): Promise<boolean> {
  return (await context.store.rollups(workspace, { customer })).length > 0;
}
