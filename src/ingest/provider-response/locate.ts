/** Finds the usage block in what was sent: a whole body, a stream event, or the block itself. */
import type { JsonObject } from "./block.ts";
import { isObject, valueAt } from "./block.ts";
import type { Format } from "./formats.ts";

/** A usage block with the body that holds it, and where each stands in what was sent. */
export interface Located {
  readonly body: JsonObject;
  readonly bodyPath: string;
  readonly usage: JsonObject;
  readonly usagePath: string;
}

/** Null: there is no usage of this format in the value. */
export function locate(format: Format, value: unknown): Located | null {
  for (const bodyPath of format.bodies) {
    const body = valueAt(value, bodyPath);
    if (!isObject(body)) continue;
    for (const name of format.usage) {
      const usage = valueAt(body, name);
      const usagePath = [bodyPath, name].filter((part) => part !== "").join(".");
      if (isUsage(format, usage)) return { body, bodyPath, usage, usagePath };
    }
  }
  if (!isUsage(format, value)) return null;
  return { body: value, bodyPath: "", usage: value, usagePath: "" };
}

function isUsage(format: Format, value: unknown): value is JsonObject {
  if (!isObject(value)) return false;
  if (format.needs.length === 0) return Object.values(value).some(isObject);
  return format.needs.some((name) => (valueAt(value, name) ?? null) !== null);
}
