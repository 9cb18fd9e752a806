/**
 * Asks a site whether the names of a target are there and fit. Worth it before anything is sent: an
 * event of a wrong subscription is taken without a word, and counts once somebody imports one.
 */
import type { Missing, NameMap, TheirName } from "../../domain/export/target.ts";
import type { Session } from "../../engine/export/connector-port.ts";
import { readList } from "./chargebee-api.ts";
import { readSettings } from "./chargebee-settings.ts";

/** Ids of one request. */
const IDS_MAX_COUNT = 100;

/** What is asked for by its id. */
interface Kind {
  readonly path: string;
  readonly name: string;
}

const SUBSCRIPTIONS: Kind = { path: "/subscriptions", name: "subscription" };
const ITEM_PRICES: Kind = { path: "/item_prices", name: "item_price" };
const ITEMS: Kind = { path: "/items", name: "item" };
const FEATURES: Kind = { path: "/features", name: "feature" };

/** A thing of theirs, as far as it matters here. */
interface Thing {
  readonly id: string;
  readonly status?: string;
  readonly customer_id?: string;
  readonly item_id?: string;
  readonly metered?: boolean;
  readonly usage_calculation?: string;
}

/** What does not fit, by our names; what cannot be read is not complained about. */
export async function askNames(session: Session): Promise<Missing[]> {
  const { customers, items, mode } = session.target;
  const subscriptions = await thingsOf(SUBSCRIPTIONS, idsOf(customers), session);
  const ofCustomers = problems("customers", customers, ({ id = "", customer }) => {
    if (subscriptions === null) return null;
    const subscription = subscriptions.get(id);
    if (subscription === undefined) return `There is no subscription "${id}".`;
    const { status, customer_id: payer = customer } = subscription;
    if (status === "cancelled") return `The subscription "${id}" is cancelled.`;
    const isOthers = mode !== "usage" && payer !== customer;
    return isOthers ? `The subscription "${id}" is of the customer "${payer}".` : null;
  });
  if (mode !== "usage") return ofCustomers;
  const isEvents = readSettings(session.target).api === "events";
  const problemOf = isEvents ? await featureProblems(session) : await priceProblems(session);
  return [...ofCustomers, ...problems("items", items, problemOf)];
}

type ProblemOf = (theirs: TheirName) => string | null;

async function featureProblems(session: Session): Promise<ProblemOf> {
  const features = await thingsOf(FEATURES, idsOf(session.target.items), session);
  if (features === null) return () => null;
  return ({ id = "" }) => {
    const feature = features.get(id);
    if (feature === undefined) return `There is no feature "${id}".`;
    return feature.metered === false ? `The feature "${id}" is not metered.` : null;
  };
}

async function priceProblems(session: Session): Promise<ProblemOf> {
  const prices = await thingsOf(ITEM_PRICES, idsOf(session.target.items), session);
  if (prices === null) return () => null;
  const of = [...prices.values()].map(({ item_id: item = "" }) => item);
  const items = (await thingsOf(ITEMS, [...new Set(of)], session)) ?? new Map<string, Thing>();
  return ({ id = "" }) => {
    const price = prices.get(id);
    if (price === undefined) return `There is no item price "${id}".`;
    const { metered = true, usage_calculation: how = SUM } = items.get(price.item_id ?? "") ?? {};
    if (!metered) return `The item of "${id}" is not metered.`;
    return how === SUM
      ? null
      : `The item of "${id}" is billed by ${how}; only sums can be kept up.`;
  };
}

const SUM = "sum_of_usages";

function idsOf({ names }: NameMap): string[] {
  return Object.values(names).map(({ id = "" }) => id);
}

function problems(kind: string, { names }: NameMap, problemOf: ProblemOf): Missing[] {
  return Object.entries(names).flatMap(([ours, theirs]) => {
    const detail = problemOf(theirs);
    return detail === null ? [] : [{ place: `${kind}.${ours}`, detail }];
  });
}

/** Those that are there, by their ids; null: they cannot be read. */
async function thingsOf(
  { path, name }: Kind,
  ids: readonly string[],
  session: Session,
): Promise<ReadonlyMap<string, Thing> | null> {
  const found = new Map<string, Thing>();
  for (let at = 0; at < ids.length; at += IDS_MAX_COUNT) {
    const some = JSON.stringify(ids.slice(at, at + IDS_MAX_COUNT));
    const rows = await readList<Thing>(path, session, { query: [["id[in]", some]], name });
    if (rows === null) return null;
    for (const row of rows) found.set(row.id, row);
  }
  return found;
}
