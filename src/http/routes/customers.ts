/** Customers and their billing settings. */
import { TollgateError } from "../../domain/errors.ts";
import type { CustomerSettings } from "../../engine/customers/save-customer.ts";
import type { Customer } from "../../engine/ports.ts";
import { instantOf, timeText } from "../instant.ts";
import { json, ok, route } from "../route.ts";
import { closed, described, ID, LIMIT, named, nullable, TEXT, TIME_SENT } from "../schema.ts";
import { PARENT } from "../schemas/credits.ts";

const CUSTOMER_PARAM = closed({ customer: ID });

interface CustomersQuery {
  readonly limit: number;
  readonly cursor?: string;
}

const listCustomers = route<unknown, CustomersQuery>({
  method: "GET",
  path: "/v1/customers",
  operationId: "listCustomers",
  summary: "List customers by id.",
  scope: "read",
  query: closed({ "limit?": LIMIT, "cursor?": described(ID, "`next` of the page before.") }),
  answers: { 200: json("A page of customers.", named("CustomerPage")) },
  errors: ["field.invalid", "field.out_of_range"],
  handle: async ({ engine }, { workspace, query: { limit, cursor } }) => {
    const customers = await engine.store.listCustomers(workspace, limit, cursor);
    const next = customers.length < limit ? null : (customers.at(-1)?.id ?? null);
    return ok({ customers: customers.map(customerView), next });
  },
});

const readCustomer = route<{ readonly customer: string }>({
  method: "GET",
  path: "/v1/customers/{customer}",
  operationId: "readCustomer",
  summary: "Read a customer.",
  scope: "read",
  params: CUSTOMER_PARAM,
  answers: { 200: json("The customer.", named("Customer")) },
  errors: ["customer.not_found"],
  handle: async ({ engine }, { workspace, params }) => {
    const customer = await engine.store.customer(workspace, params.customer);
    if (customer !== undefined) return ok(customerView(customer));
    const detail = `There is no customer "${params.customer}".`;
    throw new TollgateError("customer.not_found", detail);
  },
});

/** Settings as they are sent. */
interface SentSettings
  extends Pick<CustomerSettings, "name" | "timeZone" | "anchorDay" | "cardKey" | "parent"> {
  readonly cardFrom?: string;
  readonly startedAt?: string;
}

const saveCustomer = route<{ readonly customer: string }, unknown, SentSettings>({
  method: "PUT",
  path: "/v1/customers/{customer}",
  operationId: "saveCustomer",
  summary: "Make a customer or change its settings; what is left out keeps its value.",
  scope: "admin",
  params: CUSTOMER_PARAM,
  body: {
    schema: closed({
      "name?": nullable(TEXT),
      "timeZone?": { ...ID, description: "IANA time zone of the billing periods." },
      "anchorDay?": {
        type: "integer",
        minimum: 1,
        maximum: 31,
        description: "Day of the month on which a period starts.",
      },
      "cardKey?": described(nullable(ID), "Null: the workspace's default card."),
      "cardFrom?": described(TIME_SENT, "From when the card holds; default: now."),
      "parent?": described(nullable(PARENT), "Who stands above it; null: nobody."),
      "startedAt?": described(TIME_SENT, "From when trials and the first period count."),
    }),
  },
  answers: { 200: json("The customer as it is now.", named("Customer")) },
  errors: [
    ...(["customer.card_fixed", "ratecard.not_found"] as const),
    ...(["customer.not_found", "customer.parent_refused"] as const),
  ],
  handle: async ({ engine }, { workspace, params, body }) => {
    const { cardFrom, startedAt, ...plain } = body;
    if (plain.timeZone !== undefined) requireTimeZone(plain.timeZone);
    const settings: CustomerSettings = {
      ...plain,
      ...(cardFrom === undefined ? {} : { cardFromMs: instantOf(cardFrom, "cardFrom") }),
      ...(startedAt === undefined ? {} : { startedAtMs: instantOf(startedAt, "startedAt") }),
    };
    const change = { id: params.customer, settings };
    return ok(customerView(await engine.saveCustomer(workspace, change)));
  },
});

const ZONE_NAME = /^[A-Za-z][A-Za-z0-9_+-]*(\/[A-Za-z0-9_+-]+)*$/;

/** An unknown zone would make every later period of the customer impossible to compute. */
function requireTimeZone(name: string): void {
  try {
    if (ZONE_NAME.test(name)) {
      Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(name);
      return;
    }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
  const detail = `${JSON.stringify(name)} is no IANA time zone such as Europe/Berlin.`;
  throw new TollgateError("field.invalid", detail, "timeZone");
}

function customerView(customer: Customer): object {
  const { id, name, timeZone, anchorDay, cardKey, createdAtMs, startedAtMs } = customer;
  const formerCards = customer.formerCards.map((former) => ({
    cardKey: former.cardKey,
    until: timeText(former.untilMs),
  }));
  const times = { startedAt: timeText(startedAtMs), createdAt: timeText(createdAtMs) };
  const { parent } = customer;
  return { customer: id, name, timeZone, anchorDay, cardKey, formerCards, ...times, parent };
}

/** Customers. */
export const CUSTOMER_ROUTES = [listCustomers, readCustomer, saveCustomer];
