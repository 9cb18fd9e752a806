/** A billing system that lines go to, and what our names are called there. */
import type { ExportMode } from "./capability.ts";
import type { WindowKind } from "./export-window.ts";

/** What a customer or an item is called there: an id, and whatever else its connector asks for. */
export type TheirName = Readonly<Record<string, string>>;

/** How names are found. */
export interface NameMap {
  /** By our customer's id, or by our item. */
  readonly names: Readonly<Record<string, TheirName>>;
  /** `same`: what is not listed has our name there. `refuse`: it is missing. */
  readonly others: "same" | "refuse";
}

/** A target as an operator set it. Secrets are kept apart and never stand here. */
export interface ExportTarget {
  readonly id: string;
  /** Connector by its name, such as `webhook`. */
  readonly connector: string;
  /** Their account; part of every key, so a test and a live account never mix. */
  readonly account: string;
  readonly mode: ExportMode;
  readonly window: WindowKind;
  /** IANA time zone in which windows of a day or an hour begin. */
  readonly timeZone: string;
  /** First period to be sent, `2026-11-01`: earlier ones were billed elsewhere. */
  readonly since: string;
  readonly customers: NameMap;
  /** An item is a charge's key; of a bill's other lines, their kind (`minimum`, `rounding`). */
  readonly items: NameMap;
  /** What the connector asks for beside: a URL, a format. */
  readonly settings: Readonly<Record<string, string>>;
}

/** Their name for one of ours; null: it is missing. */
export function theirName(map: NameMap, ours: string): TheirName | null {
  if (Object.hasOwn(map.names, ours)) return map.names[ours] ?? null;
  return map.others === "same" ? { id: ours } : null;
}

/** Something that must be set before anything is sent. */
export interface Missing {
  /** Where: `customers.acme`, `items.tokens`, `settings.url`, `secrets.signing`. */
  readonly place: string;
  /** What to do about it. */
  readonly detail: string;
}

/** Names that lines need and the mapping does not have, each once, in the order of their place. */
export function missingNames(
  target: Pick<ExportTarget, "customers" | "items">,
  used: Iterable<{ readonly customer: string; readonly item: string }>,
): Missing[] {
  const found = new Map<string, Missing>();
  for (const { customer, item } of used) {
    for (const [kind, name] of [["customers", customer] as const, ["items", item] as const]) {
      if (theirName(target[kind], name) !== null) continue;
      const place = `${kind}.${name}`;
      const one = kind === "customers" ? "customer" : "item";
      const detail = `Say what the ${one} "${name}" is called there, or set "others": "same".`;
      found.set(place, { place, detail });
    }
  }
  return [...found.values()].sort((a, b) => (a.place < b.place ? -1 : 1));
}
