/** What the log of a server says of one failure: a line of JSON. */
import { TollgateError } from "../domain/errors.ts";

/**
 * An entry as a line. Of errors JSON has no message, though it is all that says what happened; a
 * defect of ours has its stack, too.
 */
export function logLine(at: string, entry: object): string {
  const told = (_: string, value: unknown) => (value instanceof Error ? factsOf(value) : value);
  return `${JSON.stringify({ at, ...entry }, told)}\n`;
}

function factsOf(error: Error): object {
  const { name, message, stack, cause } = error;
  const isOfCatalogue = error instanceof TollgateError && error.code !== "internal";
  return {
    name,
    ...("code" in error ? { code: error.code } : {}),
    message,
    ...(isOfCatalogue ? {} : { stack }),
    ...(cause === undefined ? {} : { cause: String(cause) }),
  };
}
