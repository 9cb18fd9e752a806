/**
 * Puts Tollgate together: the only file that names every adapter. Everything else knows ports.
 */
import { randomBytes, hash as nodeHash } from "node:crypto";
import { crc32 } from "node:zlib";
import { Engine } from "./engine/engine.ts";
import type { Clock, Digest, Ids, Store } from "./engine/ports.ts";
import { storedTariffs } from "./engine/workspace-tariff.ts";

/** Digests by OpenSSL. */
export const nodeDigest: Digest = {
  content: (text) => nodeHash("sha256", text, "base64url").slice(0, 22),
  sha256: (text) => nodeHash("sha256", text, "hex"),
  checksum: (text) => crc32(text),
};

/** The computer's clock. */
export const systemClock: Clock = { nowMs: () => Date.now() };

/** 128 random bits as 22 URL-safe characters. */
export const randomIds: Ids = { random: () => randomBytes(16).toString("base64url") };

/** The workspace of a data folder that names none. */
export const DEFAULT_WORKSPACE = "default";

/** An engine over a store, with this machine's clock and randomness unless others are given. */
export function composeEngine(
  store: Store,
  parts: { readonly clock?: Clock; readonly ids?: Ids } = {},
): Engine {
  const { clock = systemClock, ids = randomIds } = parts;
  return new Engine({ store, clock, ids, digest: nodeDigest, tariffs: storedTariffs(store) });
}
