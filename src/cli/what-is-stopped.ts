/** What stopping and resuming are about, and who decided it. */
import { STOP_SCOPES } from "../domain/budget/stop.ts";
import { TollgateError } from "../domain/errors.ts";
import type { Arguments } from "./command.ts";

/** What is meant: one word alone is a run's id, as the most usual. */
export function stopped(args: Arguments): { readonly of: string; readonly id?: string } {
  const [first, id] = args.positionals;
  const isScope = STOP_SCOPES.some((scope) => scope === first);
  // Whatever stands behind it was meant to be stopped, and not everything.
  if (first === "workspace" && id === undefined) return { of: first };
  if (first !== undefined && first !== "" && id === undefined && !isScope) {
    return { of: "run", id: first };
  }
  if (isScope && first !== "workspace" && id !== undefined && id !== "") {
    return { of: first as string, id };
  }
  const said = args.positionals.map((word) => JSON.stringify(word)).join(" ");
  const forms = "run, agent or customer and its id, a run's id alone, or workspace alone";
  throw new TollgateError("cli.usage", `Say what: ${forms}${said && `; not ${said}`}.`);
}
