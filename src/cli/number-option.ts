import { TollgateError } from "../domain/errors.ts";

const PORT_MAX = 65_535;

/** A port from its text; undefined where none was given. Throws `cli.usage`. */
export function portOf(text: string | undefined): number | undefined {
  return wholeOption(text, "--port", PORT_MAX);
}

/** A whole number from 0 to `max`; undefined where none was given. Throws `cli.usage`. */
export function wholeOption(
  text: string | undefined,
  name: string,
  max: number,
): number | undefined {
  return text === undefined ? undefined : wholeNumber(text, name, max);
}

/** A whole number from 0 to `max`. Throws `cli.usage`. */
function wholeNumber(text: string, name: string, max: number): number {
  const value = /^[0-9]{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (value <= max) return value;
  throw new TollgateError("cli.usage", `${name} must be 0 to ${max}, not "${text}".`, name);
}
