/** Keys that sign receipts: one is made when the first receipt is issued; old ones stay known. */
import type { ReceiptSigner } from "../../domain/receipt/receipt.ts";
import type { EngineContext } from "../context.ts";
import type { Signatures } from "../key-ports.ts";
import type { SigningKey } from "../ports.ts";

type Signing = Pick<EngineContext, "store" | "clock" | "ids"> & {
  readonly signatures: Signatures;
};

/** A key as everybody may know it. */
export interface PublicKey {
  readonly id: string;
  /** Ed25519, SPKI in base64. */
  readonly publicKey: string;
  readonly createdAtMs: number;
  /** From when on it signs no more; what it signed stays good. */
  readonly retiredAtMs: number | null;
}

/** The signer of receipts. */
export async function signerOf(context: Signing): Promise<ReceiptSigner> {
  const keys = await context.store.keyring.signing();
  const current = keys.findLast(({ retiredAtMs }) => retiredAtMs === null);
  const key = current ?? (await makeKey(context));
  return {
    keyId: key.id,
    sign: (text) => context.signatures.sign(key.privateKey, text),
  };
}

async function makeKey({ store, clock, ids, signatures }: Signing): Promise<SigningKey> {
  const id = `sig_${ids.random()}`;
  const made = { id, ...signatures.newKey(), createdAtMs: clock.nowMs(), retiredAtMs: null };
  await store.keyring.saveSigning(made);
  return made;
}

/** Every key that may have signed a receipt, oldest first. */
export async function publicKeys({ store }: Pick<Signing, "store">): Promise<PublicKey[]> {
  return (await store.keyring.signing()).map(({ privateKey: _, ...known }) => known);
}

/** Signs with a new key from now on. What the former ones signed stays good. */
export async function rotateSigningKey(context: Signing): Promise<PublicKey> {
  const former = await context.store.keyring.signing();
  const { privateKey: _, ...made } = await makeKey(context);
  for (const key of former) {
    if (key.retiredAtMs !== null) continue;
    await context.store.keyring.saveSigning({ ...key, retiredAtMs: context.clock.nowMs() });
  }
  return made;
}
