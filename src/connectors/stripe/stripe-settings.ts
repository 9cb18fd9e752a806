/** What an operator sets for a Stripe account, and what is missing or contradicts itself. */
import type { ExportTarget, Missing, NameMap } from "../../domain/export/target.ts";
import { choice, onlyKnown, wholeNumber } from "../check-settings.ts";
import { billedForm } from "./stripe-money.ts";

/** By which endpoint usage is sent. */
const USAGE_APIS = ["v1", "v2", "stream"] as const;
/** What the meters do with events: add them up, or keep the newest of each UTC hour or day. */
const METER_WINDOWS = ["sum", "hour", "day"] as const;

/** Settings with their defaults. */
export interface StripeSettings {
  /** (Default: v1.) */
  readonly api: (typeof USAGE_APIS)[number];
  /** (Default: sum.) */
  readonly meters: (typeof METER_WINDOWS)[number];
  /** Decimal places of a quantity. (Default: 6.) */
  readonly decimals: number;
  /** Requests a second. (Default: 20, for a sandbox allows 25.) */
  readonly perSecond: number;
  /** Whether others tell these meters as well, so that sums may be more. (Default: no.) */
  readonly isShared: boolean;
  /** Upper-case code; "" where quantities are sent. */
  readonly currency: string;
  /** Whether invoices are finalized, or stay drafts for somebody to look at. (Default: no.) */
  readonly isFinalizing: boolean;
  /** Days until an invoice is due that is sent; null: the customer is charged automatically. */
  readonly daysUntilDue: number | null;
  /** `acct_…` of Connect that all of it is for; "": the key's own. */
  readonly connectAccount: string;
}

const DECIMALS_DEFAULT = "6";
const DECIMALS_MAX = 12;
const PER_SECOND_DEFAULT = "20";
const PER_SECOND_MAX = 10_000;
const DAYS_MAX = 365;
/** event_name (API reference, "Create a meter event": maxLength 100). */
const EVENT_NAME_MAX_CHARS = 100;
const CUSTOMER_MAX_CHARS = 255;

/** Reads settings; what `check` refuses falls back to its default. */
export function readSettings({ settings }: Pick<ExportTarget, "settings">): StripeSettings {
  const { api = "v1", meters = "sum", daysUntilDue: days = "" } = settings;
  return {
    api: USAGE_APIS.find((one) => one === api) ?? "v1",
    meters: METER_WINDOWS.find((one) => one === meters) ?? "sum",
    decimals: Number(settings.decimals ?? DECIMALS_DEFAULT),
    perSecond: Number(settings.perSecond ?? PER_SECOND_DEFAULT),
    isShared: settings.shared === "yes",
    currency: (settings.currency ?? "").toUpperCase(),
    isFinalizing: settings.invoices === "finalize",
    daysUntilDue: days === "" ? null : Number(days),
    connectAccount: settings.connectAccount ?? "",
  };
}

/** Settings and names that are missing or wrong; names that are missing altogether are not here. */
export function checkSettings(target: ExportTarget): Missing[] {
  const { settings, mode, window } = target;
  const own = mode === "usage" ? checkUsage(settings) : checkMoney(settings);
  const { meters } = readSettings(target);
  if (mode === "usage" && meters === "day" && window === "hour") {
    const detail = "Meters that keep one value a day cannot be told hours: set day or period.";
    own.push({ place: "window", detail });
  }
  return [
    ...own,
    ...onlyKnown(target, KNOWN[mode === "usage" ? "usage" : "money"]),
    ...checkNames(target),
  ];
}

const KNOWN: Readonly<Record<"usage" | "money", readonly string[]>> = {
  usage: ["api", "meters", "decimals", "perSecond", "shared", "connectAccount"],
  money: ["currency", "invoices", "daysUntilDue", "perSecond", "connectAccount"],
};

function checkUsage(settings: ExportTarget["settings"]): Missing[] {
  const { api = "v1", meters = "sum", shared = "no" } = settings;
  const { decimals = DECIMALS_DEFAULT, perSecond = PER_SECOND_DEFAULT } = settings;
  return [
    ...choice("api", api, USAGE_APIS),
    ...choice("meters", meters, METER_WINDOWS),
    ...choice("shared", shared, ["no", "yes"]),
    ...wholeNumber("decimals", decimals, [0, DECIMALS_MAX]),
    ...wholeNumber("perSecond", perSecond, [1, PER_SECOND_MAX]),
    ...checkAccount(settings),
  ];
}

function checkMoney(settings: ExportTarget["settings"]): Missing[] {
  const { currency = "", invoices = "draft", daysUntilDue: days = "1" } = settings;
  const isKnown = billedForm(currency.toUpperCase()) !== null;
  const detail = "Set the currency of the bills, such as usd; a target has one.";
  return [
    ...(isKnown ? [] : [{ place: "settings.currency", detail }]),
    ...choice("invoices", invoices, ["draft", "finalize"]),
    ...wholeNumber("daysUntilDue", days, [1, DAYS_MAX]),
    ...wholeNumber("perSecond", settings.perSecond ?? PER_SECOND_DEFAULT, [1, PER_SECOND_MAX]),
    ...checkAccount(settings),
  ];
}

function checkAccount({ connectAccount: account = "" }: ExportTarget["settings"]): Missing[] {
  if (account === "" || /^acct_[A-Za-z0-9]{1,64}$/.test(account)) return [];
  return [{ place: "settings.connectAccount", detail: `"${account}" is no acct_….` }];
}

function checkNames({ mode, customers, items }: ExportTarget): Missing[] {
  return [
    ...tooLong("customers", customers, CUSTOMER_MAX_CHARS),
    ...(mode === "usage" ? tooLong("items", items, EVENT_NAME_MAX_CHARS) : []),
    ...(mode === "usage" ? wrongKeys(items) : []),
    // Of two that share a name, a sum that is read back says nothing of either.
    ...(mode === "usage" ? [...shared("customers", customers), ...shared("items", items)] : []),
  ];
}

function tooLong(kind: string, { names }: NameMap, maxChars: number): Missing[] {
  return Object.entries(names).flatMap(([ours, { id = "" }]) => {
    if (id !== "" && id.length <= maxChars) return [];
    return [{ place: `${kind}.${ours}`, detail: `A name there has 1 to ${maxChars} characters.` }];
  });
}

const KEY = /^[A-Za-z_][A-Za-z0-9_]{0,99}$/;

/** Fields of a meter's payload: two, told apart. */
function wrongKeys({ names }: NameMap): Missing[] {
  return Object.entries(names).flatMap(([ours, item]) => {
    const { customerKey = "stripe_customer_id", valueKey = "value" } = item;
    const isRight = KEY.test(customerKey) && KEY.test(valueKey) && customerKey !== valueKey;
    const detail = "customerKey and valueKey are two fields of the meter's payload.";
    return isRight ? [] : [{ place: `items.${ours}`, detail }];
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
