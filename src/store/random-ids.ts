import { randomBytes } from "node:crypto";
import type { Ids } from "../engine/ports.ts";

const RANDOM_BYTES = 16;
const RANDOM_AT_ONCE = 256;
let random = Buffer.alloc(0);
/** Bytes that somebody got already. */
let used = 0;

/**
 * 128 random bits as 22 URL-safe characters. Asking for many at once costs a tenth for each, and
 * reading them where they are makes no view of them.
 */
export const randomIds: Ids = {
  random: () => {
    if (used === random.length) [random, used] = [randomBytes(RANDOM_AT_ONCE * RANDOM_BYTES), 0];
    used += RANDOM_BYTES;
    return random.toString("base64url", used - RANDOM_BYTES, used);
  },
};
