/** Judges the prices that genai-prices computed against the cost that was metered. */
import { exactSum, sameDecimal } from "../float.ts";
import type { MeteredRun, MeteredStep, StatedFigure, Verdict } from "../types.ts";
import type { LibraryPrices, Rates } from "./genai-library.ts";
import type { Fit } from "./genai-record.ts";
import { timesPrice } from "./times-price.ts";
import { AGREE, explained, unexplained } from "./verdicts.ts";

export interface PricedFit {
  readonly step: string;
  readonly fit: Fit;
  readonly model: string;
  /** The library's counts. */
  readonly tokens: Readonly<Record<string, string>>;
  readonly library: LibraryPrices;
}

/** Which part of a step's cost a price of the library is. */
const SIDES: Readonly<Record<string, (unit: string) => boolean>> = {
  input_price: (unit) => /^(?:input|cache)_/.test(unit),
  output_price: (unit) => unit.startsWith("output_"),
  total_price: () => true,
};

export function priceFiguresOf(priced: PricedFit): StatedFigure[] {
  return Object.entries(priced.fit.prices).flatMap(([name, text]) =>
    name in SIDES
      ? [
          {
            name: `${name} of ${priced.step}`,
            text,
            kind: "cost" as const,
            partOfSum: name === "total_price",
            judge: (metered: MeteredRun, stated: string) =>
              judgePrice(priced, { name, text: stated }, metered),
          },
        ]
      : [],
  );
}

interface Price {
  readonly name: string;
  readonly text: string;
}

type Usage = Readonly<Record<string, string>>;

function judgePrice(priced: PricedFit, price: Price, metered: MeteredRun): Verdict {
  const step = metered.steps.find(({ id }) => id === priced.step);
  if (step === undefined) return unexplained(`step ${priced.step} was not metered`);
  const own = ratesOf(step, metered);
  const cost = sideCost(price.name, step.usage, own);
  if (cost !== undefined && isWhole(step, own) && sameDecimal(cost, price.text)) return AGREE;
  return (
    explainPrice(priced, { price, step, own }) ??
    unexplained(`${price.name} of ${priced.step}: states ${price.text}, metered ${cost ?? "none"}`)
  );
}

/** The parts must add up to what the server answers for the step. */
function isWhole(step: MeteredStep, rates: Rates): boolean {
  const total = sideCost("total_price", step.usage, rates);
  return total !== undefined && sameDecimal(total, step.cost);
}

function ratesOf(step: MeteredStep, metered: MeteredRun): Rates {
  const { provider, model, occurredAt } = step;
  const inputTokens = promptOf(step.usage);
  return (unit) =>
    provider === null || model === null
      ? undefined
      : metered.rateOf({ provider, model, unit, occurredAt, inputTokens });
}

function promptOf(usage: Usage): number {
  const prompt = Object.entries(usage).filter(([unit]) => /^(?:input|cache)_/.test(unit));
  return prompt.reduce((sum, [, quantity]) => sum + Number(quantity), 0);
}

/** Undefined where a unit has no rate. A fee per request applies once, without being counted. */
function sideCost(side: string, usage: Usage, rates: Rates): string | undefined {
  const parts: string[] = [];
  const fee = rates("requests") === undefined ? {} : { requests: "1" };
  for (const [unit, quantity] of Object.entries({ ...fee, ...usage })) {
    if (SIDES[side]?.(unit) !== true) continue;
    const rate = rates(unit);
    if (rate === undefined && side !== "total_price") return undefined;
    if (rate !== undefined) parts.push(timesPrice(quantity, rate));
  }
  return exactSum(parts);
}

interface Judged {
  readonly price: Price;
  readonly step: MeteredStep;
  readonly own: Rates;
}

const READ_ITS_WAY = "its own count of tokens";

/** The library's matching, counts and hour, each taken from the record and its price list. */
function explainPrice(priced: PricedFit, { price, step, own }: Judged): Verdict | undefined {
  const { fit, model, library } = priced;
  const counted = bucketsOf(priced.tokens);
  const matched = library.ratesFor(fit.provider, model, promptOf(counted));
  const states = (usage: Usage, rates: Rates | undefined) => {
    const cost = rates === undefined ? undefined : sideCost(price.name, usage, rates);
    return cost !== undefined && sameDecimal(cost, price.text);
  };
  if (own("input_uncached") === undefined && states(step.usage, matched?.now)) {
    return explained(
      "matched-by-pattern",
      `priced as ${matched?.id}, which Tollgate only suggests`,
    );
  }
  if (states(counted, own)) return explained("library-counts", READ_ITS_WAY);
  if (states(counted, matched?.now)) {
    return explained("library-counts", `${READ_ITS_WAY}, priced as ${matched?.id}`);
  }
  if (matched?.otherHours.some((rates) => states(counted, rates)) === true) {
    return explained("other-time-of-day", `the price of ${matched.id} at another hour`);
  }
  if (matched !== undefined && states(counted, (unit) => matched.now(unit) ?? "0")) {
    return explained("unlisted-is-free", `its price list has no price for a part of ${matched.id}`);
  }
  return undefined;
}

/** The library's overlapping counts as disjoint buckets. */
function bucketsOf(tokens: Readonly<Record<string, string>>): Usage {
  const n = (name: string) => Number(tokens[name] ?? "0");
  const cachedAudio = n("cache_audio_read_tokens");
  const buckets = {
    cache_read: n("cache_read_tokens") - cachedAudio,
    cache_read_audio: cachedAudio,
    cache_write: n("cache_write_tokens"),
    input_audio: n("input_audio_tokens") - cachedAudio,
    output_audio: n("output_audio_tokens"),
    output_image: n("output_image_tokens"),
    web_searches: n("web_searches"),
  };
  const { cache_read, cache_read_audio, cache_write, input_audio } = buckets;
  const special = cache_read + cache_read_audio + cache_write + input_audio;
  const all = {
    ...buckets,
    input_uncached: n("input_tokens") - special,
    output_text: n("output_tokens") - buckets.output_audio - buckets.output_image,
  };
  const used = Object.entries(all).filter(([, count]) => count > 0);
  return Object.fromEntries(used.map(([unit, count]) => [unit, String(count)]));
}
