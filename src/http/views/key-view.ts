/** An API key as it is told, without its secret. */
import type { ApiKey } from "../../engine/ports.ts";
import { timeText, timeTextOrNull } from "../instant.ts";

/** What anyone who may see keys is told of one. */
export function keyView({ id, label, scopes, createdAtMs, revokedAtMs }: ApiKey): object {
  const createdAt = timeText(createdAtMs);
  return { id, label, scopes, createdAt, revokedAt: timeTextOrNull(revokedAtMs) };
}
