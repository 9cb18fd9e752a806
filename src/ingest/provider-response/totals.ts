/**
 * Mapper for the widest family of usage blocks: a total of each side, with details that are parts
 * of it. OpenAI set the shape; most providers answer in it, each with a few names of its own. The
 * names are data (totals-tables.ts).
 *
 * Whether reasoning is part of the output or stands beside it is not known by provider but read
 * from the block itself: its `total_tokens` fits only one of the two.
 */
import type { Quantity } from "../../domain/money/decimal.ts";
import { formatQuantity, ZERO_QUANTITY } from "../../domain/money/decimal.ts";
import type { Aliases, Block } from "./block.ts";
import type { MappedStep, Response } from "./mapped-step.ts";
import { mainStep, Tally } from "./mapped-step.ts";
import { splitPrompt } from "./modalities.ts";

/** Where each fact of a usage block stands; pairs give the bucket or unit first. */
export interface TotalsTable {
  readonly input: Aliases;
  readonly output: Aliases;
  readonly total: Aliases;
  readonly cached: Aliases;
  /** Part of the prompt that the provider says it had not cached: checked, not counted. */
  readonly missed: Aliases;
  readonly written: Aliases;
  readonly writtenByTtl: readonly (readonly [string, Aliases])[];
  readonly inputModes: readonly (readonly [string, Aliases])[];
  /** Seconds of audio whose tokens stand beside the prompt: only the total holds them. */
  readonly heard: Aliases;
  readonly cachedModes: readonly (readonly [string, Aliases])[];
  readonly reasoning: Aliases;
  readonly outputModes: readonly (readonly [string, Aliases])[];
  /** Tokens that no total holds. */
  readonly beside: readonly (readonly [string, Aliases])[];
  /** Named units, which may have decimal places. */
  readonly units: readonly (readonly [string, Aliases])[];
  /** Known to be no billable count of their own. */
  readonly ignored: Aliases;
}

/** A mapper of the names in a table: one step, no extras. */
export function mapTotals(table: TotalsTable): (response: Response) => MappedStep[] {
  return (response) => [mainStep(response, tallyTotals(response.usage, table))];
}

/** The disjoint buckets of a block by the names of a table. */
export function tallyTotals(usage: Block, table: TotalsTable): Tally {
  const tally = new Tally();
  usage.ignore(table.ignored);
  const heard = tokensHeard(usage, table);
  tallyPrompt(usage, { table, heard }, tally);
  tallyOutput(usage, { table, heard }, tally);
  for (const [bucket, names] of table.beside) tally.add(bucket, usage.count(names));
  for (const [unit, names] of table.units) tally.add(unit, usage.measure(names));
  return tally;
}

interface Reading {
  readonly table: TotalsTable;
  /** Tokens of audio that the prompt leaves out. */
  readonly heard: Quantity;
}

/** Mistral tells seconds of audio, and the total alone holds its tokens: zero where it has none. */
function tokensHeard(usage: Block, table: TotalsTable): Quantity {
  if (usage.measure(table.heard) === ZERO_QUANTITY) return ZERO_QUANTITY;
  const heard = besideSides(usage, table);
  return heard < 0n ? ZERO_QUANTITY : heard;
}

/** What the total holds beside the two sides; below zero where it contradicts them. */
function besideSides(usage: Block, table: TotalsTable): Quantity {
  const total = usage.count(table.total);
  const onlyTotal = !usage.has(table.input) && !usage.has(table.output);
  if (total === ZERO_QUANTITY || onlyTotal) return ZERO_QUANTITY;
  return (total - usage.count(table.input) - usage.count(table.output)) as Quantity;
}

