/** Small and older APIs: one count a side, some of them in a list of results. */
import type { Quantity } from "../../domain/money/decimal.ts";
import type { Aliases, Block } from "./block.ts";
import type { MappedStep, Response } from "./mapped-step.ts";
import { mainStep, Tally } from "./mapped-step.ts";

/** What text-generation-inference puts beside its count. */
const NOT_COUNTED = ["seed", "prefill", "tokens"];

interface SmallNames {
  readonly input: Aliases;
  readonly output: Aliases;
  /** List whose entries hold counts too; "" for none. */
  readonly list: string;
}

/** Sums the counts of the block and of the entries of its list. */
export function mapSmall(names: SmallNames): (response: Response) => MappedStep[] {
  return (response) => {
    response.usage.ignore(NOT_COUNTED);
    const blocks = [response.usage, ...response.usage.list([names.list])];
    const tally = new Tally();
    tally.add("input_uncached", summed(blocks, names.input));
    tally.add("output_text", summed(blocks, names.output));
    const step = mainStep(response, tally);
    // A side that the API never tells is missing, not zero.
    return names.input.length === 0 ? [{ ...step, completeness: "partial" }] : [step];
  };
}

function summed(blocks: readonly Block[], names: Aliases): Quantity {
  return blocks.reduce((sum, block) => sum + block.count(names), 0n) as Quantity;
}
