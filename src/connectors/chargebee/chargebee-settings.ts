/** What an operator sets for a Chargebee site, and what is missing or contradicts itself. */
import type { ExportTarget, Missing, NameMap } from "../../domain/export/target.ts";
import { currencyDecimals } from "../../domain/money/currency.ts";
import { choice, onlyKnown, wholeNumber } from "../check-settings.ts";

/** By which endpoint usage is sent. */
const USAGE_APIS = ["usages", "events"] as const;

/** Settings with their defaults. */
export interface ChargebeeSettings {
  /** Of `https://SITE.chargebee.com`. */
  readonly site: string;
  /** (Default: usages.) */
  readonly api: (typeof USAGE_APIS)[number];
  /** How long after the end of a term its invoice stays pending, in milliseconds. */
  readonly closesAfterMs: number;
  /** Decimal places of a quantity. (Default: 6.) */
  readonly decimals: number;
  /** Requests a second. (Default: 2, for test sites and Starter allow 150 a minute.) */
  readonly perSecond: number;
  /** Whether others tell usage of these items as well, so that sums may be more. (Default: no.) */
  readonly isShared: boolean;
  /** Upper-case code; "" where quantities are sent. */
  readonly currency: string;
  /** Whether an invoice of a statement is collected, or stays pending. (Default: pending.) */
  readonly isCollecting: boolean;
}

const HOUR_MS = 3_600_000;
const DECIMALS_DEFAULT = "6";
const DECIMALS_MAX = 9;
const PER_SECOND_DEFAULT = "2";
const PER_SECOND_MAX = 1_000;
/**
 * The last day that has ended is up to 25 hours old, and an hour is kept clear: with less there
 * would be hours of a day at which nothing that is late could be told.
 */
const CLOSES_AFTER_MIN_HOURS = 26;
/** "The maximum time limit you can select is 50 days" (configuring metered billing). */
const CLOSES_AFTER_MAX_HOURS = 1_200;
const SUBSCRIPTION_MAX_CHARS = 50;
const CUSTOMER_MAX_CHARS = 50;
const ITEM_MAX_CHARS = 100;

/** Reads settings; what `check` refuses falls back to its default. */
export function readSettings({ settings }: Pick<ExportTarget, "settings">): ChargebeeSettings {
  const { api = "usages", closesAfterHours = String(CLOSES_AFTER_MIN_HOURS) } = settings;
  return {
    site: settings.site ?? "",
    api: USAGE_APIS.find((one) => one === api) ?? "usages",
    closesAfterMs: Number(closesAfterHours) * HOUR_MS,
    decimals: Number(settings.decimals ?? DECIMALS_DEFAULT),
    perSecond: Number(settings.perSecond ?? PER_SECOND_DEFAULT),
    isShared: settings.shared === "yes",
    currency: (settings.currency ?? "").toUpperCase(),
    isCollecting: settings.invoices === "collect",
  };
}

/** Settings and names that are missing or wrong; names that are missing altogether are not here. */
export function checkSettings(target: ExportTarget): Missing[] {
  const { settings, mode } = target;
  const { perSecond = PER_SECOND_DEFAULT } = settings;
  return [
    ...checkSite(settings),
    ...(mode === "usage" ? checkUsage(target) : checkMoney(settings)),
    ...wholeNumber("perSecond", perSecond, [1, PER_SECOND_MAX]),
    ...onlyKnown(target, KNOWN[mode]),
    ...checkNames(target),
  ];
}

function checkSite({ site = "" }: ExportTarget["settings"]): Missing[] {
  if (/^[a-z0-9][a-z0-9-]{0,59}$/.test(site)) return [];
  const detail = 'Set the site\'s name: "acme-test" of https://acme-test.chargebee.com.';
  return [{ place: "settings.site", detail }];
}

/** Why windows are refused, by the endpoint that they are of. */
const WINDOWS: Readonly<
  Record<ChargebeeSettings["api"], { readonly allowed: readonly string[]; readonly detail: string }>
