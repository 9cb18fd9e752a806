/** What signing receipts needs of a store and of the platform. */

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
