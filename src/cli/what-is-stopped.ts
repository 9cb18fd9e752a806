/** What stopping and resuming are about, and who decided it. */
import { STOP_SCOPES } from "../domain/budget/stop.ts";
import { TollgateError } from "../domain/errors.ts";
import { BY_HAND_OPTIONS, byHandOf } from "./by-hand-options.ts";
import type { Arguments } from "./command.ts";

const { reason, by } = BY_HAND_OPTIONS;

/** Options that say why and by whom. */
export const DECIDED_OPTIONS = reason === undefined || by === undefined ? {} : { reason, by };

/** What is meant: one word alone is a run's id, as the most usual. */
export function stopped(args: Arguments): { readonly of: string; readonly id?: string } {
  const [first, id] = args.positionals;
  if (first === "workspace") return { of: first };
  if (first !== undefined && id === undefined) return { of: "run", id: first };
  if (id !== undefined && STOP_SCOPES.some((scope) => scope === first)) {
    return { of: first as string, id };
  }
  throw new TollgateError(
    "cli.usage",
    "Say what: run, agent or customer and its id, or workspace.",
  );
}

/** Why and by whom. Throws `cli.usage` where either is missing. */
export function decidedBy(args: Arguments) {
  const { reason: why, by: who } = byHandOf(args);
  return { reason: why, by: who };
}
