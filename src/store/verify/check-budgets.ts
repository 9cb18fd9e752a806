/** Budgets, own limits and stops against the acts that set them. */
import { canonicalJson } from "../../domain/canonical-json.ts";
import { decodeStop } from "../stored-budgets.ts";
import type { Acts, Document } from "./acts.ts";
import { type ActedBudgets, actedStops } from "./budget-acts.ts";
import type { DataFile } from "./data-file.ts";
import { readable } from "./data-file.ts";
import { keyText } from "./findings.ts";
import { joined, KEY_PART_END } from "./key-parts.ts";

/** Checks what budgets, own limits and stops are. */
export function checkBudgets(file: DataFile, acts: Acts, acted: ActedBudgets): void {
  checkBudgetRows(file, acted);
  checkLimits(file, acted);
  checkStops(file, acts);
}

function checkBudgetRows(file: DataFile, { budgets }: ActedBudgets): void {
  const seen = new Set<string>();
  for (const row of file.rowsOf("budgets", "ws, id")) {
    const place = joined(row.ws as number, row.id as number);
    const key = keyOf(file, place);
    const recorded = budgets.get(place);
    seen.add(place);
    if (recorded === undefined) {
      file.findings.add("budgets", key, "is not in the journal");
      continue;
    }
    const document = readable(file, { table: "budgets", key }, () =>
      canonicalJson(JSON.parse(row.document as string)),
    );
    const pairs = {
      key: [row.key, recorded.key],
      counts_from: [row.counts_from, recorded.countsFromMs],
      retired_at: [row.retired_at, recorded.retiredAtMs],
      document: [document, canonicalJson(recorded.document)],
    };
    expectPairs(file, ["budgets", key], pairs);
  }
  for (const place of budgets.keys()) expectSeen(file, seen, ["budgets", place]);
}

function checkLimits(file: DataFile, { limits }: ActedBudgets): void {
  const seen = new Set<string>();
  for (const row of file.rowsOf("budget_limits", "ws, budget_id, scope")) {
    const place = joined(row.ws as number, row.budget_id as number, row.scope as string);
    seen.add(place);
    const level = limits.get(place) ?? null;
    const isSame = level !== null && String(level) === row.level;
    const problem = "is not what the journal recorded";
    file.findings.expect(isSame, ["budget_limits", keyOf(file, place), problem]);
  }
  for (const [place, level] of limits) {
    if (level !== null) expectSeen(file, seen, ["budget_limits", place]);
  }
}

function checkStops(file: DataFile, acts: Acts): void {
  const recorded = actedStops(acts);
  const seen = new Set<string>();
  for (const row of file.rowsOf("stops", "ws, scope_kind, scope")) {
    const place = joined(row.ws as number, row.scope_kind as string, row.scope as string);
    const key = keyOf(file, place);
    seen.add(place);
    const stop = readable(file, { table: "stops", key }, () => decodeStop(row));
    const stored = stop && canonicalJson({ ...stop });
    const said = recorded.get(place);
    const isSame = said !== undefined && canonicalJson(said) === stored;
    const problem = "is not what the journal recorded";
    file.findings.expect(isSame, ["stops", key, problem]);
  }
  for (const place of recorded.keys()) expectSeen(file, seen, ["stops", place]);
}

/** The key of a finding of a joined key. */
export function keyOf(file: DataFile, place: string): string {
  const [ws, ...rest] = place.split(KEY_PART_END);
  return keyText(file.workspace(Number(ws)), ...rest);
}

function expectSeen(
  file: DataFile,
  seen: ReadonlySet<string>,
  [table, place]: readonly [string, string],
): void {
  const problem = "is missing: the journal recorded it";
  file.findings.expect(seen.has(place), [table, keyOf(file, place), problem]);
}

function expectPairs(
  file: DataFile,
  [table, key]: readonly [string, string],
  pairs: Readonly<Record<string, readonly unknown[]>>,
): void {
  const wrong = Object.keys(pairs).filter((name) => pairs[name]?.[0] !== pairs[name]?.[1]);
  const problem = `${wrong.join(", ")}: not what the journal recorded`;
  file.findings.expect(wrong.length === 0, [table, key, problem]);
}

/** What a document of a budget says, as the oracle reads it. */
export type BudgetDocument = Document & {
  readonly key: string;
  readonly each: string;
  readonly where: {
    readonly customer?: readonly string[];
    readonly agent?: readonly string[];
    readonly label?: Readonly<Record<string, readonly string[]>>;
    readonly card?: readonly string[];
  };
  readonly measure: string;
  readonly currency: string | null;
  readonly limit: string | null;
  readonly per: string;
  readonly timeZone: string;
  readonly anchorDay: number;
};
