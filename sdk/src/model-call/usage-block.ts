/**
 * What of a provider's answer goes to Tollgate: counts, ids and names. Everything that a model said
 * or was told stays behind.
 */
import type { Endpoint } from "./endpoint.ts";

/** Fields of an object that came from outside. */
export type Fields = Readonly<Record<string, unknown>>;

/** Gives the fields of an object, and none of anything else. */
export function fieldsOf(value: unknown): Fields {
  return typeof value === "object" && value !== null ? (value as Fields) : {};
}

/** The block of a whole answer, or null where it states no usage. */
export function usageBlock({ shape }: Endpoint, body: unknown): Fields | null {
  const { id, model, service_tier, usage, output, tools, tool_usage } = fieldsOf(body);
  if (typeof usage !== "object" || usage === null) return null;
  const block = { id, model, service_tier, usage };
  if (shape !== "responses") return block;
  return { ...block, tool_usage, output: callItems(output), tools: imageTools(tools) };
}

/** Calls of tools that the provider runs itself are charged one by one: only their kind is kept. */
function callItems(output: unknown): readonly Fields[] | undefined {
  if (!Array.isArray(output)) return undefined;
  return output.flatMap((item: unknown) => {
    const { type, action } = fieldsOf(item);
    if (typeof type !== "string" || !type.endsWith("_call")) return [];
    const { type: act } = fieldsOf(action);
    return [{ type, ...(typeof act === "string" && { action: { type: act } }) }];
  });
}

/** The image tool runs a model of its own, with its own price. */
function imageTools(tools: unknown): readonly Fields[] | undefined {
  if (!Array.isArray(tools)) return undefined;
  return tools.flatMap((tool: unknown) => {
    const { type, model } = fieldsOf(tool);
    return type === "image_generation" ? [{ type, model }] : [];
  });
}
