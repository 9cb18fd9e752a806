/** OpenAI Responses: tokens as in that whole family, and the tools that OpenAI runs itself. */
import type { Quantity } from "../../domain/money/decimal.ts";
import { quantityOfInteger } from "../../domain/money/decimal.ts";
import type { Block } from "./block.ts";
import type { MappedStep, Response } from "./mapped-step.ts";
import { innerStep, mainStep } from "./mapped-step.ts";
import { tallyTotals } from "./totals.ts";
import { OPENAI } from "./totals-tables.ts";

/** Output items that are charged by the call. */
const CALL_UNITS: Readonly<Record<string, string>> = {
  web_search_call: "web_searches",
  file_search_call: "storage_searches",
  code_interpreter_call: "code_interpreter_calls",
};

/** Opening or searching inside a found page belongs to the search that found it. */
const FREE_ACTIONS = new Set(["open_page", "find", "find_in_page"]);

const IMAGE_TOOL = "tool_usage.image_gen";

/** The response with calls of hosted tools as units, then the image model that it called. */
export function mapResponses(response: Response): MappedStep[] {
  const { usage, body } = response;
  const tally = tallyTotals(usage, OPENAI);
  for (const [unit, calls] of toolCalls(body)) tally.add(unit, calls);
  const main = mainStep(response, tally);
  const image = body.child(IMAGE_TOOL);
  if (image === null) return [main];
  const imageTally = tallyTotals(image, OPENAI);
  if (imageTally.sum() === 0n) return [main];
  return [main, innerStep(main, "image-1", { model: imageModel(body), tally: imageTally })];
}

function toolCalls(body: Block): Map<string, Quantity> {
  const calls = new Map<string, number>();
  for (const item of body.list(["output"])) {
    const unit = CALL_UNITS[item.text("type") ?? ""];
    if (unit === undefined || FREE_ACTIONS.has(item.text("action.type") ?? "")) continue;
    calls.set(unit, (calls.get(unit) ?? 0) + 1);
  }
  const quantities = new Map([...calls].map(([unit, n]) => [unit, quantityOfInteger(n)]));
  const searches = body.count(["tool_usage.web_search.num_requests"]);
  if (searches > 0n) quantities.set("web_searches", searches);
  return quantities;
}

/** The image tool runs a model of its own. Null: the response does not name it. */
function imageModel(body: Block): string | null {
  const tool = body.list(["tools"]).find((item) => item.text("type") === "image_generation");
  return tool?.text("model") ?? null;
}