> = {
  usages: {
    allowed: ["day"],
    detail:
      "Set day: hours use up the 5,000 usages that a subscription ever has, and what is late " +
      "for a period could be told only when the next one ends.",
  },
  events: {
    allowed: ["hour"],
    detail: "Set hour: an event is at most 12 hours old, and a day ends too seldom for that.",
  },
};

function checkUsage({ settings, window }: ExportTarget): Missing[] {
  const { api = "usages", decimals = DECIMALS_DEFAULT, closesAfterHours = "" } = settings;
  const hours = [CLOSES_AFTER_MIN_HOURS, CLOSES_AFTER_MAX_HOURS] as const;
  const { allowed, detail } = WINDOWS[readSettings({ settings }).api];
  return [
    ...choice("api", api, USAGE_APIS),
    ...choice("shared", settings.shared ?? "no", ["no", "yes"]),
    ...wholeNumber("decimals", decimals, [0, DECIMALS_MAX]),
    ...(api === "events" ? [] : wholeNumber("closesAfterHours", closesAfterHours, hours)),
    ...(allowed.includes(window) ? [] : [{ place: "window", detail }]),
  ];
}

function checkMoney({ currency = "", invoices = "pending" }: ExportTarget["settings"]): Missing[] {
  const isKnown = currencyDecimals(currency.toUpperCase()) !== undefined;
  const detail = "Set the currency of the bills, such as USD; a target has one.";
  return [
    ...(isKnown ? [] : [{ place: "settings.currency", detail }]),
    ...choice("invoices", invoices, ["pending", "collect"]),
  ];
}

const KNOWN: Readonly<Record<ExportTarget["mode"], readonly string[]>> = {
  usage: ["site", "api", "closesAfterHours", "decimals", "perSecond", "shared"],
  rated: ["site", "currency", "perSecond"],
  statement: ["site", "currency", "invoices", "perSecond"],
};

function checkNames({ mode, customers, items }: ExportTarget): Missing[] {
  const isUsage = mode === "usage";
  return [
    ...wrongIds("customers", customers, SUBSCRIPTION_MAX_CHARS),
    ...(isUsage ? wrongIds("items", items, ITEM_MAX_CHARS) : payers(customers)),
    ...(isUsage ? properties(items) : []),
    // Of two that share a name, a sum that is read back says nothing of either.
    ...(isUsage ? [...shared("customers", customers), ...shared("items", items)] : []),
  ];
}

/** A slash would be another path. */
function wrongIds(kind: string, { names }: NameMap, maxChars: number): Missing[] {
  const what = kind === "customers" ? "subscription's id" : "item price's or feature's id";
  return Object.entries(names).flatMap(([ours, { id = "" }]) => {
    if (id !== "" && id.length <= maxChars && !id.includes("/")) return [];
    const detail = `Set the ${what}: 1 to ${maxChars} characters without a slash.`;
    return [{ place: `${kind}.${ours}`, detail }];
  });
}

/** Less than nothing becomes credit of a customer, who is not the subscription. */
function payers({ names }: NameMap): Missing[] {
  return Object.entries(names).flatMap(([ours, { customer = "" }]) => {
    if (customer !== "" && customer.length <= CUSTOMER_MAX_CHARS) return [];
    const detail = "Set { id: SUBSCRIPTION, customer: CUSTOMER }: both are needed for amounts.";
    return [{ place: `customers.${ours}`, detail }];
  });
}

/** Names of fields that metered features are defined over. */
function properties({ names }: NameMap): Missing[] {
  return Object.entries(names).flatMap(([ours, { property = "" }]) => {
    if (property === "" || /^[A-Za-z0-9_.-]{1,100}$/.test(property)) return [];
    return [{ place: `items.${ours}`, detail: `"${property}" is no name of an event's field.` }];
  });
}

function shared(kind: string, { names }: NameMap): Missing[] {
  const byId = Map.groupBy(Object.entries(names), ([, { id = "" }]) => id);
  return [...byId].flatMap(([id, [first, ...others]]) =>
    others.map(([ours]) => {
      const detail = `"${id}" is also ${first?.[0]}'s: what it has could not be told apart.`;
      return { place: `${kind}.${ours}`, detail };
    }),
  );
}
