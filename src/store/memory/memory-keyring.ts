/** Keys in memory. */
import type { ApiKey, Keyring, SigningKey } from "../../engine/key-ports.ts";
import { byBytes } from "./tables.ts";

/** Keeps keys in maps. */
export class MemoryKeyring implements Keyring {
  readonly #keys = new Map<string, ApiKey>();
  readonly #signing = new Map<string, SigningKey>();

  byHash(hash: string): ApiKey | undefined {
    return [...this.#keys.values()].find((key) => key.hash === hash);
  }

  ofWorkspace(workspace: string): ApiKey[] {
    return [...this.#keys.values()].filter((key) => key.workspace === workspace).sort(byAge);
  }

  async save(key: ApiKey): Promise<void> {
    this.#keys.set(key.id, key);
  }

  signing(): SigningKey[] {
    return [...this.#signing.values()].sort(byAge);
  }

  async saveSigning(key: SigningKey): Promise<void> {
    this.#signing.set(key.id, key);
  }
}

type Aged = Pick<ApiKey, "id" | "createdAtMs">;

function byAge(a: Aged, b: Aged): number {
  return a.createdAtMs - b.createdAtMs || byBytes(a.id, b.id);
}
