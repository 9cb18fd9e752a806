/** Costs that answers state about themselves: where they stand, and one figure for each. */
import { shiftDecimal } from "../float.ts";
import { objectAt } from "../number-text.ts";
import type { StatedFigure } from "../types.ts";
import { judgeAnswerCost } from "./answer-cost.ts";
import { judgeRefusedCost } from "./cost-rules.ts";
import { type MappedAnswer, stepIdOf } from "./mapped-answer.ts";

interface CostField {
  readonly path: readonly string[];
  /** The figure is in dollars times ten to this power. */
  readonly exponent: number;
}

const COST_FIELDS: readonly CostField[] = [
  { path: ["cost"], exponent: 0 },
  { path: ["cost_in_usd_ticks"], exponent: 10 },
  { path: ["pydantic_ai_gateway", "cost_estimate"], exponent: 0 },
];

/** A part of the cost above: not added to the stated column. */
const UPSTREAM: CostField = {
  path: ["cost_details", "upstream_inference_cost"],
  exponent: 0,
};

export function costFigures(answer: MappedAnswer): StatedFigure[] {
  return [...COST_FIELDS, UPSTREAM].flatMap((field) => {
    const text = textAt(answer, field.path);
    return text === undefined ? [] : [figureOf(answer, field, text)];
  });
}

function figureOf(answer: MappedAnswer, field: CostField, stated: string): StatedFigure {
  const step = "steps" in answer.result ? stepIdOf(answer) : undefined;
  return {
    name: `${field.path.join(".")} of ${stepIdOf(answer)}`,
    text: stated,
    kind: "cost",
    // The column of stated costs adds up dollars.
    partOfSum: field === UPSTREAM || field.exponent !== 0,
    judge: (metered, text) => {
      const dollars = field.exponent === 0 ? text : shiftDecimal(text, -field.exponent);
      if (step === undefined) return judgeRefusedCost(answer.usage, dollars);
      const isWhole = field !== UPSTREAM;
      return judgeAnswerCost({ answer, step, text, dollars, isWhole }, metered);
    },
  };
}

function textAt({ usage }: MappedAnswer, path: readonly string[]): string | undefined {
  const value = objectAt(usage, ...path.slice(0, -1))[path.at(-1) ?? ""];
  return typeof value === "string" ? value : undefined;
}
