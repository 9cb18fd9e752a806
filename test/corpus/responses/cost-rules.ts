/**
 * Rules for costs that a provider or gateway states. Each reads the record and the price book,
 * computes the figure and compares it to its last digit; one that had to solve for something the
 * record does not tell is `fitted`, and what it solves for must come out round.
 */
import {
  exactProduct,
  exactSum,
  printsAs,
  sameDecimal,
  shiftDecimal,
  statesExactly,
} from "../float.ts";
import { type JsonObject, objectAt, objectsOf } from "../number-text.ts";
import type { MeteredRun, MeteredStep, Verdict } from "../types.ts";
import { timeOf } from "../wire.ts";
import { type MappedAnswer, UNDATED } from "./mapped-answer.ts";
import { explained, unexplained } from "./verdicts.ts";

export interface StatedCost {
  readonly answer: MappedAnswer;
  /** Id of the step that meters the answer. */
  readonly step: string;
  /** The figure as judged, in the source's own unit. */
  readonly text: string;
  readonly dollars: string;
  /** False for the upstream part of a router's cost. */
  readonly isWhole: boolean;
}

function fitted(rule: string, detail: string): Verdict {
  return { verdict: "fitted", rule, detail };
}

/** A router charges nothing for a call on the caller's own key. */
export function ownKey({ answer, dollars, isWhole }: StatedCost): Verdict | undefined {
  if (!isWhole || answer.usage.is_byok !== true || !sameDecimal(dollars, "0")) return undefined;
  return explained("own-key", "the provider charges the caller's key; the router states 0");
}

/** Fixtures whose cost is the digits in order, beside counts that are all whole tens. */
export function placeholder({ answer, text }: StatedCost): Verdict | undefined {
  const counts = Object.values(answer.usage).filter((value) => /^\d+$/.test(String(value)));
  const tens = counts.filter((count) => String(count).endsWith("0"));
  if (tens.length < 3 || !"123456789".startsWith(text) || text.length < 4) return undefined;
  return explained("placeholder", "a made-up fixture: round counts, and digits in order as cost");
}

/** The same tokens and prices in floats: each bucket, prompt first, per token or per million. */
export function floatArithmetic(
  { dollars }: StatedCost,
  steps: readonly MeteredStep[],
  metered: MeteredRun,
): Verdict | undefined {
  for (const way of WAYS) {
    const parts = steps.flatMap((step) => floatParts(step, metered, way.term));
    const sum = (side: string) =>
      parts.filter((part) => part.side === side).reduce((all, { amount }) => all + amount, 0);
    if (parts.length > 0 && printsAs(sum("input") + sum("output"), dollars)) {
      return explained("float-arithmetic", way.name);
    }
  }
  return undefined;
}

const WAYS = [
  { name: "price per token × tokens", term: (n: number, price: string) => n * Number(price) },
  {
    name: "tokens × price per million ÷ 1,000,000",
    term: (n: number, price: string) => (n * Number(shiftDecimal(price, 6))) / 1e6,
  },
];

function floatParts(
  step: MeteredStep,
  metered: MeteredRun,
  term: (n: number, price: string) => number,
): { side: string; amount: number }[] {
  const { provider, model, occurredAt } = step;
  if (provider === null || model === null) return [];
  return Object.entries(step.usage).map(([unit, quantity]) => {
    const asked = { provider, model, unit, occurredAt, inputTokens: promptOf(step) };
    const price = metered.rateOf(asked) ?? "0";
    const side = unit.startsWith("output") ? "output" : "input";
    return { side, amount: term(Number(quantity), price) };
  });
}

function promptOf(step: MeteredStep): number {
  const prompt = Object.entries(step.usage).filter(([unit]) => /^(?:input|cache)_/.test(unit));
  return prompt.reduce((sum, [, quantity]) => sum + Number(quantity), 0);
}

/** Decimal places of a price per million that counts as round. */
const ROUND_PLACES = 4;

/**
 * Tokens at the prices of the provider that a router chose: the record states what its prompt and
 * its completion cost. Undefined where these do not give round prices, or the prompt was cached.
 */
