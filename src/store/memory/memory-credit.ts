/** Reads of credit from memory, and of who stands below whom. */
import type { CreditReads } from "../../engine/customer-ports.ts";
import type { CreditBookRow } from "../../engine/ports.ts";
import { byBytes, type Tables } from "./tables.ts";

/** The credit of every workspace, from its tables. */
export function memoryCredit(tables: (workspace: string) => Tables) {
  const books = (workspace: string) => [...tables(workspace).creditBooks.values()];
  const dueOf = ({ dueAtMs }: CreditBookRow) => dueAtMs ?? Number.POSITIVE_INFINITY;
  return {
    book: (workspace: string, customer: string) => tables(workspace).creditBooks.get(customer),
    booksDue: (workspace: string, atMs: number, limit: number) =>
      books(workspace)
        .filter((book) => dueOf(book) <= atMs)
        .sort((a, b) => dueOf(a) - dueOf(b) || byBytes(a.customer, b.customer))
        .slice(0, limit),
    booksWatched: (workspace: string, limit: number, after = "") =>
      books(workspace)
        .filter((book) => book.isWatched && byBytes(book.customer, after) > 0)
        .sort((a, b) => byBytes(a.customer, b.customer))
        .slice(0, limit),
    customersBelow: (workspace: string, parent: string) =>
      [...tables(workspace).customers.values()]
        .filter((customer) => customer.parent?.id === parent)
        .sort((a, b) => byBytes(a.id, b.id)),
  } satisfies CreditReads;
}
