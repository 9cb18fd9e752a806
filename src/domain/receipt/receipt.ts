/**
 * A run's receipt: every step with what it used, cost and charged, one line of JSON each, so that
 * a customer, an auditor or a court can check it without us. Each line carries the digest of all
 * lines up to it, and the last one is signed: whoever alters, adds, drops or moves a line breaks
 * the digest of that very line.
 *
 *   digest(n) = SHA-256( digest(n − 1) + "\n" + canonical JSON of line n without its digest )
 *
 * Quantities, prices and amounts are exact decimal texts: who checks the sums needs no rounding.
 */
import { canonicalJson } from "../canonical-json.ts";

/** Version of the format, in the first line. */
export const RECEIPT_VERSION = 1;

/** What the signature is over, before the digest: so that it can never mean anything else. */
const SIGNED_PREFIX = `tollgate receipt ${RECEIPT_VERSION}\n`;

/** Digest before the first line. */
const RECEIPT_START = "0".repeat(64);

/** SHA-256 of a text, lower-case hex. */
export type Sha256 = (text: string) => string;

/** A body of a line: any object of texts, numbers, lists and objects. */
export type LineBody = Readonly<Record<string, unknown>> & { readonly line: string };

/** Who signs. */
export interface ReceiptSigner {
  readonly keyId: string;
  /** Ed25519 signature of a text, lower-case hex. */
  sign(text: string): string;
}

/** The text that a receipt's signature is over. */
export function signedText(digest: string): string {
  return SIGNED_PREFIX + digest;
}

/** The digest of a line that follows another. */
export function lineDigest(before: string, body: LineBody, sha256: Sha256): string {
  return sha256(`${before}\n${canonicalJson(body)}`);
}

/** Numbers the lines, links and signs them: the text of a receipt, one line each. */
export function sealReceipt(
  bodies: readonly LineBody[],
  { sha256, signer }: { readonly sha256: Sha256; readonly signer: ReceiptSigner },
): string {
  let digest = RECEIPT_START;
  const lines: string[] = [];
  const add = (body: LineBody, more: Readonly<Record<string, string>> = {}): void => {
    digest = lineDigest(digest, body, sha256);
    lines.push(canonicalJson({ ...body, digest, ...more }));
  };
  for (const [index, body] of bodies.entries()) add({ n: index + 1, ...body });
  const seal = { n: bodies.length + 1, line: "seal", keyId: signer.keyId };
  const sealed = lineDigest(digest, seal, sha256);
  add(seal, { signature: signer.sign(signedText(sealed)) });
  return `${lines.join("\n")}\n`;
}

/** A line of a receipt that was read: its body apart from what seals it. */
export interface ReadLine {
  readonly body: LineBody;
  readonly digest: string;
  /** Of the last line; null in all others. */
  readonly signature: string | null;
}

/** Splits a line into its body and what seals it; null where it is no line of a receipt. */
export function readLine(text: string): ReadLine | null {
  const value = parsed(text);
  if (typeof value !== "object" || value === null || Array.isArray(value)) return null;
  const { digest, signature = null, ...body } = value as Record<string, unknown>;
  const isSealed = typeof digest === "string" && typeof body.line === "string";
  if (!isSealed || (signature !== null && typeof signature !== "string")) return null;
  return { body: body as LineBody, digest, signature };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** Where the digests of a receipt begin. */
export const FIRST_DIGEST = RECEIPT_START;
