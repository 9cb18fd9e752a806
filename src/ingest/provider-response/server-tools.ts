/** Totals-shaped blocks whose provider also runs tools and counts their calls. */
import type { MappedStep, Response } from "./mapped-step.ts";
import { mainStep } from "./mapped-step.ts";
import { tallyTotals } from "./totals.ts";
import { OPENAI, XAI } from "./totals-tables.ts";

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
