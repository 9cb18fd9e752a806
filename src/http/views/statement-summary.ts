/** A statement as listings tell it, with what it replaces and what replaces it. */
import type { StatementRecord } from "../../domain/period/records.ts";
import type { Voiding } from "../../engine/correction-records.ts";
import type { Reads } from "../../engine/ports.ts";
import { recordedActs } from "../../engine/recorded-acts.ts";
import { timeText } from "../instant.ts";

/** Voided statements, by their id. */
export type Voidings = ReadonlyMap<string, Voiding>;

/** Reads which statements were voided. */
export async function readVoidings(store: Reads, workspace: string): Promise<Voidings> {
  const all = await recordedActs<Voiding>(store, workspace, { kind: "statement.voided" });
  return new Map(all.map((voiding) => [voiding.id, voiding]));
}

/** What is told of a statement without its document. */
export function statementSummary(statement: StatementRecord, voidings: Voidings): object {
  const { id, customer, period, currency, closedAtMs, total, digest } = statement;
  const replaced = voidings.values().find((voiding) => voiding.replacedBy === id);
  const replaces = replaced?.id ?? null;
  const replacedBy = voidings.get(id)?.replacedBy ?? null;
  const closedAt = timeText(closedAtMs);
  return { id, customer, period, currency, closedAt, total, digest, replaces, replacedBy };
}
