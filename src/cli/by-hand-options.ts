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

/** Why and by whom. Throws `cli.usage` where either is missing. */
export function decidedBy(args: Arguments) {
  const { reason: why, by: who } = byHandOf(args);
  return { reason: why, by: who };
}

/** Reads them. Throws `cli.usage` where why or who is missing. */
export function byHandOf(args: Arguments): Readonly<Record<string, string>> {
  const reason = requiredOption(args, "reason");
  const by = requiredOption(args, "by");
  const id = textOption(args, "id");
  return { reason, by, ...(id === undefined ? {} : { id }) };
}

/** An option that must be given. Throws `cli.usage`. */
export function requiredOption(args: Arguments, name: string): string {
  const value = textOption(args, name);
  if (value !== undefined) return value;
  throw new TollgateError("cli.usage", `--${name} is missing.`, `--${name}`);
}
