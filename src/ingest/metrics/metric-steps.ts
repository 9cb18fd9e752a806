/**
 * An event that carries a metric, as one document of a step for each point. Each has an identity
 * that follows from what the point is about, below the one that the sender gives its counters, so
 * the rules of every step do the counting: a point that comes twice is a duplicate, a later one of
 * a cumulative series replaces the former, and an earlier one changes nothing
 * (docs/decisions/0169-metric-points.md).
 */
import {
  CONTENT_HASH_VERSION,
  canonicalContent,
  canonicalValue,
  contentFields,
} from "../../domain/event/content-hash.ts";
import { formatQuantity } from "../../domain/money/decimal.ts";
import type { Digest } from "../../engine/ports.ts";
import type { Fields } from "../native/fields.ts";
import { readRequiredId } from "../native/fields.ts";
import { usageOfPoint } from "./metric-usage.ts";
import { readMetric } from "./otlp-metric.ts";

/** What an event with a metric may say of all its points. */
const SHARED_FIELDS = [
  ...["source", "run", "customer", "agent", "parentRun", "parentStep"],
  ...["kind", "provider", "model", "tool", "tier", "status", "payer", "role", "labels"],
];

/** Fields of an event with a metric. It has no time: its points have. */
export const METRIC_FIELDS: ReadonlySet<string> = new Set([
  ...["type", "id", "metric"],
  ...SHARED_FIELDS,
]);

const CONTENT = contentFields(SHARED_FIELDS);

/** A step as its sender could have stated it. */
export interface StepDocument {
  readonly document: Fields;
  /** Of what was sent: a newer reading of metrics turns no retry into a conflict. */
  readonly contentHash: string;
}

/** The steps of an event whose fields are known. Throws what is wrong with its metric. */
export function metricSteps(event: Fields, digest: Pick<Digest, "content">): StepDocument[] {
  const id = readRequiredId(event.id, "id");
  const metric = readMetric(event.metric);
  const shared: Record<string, unknown> = { type: "step" };
  for (const name of SHARED_FIELDS) {
    if (event[name] !== undefined) shared[name] = event[name];
  }
  const content = canonicalContent(event, CONTENT);
  return metric.points.map((point) => {
    const { name, completeness, provider, model } = usageOfPoint(metric, point);
    const quantity = formatQuantity(point.value);
    const document = {
      ...shared,
      id: `${id}#${digest.content(point.identity)}`,
      occurredAt: new Date(point.occurredAtMs).toISOString(),
      completeness,
      provider: shared.provider ?? provider,
      model: shared.model ?? model,
      usage: { [name]: quantity },
    };
    // Without the time: a counter that stood still says nothing new.
    const sent = canonicalValue([point.identity, quantity]);
    const contentHash = CONTENT_HASH_VERSION + digest.content(`${content}point:${sent}`);
    return { document, contentHash };
  });
}
