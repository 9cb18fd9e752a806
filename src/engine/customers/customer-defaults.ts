/** What a customer is billed by until someone says otherwise: UTC calendar months. */
import type { Customer } from "../ports.ts";

/** Source of the entry that makes a customer on first sight; acts have their kind there. */
export const SEEN_FIRST = "customer";

/** A customer that is made at an instant, on first sight: it starts then. */
export function newCustomer(id: string, createdAtMs: number): Customer {
  const calendar = { timeZone: "UTC", anchorDay: 1 };
  const card = { cardKey: null, formerCards: [] };
  return {
    id,
    name: null,
    ...calendar,
    ...card,
    startedAtMs: createdAtMs,
    createdAtMs,
    parent: null,
  };
}
