/**
 * Who is asking. Deny by default: a route names the scope it needs, and only /health and the
 * OpenAPI document need none.
 *
 * Valid keys are remembered, because hashing and looking one up costs more than the rest of a
 * small request's head. Revocation goes through this process, which forgets all keys at once;
 * besides, nothing is remembered longer than KEY_REMEMBERED_MS.
 */
import { TollgateError } from "../domain/errors.ts";
import type { Engine } from "../engine/engine.ts";
import type { ApiKey } from "../engine/ports.ts";
import type { Scope } from "../engine/workspaces/keys.ts";
import { KEY_REMEMBERED_MS, KEYS_REMEMBERED_MAX_COUNT } from "./connection-limits.ts";

const BEARER = /^Bearer +(tg_[A-Za-z0-9_-]{20,200})$/i;

interface Remembered {
  readonly key: ApiKey;
  readonly untilMs: number;
}

/** Tells who is asking, and remembers it for a short while. */
export class Authenticator {
  readonly #engine: Pick<Engine, "authenticate">;
  readonly #nowMs: () => number;
  readonly #remembered = new Map<string, Remembered>();
  #generation = 0;

  constructor(engine: Pick<Engine, "authenticate">, nowMs: () => number = () => performance.now()) {
    this.#engine = engine;
    this.#nowMs = nowMs;
  }

  /** The key of an Authorization header, where it is remembered: no hash, no query, no promise. */
  recall(header: string | undefined): ApiKey | undefined {
    if (header === undefined) return undefined;
    const found = this.#remembered.get(header);
    return found !== undefined && found.untilMs > this.#nowMs() ? found.key : undefined;
  }

  /** The key of an Authorization header. Throws `auth.missing`, `auth.invalid`. */
  async identify(header: string | undefined): Promise<ApiKey> {
    const recalled = this.recall(header);
    if (recalled !== undefined) return recalled;
    if (header === undefined || header === "") {
      throw new TollgateError("auth.missing", "The request has no Authorization header.");
    }
    const secret = BEARER.exec(header)?.[1];
    if (secret === undefined) {
      const detail = "The Authorization header is not 'Bearer tg_…'.";
      throw new TollgateError("auth.invalid", detail);
    }
    const generation = this.#generation;
    const key = await this.#engine.authenticate(secret);
    // A revocation during the look-up must win.
    if (generation === this.#generation) this.#remember(header, key);
    return key;
  }

  /**
   * Whose key it was when it was looked up last, however long ago: for what may be said where it
   * cannot be looked up, and never for what is done.
   */
  lastKnown(header: string | undefined): ApiKey | undefined {
    return header === undefined ? undefined : this.#remembered.get(header)?.key;
  }

  /** From here on every key is looked up again: a key was revoked. */
  forget(): void {
    this.#generation += 1;
    this.#remembered.clear();
  }

  #remember(header: string, key: ApiKey): void {
    if (this.#remembered.size >= KEYS_REMEMBERED_MAX_COUNT) this.#remembered.clear();
    this.#remembered.set(header, { key, untilMs: this.#nowMs() + KEY_REMEMBERED_MS });
  }
}

/** Throws `auth.forbidden` where a key lacks a scope. `admin` includes the others. */
export function requireScope(key: ApiKey, scope: Scope): void {
  if (key.scopes.includes(scope) || key.scopes.includes("admin")) return;
  const detail = `This key may ${key.scopes.join(", ") || "nothing"}; the route needs "${scope}".`;
  throw new TollgateError("auth.forbidden", detail);
}
