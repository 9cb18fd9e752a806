/** API keys as rows of any SQL store, without their secrets. */
import type { ApiKey } from "../engine/ports.ts";
import { type Bound, type Row, rowText } from "./stored-rows.ts";

/** Values of `api_keys`, with the checksum of them. */
export function encodeKey(key: ApiKey, checksum: (text: string) => number): Bound[] {
  const { id, hash, workspace, label, createdAtMs, revokedAtMs } = key;
  const values = [id, hash, workspace, JSON.stringify(key.scopes), label, createdAtMs, revokedAtMs];
  return [...values, checksum(rowText(values))];
}

/** An API key. */
export function decodeKey(row: Row): ApiKey {
  return {
    id: row.id as string,
    hash: row.hash as string,
    workspace: row.workspace as string,
    scopes: JSON.parse(row.scopes as string),
    label: row.label as string,
    createdAtMs: row.created_at as number,
    revokedAtMs: row.revoked_at as number | null,
  };
}
