/** By what a run is counted. */
import { endingOf, type Run, type RunRating } from "../domain/run/run.ts";
import type { Customer } from "./ports.ts";
import type { Tariff } from "./tariff.ts";

/**
 * How a root run counts: at the card version and in the period of its opening, and by how it ended
 * where a charge of that card asks. Null: it is not counted.
 */
export function ratingOf(tariff: Tariff, customer: Customer, run: Run): RunRating | null {
  if (run.customer === null || run.parent !== null || run.standing) return null;
  const card = tariff.cardFor(customer, run.openedAtMs);
  if (card === null) return null;
  const period = tariff.periodOf(customer, run.openedAtMs).key;
  const { agent, labels } = run;
  const ending = card.waits.runs ? endingOf(run) : null;
  return { cardVersionId: card.id, period, agent, labels, ending, counted: true, shares: [] };
}
