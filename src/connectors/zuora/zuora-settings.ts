/**
 * What a target of Zuora is set up with, and what of it is missing. Sources: "docs" are pages of
 * docs.zuora.com, "reference" those of developer.zuora.com/v1-api-reference (2026-02-20).
 */
import type { ExportTarget, Missing } from "../../domain/export/target.ts";

/** Data centres, as the reference lists them. No other host is ever sent to. */
const ZUORA_HOSTS: readonly string[] = [
  ...(["rest.zuora.com", "rest.na.zuora.com", "rest.eu.zuora.com", "rest.ap.zuora.com"] as const),
  ...(["rest.test.zuora.com", "rest.test.eu.zuora.com", "rest.test.ap.zuora.com"] as const),
  ...(["rest.sandbox.na.zuora.com", "rest.sandbox.eu.zuora.com"] as const),
  "rest.apisandbox.zuora.com",
];

/** How usage goes there: a request a record, a file of rows, or events for a meter. */
const USAGE_WAYS = ["records", "file", "mediation"] as const;
export type UsageWay = (typeof USAGE_WAYS)[number];

/** How the API user's locale writes a date in a file. */
const DATE_FORMATS = ["MM/DD/YYYY", "DD/MM/YYYY", "YYYY-MM-DD"] as const;
export type DateFormat = (typeof DATE_FORMATS)[number];

/** A target's settings with their defaults. Right only where `checkTarget` found nothing. */
export interface ZuoraSettings {
  readonly host: string;
  readonly way: UsageWay;
  /** Custom field of usage that holds our key; null: its description does. */
  readonly keyField: string | null;
  /** Places of a quantity, or of an amount of the currency. */
  readonly decimals: number;
  readonly dateFormat: DateFormat;
  /** Global id of the meter that events go to, and the id that its audit trail is asked by. */
  readonly meter: string;
  readonly meterId: string;
  readonly currency: string;
  readonly isPosted: boolean;
  /** Days after the end of a window in which its usage may still be told; null: no bound. */
  readonly openDays: number | null;
  readonly entity: string | null;
  readonly org: string | null;
}

const USAGE_DECIMALS_DEFAULT = 6;
const MONEY_DECIMALS_DEFAULT = 2;

/** Reads settings; what is not set is its default. */
export function zuoraSettings({ mode, settings }: ExportTarget): ZuoraSettings {
  const { way = "records", dateFormat = "MM/DD/YYYY", meter = "", openDays } = settings;
  const decimals = mode === "usage" ? USAGE_DECIMALS_DEFAULT : MONEY_DECIMALS_DEFAULT;
  return {
    host: settings.host ?? "rest.zuora.com",
    way: USAGE_WAYS.find((one) => one === way) ?? "records",
    keyField: settings.keyField ?? null,
    decimals: Number(settings.decimals ?? decimals),
    dateFormat: DATE_FORMATS.find((one) => one === dateFormat) ?? "MM/DD/YYYY",
    ...{ meter, meterId: settings.meterId ?? meter, currency: settings.currency ?? "" },
    isPosted: settings.post === "true",
    openDays: openDays === undefined ? null : Number(openDays),
    ...{ entity: settings.entity ?? null, org: settings.org ?? null },
  };
}

const DECIMALS_MAX = 9;
/** Nothing that would have to be escaped in a query. */
const NAME = /^[^'"\\\p{Cc}]{1,100}$/u;
/** Nor in a header or a path. */
const PLAIN = /^[A-Za-z0-9][A-Za-z0-9 ._/#@+-]{0,99}$/;
const CUSTOM_FIELD = /^[A-Za-z][A-Za-z0-9_]{0,60}__c$/;
const ID = /^[0-9a-zA-Z]{32}$/;

type Rule = readonly [name: string, isRight: (text: string) => boolean, detail: string];

const RULES: readonly Rule[] = [
  [
    "host",
    (text) => ZUORA_HOSTS.includes(text),
    `Name your data centre: ${ZUORA_HOSTS.join(", ")}.`,
  ],
  ["way", (text) => USAGE_WAYS.some((way) => way === text), `A way is ${USAGE_WAYS.join(", ")}.`],
  ["keyField", (text) => CUSTOM_FIELD.test(text), "A custom field of usage ends in __c."],
  ["decimals", (text) => /^\d$/.test(text), `Decimal places are 0 to ${DECIMALS_MAX}.`],
  [
    "dateFormat",
    (text) => DATE_FORMATS.some((format) => format === text),
    `A date format is ${DATE_FORMATS.join(", ")}: that of the API user's locale.`,
  ],
  [
    "post",
    (text) => text === "true" || text === "false",
    "`true` posts documents; `false`: drafts.",
  ],
  ["currency", (text) => /^[A-Z]{3}$/.test(text), "A currency is one such as USD."],
  ["openDays", (text) => /^[1-9]\d{0,3}$/.test(text), "A number of days: 1 to 9999."],
  ["meter", (text) => PLAIN.test(text) && !text.includes("/"), "The global id of the meter."],
  ["meterId", (text) => PLAIN.test(text) && !text.includes("/"), "The id of the meter."],
  ["entity", (text) => PLAIN.test(text), "The id of an entity."],
  ["org", (text) => PLAIN.test(text), "The id of an organization."],
];

/** What is missing or wrong, each with what to do. Names are looked at where they are listed. */
export function checkTarget(target: ExportTarget): Missing[] {
  const { settings, mode, customers, items } = target;
  const missing: Missing[] = [];
  for (const [name, isRight, detail] of RULES) {
    const text = settings[name];
    if (text === undefined || isRight(text)) continue;
    missing.push({ place: `settings.${name}`, detail: `"${text}" is not possible. ${detail}` });
  }
  for (const name of Object.keys(settings)) {
    if (RULES.some(([known]) => known === name)) continue;
    missing.push({ place: `settings.${name}`, detail: "There is no such setting." });
  }
  if (mode !== "usage" && settings.currency === undefined) {
    const detail = "Say the currency that the accounts are billed in: documents have no other.";
    missing.push({ place: "settings.currency", detail });
  }
  if (mode === "usage" && settings.way === "mediation" && settings.meter === undefined) {
    missing.push({ place: "settings.meter", detail: "Set the global id of the meter." });
  }
  const kinds = [
    ["customers", customers.names],
    ["items", items.names],
  ] as const;
  for (const [kind, names] of kinds) {
    for (const [ours, theirs] of Object.entries(names)) {
      const why = wrongName(kind, theirs, mode);
      if (why !== null) missing.push({ place: `${kind}.${ours}`, detail: why });
    }
  }
  return missing;
}

function wrongName(
  kind: "customers" | "items",
  theirs: Readonly<Record<string, string>>,
  mode: ExportTarget["mode"],
): string | null {
  const bad = Object.entries(theirs).find(([, text]) => !NAME.test(text));
  if (bad !== undefined) return `"${bad[1]}" (${bad[0]}) is no number or name of Zuora's.`;
  if (mode === "usage") {
    const isWanting = kind === "customers" && theirs.subscription === undefined;
    return isWanting ? "Set `subscription`, the number of its subscription." : null;
  }
  const name = kind === "customers" ? "accountId" : "chargeId";
  if (ID.test(theirs[name] ?? "")) return null;
  const what = kind === "customers" ? "account" : "product rate plan charge";
  return `Set \`${name}\`, the id of 32 characters of its ${what}.`;
}
