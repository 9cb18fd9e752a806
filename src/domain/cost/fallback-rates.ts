/**
 * Which rate prices a bucket that has none of its own, in the order tried. Providers list a
 * separate rate only where it differs, so most buckets fall back to the plain one exactly; where
 * the true rate may be higher, the fallback is an assumption and the cost is flagged `partial`.
 */
import type { TokenBucket } from "../event/usage.ts";

/** A rate to try next. */
export interface Fallback {
  readonly unit: TokenBucket;
  /** True where the provider may charge more than this rate. */
  readonly mayUndercharge: boolean;
}

const exact = (unit: TokenBucket): Fallback => ({ unit, mayUndercharge: false });
const assumed = (unit: TokenBucket): Fallback => ({ unit, mayUndercharge: true });

/** Bucket → the rates to try where it has none of its own. */
export const FALLBACKS: Readonly<Record<TokenBucket, readonly Fallback[]>> = {
  input_uncached: [],
  output_text: [],
  // No listed discount: cached tokens are billed as input.
  cache_read: [exact("input_uncached")],
  // A write of unknown lifetime: the source's rate for writes is the shortest (5 minutes).
  cache_write: [assumed("cache_write_5m"), assumed("cache_write_30m"), assumed("input_uncached")],
  // The plain write rate is that of the provider's default lifetime: 5 minutes at Anthropic and
  // on Bedrock, 30 minutes at OpenAI. A longer one costs at least as much as a shorter.
  cache_write_5m: [
    exact("cache_write"),
    exact("cache_write_30m"),
    exact("cache_write_1h"),
    assumed("input_uncached"),
  ],
  cache_write_30m: [
    exact("cache_write"),
    exact("cache_write_1h"),
    assumed("cache_write_5m"),
    assumed("input_uncached"),
  ],
  cache_write_1h: [
    exact("cache_write_12h"),
    assumed("cache_write"),
    assumed("cache_write_30m"),
    assumed("cache_write_5m"),
    assumed("input_uncached"),
  ],
  cache_write_12h: [
    assumed("cache_write_1h"),
    assumed("cache_write"),
    assumed("cache_write_30m"),
    assumed("cache_write_5m"),
    assumed("input_uncached"),
  ],
  // Audio costs a multiple of text wherever both are listed.
  input_audio: [assumed("input_uncached")],
  cache_read_audio: [assumed("cache_read"), exact("input_audio"), assumed("input_uncached")],
  // Vision and tool results are billed as input text unless a rate of their own is listed.
  input_image: [exact("input_uncached")],
  input_video: [exact("input_uncached")],
  input_tool: [exact("input_uncached")],
  // Reasoning is billed as output everywhere; the few own rates are listed.
  output_reasoning: [exact("output_text")],
  output_audio: [assumed("output_text")],
  output_image: [assumed("output_text")],
};
