import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { INPUT_BUCKETS, isInputBucket, OUTPUT_BUCKETS } from "../event/usage.ts";
import { FALLBACKS } from "./fallback-rates.ts";

describe("fallbacks of a bucket", () => {
  it("are stated for every bucket, none twice and never the bucket itself", () => {
    for (const bucket of [...INPUT_BUCKETS, ...OUTPUT_BUCKETS]) {
      const units = FALLBACKS[bucket].map(({ unit }) => unit);
      assert.equal(new Set([bucket, ...units]).size, units.length + 1, bucket);
    }
  });

  it("end at the plain rate of the same direction, so that no token goes unpriced", () => {
    for (const bucket of [...INPUT_BUCKETS, ...OUTPUT_BUCKETS]) {
      const plain = isInputBucket(bucket) ? "input_uncached" : "output_text";
      const last = FALLBACKS[bucket].at(-1)?.unit ?? bucket;
      assert.equal(last, plain, bucket);
    }
  });

  it("of a longer cache lifetime to a shorter one are assumptions", () => {
    const lifetimes = ["cache_write_5m", "cache_write_30m", "cache_write_1h", "cache_write_12h"];
    for (const [rank, bucket] of lifetimes.entries()) {
      for (const { unit, mayUndercharge } of FALLBACKS[bucket as keyof typeof FALLBACKS]) {
        const other = lifetimes.indexOf(unit);
        if (other >= 0) assert.equal(mayUndercharge, other < rank, `${bucket} to ${unit}`);
      }
    }
  });
});
