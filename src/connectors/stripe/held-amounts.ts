/**
 * All invoice items or invoices of an account that are lines of ours, newest first. What says whose
 * books it is of (metadata `tollgate_books`) is known by that; of what an older version wrote, the
 * names of the target tell.
 */
import { EXPORT_SCALE } from "../../domain/export/export-line.ts";
import type { HeldLine, Session } from "../../engine/export/connector-port.ts";
import { heldSinceMs, isLineKey, ourName, unlisted } from "../own-lines.ts";
import type { FormFields } from "./form.ts";
import { BOOKS_FIELD, booksOf, ITEM_FIELD, LINE_FIELD, PART_FIELD } from "./invoice-items.ts";
import { listPage } from "./stripe-api.ts";
import { billedForm } from "./stripe-money.ts";

const SECOND_MS = 1_000;

/** An item or an invoice: one has an amount, the other a sum of its items' before taxes. */
interface Held {
  readonly id: string;
  readonly customer: string | null;
  readonly currency: string;
  readonly amount?: number;
  readonly subtotal?: number;
  readonly status?: string;
  readonly metadata: Readonly<Record<string, string>> | null;
}

/** Lines of a target that were made since an instant, or of all. */
export async function* heldAmounts(
  session: Session,
  sinceMs: number | null,
): AsyncGenerator<readonly HeldLine[]> {
  const { target } = session;
  const path = target.mode === "rated" ? "/v1/invoiceitems" : "/v1/invoices";
  const sinceS = Math.floor(heldSinceMs(session, sinceMs) / SECOND_MS);
  for (let last: string | null = null; ; ) {
    const after: FormFields = last === null ? [] : [["starting_after", last]];
    const query: FormFields = [["created[gte]", String(sinceS)], ...after];
    const page = await listPage<Held>(path, session, query);
    if (page === null) throw unlisted(path);
    yield page.rows.flatMap((row) => lineOf(row, session));
    last = page.rows.at(-1)?.id ?? null;
    if (!page.hasMore || last === null) return;
  }
}

/** None: it is no line, or one that is void, or of other books. */
function lineOf(held: Held, { workspace, target }: Session): HeldLine[] {
  const { id, metadata, status } = held;
  const { [LINE_FIELD]: key, [BOOKS_FIELD]: books, [PART_FIELD]: part } = metadata ?? {};
  if (!isLineKey(key) || part !== undefined || status === "void") return [];
  const customer = ourName(target.customers, held.customer ?? "");
  const item = ourName(target.items, metadata?.[ITEM_FIELD] ?? "");
  const isOurs =
    books === undefined
      ? customer !== null && (item !== null || target.mode === "statement")
      : books === booksOf({ workspace, account: target.account });
  if (!isOurs) return [];
  const unit = held.currency.toUpperCase();
  const said = {
    customer: customer ?? held.customer ?? "",
    item: item ?? metadata?.[ITEM_FIELD] ?? "",
    ...{ value: amountOf(held, unit), unit },
  };
  return [{ key, place: id, said, isEditable: true }];
}

function amountOf({ amount, subtotal }: Held, currency: string): bigint {
  const digits = billedForm(currency)?.unitDigits ?? 0;
  return BigInt(amount ?? subtotal ?? 0) * 10n ** BigInt(EXPORT_SCALE - digits);
}
