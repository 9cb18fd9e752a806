/** What a customer is billed by until someone says otherwise: UTC calendar months. */
import type { Customer } from "./ports.ts";

/** Settings of a customer that is made on first sight. */
export const DEFAULT_CUSTOMER: Omit<Customer, "id" | "createdAtMs"> = {
  name: null,
  timeZone: "UTC",
  anchorDay: 1,
  cardKey: null,
};
