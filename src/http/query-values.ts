/**
 * Query parameters are text; a schema speaks of integers, flags and lists. Only the plain form of
 * each is turned into its value, so `1e3`, `0x10` or `01` stay text, which the schema refuses.
 */
import { TollgateError } from "../domain/errors.ts";
import { askWhetherMeant } from "../domain/nearest-name.ts";
import type { ObjectSchema } from "./schema.ts";

const PLAIN_INTEGER = /^(0|-?[1-9][0-9]{0,14})$/;

/**
 * The parameters as the schema's types want them; whatever does not fit stays as it is. Throws
 * `field.unknown` for a parameter that the schema does not have.
 */
export function queryValues(
  schema: ObjectSchema,
  raw: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const values: Record<string, unknown> = Object.create(null);
  for (const [name, value] of Object.entries(raw)) {
    if (!Object.hasOwn(schema.properties, name)) {
      throw unknownParameter(name, Object.keys(schema.properties));
    }
    const type = schema.properties[name]?.type;
    values[name] = typeof value === "string" ? typedValue(value, type) : value;
  }
  return values;
}

function typedValue(text: string, type: unknown): unknown {
  if (type === "integer" && PLAIN_INTEGER.test(text)) return Number(text);
  if (type === "boolean" && (text === "true" || text === "false")) return text === "true";
  if (type === "array") return text === "" ? [] : text.split(",");
  return text;
}

/** The refusal of a parameter that a route does not have. */
export function unknownParameter(name: string, known: readonly string[]): TollgateError {
  const shown = name.slice(0, 60);
  const meant = askWhetherMeant(shown, known);
  const detail = `This route has no parameter ${JSON.stringify(shown)}.${meant}`;
  return new TollgateError("field.unknown", detail, shown);
}
