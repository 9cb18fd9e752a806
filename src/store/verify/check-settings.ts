/** Customers, rate cards and prices against the acts that the journal recorded for them. */
import { canonicalJson } from "../../domain/canonical-json.ts";
import type { Row } from "../stored-rows.ts";
import { decodeCustomer } from "../stored-rows.ts";
import type { Acts, Document, RecordedAct } from "./acts.ts";
import type { DataFile } from "./data-file.ts";
import { readable } from "./data-file.ts";
import { sha256Of } from "./digests.ts";
import { keyText } from "./findings.ts";

/** Checks customers, cards and prices against what the journal recorded. */
export function checkSettings(file: DataFile, acts: Acts): void {
  checkCustomers(file, acts);
  checkCards(file, acts);
  checkPrices(file, acts);
}

function checkCustomers(file: DataFile, acts: Acts): void {
  for (const row of file.rowsOf("customers", "ws, id")) {
    const ws = row.ws as number;
    const id = row.id as string;
    const key = keyText(file.workspace(ws), id);
    const saved = acts.of("customer.saved", ws, id).at(-1)?.document;
    readable(file, { table: "customers", key }, () => {
      const stored = comparable({ ...decodeCustomer(row) });
      const recorded = saved && recordedCustomer(saved);
      expectSame(file, ["customers", key], { stored, recorded });
    });
  }
  for (const { ws, subject, seq } of acts.all("customer.saved")) {
    const row = file.first("SELECT 1 FROM customers WHERE ws = ? AND id = ?", ws, subject);
    expectPresent(file, row, ["customers", keyText(file.workspace(ws), subject), seq]);
  }
}

/** An act of an earlier version does not tell former cards, a start and a parent. */
function recordedCustomer(saved: Document): Document {
  return comparable({
    ...{ formerCards: [], startedAtMs: saved.createdAtMs, parent: null },
    ...saved,
  });
}

function comparable({ formerCards, parent, ...rest }: Document): Document {
  return { ...rest, formerCards: canonicalJson(formerCards), parent: canonicalJson(parent) };
}

function checkCards(file: DataFile, acts: Acts): void {
  for (const row of file.rowsOf("rate_cards", "ws, version_id")) {
    const ws = row.ws as number;
    const key = keyText(file.workspace(ws), row.version_id as number);
    const applied = acts.of("card.applied", ws, row.card_key as string);
    const act = applied.find(({ document }) => document.id === row.version_id);
    readable(file, { table: "rate_cards", key }, () => {
      const stored = cardOf(row);
      const recorded = act && recordedCard(act.document);
      expectSame(file, ["rate_cards", key], { stored, recorded });
    });
  }
  for (const { ws, document, seq } of acts.all("card.applied")) {
    const sql = "SELECT 1 FROM rate_cards WHERE ws = ? AND version_id = ?";
    const id = document.id as number;
    expectPresent(file, file.first(sql, ws, id), [
      "rate_cards",
      keyText(file.workspace(ws), id),
      seq,
    ]);
  }
}

/** An entry of an earlier version says neither: its card was whole and took effect at once. */
function recordedCard(document: Document): Document {
  const { card, override = null, baseVersionId = null, takesEffect = "at_once" } = document;
  const text = { card: JSON.stringify(card), override: JSON.stringify(override) };
  return { ...document, takesEffect, baseVersionId, ...text };
}

function cardOf(row: Row): Document {
  const override = row.override as string | null;
  return {
    takesEffect: row.takes_effect,
    override: override === null ? "null" : JSON.stringify(JSON.parse(override)),
    baseVersionId: row.base_version_id,
    id: row.version_id,
    version: row.version,
    effectiveFromMs: row.effective_from,
    recordedAtMs: row.recorded_at,
    card: JSON.stringify(JSON.parse(row.document as string)),
  };
}

function checkPrices(file: DataFile, acts: Acts): void {
  for (const row of file.rowsOf("price_versions", "ws, version_id")) {
    const ws = row.ws as number;
    const key = keyText(file.workspace(ws), row.version_id as number);
    const imported = acts.of("prices.imported", ws, row.source as string);
    const act = imported.find(({ document }) => document.id === row.version_id);
    readable(file, { table: "price_versions", key }, () => {
      const recorded = act && { ...act.document, recordedAtMs: act.receivedAtMs };
      expectSame(file, ["price_versions", key], { stored: pricesOf(row), recorded });
    });
  }
  for (const { ws, document, seq } of acts.all("prices.imported")) {
    const sql = "SELECT 1 FROM price_versions WHERE ws = ? AND version_id = ?";
    const id = document.id as number;
    const key = keyText(file.workspace(ws), id);
    expectPresent(file, file.first(sql, ws, id), ["price_versions", key, seq]);
  }
}

function pricesOf(row: Row): Document {
  return {
    id: row.version_id,
    source: row.source,
    effectiveFromMs: row.effective_from,
    recordedAtMs: row.recorded_at,
    entries: (JSON.parse(row.document as string) as unknown[]).length,
    sha256: sha256Of(row.document as string),
  };
}

function expectSame(
  file: DataFile,
  [table, key]: readonly [string, string],
  { stored, recorded }: { readonly stored: Document; readonly recorded: Document | undefined },
): void {
  if (recorded === undefined) {
    file.findings.add(table, key, "is not in the journal");
    return;
  }
  const wrong = Object.keys(stored).filter((name) => stored[name] !== recorded[name]);
  const problem = `${wrong.join(", ")}: not what the journal recorded`;
  file.findings.expect(wrong.length === 0, [table, key, problem]);
}

function expectPresent(
  file: DataFile,
  row: Row | undefined,
  [table, key, seq]: readonly [string, string, RecordedAct["seq"]],
): void {
  const problem = `is missing: journal entry ${seq} recorded it`;
  file.findings.expect(row !== undefined, [table, key, problem]);
}
