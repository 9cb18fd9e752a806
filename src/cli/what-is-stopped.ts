/** What stopping and resuming are about, and who decided it. */
import { STOP_SCOPES } from "../domain/budget/stop.ts";
import { TollgateError } from "../domain/errors.ts";
import type { Arguments } from "./command.ts";

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
