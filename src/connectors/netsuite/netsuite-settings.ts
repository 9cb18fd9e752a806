/** What an operator sets for a NetSuite account, and what is missing or contradicts itself. */
import type { ExportTarget, Missing, TheirName } from "../../domain/export/target.ts";
import { currencyDecimals } from "../../domain/money/currency.ts";
import { choice, onlyKnown, wholeNumber } from "../check-settings.ts";

/** One record a request, or up to a hundred as a job that they work through later. */
const USAGE_APIS = ["single", "batch"] as const;
/** What amounts are billed with; what is less than nothing is a credit memo in any case. */
const DOCUMENTS = ["invoice", "salesOrder"] as const;
/** Fields of a document that name records of theirs, by the setting that fills them. */
export const DOCUMENT_REFERENCES = {
  ...{ currencyId: "currency", subsidiary: "subsidiary", location: "location" },
  ...{ department: "department", class: "class" },
} as const;

/** Settings with their defaults. */
export interface NetSuiteSettings {
  readonly clientId: string;
  readonly certificateId: string;
  /** (Default: single.) */
  readonly api: (typeof USAGE_APIS)[number];
  /** (Default: invoice.) */
  readonly document: (typeof DOCUMENTS)[number];
  /** Whether the account takes invoices and orders of 0, with lines below nothing. */
  readonly takesZeroBills: boolean;
  /** Decimal places of a quantity. (Default: 6.) */
  readonly decimals: number;
  /** Upper-case code of the bills; "" where quantities are sent. */
  readonly currency: string;
  /** Requests at a time. (Default: 2, of the 5 that the smallest account has for everything.) */
  readonly concurrency: number;
  /** Days after a window's end until usage of it is rated there, or its books are closed. */
  readonly openDays: number | null;
  /** Days after a window's end in which its usage can be voided. (Default: 0: never.) */
  readonly voidDays: number;
}

const DECIMALS_DEFAULT = "6";
/** usageQuantity is a number of 18 digits, 8 of them behind the point (Connect schema, Usage). */
const DECIMALS_MAX = 8;
const CONCURRENCY_DEFAULT = "2";
const CONCURRENCY_MAX = 100;
const DAYS_MAX = 3_650;
/** "Using External IDs", and the schema of usage. */
const NAME_MAX_CHARS = 255;
const ID_MAX_CHARS = 128;

/** Reads settings; what `check` refuses falls back to its default. */
export function readSettings({ settings }: Pick<ExportTarget, "settings">): NetSuiteSettings {
  const { api = "single", document = "invoice", openDays = "" } = settings;
  return {
    clientId: settings.clientId ?? "",
    certificateId: settings.certificateId ?? "",
    api: USAGE_APIS.find((one) => one === api) ?? "single",
    document: DOCUMENTS.find((one) => one === document) ?? "invoice",
    takesZeroBills: settings.zeroBills === "yes",
    decimals: Number(settings.decimals ?? DECIMALS_DEFAULT),
    currency: (settings.currency ?? "").toUpperCase(),
    concurrency: Number(settings.concurrency ?? CONCURRENCY_DEFAULT),
    openDays: openDays === "" ? null : Number(openDays),
    voidDays: Number(settings.voidDays ?? "0"),
  };
}

/**
 * The one host of an account: `1234567_SB1` is 1234567-sb1. It follows from the account, which
 * `check` allows letters, digits and signs between them only, so no setting names another host.
 */
export function hostOf({ account }: Pick<ExportTarget, "account">): string {
  return `${account.toLowerCase().replaceAll("_", "-")}.suitetalk.api.netsuite.com`;
}

const ACCOUNT = /^[A-Za-z0-9]{1,40}([_-][A-Za-z0-9]{1,20})*$/;

