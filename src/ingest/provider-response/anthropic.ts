/**
 * Anthropic Messages: `input_tokens` excludes the cache, thinking is part of the output, and a
 * response may hold calls of its own that its totals leave out.
 */
import type { Quantity } from "../../domain/money/decimal.ts";
import { formatQuantity, ZERO_QUANTITY } from "../../domain/money/decimal.ts";
import type { Block } from "./block.ts";
import type { MappedStep, Response } from "./mapped-step.ts";
import { innerStep, mainStep, Tally } from "./mapped-step.ts";
import { tallyWritten } from "./totals.ts";

const INPUT = ["input_tokens"];
const OUTPUT = ["output_tokens"];
const READ = ["cache_read_input_tokens"];
const WRITTEN = ["cache_creation_input_tokens"];
const WRITTEN_BY_TTL = [
  ["cache_write_5m", ["cache_creation.ephemeral_5m_input_tokens"]],
  ["cache_write_1h", ["cache_creation.ephemeral_1h_input_tokens"]],
] as const;
const SERVER_TOOLS = [
  ["web_searches", ["server_tool_use.web_search_requests"]],
  ["web_fetches", ["server_tool_use.web_fetch_requests"]],
  ["code_executions", ["server_tool_use.code_execution_requests"]],
] as const;

/** Fields of the totals that must be the sum of the serving model's iterations. */
const SUMMED = [INPUT, OUTPUT, READ, WRITTEN];

/** The message, then the calls inside it that its totals leave out. */
export function mapAnthropic(response: Response): MappedStep[] {
  const { usage } = response;
  const tally = tallyTokens(usage);
  for (const [unit, names] of SERVER_TOOLS) tally.add(unit, usage.count(names));
  const main = repriced(usage, mainStep(response, tally));
  return [main, ...iterationSteps(usage, main)];
}

function tallyTokens(block: Block): Tally {
  const tally = new Tally();
  tally.add("input_uncached", block.count(INPUT));
  tally.add("cache_read", block.count(READ));
  const byTtl = new Map(WRITTEN_BY_TTL.map(([bucket, names]) => [bucket, block.count(names)]));
  const told = [...byTtl.values()].reduce((sum, one) => sum + one, 0n) as Quantity;
  const written = block.has(WRITTEN) ? block.count(WRITTEN) : told;
  tallyWritten(block, { written, byTtl }, tally);
  const output = block.count(OUTPUT);
  const thinking = block.count(["output_tokens_details.thinking_tokens"]);
  if (thinking > output) {
    const detail = `${formatQuantity(thinking)} thinking tokens exceed the output`;
    block.refuse("usage.inconsistent", detail, "output_tokens_details.thinking_tokens");
  }
  tally.add("output_reasoning", thinking);
  return tally.add("output_text", (output - thinking) as Quantity);
}

/** A redeemed fallback credit moves tokens to the cache-read price and does not say how many. */
function repriced(usage: Block, main: MappedStep): MappedStep {
  const redeemed = usage.text("fallback_credit.status.type") === "redeemed";
  return redeemed && main.completeness === "exact" ? { ...main, completeness: "estimated" } : main;
}

/**
 * Iterations that the totals leave out: compactions, advisors (their own model), and attempts of
 * a model that declined before another one served. The others are the totals, and must add up.
 */
function iterationSteps(usage: Block, main: MappedStep): MappedStep[] {
  const iterations = usage.list(["iterations"]);
  const fallback = iterations.find((one) => one.text("type") === "fallback_message");
  const served = fallback?.text("model") ?? main.model ?? null;
  const steps: MappedStep[] = [];
  const serving: Block[] = [];
  const seen = new Map<string, number>();
  for (const iteration of iterations) {
    const name = outsideName(iteration, served);
    const tally = tallyTokens(iteration);
    if (name === null) {
      serving.push(iteration);
      continue;
    }
    const place = (seen.get(name) ?? 0) + 1;
    seen.set(name, place);
    steps.push(innerStep(main, `${name}-${place}`, { model: iteration.text("model"), tally }));
  }
  if (serving.length > 0) checkSums(usage, serving);
  return steps;
}

/** Null: the iteration is part of the totals. */
function outsideName(iteration: Block, served: string | null): string | null {
  const type = iteration.text("type") ?? "message";
  if (type === "fallback_message") return null;
  if (type !== "message") return type.replace(/_message$/, "");
  const model = iteration.text("model");
  return model !== null && served !== null && model !== served ? "declined" : null;
}

function checkSums(usage: Block, serving: readonly Block[]): void {
  for (const names of SUMMED) {
    const sum = serving.reduce((total, one) => total + one.count(names), ZERO_QUANTITY as bigint);
    if (usage.has(names) && sum !== usage.count(names)) {
      const detail = `iterations sum up to ${formatQuantity(sum as Quantity)}`;
      usage.refuse("usage.inconsistent", detail, names[0] ?? "");
    }
  }
}
