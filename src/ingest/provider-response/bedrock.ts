/** Bedrock: Converse counts the cache beside the input; guardrails charge by the text unit. */
import type { Quantity } from "../../domain/money/decimal.ts";
import { formatQuantity } from "../../domain/money/decimal.ts";
import type { Block } from "./block.ts";
import { isObject } from "./block.ts";
import type { MappedStep, Response } from "./mapped-step.ts";
import { innerStep, mainStep, Tally } from "./mapped-step.ts";
import { tallyWritten } from "./totals.ts";

const WRITTEN = ["cacheWriteInputTokens", "cacheWriteInputTokenCount"];
const READ = ["cacheReadInputTokens", "cacheReadInputTokenCount"];
const TTL_BUCKETS: Readonly<Record<string, string>> = {
  "5m": "cache_write_5m",
  "1h": "cache_write_1h",
};

/** The call, and its guardrails as a step of their own where they were applied. */
export function mapConverse(response: Response): MappedStep[] {
  const { usage, body } = response;
  const tally = new Tally();
  tally.add("input_uncached", usage.count(["inputTokens"]));
  tally.add("cache_read", usage.count(READ));
  tallyWritten(usage, { written: usage.count(WRITTEN), byTtl: writtenByTtl(usage) }, tally);
  tally.add("output_text", usage.count(["outputTokens"]));
  checkTotal(usage, tally);
  tallyServerTools(usage, tally);
  const main = mainStep(response, tally);
  const guard = guardrailTally(body);
  return guard.sum() === 0n ? [main] : [main, guardrailStep(main, guard)];
}

/** ApplyGuardrail answers with the units alone. */
export function mapGuardrail(response: Response): MappedStep[] {
  const tally = new Tally();
  addUnits(response.usage, tally);
  return [mainStep(response, tally)];
}

function writtenByTtl(usage: Block): Map<string, Quantity> {
  const byTtl = new Tally();
  for (const entry of usage.list(["cacheDetails"])) {
    const bucket = TTL_BUCKETS[entry.text("ttl") ?? ""];
    const quantity = entry.count(["inputTokens"]);
    if (bucket !== undefined) byTtl.add(bucket, quantity);
  }
  return new Map(byTtl.usage());
}

function checkTotal(usage: Block, tally: Tally): void {
  const total = usage.count(["totalTokens"]);
  if (total === 0n || total === tally.sum()) return;
  const detail = `the total ${formatQuantity(total)} is not the sum of its parts`;
  usage.refuse("usage.inconsistent", detail, "totalTokens");
}

function tallyServerTools(usage: Block, tally: Tally): void {
  const tools = usage.child("serverToolUsage");
  if (tools !== null) addUnits(tools, tally);
}

function guardrailStep(main: MappedStep, tally: Tally): MappedStep {
  return { ...innerStep(main, "guardrail-1", { model: "guardrail", tally }), kind: "custom" };
}

/** Units of every assessment of the request and of each answer. */
function guardrailTally(body: Block): Tally {
  const tally = new Tally();
  const guard = body.child("trace.guardrail") ?? body.child("amazon-bedrock-trace.guardrail");
  if (guard !== null) addAssessments(guard, tally);
  return tally;
}

function addAssessments(block: Block, tally: Tally): void {
  const units = block.child("invocationMetrics.usage");
  if (units !== null) {
    addUnits(units, tally);
    return;
  }
  for (const [name, value] of Object.entries(block.value)) {
    const below = isObject(value) ? block.child(name) : null;
    if (below !== null) addAssessments(below, tally);
    for (const item of block.list([name])) addAssessments(item, tally);
  }
}

/** `contentPolicyUnits` is the unit `content_policy_units`; units that are free are not counted. */
function addUnits(block: Block, tally: Tally): void {
  for (const name of Object.keys(block.value)) {
    if (/FreeUnits$/.test(name)) block.ignore([name]);
    else if (/Units$|Requests$/.test(name)) tally.add(snake(name), block.count([name]));
  }
}

function snake(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
