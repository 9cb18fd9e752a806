/** A recorded answer through the product's own mapper, and as the events to feed. */

import type { JsonObject } from "../number-text.ts";
import {
  detectFormat,
  detectStreamFormat,
  FORMATS,
  foldStream,
  formatQuantity,
  locate,
  type MappedStep,
  type MapResult,
  mapProviderUsage,
} from "../product.ts";
import { idOf, timeOf } from "../wire.ts";
import { providerAt } from "./providers.ts";
import type { Answer } from "./recording.ts";

export interface MappedAnswer {
  readonly answer: Answer;
  readonly format: string;
  /** The usage block as the provider wrote it. */
  readonly usage: JsonObject;
  readonly body: JsonObject;
  readonly result: MapResult;
}

/** Null: the answer holds no usage. */
export function mapAnswer(answer: Answer): MappedAnswer | null {
  const { content } = answer;
  const format =
    "body" in content ? detectFormat(content.body) : detectStreamFormat(content.events);
  if (format === null) return null;
  const folded = "body" in content ? null : foldStream(format, content.events);
  const value = "body" in content ? content.body : folded?.block;
  const located = FORMATS[format] === undefined ? null : locate(FORMATS[format], value);
  if (located === null) return null;
  const provider = providerAt(answer.host);
  const result = mapProviderUsage(format, value, {
    ...(provider === undefined ? {} : { provider }),
    ...(answer.askedModel === undefined ? {} : { model: answer.askedModel }),
    ...(folded === null ? {} : { completeness: folded.completeness }),
  });
  return {
    answer,
    format,
    usage: located.usage as JsonObject,
    body: located.body as JsonObject,
    result,
  };
}

/** The id of the step that an answer is metered by. */
export function stepIdOf({ answer }: MappedAnswer): string {
  return `answer-${answer.position}`;
}

/** The steps of an answer as the API takes them. */
export function eventsOf(
  mapped: MappedAnswer,
  run: { readonly run: string; readonly customer: string; readonly agent: string },
): object[] {
  const { answer, result } = mapped;
  if (!("steps" in result)) return [];
  const id = stepIdOf(mapped);
  return result.steps.map((step) => ({
    source: "corpus",
    ...run,
    id: step.suffix === "" ? id : idOf(`${id}#${step.suffix}`),
    occurredAt: timeOf(answer.at, UNDATED),
    ...factsOf(step),
  }));
}

/** When an answer was recorded that does not say so. */
export const UNDATED = "2026-07-25T12:00:00Z";

/** The facts of a mapped step in wire form. */
export function factsOf(step: MappedStep): object {
  const { kind, provider, model, tier, completeness } = step;
  const usage = [...step.usage].map(([name, n]) => [name, formatQuantity(n)] as const);
  return {
    ...{ kind, provider, tier, completeness, usage: Object.fromEntries(usage) },
    ...(model === undefined ? {} : { model }),
  };
}