/** Settings and names that are missing or wrong; names that are missing altogether are not here. */
export function checkSettings(target: ExportTarget): Missing[] {
  const { account, settings, mode } = target;
  const { openDays = "1" } = settings;
  const { concurrency = CONCURRENCY_DEFAULT } = settings;
  return [
    ...wanted(ACCOUNT.test(account) && account.length <= NAME_MAX_CHARS, "account", [
      "It is the account ID of Setup > Company > Company Information, such as 1234567_SB1.",
    ]),
    ...["clientId", "certificateId"].flatMap((name) => {
      const { length } = settings[name] ?? "";
      const what = name === "clientId" ? "the client ID of the integration" : "the certificate ID";
      return wanted(length >= 1 && length <= ID_MAX_CHARS, `settings.${name}`, [`Set ${what}.`]);
    }),
    ...wholeNumber("concurrency", concurrency, [1, CONCURRENCY_MAX]),
    ...wholeNumber("openDays", openDays, [1, DAYS_MAX]),
    ...(mode === "usage" ? checkUsage(settings) : checkDocuments(settings)),
    ...onlyKnown(target, KNOWN),
    ...checkNames(target),
  ];
}

const KNOWN: readonly string[] = [
  ...["clientId", "certificateId", "concurrency", "openDays", "api", "decimals", "voidDays"],
  ...["document", "currency", "zeroBills", ...Object.keys(DOCUMENT_REFERENCES)],
];

function checkUsage(settings: ExportTarget["settings"]): Missing[] {
  const { api = "single", decimals = DECIMALS_DEFAULT, voidDays = "0" } = settings;
  return [
    ...choice("api", api, USAGE_APIS),
    ...wholeNumber("decimals", decimals, [0, DECIMALS_MAX]),
    ...wholeNumber("voidDays", voidDays, [0, DAYS_MAX]),
  ];
}

function checkDocuments(settings: ExportTarget["settings"]): Missing[] {
  const { document = "invoice", currency = "", zeroBills = "no" } = settings;
  const isKnown = currencyDecimals(currency.toUpperCase()) !== undefined;
  return [
    ...choice("document", document, DOCUMENTS),
    ...choice("zeroBills", zeroBills, ["no", "yes"]),
    ...wanted(isKnown, "settings.currency", [
      "Set the currency of the bills, such as usd; a target has one.",
    ]),
    ...Object.keys(DOCUMENT_REFERENCES).flatMap((name) =>
      name in settings ? checkName(`settings.${name}`, settings[name] ?? "") : [],
    ),
  ];
}

function wanted(isGood: boolean, place: string, [detail = ""]: readonly string[]): Missing[] {
  return isGood ? [] : [{ place, detail }];
}

function checkNames({ mode, customers, items }: ExportTarget): Missing[] {
  const listed = Object.entries(customers.names);
  return [
    ...listed.flatMap(([ours, theirs]) => checkFields(`customers.${ours}`, theirs)),
    ...Object.entries(items.names).flatMap(([ours, { id = "" }]) => checkName(`items.${ours}`, id)),
    ...(mode === "usage" ? checkSubscriptions(listed) : []),
  ];
}

function checkFields(place: string, theirs: TheirName): Missing[] {
  return Object.entries(theirs).flatMap(([field, value]) =>
    checkName(field === "id" ? place : `${place}.${field}`, value),
  );
}

function checkName(place: string, name: string): Missing[] {
  const isName = name.length >= 1 && name.length <= NAME_MAX_CHARS && name !== EXTERNAL;
  return wanted(isName, place, [
    `A record there is its internal ID, or its external ID of 1 to ${NAME_MAX_CHARS} characters.`,
  ]);
}

function checkSubscriptions(listed: readonly (readonly [string, TheirName])[]): Missing[] {
  return listed.flatMap(([ours, { subscription = "" }]) => {
    const detail = "Set the subscription that the customer's usage is of.";
    return wanted(subscription !== "", `customers.${ours}.subscription`, [detail]);
  });
}

const EXTERNAL = "eid:";
const INTERNAL_ID = /^[0-9]{1,18}$/;

/** A record of theirs in a body. */
export type Reference = { readonly id: string } | { readonly externalId: string };

/**
 * A record by its name: digits are an internal ID, anything else an external one; `eid:` in front
 * makes digits an external ID too, as it does in their URLs ("Using External IDs").
 */
export function referenceTo(name: string): Reference {
  if (name.startsWith(EXTERNAL)) return { externalId: name.slice(EXTERNAL.length) };
  return INTERNAL_ID.test(name) ? { id: name } : { externalId: name };
}
