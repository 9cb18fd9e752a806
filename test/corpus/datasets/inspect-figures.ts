/** The usage by model that Inspect states for a sample and for a whole log. */
import { exactSum, sameDecimal } from "../float.ts";
import { countOf, type JsonObject, objectAt, textOf } from "../number-text.ts";
import { unexplained } from "../priced-call.ts";
import {
  CACHE_READ,
  CACHE_WRITE,
  INPUT,
  OUTPUT,
  type TokenCount,
  tokenFigure,
  tokensOf,
} from "../stated-total.ts";
import type { MeteredRun, StatedFigure, Verdict } from "../types.ts";
import { type Convention, conventionOf, totalParts } from "./inspect-log.ts";

type Models = ReadonlyMap<string, string>;

/** Field of a usage block → the buckets that it counts. */
function bucketsOf(field: string, convention: Convention): readonly string[] | undefined {
  const fields: Readonly<Record<string, readonly string[]>> = {
    input_tokens: convention.inputHoldsCached ? INPUT : ["input_uncached"],
    output_tokens: convention.outputHoldsReasoning ? OUTPUT : ["output_text"],
    total_tokens: [...INPUT, ...OUTPUT],
    input_tokens_cache_read: CACHE_READ,
    input_tokens_cache_write: CACHE_WRITE,
    reasoning_tokens: ["output_reasoning"],
  };
  return fields[field];
}

interface Field {
  readonly name: string;
  readonly field: string;
  readonly text: string;
  readonly count: TokenCount;
  readonly usage: JsonObject;
}

function fieldsOf(byModel: JsonObject, models: Models): Field[] {
  return Object.entries(byModel).flatMap(([model, value]) => {
    const usage = objectAt(value);
    const convention = conventionOf(usage);
    return Object.keys(usage).flatMap((field) => {
      const buckets = bucketsOf(field, convention);
      const text = textOf(usage[field]);
      if (buckets === undefined || text === undefined) return [];
      const count = { buckets, of: ({ id }: { readonly id: string }) => models.get(id) === model };
      return [{ name: `${model} ${field}`, field, text, count, usage }];
    });
  });
}

/** What a sample states: the sum of its own calls. */
export function sampleFigures(byModel: JsonObject, models: Models): StatedFigure[] {
  return fieldsOf(byModel, models).map(({ name, text, count, field }) => ({
    ...tokenFigure({ name, text }, count),
    partOfSum: field !== "total_tokens",
  }));
}

/**
 * What a header states: the sum of all samples. Where the file keeps only some of them, the rest
 * is solved for: a whole number of tokens, not below zero, whose parts must add up to its total.
 * Fields that no total holds together are then left out, because nothing could contradict them.
 */
export function logFigures(
  byModel: JsonObject,
  models: Models,
  lostSamples: number,
): StatedFigure[] {
  const fields = fieldsOf(byModel, models);
  if (lostSamples === 0) return sampleFigures(byModel, models).map(outOfSum);
  return fields.flatMap((field) => {
    const parts = totalParts(conventionOf(field.usage));
    if (field.field !== "total_tokens" && !parts.includes(field.field)) return [];
    const { name, text } = field;
    const judge = (metered: MeteredRun, stated: string): Verdict =>
      judgeLost({ ...field, text: stated }, metered, lostSamples);
    return [outOfSum({ name, text, kind: "tokens", judge })];
  });
}

/** The samples' own figures are the stated column; the header repeats them. */
function outOfSum(figure: StatedFigure): StatedFigure {
  return { ...figure, partOfSum: true };
}

function judgeLost(field: Field, metered: MeteredRun, lostSamples: number): Verdict {
  const kept = tokensOf(metered, field.count);
  if (sameDecimal(kept, field.text)) return { verdict: "agree" };
  const usage = { ...field.usage, [field.field]: field.text };
  const sum = exactSum(
    totalParts(conventionOf(field.usage)).map((part) => textOf(usage[part]) ?? "0"),
  );
  if (!sameDecimal(sum, textOf(usage.total_tokens) ?? "")) {
    return unexplained(`${field.name}: the parts add up to ${sum}, not to the total`);
  }
  const lost = countOf(field.text) - Number(kept);
  if (!Number.isSafeInteger(lost) || lost < 0) {
    return unexplained(`${field.name}: states ${field.text}, the kept samples alone hold ${kept}`);
  }
  const detail = `${lost} tokens belong to ${lostSamples} samples that the log does not keep`;
  return { verdict: "fitted", rule: "log-keeps-some-samples", detail };
}
