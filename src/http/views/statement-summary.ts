/** A statement as listings tell it, with what it replaces and what replaces it. */
import type { StatementHead } from "../../engine/periods/statement-list.ts";
import { NO_SUCCESSION } from "../../engine/periods/statement-successions.ts";
import { timeText } from "../instant.ts";

/** What is told of a statement without its document. (Default: it stands for none.) */
export function statementSummary(statement: StatementHead, succession = NO_SUCCESSION): object {
  const { id, customer, period, currency, closedAtMs, total, digest } = statement;
  const { replaces, replacedBy } = succession;
  const closedAt = timeText(closedAtMs);
  return { id, customer, period, currency, closedAt, total, digest, replaces, replacedBy };
}
