/** `--as-of`, and the query that asks a server for it. */
import { type Arguments, type OptionSpec, textOption } from "./command.ts";

/** Option of commands that show what was known at an instant. */
export const AS_OF_OPTION: Readonly<Record<string, OptionSpec>> = {
  "as-of": {
    type: "string",
    value: "TIME",
    meaning: "what was known at this time, such as 2026-11-23T10:00:00Z (default: now)",
  },
};

/** What the option adds to a query. */
export function asOfFields(args: Arguments): Readonly<Record<string, string>> {
  const asOf = textOption(args, "as-of");
  return asOf === undefined ? {} : { asOf };
}

/** The query of an answer as of what the option says, with what else it asks for. */
export function asOfQuery(args: Arguments, rest: Readonly<Record<string, string>> = {}): string {
  const query = new URLSearchParams({ ...rest, ...asOfFields(args) });
  return query.size === 0 ? "" : `?${query}`;
}