export function routedCost(
  { answer }: StatedCost,
  step: MeteredStep,
): { readonly text: string; readonly isSolved: boolean } | undefined {
  const details = objectAt(answer.usage, "cost_details");
  const input = Number(step.usage.input_uncached ?? "0");
  if (input !== promptOf(step)) return undefined;
  const output = tokensOf(step) - input;
  const parts = [
    atRoundPrice(input, String(details.upstream_inference_prompt_cost)),
    atRoundPrice(output, String(details.upstream_inference_completions_cost)),
  ];
  const found = parts.filter((part) => part !== undefined);
  return found.length === parts.length ? { text: exactSum(found), isSolved: true } : undefined;
}

function tokensOf(step: MeteredStep): number {
  const tokens = Object.entries(step.usage).filter(([unit]) =>
    /^(?:input|cache|output)_/.test(unit),
  );
  return tokens.reduce((sum, [, quantity]) => sum + Number(quantity), 0);
}

function atRoundPrice(tokens: number, cost: string): string | undefined {
  const price = (Number(cost) / tokens) * 1e6;
  if (tokens === 0 || !Number.isFinite(price)) return undefined;
  const ticks = Math.round(price * 10 ** ROUND_PLACES);
  const exact = shiftDecimal(String(BigInt(tokens) * BigInt(ticks)), -6 - ROUND_PLACES);
  return statesExactly(exact, cost) || Math.abs(Number(exact) - Number(cost)) < 1e-18
    ? exact
    : undefined;
}

/** Fees of routers are whole tenths of a cent for each search or parsed file. */
export function feePerCall(
  { answer, dollars }: StatedCost,
  step: MeteredStep,
  tokenCost: string,
): Verdict | undefined {
  const calls = Number(step.usage.web_searches ?? "0") || filesIn(answer.body);
  if (calls === 0) return undefined;
  const mills = Math.round(((Number(dollars) - Number(tokenCost)) / calls) * 1000);
  const fee = shiftDecimal(String(mills * calls), -3);
  const isFloat = printsAs(Number(tokenCost) + Number(fee), dollars);
  if (mills <= 0 || !(isFloat || statesExactly(exactSum([tokenCost, fee]), dollars))) {
    return undefined;
  }
  return fitted("fee-per-call", `${calls} × ${mills / 1000} beside the tokens`);
}

function filesIn(body: JsonObject): number {
  const messages = objectsOf(body.choices).map((choice) => objectAt(choice, "message"));
  return messages.flatMap(({ annotations }) =>
    objectsOf(annotations).filter(({ type }) => type === "file"),
  ).length;
}

/**
 * An advisor's call inside a router's: the request names its model, the answer only its cost. With
 * an output price that is a multiple of the input price, any cost is whole tokens of input price.
 */
export function advisorTokens(
  { answer, dollars, isWhole }: StatedCost,
  ownCost: string,
  metered: MeteredRun,
): Verdict | undefined {
  const { advisor, at } = answer.answer;
  if (!isWhole || advisor === undefined) return undefined;
  const asked = { provider: "openrouter", model: advisor, inputTokens: 0 };
  const price = metered.rateOf({
    ...asked,
    unit: "input_uncached",
    occurredAt: timeOf(at, UNDATED),
  });
  if (price === undefined) return undefined;
  const tokens = Math.round((Number(dollars) - Number(ownCost)) / Number(price));
  const cost = tokens > 0 ? exactSum([ownCost, exactProduct(tokens, price)]) : ownCost;
  if (!statesExactly(cost, dollars)) return undefined;
  return fitted("advisor-tokens", `the rest is ${tokens} tokens at the input price of ${advisor}`);
}

/** A refused answer is not metered; its stated cost is still the sum of its stated parts. */
export function judgeRefusedCost(usage: JsonObject, dollars: string): Verdict {
  const details = objectAt(usage, "cost_details");
  const sum = exactSum(
    ["upstream_inference_prompt_cost", "upstream_inference_completions_cost"].map((name) =>
      String(details[name] ?? "0"),
    ),
  );
  return sameDecimal(sum, dollars)
    ? explained("contradicts-itself", "refused; the stated parts of its cost add up to this")
    : unexplained(`the refused answer states ${dollars}, its parts are ${sum}`);
}
