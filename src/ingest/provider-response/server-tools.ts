/** Totals-shaped blocks whose provider also runs tools or searches, and bills these. */
import { parseAmount } from "../../domain/money/decimal.ts";
import { type Block, numberText, valueAt } from "./block.ts";
import type { MappedStep, Response } from "./mapped-step.ts";
import { mainStep } from "./mapped-step.ts";
import { tallyTotals } from "./totals.ts";
import { OPENAI, PERPLEXITY, XAI } from "./totals-tables.ts";

/** A tool call whose kind is not told: counted, so that it can be priced or asked about. */
const UNTOLD = "server_tool_calls";

/** OpenRouter counts all executed calls; searches among them have a count of their own. */
export function mapOpenRouter(response: Response): MappedStep[] {
  const { usage } = response;
  const tally = tallyTotals(usage, OPENAI);
  usage.ignore(["server_tool_use_details.tool_calls_requested"]);
  const executed = usage.count(["server_tool_use_details.tool_calls_executed"]);
  const others = executed - tally.get("web_searches");
  if (others > 0n) tally.add(UNTOLD, others as typeof executed);
  return [mainStep(response, tally)];
}

/** xAI tells the kinds of its calls in newer responses, only their number in older ones. */
export function mapXai(response: Response): MappedStep[] {
  const { usage } = response;
  const tally = tallyTotals(usage, XAI);
  const used = usage.count(["num_server_side_tools_used"]);
  if (!usage.has(["server_side_tool_usage_details"])) tally.add(UNTOLD, used);
  return [mainStep(response, tally)];
}

/** Fee of a request whose search was "pro", by size; every plain fee of the size is lower. */
const PRO_FEES: Readonly<Record<string, string>> = {
  low: "0.014",
  medium: "0.018",
  high: "0.022",
};

/**
 * Perplexity's fee for a request depends on how much it searched, so that is the tier:
 * `search_low`. Whether the search was "pro" no field says, but the fee that the response states.
 */
export function mapPerplexity(response: Response): MappedStep[] {
  const { usage } = response;
  const step = mainStep(response, tallyTotals(usage, PERPLEXITY));
  const size = usage.text("search_context_size")?.toLowerCase();
  if (size === undefined) return [step];
  // Sonar Pro alone has such a search; the highest fee of others is no sign of it.
  const isPro = step.model?.endsWith("sonar-pro") === true && isProFee(usage, size);
  return [{ ...step, tier: isPro ? `search_${size}+pro` : `search_${size}` }];
}

function isProFee(usage: Block, size: string): boolean {
  const stated = numberText(valueAt(usage.value, "cost.request_cost"));
  const fee = Object.hasOwn(PRO_FEES, size) ? PRO_FEES[size] : undefined;
  if (stated === undefined || fee === undefined) return false;
  return parseAmount(stated) === parseAmount(fee);
}
