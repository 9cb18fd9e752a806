/**
 * Records of a NetSuite account as its documentation says. Each rule names its source; where the
 * documentation is silent, the rule is the one that is hardest on us, and says so.
 */
import { parseValue } from "../../domain/export/export-line.ts";
import type { TheirName } from "../../domain/export/target.ts";
import type { FakeWorld } from "../fake-target-contract.ts";

const DAY_MS = 24 * 60 * 60 * 1000;
/** Silent: usage of a day that a bill was made of can be neither added nor voided. */
const RATED_AFTER_DAYS = 33;
/** Silent: a posting period is closed so long after the day of the transaction. */
const CLOSED_AFTER_DAYS = 33;

/** An error as "Error Handling in REST Web Services" lists its fields. */
export class RecordError extends Error {
  readonly status: number;
  readonly code: string;

  constructor(code: string, detail: string, status = 400) {
    super(detail);
    this.code = code;
    this.status = status;
  }
}

type Json = Readonly<Record<string, unknown>>;

interface Usage {
  readonly id: string;
  readonly customer: string;
  readonly line: string;
  readonly quantity: string;
  readonly day: string;
  readonly status: "ACTIVE" | "VOIDED";
  readonly memo: string;
  readonly sinceMs: number;
}

interface DocumentLine {
  readonly item: string;
  readonly amount: string;
}

interface Transaction {
  readonly id: string;
  readonly customer: string;
  readonly lines: readonly DocumentLine[];
  readonly memo: string;
  readonly sinceMs: number;
}

/** Kinds of transactions, and what their amounts do to what a customer owes. */
const SIGNS = { invoice: 1n, salesOrder: 1n, creditMemo: -1n } as const;
export type TransactionKind = keyof typeof SIGNS;

/** Our names, with the internal IDs of what they are there. */
export interface FakeCatalogue {
  readonly customers: readonly string[];
  readonly items: readonly string[];
}

/** Customers, items, subscriptions, usage and transactions of an account. */
export class FakeRecords {
  readonly usages = new Map<string, Usage>();
  readonly transactions = new Map<string, Transaction>();
  readonly #world: FakeWorld;
  readonly #catalogue: FakeCatalogue;
  /** Internal IDs of customers, which change when duplicates are merged. */
  readonly #ids = new Map<string, string>();
  #last = 10_000;

  constructor(world: FakeWorld, catalogue: FakeCatalogue) {
    this.#world = world;
    this.#catalogue = catalogue;
    for (const [at, customer] of catalogue.customers.entries()) {
      this.#ids.set(customer, String(1_001 + at));
    }
  }

  /** What a mapping must say of a customer: its ID, its subscription, and the lines of that. */
  nameOf(customer: string): TheirName {
    const { customers, items } = this.#catalogue;
    const at = customers.indexOf(customer);
    const lines = items.map((item, place) => [`line.${item}`, String(3_000 + 10 * at + place)]);
    const id = this.#ids.get(customer) ?? "";
    return { id, plan: "8", subscription: String(200 + at), ...Object.fromEntries(lines) };
  }

  /** Merges a customer into another record: the former ID is gone. */
  merge(customer: string): TheirName {
    this.#ids.set(customer, String(Number(this.#ids.get(customer)) + 1_000));
    return this.nameOf(customer);
  }

  /** Items of ours are known there by an external ID. */
  itemName(item: string): TheirName {
    return { id: `eid:SKU-${item}` };
  }

