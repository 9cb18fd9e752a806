/**
 * Overrides: the card that rates is resolved from a base, and kept whole. Resolves each again from
 * the two documents that it was made of, by code of its own, and checks that it stands on the base
 * in force.
 */
import { canonicalJson } from "../../domain/canonical-json.ts";
import type { Row } from "../stored-rows.ts";
import type { DataFile } from "./data-file.ts";
import { readable } from "./data-file.ts";
import { keyText } from "./findings.ts";

type Json = Readonly<Record<string, unknown>>;

interface Version {
  readonly ws: number;
  readonly id: number;
  readonly cardKey: string;
  readonly fromMs: number;
  readonly card: Json;
  readonly override: Json | null;
  readonly baseId: number | null;
}

/** Checks every override of the file. */
export function checkOverrides(file: DataFile): void {
  for (const ws of file.workspaces.keys()) {
    const sql = "SELECT * FROM rate_cards WHERE ws = ? ORDER BY version_id";
    const versions = file.all(sql, ws).flatMap((row) => {
      const key = keyText(file.workspace(ws), row.version_id as number);
      return readable(file, { table: "rate_cards", key }, () => readVersion(row)) ?? [];
    });
    for (const version of versions) {
      if (version.override === null) continue;
      const key = keyText(file.workspace(ws), version.id);
      const problems = readable(file, { table: "rate_cards", key }, () => [
        ...problemsOf(version, version.override ?? {}, versions),
      ]);
      for (const problem of problems ?? []) file.findings.add("rate_cards", key, problem);
    }
    checkFollowed(file, ws, versions);
  }
}

function readVersion(row: Row): Version {
  const override = row.override as string | null;
  return {
    ws: row.ws as number,
    id: row.version_id as number,
    cardKey: row.card_key as string,
    fromMs: row.effective_from as number,
    card: JSON.parse(row.document as string) as Json,
    override: override === null ? null : (JSON.parse(override) as Json),
    baseId: row.base_version_id as number | null,
  };
}

function* problemsOf(
  version: Version,
  override: Json,
  versions: readonly Version[],
): Generator<string> {
  const base = versions.find(({ id }) => id === version.baseId);
  if (base === undefined || base.cardKey !== override.extends) {
    yield `is resolved on version ${version.baseId}, which is none of "${override.extends}"`;
    return;
  }
  const earlier = versions.filter(({ id, cardKey }) => id < version.id && cardKey === base.cardKey);
  const wanted = inForce(earlier, version.fromMs);
  if (wanted?.id !== base.id) {
    yield `is resolved on version ${base.id}, and version ${wanted?.id} is in force then`;
  }
  for (const name of differences(version.card, resolved(base.card, override))) {
    yield `${name}: not what its base and its override come to`;
  }
}

function inForce(own: readonly Version[], atMs: number): Version | undefined {
  const there = own.filter(({ fromMs }) => fromMs <= atMs);
  return there.toSorted((a, b) => a.fromMs - b.fromMs || a.id - b.id).at(-1);
}

/** A new version of a base is one of its overrides too, from the same instant on. */
function checkFollowed(file: DataFile, ws: number, versions: readonly Version[]): void {
  const byCard = Map.groupBy(versions, ({ cardKey }) => cardKey);
  for (const [cardKey, own] of byCard) {
    const [baseKey, ...others] = new Set(own.map(({ override }) => override?.extends ?? null));
    // A card that was whole once, or extended another one, follows what it extends at last.
    if (typeof baseKey !== "string" || others.length > 0) continue;
    const bases = byCard.get(baseKey) ?? [];
    for (const { fromMs } of [...own, ...bases]) {
      const [version, base] = [inForce(own, fromMs), inForce(bases, fromMs)];
      if (version === undefined || version.baseId === base?.id) continue;
      const key = keyText(file.workspace(ws), version.id);
      const problem = `"${cardKey}" is not resolved on version ${base?.id}, which it extends`;
      file.findings.add("rate_cards", key, problem);
    }
  }
}

const LISTS = ["charges", "fees", "discounts"] as const;

/** The base with what the override states; null takes away. */
function resolved(base: Json, { extends: _, ...override }: Json): Json {
  const lists = LISTS.map((name) => {
    const changes = (override[name] ?? {}) as Readonly<Record<string, Json | null>>;
    const items = itemsOf(base, name);
    const kept = items.flatMap((item) => {
      const key = item.key as string;
      if (!Object.hasOwn(changes, key)) return [item];
      const change = changes[key] ?? null;
      return change === null ? [] : [{ ...change, key }];
    });
    const added = Object.entries(changes).flatMap(([key, change]) => {
      const isNew = change !== null && !items.some((item) => item.key === key);
      return isNew ? [{ ...change, key }] : [];
    });
    return [name, [...kept, ...added]] as const;
  });
  return { ...base, ...override, ...Object.fromEntries(lists) };
}

function itemsOf(card: Json, list: (typeof LISTS)[number]): readonly Json[] {
  return (card[list] ?? []) as readonly Json[];
}

/** Names of what differs: fields of the card, and charges, fees and discounts by their keys. */
function differences(stored: Json, wanted: Json): string[] {
  const fields = new Set([...Object.keys(stored), ...Object.keys(wanted)]);
  for (const name of LISTS) fields.delete(name);
  const wrong = [...fields].filter((name) => !isSame(stored[name], wanted[name], name));
  for (const list of LISTS) {
    const [own, others] = [itemsOf(stored, list), itemsOf(wanted, list)];
    const keys = new Set([...own, ...others].map(({ key }) => key as string));
    const itemOf = (items: readonly Json[], key: string) => items.find((one) => one.key === key);
    for (const key of keys) {
      if (!isSame(itemOf(own, key), itemOf(others, key), list)) wrong.push(`${list} "${key}"`);
    }
  }
  return wrong;
}

function isSame(a: unknown, b: unknown, name: string): boolean {
  const told = (value: unknown) => canonicalJson(plain(value, name) ?? DEFAULTS[name] ?? null);
  return told(a) === told(b);
}

/** What a field that is left out means. */
const DEFAULTS: Readonly<Record<string, unknown>> = {
  ...{ rounding: "half_even", included: "0", flat: "0", fixed: "0", in: "money", prorate: true },
};

const DECIMAL = /^-?[0-9]+(\.[0-9]+)?$/;

/** A document without what it may leave out: two that mean the same are the same text. */
function plain(value: unknown, name: string): unknown {
  if (typeof value === "number") return plain(String(value), name);
  if (typeof value === "string") {
    const hasPlaces = DECIMAL.test(value) && value.includes(".");
    return hasPlaces ? value.replace(/\.?0+$/, "") : value;
  }
  if (Array.isArray(value)) return value.map((item) => plain(item, name));
  if (typeof value !== "object" || value === null) return value;
  const isFilter = name === "where" || name === "label" || name === "when";
  const entries = Object.entries(value).flatMap(([field, item]) => {
    const isList = isFilter && field !== "label" && !Array.isArray(item);
    const told = plain(isList ? [item] : item, field);
    const isEmpty = field === "where" && Object.keys(told as object).length === 0;
    const isLeftOut = told === null || told === undefined || told === DEFAULTS[field] || isEmpty;
    const isName = field === "name" && told === (value as Json).key;
    return isLeftOut || isName ? [] : [[field, told] as const];
  });
  return Object.fromEntries(entries);
}
