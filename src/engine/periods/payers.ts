/** Who pays a bill: its customer, or the parent that it was billed to when it was closed. */
import type { Customer } from "../ports.ts";

/** Who a statement of a customer was billed to. */
export function billedCustomer(document: string, customer: string): string {
  const { billedTo } = JSON.parse(document) as { readonly billedTo?: string };
  return billedTo ?? customer;
}

/** Who the customer's next statement is billed to. */
export function payerOf({ id, parent }: Pick<Customer, "id" | "parent">): string {
  return parent?.pays === true ? parent.id : id;
}
