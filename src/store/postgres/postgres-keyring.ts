/** Keys on PostgreSQL. */
import type { ApiKey, Keyring, SigningKey } from "../../engine/key-ports.ts";
import { decodeKey, encodeKey } from "../stored-keys.ts";
import type { Row } from "../stored-rows.ts";
import { rowText } from "../stored-rows.ts";
import { decodeSigningKey, encodeSigningKey } from "../stored-signing-keys.ts";
import type { Parameter } from "./connection.ts";

/** What the keyring needs of its store. */
export interface KeyringStore {
  /** As nobody's tenant. */
  all(sql: string, ...values: Parameter[]): Promise<Row[]>;
  /** As a workspace. */
  of(workspace: string, sql: string, ...values: Parameter[]): Promise<Row[]>;
  checksum(text: string): number;
}

/** Keeps keys in the database. */
export class PostgresKeyring implements Keyring {
  readonly #store: KeyringStore;

  constructor(store: KeyringStore) {
    this.#store = store;
  }

  async byHash(hash: string): Promise<ApiKey | undefined> {
    const rows = await this.#store.all("SELECT * FROM tollgate_key($1)", hash);
    return rows.map(decodeKey)[0];
  }

  async ofWorkspace(workspace: string): Promise<ApiKey[]> {
    const sql = "SELECT * FROM api_keys WHERE workspace = $1 ORDER BY created_at, id";
    return (await this.#store.of(workspace, sql, workspace)).map(decodeKey);
  }

  async save(key: ApiKey): Promise<void> {
    const sql = `INSERT INTO api_keys VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
      ON CONFLICT (id) DO UPDATE SET (hash, workspace, scopes, label, created_at, revoked_at,
        checksum) = ROW (excluded.hash, excluded.workspace, excluded.scopes, excluded.label,
        excluded.created_at, excluded.revoked_at, excluded.checksum)`;
    const values = encodeKey(key, (text) => this.#store.checksum(text));
    await this.#store.of(key.workspace, sql, ...values);
  }

  async signing(): Promise<SigningKey[]> {
    return (await this.#store.all("SELECT * FROM tollgate_signing_keys()")).map(decodeSigningKey);
  }

  async saveSigning(key: SigningKey): Promise<void> {
    const values = encodeSigningKey(key);
    const sql = "SELECT tollgate_save_signing_key($1, $2, $3, $4, $5, $6)";
    await this.#store.all(sql, ...values, this.#store.checksum(rowText(values)));
  }
}
