/** Reads a target as an operator writes it. All problems are told at once. */
import { isDate } from "../calendar-date.ts";
import type { Problem } from "../errors.ts";
import { TARGET_NAME_FIELDS_MAX_COUNT, TARGET_NAMES_MAX_COUNT } from "../limits.ts";
import { isTimeZone } from "../period/billing-period.ts";
import { Place } from "../rating/document-place.ts";
import { EXPORT_MODES } from "./capability.ts";
import { WINDOW_KINDS } from "./export-window.ts";
import type { ExportTarget, NameMap, TheirName } from "./target.ts";

const FIELDS = [
  ...(["connector", "account", "mode", "window", "timeZone", "since"] as const),
  ...(["customers", "items", "settings"] as const),
];
const SETTINGS_MAX_COUNT = 50;

/** A target of a document, or what is wrong with it. */
export function parseTarget(
  document: unknown,
  id: string,
): { readonly target: ExportTarget } | { readonly problems: readonly Problem[] } {
  const problems: Problem[] = [];
  const place = new Place(document, "", problems);
  place.allowOnly(FIELDS);
  const mode = place.at("mode").choice(EXPORT_MODES) ?? "usage";
  const windowPlace = place.at("window");
  const window = windowPlace.isAbsent ? "period" : (windowPlace.choice(WINDOW_KINDS) ?? "period");
  if (mode !== "usage" && window !== "period") {
    windowPlace.refuse("is `period` where amounts are sent: they are known when it is closed");
  }
  const target: ExportTarget = {
    ...{ id, mode, window },
    connector: place.at("connector").text(),
    account: place.at("account").text(),
    timeZone: readTimeZone(place.at("timeZone")),
    since: readDate(place.at("since")),
    customers: readNames(place.at("customers")),
    items: readNames(place.at("items")),
    settings: readTexts(place.at("settings"), SETTINGS_MAX_COUNT),
  };
  if (problems.length === 0) return { target };
  // Places of a document call what is wrong after a card; here it is a target's.
  const told = problems.map(({ code, ...problem }) => {
    return { ...problem, code: code === "ratecard.invalid" ? "target.invalid" : code };
  });
  return { problems: told };
}

function readTimeZone(place: Place): string {
  if (place.isAbsent) return "UTC";
  const name = place.text();
  if (name !== "" && !isTimeZone(name)) place.refuse(`"${name}" is no time zone`);
  return name;
}

function readDate(place: Place): string {
  const text = place.text();
  if (text !== "" && !isDate(text)) place.refuse(`"${text}" is no date such as 2026-11-01`);
  return text;
}

function readNames(place: Place): NameMap {
  if (place.isAbsent) return { names: {}, others: "same" };
  place.allowOnly(["names", "others"]);
  const others = place.at("others");
  const names: Record<string, TheirName> = Object.create(null);
  const listed = place.at("names");
  if (listed.isRecord && Object.keys(listed.value as object).length > 0) {
    for (const [ours, theirs] of listed.entries(TARGET_NAMES_MAX_COUNT)) {
      names[ours] = readName(theirs);
    }
  } else if (!listed.isAbsent && !listed.isRecord) {
    listed.refuse("is no object");
  }
  return {
    names: { ...names },
    others: others.isAbsent ? "refuse" : (others.choice(["same", "refuse"]) ?? "refuse"),
  };
}

/** `"cus_1"` is short for `{ "id": "cus_1" }`. */
function readName(place: Place): TheirName {
  if (typeof place.value === "string") return { id: place.text() };
  const fields = readTexts(place, TARGET_NAME_FIELDS_MAX_COUNT);
  if (!Object.hasOwn(fields, "id")) place.at("id").refuse("is missing");
  return fields;
}

function readTexts(place: Place, maxCount: number): Record<string, string> {
  if (place.isAbsent) return {};
  if (place.isRecord && Object.keys(place.value as object).length === 0) return {};
  const entries = place.entries(maxCount);
  return Object.fromEntries(entries.map(([name, field]) => [name, field.text()]));
}
