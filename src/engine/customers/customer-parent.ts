/** Who may stand above whom. */
import { TollgateError } from "../../domain/errors.ts";
import { CHILDREN_PER_CUSTOMER_MAX_COUNT, CUSTOMER_DEPTH_MAX } from "../../domain/limits.ts";
import type { Act } from "../commit/carry-out.ts";
import type { Customer, Store } from "../ports.ts";

/**
 * Requires that a customer may stand below its parent: one that exists and is not below it, in
 * bounds of depth and number; one that pays also shares calendar and currency, since its statements
 * carry the child's. Throws `customer.not_found`, `customer.parent_refused`.
 */
export async function requireParent(store: Store, act: Act, customer: Customer): Promise<void> {
  if (customer.parent === null) return;
  const above = await ancestorsOf(act, customer);
  const below = await heightOf(store, act.workspace, customer.id);
  if (above.length + 1 + below > CUSTOMER_DEPTH_MAX) {
    refuse(`Customers stand at most ${CUSTOMER_DEPTH_MAX} above one another.`);
  }
  const [parent] = above;
  if (parent === undefined) return;
  const siblings = await store.credit.customersBelow(act.workspace, parent.id);
  const isNew = !siblings.some(({ id }) => id === customer.id);
  if (isNew && siblings.length >= CHILDREN_PER_CUSTOMER_MAX_COUNT) {
    refuse(`"${parent.id}" has ${CHILDREN_PER_CUSTOMER_MAX_COUNT} customers right below it.`);
  }
  if (customer.parent.pays) requireSameBooks(act, customer, parent);
}

/** From the parent to the top. */
async function ancestorsOf({ unit }: Act, customer: Customer): Promise<Customer[]> {
  const above: Customer[] = [];
  for (let { parent } = customer; parent !== null; ) {
    if (parent.id === customer.id) refuse(`"${customer.id}" would stand above itself.`);
    const [found]: Customer[] = await unit.customers([parent.id]);
    if (found === undefined) {
      const detail = `There is no customer "${parent.id}".`;
      throw new TollgateError("customer.not_found", detail, "parent");
    }
    above.push(found);
    if (above.length > CUSTOMER_DEPTH_MAX) break;
    parent = found.parent;
  }
  return above;
}

/** Levels below a customer. */
async function heightOf(store: Store, workspace: string, id: string): Promise<number> {
  let height = 0;
  for (let level = [id]; height <= CUSTOMER_DEPTH_MAX; height += 1) {
    const next: string[] = [];
    for (const one of level) {
      next.push(...(await store.credit.customersBelow(workspace, one)).map((child) => child.id));
    }
    if (next.length === 0) return height;
    level = next;
  }
  return height;
}

function requireSameBooks({ tariff, state }: Act, customer: Customer, parent: Customer): void {
  const isSame = customer.timeZone === parent.timeZone && customer.anchorDay === parent.anchorDay;
  if (!isSame) refuse(`"${parent.id}" pays by another billing calendar.`);
  const [own, theirs] = [customer, parent].map(
    (one) => tariff.cardFor(one, state.receivedAtMs)?.currency,
  );
  if (own !== theirs) refuse(`"${parent.id}" is billed in another currency.`);
}

function refuse(detail: string): never {
  throw new TollgateError("customer.parent_refused", detail, "parent");
}
