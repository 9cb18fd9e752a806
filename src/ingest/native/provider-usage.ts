/** A provider's own usage block beside an event, as what it stands for. */
import type { Problem } from "../../domain/errors.ts";
import type { Completeness } from "../../domain/event/event.ts";
import type { Usage } from "../../domain/event/usage.ts";
import { ID_MAX_CHARS, UNREAD_COUNTS_NAMED_MAX_COUNT } from "../../domain/limits.ts";
import { FieldRefused, type Fields, readRequiredId } from "./fields.ts";

/** One step that a provider's usage block stands for. */
export interface MappedFacts {
  /** "" for the call itself, else a suffix to the event's id. */
  readonly suffix: string;
  readonly usage: Usage;
  readonly completeness?: Completeness;
  readonly provider?: string;
  readonly model?: string;
  readonly tier?: string;
  readonly callId?: string;
}

interface Mapped {
  readonly steps: readonly MappedFacts[];
  /** Paths of counts that no rule reads. (Default: none.) */
  readonly unread?: readonly string[];
}

interface Unmapped {
  readonly problem: Problem;
}

/** Maps a provider's usage block; problems name fields below `providerUsage`. */
export type MapProviderUsage = (format: string, block: unknown) => Mapped | Unmapped;

/** What a block that stands beside an event is mapped with. */
export interface UsageContext {
  readonly mapProviderUsage: MapProviderUsage;
}

const UNMAPPED: readonly MappedFacts[] = [];

/** The steps of an event's block; none where it has no block. Throws `FieldRefused`. */
export function readProviderUsage(
  object: Fields,
  { mapProviderUsage }: UsageContext,
): readonly MappedFacts[] {
  if (object.usageFormat === undefined && object.providerUsage === undefined) return UNMAPPED;
  const format = readRequiredId(object.usageFormat, "usageFormat");
  if (object.providerUsage === undefined) {
    const detail = '"providerUsage" is required with "usageFormat".';
    throw new FieldRefused("field.missing", "providerUsage", detail);
  }
  const mapped = mapProviderUsage(format, object.providerUsage);
  if ("steps" in mapped) return mapped.steps;
  const { code, detail, field } = mapped.problem;
  throw new FieldRefused(code, field ?? "providerUsage", detail);
}

/**
 * A context that keeps what no rule reads of a block: the provider may bill it all the same, so who
 * sent it is told.
 */
export function namingUnread<Context extends UsageContext>(context: Context) {
  let unread: readonly string[] = [];
  const mapProviderUsage: MapProviderUsage = (format, block) => {
    const mapped = context.mapProviderUsage(format, block);
    if ("steps" in mapped && mapped.unread !== undefined) unread = mapped.unread;
    return mapped;
  };
  const named = (): string[] => {
    const few = unread.slice(0, UNREAD_COUNTS_NAMED_MAX_COUNT);
    return few.map((path) => path.slice(0, ID_MAX_CHARS));
  };
  return { context: { ...context, mapProviderUsage }, named };
}

/** What a provider's usage block says of the call itself. */
export function mainOf(mapped: readonly MappedFacts[]): MappedFacts | undefined {
  return mapped.length === 0 ? undefined : mapped.find((item) => item.suffix === "");
}

/** Own units may stand beside a provider's block, but never in a bucket that it fills. */
export function joinUsage(own: Usage, main: MappedFacts | undefined): Usage {
  if (main === undefined) return own;
  for (const name of own.keys()) {
    if (!main.usage.has(name)) continue;
    const detail = `"usage.${name}" is also in the provider's usage block.`;
    throw new FieldRefused("usage.inconsistent", `usage.${name}`, detail);
  }
  return own.size === 0 ? main.usage : new Map([...main.usage, ...own].sort(byName));
}

function byName([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1;
}
