/** Keys of the embedded store. */
import type { ApiKey, Keyring, SigningKey } from "../../engine/key-ports.ts";
import { decodeKey, encodeKey } from "../stored-keys.ts";
import type { Bound, Row } from "../stored-rows.ts";
import { rowText } from "../stored-rows.ts";
import { decodeSigningKey, encodeSigningKey } from "../stored-signing-keys.ts";

/** What the keyring needs of its store. */
export interface KeyringStore {
  all(sql: string, ...values: Bound[]): Row[];
  /** Writes one row as a transaction of its own. */
  save(sql: string, ...values: Bound[]): Promise<void>;
  checksum(text: string): number;
}

/** Keeps keys in the file. */
export class SqliteKeyring implements Keyring {
  readonly #store: KeyringStore;

  constructor(store: KeyringStore) {
    this.#store = store;
  }

  byHash(hash: string): ApiKey | undefined {
    return this.#store.all("SELECT * FROM api_keys WHERE hash = ?", hash).map(decodeKey)[0];
  }

  ofWorkspace(workspace: string): ApiKey[] {
    const sql = "SELECT * FROM api_keys WHERE workspace = ? ORDER BY created_at, id";
    return this.#store.all(sql, workspace).map(decodeKey);
  }

  async save(key: ApiKey): Promise<void> {
    const sql = "INSERT OR REPLACE INTO api_keys VALUES (?, ?, ?, ?, ?, ?, ?, ?)";
    await this.#store.save(sql, ...encodeKey(key, (text) => this.#store.checksum(text)));
  }

  signing(): SigningKey[] {
    const sql = "SELECT * FROM signing_keys ORDER BY created_at, id";
    return this.#store.all(sql).map(decodeSigningKey);
  }

  async saveSigning(key: SigningKey): Promise<void> {
    const values = encodeSigningKey(key);
    const sql = "INSERT OR REPLACE INTO signing_keys VALUES (?, ?, ?, ?, ?, ?)";
    await this.#store.save(sql, ...values, this.#store.checksum(rowText(values)));
  }
}
