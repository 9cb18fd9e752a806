/** Receipts of runs, and the keys that prove them. */
import { type Issuing, issueReceipt, type ReceiptRequest } from "./issue-receipt.ts";
import { type PublicKey, publicKeys, rotateSigningKey } from "./signing-keys.ts";

/** Use cases of receipts. */
export class ReceiptCases {
  readonly #issuing: Issuing;

  constructor(issuing: Issuing) {
    this.#issuing = issuing;
  }

  /** The signed receipt of a root run and everything below it, as lines of JSON. */
  issue(workspace: string, request: ReceiptRequest): Promise<string> {
    return issueReceipt(this.#issuing, workspace, request);
  }

  /** Every key that may have signed a receipt. */
  publicKeys(): Promise<PublicKey[]> {
    return publicKeys(this.#issuing);
  }

  /** Signs with a new key from now on. */
  rotateKey(): Promise<PublicKey> {
    return rotateSigningKey(this.#issuing);
  }
}
