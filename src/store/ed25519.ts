/** Signatures of receipts, and their checking. */
import { createPrivateKey, createPublicKey, generateKeyPairSync, sign, verify } from "node:crypto";
import type { Signatures } from "../engine/key-ports.ts";

/** Ed25519 by OpenSSL. */
export const ed25519: Signatures = {
  newKey: () => {
    const { publicKey, privateKey } = generateKeyPairSync("ed25519");
    return {
      publicKey: publicKey.export({ type: "spki", format: "der" }).toString("base64"),
      privateKey: privateKey.export({ type: "pkcs8", format: "der" }).toString("base64"),
    };
  },
  sign: (privateKey, text) => {
    const der = Buffer.from(privateKey, "base64");
    const key = createPrivateKey({ key: der, type: "pkcs8", format: "der" });
    return sign(null, Buffer.from(text), key).toString("hex");
  },
};

/** Whether a text was signed by the owner of a public key; false where the key is none. */
export function isSignedBy(publicKey: string, text: string, signature: string): boolean {
  try {
    const der = Buffer.from(publicKey, "base64");
    const key = createPublicKey({ key: der, type: "spki", format: "der" });
    const bytes = Buffer.from(signature, "hex");
    // Decoding overlooks capitals and what is no digit: one signature has one text.
    return bytes.toString("hex") === signature && verify(null, Buffer.from(text), key, bytes);
  } catch {
    return false;
  }
}
