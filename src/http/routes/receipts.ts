/** Receipts of runs, and the keys that prove them. */

import type { PublicKey } from "../../engine/receipts/signing-keys.ts";
import { timeText, timeTextOrNull } from "../instant.ts";
import { json, ok, route } from "../route.ts";
import { ANY_TEXT, closed, ID, named } from "../schema.ts";

const NDJSON = "application/x-ndjson";

const readReceipt = route<{ readonly run: string }>({
  method: "GET",
  path: "/v1/runs/{run}/receipt",
  operationId: "readReceipt",
  summary: "The signed receipt of a run tree: one line of JSON for everything that it came to.",
  scope: "read",
  params: closed({ run: ID }),
  answers: {
    200: { description: "The receipt; see docs/receipts.md.", content: { [NDJSON]: ANY_TEXT } },
  },
  errors: ["run.not_found", "run.too_large", "receipt.no_root", "steps.removed"],
  handle: async ({ engine, version }, { workspace, params: { run } }) => {
    const body = await engine.receipts.issue(workspace, { run, issuer: `tollgate ${version}` });
    return { status: 200, body, type: NDJSON };
  },
});

const readKeys = route({
  method: "GET",
  path: "/v1/receipt-keys",
  operationId: "readReceiptKeys",
  summary: "The public keys that receipts are signed with, retired ones too.",
  scope: null,
  answers: { 200: json("The keys, oldest first.", named("ReceiptKeys")) },
  handle: async ({ engine }) => ok({ keys: (await engine.receipts.publicKeys()).map(keyView) }),
});

const rotateKey = route({
  method: "POST",
  path: "/v1/receipt-keys/rotate",
  operationId: "rotateReceiptKey",
  summary: "Sign with a new key from now on; what the former ones signed stays good.",
  scope: "admin",
  answers: { 200: json("The new key.", named("ReceiptKey")) },
  handle: async ({ engine }) => ok(keyView(await engine.receipts.rotateKey())),
});

function keyView({ id, publicKey, createdAtMs, retiredAtMs }: PublicKey) {
  const retiredAt = timeTextOrNull(retiredAtMs);
  return { id, algorithm: "Ed25519", publicKey, createdAt: timeText(createdAtMs), retiredAt };
}

/** Receipts and their keys. */
export const RECEIPT_ROUTES = [readReceipt, readKeys, rotateKey];
