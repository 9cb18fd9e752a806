/** Keys that sign receipts, to and from their rows. */
import type { SigningKey } from "../engine/ports.ts";
import type { Bound, Row } from "./stored-rows.ts";

/** id, public_key, private_key, created_at, retired_at. */
export function encodeSigningKey(key: SigningKey): Bound[] {
  const { id, publicKey, privateKey, createdAtMs, retiredAtMs } = key;
  return [id, publicKey, privateKey, createdAtMs, retiredAtMs];
}

/** A key. */
export function decodeSigningKey(row: Row): SigningKey {
  return {
    id: row.id as string,
    publicKey: row.public_key as string,
    privateKey: row.private_key as string,
    createdAtMs: Number(row.created_at),
    retiredAtMs: row.retired_at === null ? null : Number(row.retired_at),
  };
}
