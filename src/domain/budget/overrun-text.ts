/** What was settled above a limit, as the line by which the hash chain seals it. */
import type { Overrun } from "./budget.ts";

const PART_END = "\u001f";

/** The line of an overrun, in the link of the unit of work that recorded it. */
export function overrunLine(overrun: Overrun): string {
  const { seq, budgetId, scope, window, run, source, id, cause, amount } = overrun;
  return ["o1", seq, budgetId, scope, window, run, source, id, cause, amount].join(PART_END);
}
