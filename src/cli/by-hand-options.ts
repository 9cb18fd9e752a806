/** What every act by hand is told: why, by whom, and under which identity. */
import { TollgateError } from "../domain/errors.ts";
import { type Arguments, type OptionSpec, textOption } from "./command.ts";

/** Options of commands that book something by hand. */
export const BY_HAND_OPTIONS: Readonly<Record<string, OptionSpec>> = {
  reason: { type: "string", value: "TEXT", meaning: "why" },
  by: { type: "string", value: "NAME", meaning: "who decided it" },
  id: { type: "string", value: "ID", meaning: "identity of the act (default: from what it says)" },
};

const { reason, by } = BY_HAND_OPTIONS;

/** Those that say why and by whom. */
export const DECIDED_OPTIONS = reason === undefined || by === undefined ? {} : { reason, by };

/** Why and by whom. Throws `cli.usage` with all that is missing. */
export function decidedBy(args: Arguments) {
  return requiredOptions(args, ["reason", "by"]);
}

/** The same and, where it is given, the identity. Throws `cli.usage` with all that is missing. */
export function byHandOf(args: Arguments): ReturnType<typeof decidedBy> & { readonly id?: string } {
  const id = textOption(args, "id");
  return { ...decidedBy(args), ...(id === undefined ? {} : { id }) };
}

/** Options that must be given. Throws `cli.usage` with all of them that were not. */
export function requiredOptions<Name extends string>(
  args: Arguments,
  names: readonly Name[],
): Readonly<Record<Name, string>> {
  const given = names.map((name) => [name, textOption(args, name)] as const);
  const missing = given.flatMap(([name, value]) => (value === undefined ? [`--${name}`] : []));
  if (missing.length === 0) return Object.fromEntries(given) as Record<Name, string>;
  const verb = missing.length === 1 ? "is" : "are";
  const detail = `${missing.join(" and ")} ${verb} missing.`;
  throw new TollgateError("cli.usage", detail, missing.join(" "));
}
