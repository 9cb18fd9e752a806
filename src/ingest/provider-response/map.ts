/** From a provider's own response to steps. */
import type { Problem } from "../../domain/errors.ts";
import { Block } from "./block.ts";
import { FORMATS } from "./formats.ts";
import { locate } from "./locate.ts";
import type { MapContext, MapResult } from "./mapped-step.ts";

/** Names of the formats that are read, in the order of the documentation. */
export const USAGE_FORMATS: readonly string[] = Object.keys(FORMATS);

/**
 * Maps a provider's usage block, or the whole body of its (not streamed) response, to one step a
 * billable call, with disjoint exact buckets. Nothing is clamped: a block that contradicts itself
 * gives a problem that names the field. A caller should show `unread` to someone.
 */
export function mapProviderUsage(
  formatName: string,
  block: unknown,
  context: MapContext = {},
): MapResult {
  const field = context.field ?? "providerUsage";
  const format = Object.hasOwn(FORMATS, formatName) ? FORMATS[formatName] : undefined;
  if (format === undefined) {
    const detail = `"${formatName.slice(0, 80)}" is no format such as openai.chat`;
    return refused("usage.format_unknown", detail);
  }
  const located = locate(format, block);
  if (located === null) {
    const wanted = format.needs.slice(0, 2).join(" or ");
    return refused("field.missing", `no usage of ${formatName} here (${wanted})`, field);
  }
  const usage = new Block(located.usage, joined(field, located.usagePath));
  const body = new Block(located.body, joined(field, located.bodyPath));
  const provider = context.provider ?? format.provider;
  const steps = format.map({ usage, body, kind: format.kind, provider, context });
  const problem = usage.problem ?? body.problem;
  if (problem !== null) return { problem };
  return { steps, unread: located.usage === located.body ? [] : usage.unread() };
}

function refused(code: Problem["code"], detail: string, field?: string): MapResult {
  return { problem: field === undefined ? { code, detail } : { code, detail, field } };
}

function joined(field: string, path: string): string {
  return path === "" ? field : `${field}.${path}`;
}
