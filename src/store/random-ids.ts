import { randomBytes } from "node:crypto";
import type { Ids } from "../engine/ports.ts";

/** 128 random bits as 22 URL-safe characters. Asking for many at once costs a tenth for each. */
export const randomIds: Ids = { random: () => nextRandom().toString("base64url") };

const RANDOM_BYTES = 16;
const RANDOM_AT_ONCE = 256;
let random = Buffer.alloc(0);

/** Bytes that nobody got before. */
function nextRandom(): Buffer {
  if (random.length === 0) random = randomBytes(RANDOM_AT_ONCE * RANDOM_BYTES);
  const next = random.subarray(0, RANDOM_BYTES);
  random = random.subarray(RANDOM_BYTES);
  return next;
}
