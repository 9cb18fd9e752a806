/**
 * All charges, invoices and credits of a site that are lines of ours. What waits for an invoice is
 * read first: what is invoiced in between is found there, and one that is found twice is one.
 */
import type { HeldLine, Session } from "../../engine/export/connector-port.ts";
import { heldSinceMs, isLineKey, unlisted } from "../own-lines.ts";
import { type Listing, pagesOf } from "./chargebee-api.ts";
import { readSettings } from "./chargebee-settings.ts";
import { CHARGES, CREDITS_LIST, keyIn, smallestUnit, untagged } from "./charges.ts";
import type { FormFields } from "./form.ts";

const SECOND_MS = 1_000;

/** A charge that waits, or a line of an invoice. */
interface Charge {
  readonly id: string;
  readonly amount: number;
  readonly description?: string;
  readonly subscription_id?: string;
}

interface Invoice {
  readonly id: string;
  readonly customer_id: string;
  readonly status?: string;
  readonly line_items?: readonly Charge[];
}

interface Credit {
  readonly id: string;
  readonly customer_id: string;
  readonly amount: number;
  readonly description?: string;
  readonly reference?: string;
}

/** Lines of a target that changed since an instant, or all. */
export async function* heldCharges(
  session: Session,
  sinceMs: number | null,
): AsyncGenerator<readonly HeldLine[]> {
  const { target } = session;
  const sinceS = String(Math.floor(heldSinceMs(session, sinceMs) / SECOND_MS));
  const charges: LineListing<Charge> = {
    ...{ name: "unbilled_charge", query: [] },
    linesIn: (charge) => {
      return linesOf([charge], { place: charge.id, of: charge.subscription_id ?? "" }, session);
    },
  };
  if (target.mode === "rated") yield* listed(CHARGES, session, charges);
  const invoices: LineListing<Invoice> = {
    ...{ name: "invoice", query: [["updated_at[after]", sinceS]] },
    linesIn: ({ id, customer_id: of, status, line_items: items = [] }) => {
      return status === "voided" ? [] : linesOf(items, { place: id, of }, session);
    },
  };
  yield* listed("/invoices", session, invoices);
  const query: FormFields = [
    ["created_at[after]", sinceS],
    ["type[is]", "increment"],
  ];
  const credits: LineListing<Credit> = {
    ...{ name: "promotional_credit", query },
    linesIn: ({ id, customer_id: of, amount, description: text = "", reference: key }) => {
      if (!isLineKey(key)) return [];
      return heldLine({ key, units: -amount, text }, { place: id, of }, session);
    },
  };
  yield* listed(CREDITS_LIST, session, credits);
}

interface LineListing<T> extends Listing {
  readonly linesIn: (row: T) => readonly HeldLine[];
}

async function* listed<T>(
  path: string,
  session: Session,
  { linesIn, ...listing }: LineListing<T>,
): AsyncGenerator<readonly HeldLine[]> {
  for await (const page of pagesOf<T>(path, session, listing)) {
    if (page === null || page === "refused") throw unlisted(path, page === "refused");
    yield page.rows.flatMap(linesIn);
  }
}

interface Where {
  readonly place: string;
  /** Subscription or customer of theirs. */
  readonly of: string;
}

/** Each with the charges that follow it without a key: parts of one bill. */
function linesOf(charges: readonly Charge[], where: Where, session: Session): HeldLine[] {
  const found: { key: string; units: number; text: string }[] = [];
  for (const { amount, description: text = "" } of charges) {
    const key = keyIn(text);
    const bill = found.at(-1);
    if (key !== null) found.push({ key, units: amount, text });
    else if (bill !== undefined && session.target.mode === "statement") bill.units += amount;
  }
  return found.flatMap((one) => heldLine(one, where, session));
}

function heldLine(
  { key, units, text }: { readonly key: string; readonly units: number; readonly text: string },
  { place, of }: Where,
  { target }: Session,
): HeldLine[] {
  const { names, others } = target.customers;
  const listed = Object.entries(names).find(([, { id, customer }]) => [id, customer].includes(of));
  const customer = listed?.[0] ?? (others === "same" ? of : null);
  if (customer === null) return [];
  const unit = readSettings(target).currency;
  const value = BigInt(units) * smallestUnit(unit);
  return [{ key, place, said: { customer, item: untagged(text), value, unit }, isEditable: true }];
}
