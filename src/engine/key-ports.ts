/** Keys: those that open a workspace, and those that sign receipts. */
import type { Answer } from "./answer.ts";

/** What an API key may do. The key itself is never stored, only its SHA-256. */
export interface ApiKey {
  readonly id: string;
  readonly hash: string;
  readonly workspace: string;
  readonly scopes: readonly ("ingest" | "read" | "admin")[];
  readonly label: string;
  readonly createdAtMs: number;
  readonly revokedAtMs: number | null;
}

/** A key that receipts are signed with. The newest that is not retired signs. */
export interface SigningKey {
  readonly id: string;
  /** Ed25519 public key, SPKI in base64: given to everybody. */
  readonly publicKey: string;
  /** Ed25519 private key, PKCS #8 in base64: never leaves the store. */
  readonly privateKey: string;
  readonly createdAtMs: number;
  readonly retiredAtMs: number | null;
}

/** Signatures, given because the domain knows no platform. */
export interface Signatures {
  newKey(): Pick<SigningKey, "publicKey" | "privateKey">;
  /** Ed25519 signature of a text, lower-case hex. */
  sign(privateKey: string, text: string): string;
}

/** Where keys are kept. What is saved is on disk when the promise resolves. */
export interface Keyring {
  byHash(hash: string): Answer<ApiKey | undefined>;
  /** Oldest first. */
  ofWorkspace(workspace: string): Answer<ApiKey[]>;
  save(key: ApiKey): Promise<void>;
  /** Keys of this installation that sign receipts, oldest first. */
  signing(): Answer<SigningKey[]>;
  saveSigning(key: SigningKey): Promise<void>;
}