  #customerOf(reference: unknown): string {
    const { id } = (reference ?? {}) as { readonly id?: unknown };
    const found = this.#catalogue.customers.find((one) => this.#ids.get(one) === id);
    if (found !== undefined) return found;
    throw new RecordError("INVALID_KEY_OR_REF", `Invalid entity reference key ${id}.`);
  }

  #itemOf(reference: unknown): string {
    const { externalId } = (reference ?? {}) as { readonly externalId?: unknown };
    const found = this.#catalogue.items.find((one) => `SKU-${one}` === externalId);
    if (found !== undefined) return found;
    throw new RecordError("INVALID_KEY_OR_REF", `Invalid item reference key ${externalId}.`);
  }

  /** Makes a usage, or changes the fields that are given ("Using the Upsert Operation"). */
  putUsage(externalId: string, body: Json): string {
    const customer = this.#customerOf(body.customer);
    const { subscription } = this.nameOf(customer);
    const line = idOf(body.usageSubscriptionLine);
    const isItsOwn = Object.entries(this.nameOf(customer)).some(
      ([field, value]) => field.startsWith("line.") && value === line,
    );
    if (idOf(body.usageSubscription) !== subscription || !isItsOwn) {
      throw new RecordError("INVALID_KEY_OR_REF", "Invalid usagesubscriptionline reference key.");
    }
    const day = String(body.usageDate);
    this.#mustBeOpen(day, RATED_AFTER_DAYS, "The usage is of a period that is closed.");
    const quantity = String(body.usageQuantity);
    // Silent on less than nothing.
    if ((parseValue(quantity) ?? 0n) <= 0n) {
      throw new RecordError("USER_ERROR", "Quantity must be more than 0.");
    }
    const known = this.usages.get(externalId);
    const memo = String(body.memo ?? known?.memo ?? "");
    const status = known?.status ?? "ACTIVE";
    const id = known?.id ?? this.#nextId();
    const sinceMs = known?.sinceMs ?? this.#world.nowMs();
    const of = { customer, line: line ?? "", quantity, day };
    this.usages.set(externalId, { id, ...of, status, memo, sinceMs });
    return id;
  }

  /** Voids a usage: `status` is ACTIVE or VOIDED (REST API Browser, usage). */
  patchUsage(externalId: string, body: Json): string {
    const known = this.usages.get(externalId);
    if (known === undefined) throw notThere();
    this.#mustBeOpen(known.day, RATED_AFTER_DAYS, "The usage was rated and stays.");
    const status = idOf(body.status) === "VOIDED" ? "VOIDED" : known.status;
    this.usages.set(externalId, { ...known, status, memo: String(body.memo ?? known.memo) });
    return known.id;
  }

  /** Makes a transaction or changes it; without `replace`, lines are added to those there are. */
  putTransaction(
    kind: TransactionKind,
    externalId: string,
    { body, isReplacing }: { readonly body: Json; readonly isReplacing: boolean },
  ): string {
    const customer = this.#customerOf(body.entity);
    this.#mustBeOpen(String(body.tranDate), CLOSED_AFTER_DAYS, "The posting period is closed.");
    const { items = [] } = (body.item ?? {}) as { readonly items?: readonly Json[] };
    const given = items.map((line) => this.#lineOf(line));
    const place = `${kind}/${externalId}`;
    const known = this.transactions.get(place);
    // Lines of transactions have no key ("Updating a Sublist", "Replacing a Sublist").
    const lines = isReplacing ? given : [...(known?.lines ?? []), ...given];
    const total = lines.reduce((sum, { amount }) => sum + (parseValue(amount) ?? 0n), 0n);
    if (total < 0n) throw new RecordError("USER_ERROR", "The total must not be negative.");
    const id = known?.id ?? this.#nextId();
    const sinceMs = known?.sinceMs ?? this.#world.nowMs();
    const memo = String(body.memo ?? known?.memo ?? "");
    this.transactions.set(place, { id, customer, lines, memo, sinceMs });
    return id;
  }

  /** The amount is the rate times the quantity, where the price level leaves the rate alone. */
  #lineOf({ item, quantity, rate, amount, price }: Json): DocumentLine {
    const isOwnPrice = idOf(price) === "-1" && String(quantity) === "1" && rate === amount;
    if (isOwnPrice) return { item: this.#itemOf(item), amount: String(amount) };
    throw new RecordError("USER_ERROR", "Amount and rate times quantity are not the same.");
  }

  #mustBeOpen(day: string, maxDays: number, detail: string): void {
    const endMs = Date.parse(`${day}T00:00:00Z`) + DAY_MS;
    if (!Number.isFinite(endMs)) throw new RecordError("INVALID_CONTENT", `Invalid date ${day}.`);
    if (this.#world.nowMs() - endMs > maxDays * DAY_MS) throw new RecordError("USER_ERROR", detail);
  }

  #nextId(): string {
    this.#last += 1;
    return String(this.#last);
  }

  /** What would be billed: active usage of a subscription's line, and amounts of documents. */
  total(customer: string, item: string): bigint {
    const line = this.nameOf(customer)[`line.${item}`];
    const used = [...this.usages.values()]
      .filter((one) => one.line === line && one.status === "ACTIVE")
      .reduce((sum, { quantity }) => sum + (parseValue(quantity) ?? 0n), 0n);
    let billed = 0n;
    for (const [place, transaction] of this.transactions) {
      if (transaction.customer !== customer) continue;
      const sign = SIGNS[place.slice(0, place.indexOf("/")) as TransactionKind];
      for (const one of transaction.lines) {
        if (one.item === item) billed += sign * (parseValue(one.amount) ?? 0n);
      }
    }
    return used + billed;
  }
}

function idOf(reference: unknown): string | undefined {
  const { id } = (reference ?? {}) as { readonly id?: unknown };
  return typeof id === "string" ? id : undefined;
}

/** The error of a record that is not there. */
export function notThere(): RecordError {
  return new RecordError("NONEXISTENT_ID", "The record instance does not exist.", 404);
}
