/** The tools that the agents offer to their models. */
import type { Anthropic, OpenAI } from "../vendor-sdks.ts";

interface ToolDefinition {
  readonly name: string;
  readonly description: string;
  /** Text inputs by name, with what they mean. */
  readonly inputs: Readonly<Record<string, string>>;
}

const WEB_SEARCH: ToolDefinition = {
  name: "web_search",
  description: "Searches the public web and returns the two best pages.",
  inputs: { query: "What to search for." },
};

/** Tools of the support agent. */
export const SUPPORT_TOOLS: readonly ToolDefinition[] = [
  {
    name: "lookup_order",
    description: "Reads an order with its promised date and the last scan of its parcel.",
    inputs: { order: "The order number, such as A-20417." },
  },
  {
    name: "search_handbook",
    description: "Finds the articles of the handbook that answer a question.",
    inputs: { question: "The question in plain words." },
  },
  {
    name: "research",
    description: "Lets the research agent find out something that is not in the handbook.",
    inputs: { question: "The question in plain words." },
  },
  {
    name: "refund_order",
    description: "Refunds an order to its payment method.",
    inputs: { order: "The order number.", reason: "One word: late, lost, faulty or returned." },
  },
  WEB_SEARCH,
];

/** Tools of the research agent. */
export const RESEARCH_TOOLS: readonly ToolDefinition[] = [WEB_SEARCH];

function schemaOf({ inputs }: ToolDefinition) {
  const entries = Object.entries(inputs).map(([name, description]) => {
    return [name, { type: "string", description }];
  });
  const required = Object.keys(inputs);
  return { type: "object" as const, properties: Object.fromEntries(entries), required };
}

/** A tool as OpenAI wants it described. */
export function toOpenaiTool(tool: ToolDefinition): OpenAI.ChatCompletionFunctionTool {
  const { name, description } = tool;
  return { type: "function", function: { name, description, parameters: schemaOf(tool) } };
}

/** A tool as Anthropic wants it described. */
export function toAnthropicTool(tool: ToolDefinition): Anthropic.Tool {
  const { name, description } = tool;
  return { name, description, input_schema: schemaOf(tool) };
}
