/**
 * What a metric counts: tokens where it is one of those that agents are known to send, else a unit
 * that has the metric's name. Of several metrics of one call only one may be sent: nothing here
 * guesses which of them says the same as another.
 */
import type { Completeness } from "../../domain/event/event.ts";
import { isTokenBucket, isUsageName, type TokenBucket } from "../../domain/event/usage.ts";
import { FieldRefused } from "../native/fields.ts";
import type { Metric, MetricPoint } from "./otlp-metric.ts";

/** Whose quantity a point is, as far as the metric tells. */
export interface PointUsage {
  /** A bucket of tokens or a unit. */
  readonly name: string;
  readonly completeness: Completeness;
  readonly provider: string | null;
  readonly model: string | null;
}

interface TokenMetric {
  /** Attribute that says which tokens. */
  readonly by: string;
  readonly buckets: Readonly<Record<string, TokenBucket>>;
  readonly provider: string | null;
  /** How well the quantity of a delta point is known. */
  readonly known: Completeness;
}

const TOKEN_METRICS: ReadonlyMap<string, TokenMetric> = new Map<string, TokenMetric>([
  [
    "claude_code.token.usage",
    {
      by: "type",
      buckets: {
        input: "input_uncached",
        output: "output_text",
        cacheRead: "cache_read",
        // Written for 5 minutes or for an hour: it does not say.
        cacheCreation: "cache_write",
      },
      provider: "anthropic",
      known: "exact",
    },
  ],
  [
    "gen_ai.client.token.usage",
    {
      by: "gen_ai.token.type",
      // Its input holds what a cache served, and nothing says how much: at most this.
      buckets: { input: "input_uncached", output: "output_text" },
      provider: null,
      known: "estimated",
    },
  ],
]);

const PROVIDER = ["gen_ai.provider.name", "gen_ai.system"];
const MODEL = ["model", "gen_ai.response.model", "gen_ai.request.model"];

/**
 * What a point of this metric counts. A cumulative point is `partial`: a later one replaces it.
 * Throws where the metric has no name for a unit, or tokens are of an unknown kind.
 */
export function usageOfPoint({ name, temporality }: Metric, point: MetricPoint): PointUsage {
  const tokens = TOKEN_METRICS.get(name);
  const completeness = temporality === "cumulative" ? "partial" : (tokens?.known ?? "exact");
  const provider = textOf(point, PROVIDER) ?? tokens?.provider ?? null;
  const unit = tokens === undefined ? unitOf(name) : bucketOf(tokens, point);
  return { name: unit, completeness, provider, model: textOf(point, MODEL) };
}

function textOf({ texts }: MetricPoint, names: readonly string[]): string | null {
  for (const name of names) {
    const text = texts.get(name);
    if (text !== undefined && text !== "") return text;
  }
  return null;
}

function bucketOf({ by, buckets }: TokenMetric, point: MetricPoint): TokenBucket {
  const type = point.texts.get(by) ?? "";
  const bucket = Object.hasOwn(buckets, type) ? buckets[type] : undefined;
  if (bucket !== undefined) return bucket;
  const field = `${point.field}.attributes`;
  const known = Object.keys(buckets).join(", ");
  throw new FieldRefused("field.invalid", field, `"${by}" must be one of ${known}.`);
}

/** `acme.pages.read` counts `acme_pages_read`. */
function unitOf(metric: string): string {
  const unit = metric.toLowerCase().replace(/[^a-z0-9_]/g, "_");
  if (isUsageName(unit) && !isTokenBucket(unit)) return unit;
  const name = metric.slice(0, 60);
  const detail = `"${name}" makes no name of a unit: at most 50 letters, digits and dots.`;
  throw new FieldRefused("field.invalid", "metric.name", detail);
}