function tallyPrompt(usage: Block, { table, heard }: Reading, tally: Tally): void {
  const total = (promptTotal(usage, table) + heard) as Quantity;
  const cached = usage.count(table.cached);
  const missed = usage.count(table.missed);
  if (usage.has(table.missed) && missed !== total - cached) {
    const detail = `${formatQuantity(missed)} missed and ${formatQuantity(cached)} cached`;
    usage.refuse(
      "usage.inconsistent",
      `${detail} of ${formatQuantity(total)}`,
      named(table.missed),
    );
  }
  const written = usage.count(table.written);
  splitPrompt(
    usage,
    {
      total,
      cached,
      written,
      modes: inputModes(usage, { table, heard }),
      cachedModes: counts(usage, table.cachedModes),
    },
    tally,
  );
  tallyWritten(usage, { written, byTtl: counts(usage, table.writtenByTtl) }, tally);
}

/** What was heard is audio, told beside the total or not. */
function inputModes(usage: Block, { table, heard }: Reading): Map<string, Quantity> {
  const modes = counts(usage, table.inputModes);
  if (heard === ZERO_QUANTITY) return modes;
  const told = modes.get(AUDIO) ?? ZERO_QUANTITY;
  if (told !== ZERO_QUANTITY && told !== heard) refuseTotal(usage, table);
  return modes.set(AUDIO, heard);
}

const AUDIO = "input_audio";

/** Some embedding and rerank APIs give only the total: it is all prompt. */
function promptTotal(usage: Block, table: TotalsTable): Quantity {
  const onlyTotal = !usage.has(table.input) && !usage.has(table.output);
  return usage.count(onlyTotal ? table.total : table.input);
}

interface Written {
  readonly written: Quantity;
  readonly byTtl: ReadonlyMap<string, Quantity>;
}

/** Writes by time to live; what the split does not tell stays in `cache_write`. */
export function tallyWritten(block: Block, { written, byTtl }: Written, tally: Tally): void {
  let rest: bigint = written;
  for (const [bucket, quantity] of byTtl) {
    tally.add(bucket, quantity);
    rest -= quantity;
  }
  if (rest < 0n) {
    const detail = `cache writes by time to live exceed their total ${formatQuantity(written)}`;
    block.refuse("usage.inconsistent", detail, "");
  }
  tally.add("cache_write", rest as Quantity);
}

function tallyOutput(usage: Block, { table, heard }: Reading, tally: Tally): void {
  const output = usage.count(table.output);
  const reasoning = usage.count(table.reasoning);
  const beside = reasoningBeside(usage, { table, heard }, reasoning);
  let text: bigint = beside > 0n ? output : output - reasoning;
  for (const [bucket, quantity] of counts(usage, table.outputModes)) {
    tally.add(bucket, quantity);
    text -= quantity;
  }
  if (text < 0n) {
    const detail = `its parts exceed the output of ${formatQuantity(output)}`;
    usage.refuse("usage.inconsistent", detail, named(table.output));
  }
  tally.add("output_reasoning", beside > 0n ? beside : reasoning);
  tally.add("output_text", text as Quantity);
}

/**
 * Tokens that only the total holds: reasoning that stands beside the output, told or not (an
 * OpenAI-shaped front of Gemini leaves it out of every other field and bills it). Zero: the
 * reasoning is part of the output.
 */
function reasoningBeside(usage: Block, { table, heard }: Reading, reasoning: Quantity): Quantity {
  const beside = (besideSides(usage, table) - heard) as Quantity;
  if (beside < 0n || (beside > 0n && reasoning > 0n && beside !== reasoning)) {
    refuseTotal(usage, table);
    return ZERO_QUANTITY;
  }
  return beside;
}

function refuseTotal(usage: Block, table: TotalsTable): void {
  const total = formatQuantity(usage.count(table.total));
  const detail = `the total ${total} is not the sum of its parts`;
  usage.refuse("usage.inconsistent", detail, named(table.total));
}

function counts(
  usage: Block,
  fields: readonly (readonly [string, Aliases])[],
): Map<string, Quantity> {
  return new Map(fields.map(([bucket, names]) => [bucket, usage.count(names)]));
}

function named(aliases: Aliases): string {
  return aliases[0] ?? "";
}
