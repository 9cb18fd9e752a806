/**
 * The product as the command line uses it: plain functions, no adapter among them. Each loads its
 * part when it is called: to read all of it takes longer than most commands do, and a command that
 * talks to a server needs none.
 */
import { hash } from "node:crypto";
import type { StartOptions } from "./compose.ts";
import type { ErrorCode } from "./domain/errors.ts";
import type { Decided } from "./engine/limits/save-budget.ts";
import type { Logger } from "./http/http-parts.ts";
import { logLine } from "./http/log-line.ts";
import type { ImportOwner } from "./ingest/import-file.ts";
import { VERSION } from "./version.ts";

type Place = Pick<StartOptions, "dataDir" | "databaseUrl">;
type OnProgress = (done: number, total: number) => void;

/** What commands are given (`Product` in src/cli/command.ts). */
export function openProduct() {
  return {
    version: VERSION,
    start: async ({ isLogging = false, ...options }: StartOptions & { isLogging?: boolean }) => {
      const { startTollgate } = await import("./compose.ts");
      return startTollgate(isLogging ? { ...options, logger: stderrLogger } : options);
    },
    readImport: async (text: string, owner: ImportOwner) => {
      const { readImportFile } = await import("./ingest/import-file.ts");
      return readImportFile(text, owner, new Date().toISOString());
    },
    readCardFile: async (text: string, code?: ErrorCode) => {
      const { readCardFile } = await import("./ingest/card-file.ts");
      return readCardFile(text, code);
    },
    readInvoice: async (text: string) => {
      const { readInvoice } = await import("./ingest/invoice/read-invoice.ts");
      return readInvoice(text);
    },
    checkReceipt,
    migrateStore: async (move: Required<Place>, onProgress: OnProgress) => {
      const { migrateStore } = await import("./compose.ts");
      return migrateStore(move, onProgress);
    },
    retain: async (place: Place, keepMonths: number, onProgress: OnProgress) => {
      const { retainSteps } = await import("./compose.ts");
      return retainSteps(place, keepMonths, onProgress);
    },
    recount: async (place: Place, apply: Decided | null, onProgress: OnProgress) => {
      const { openRecovered } = await import("./compose.ts");
      const { recount } = await import("./store/recount/recount.ts");
      return recount(() => openRecovered(place), { ...place, apply, onProgress });
    },
    verify,
  };
}

async function checkReceipt(text: string, keys: ReadonlyMap<string, string>) {
  const receipts = await import("./domain/receipt/check-receipt.ts");
  const { isSignedBy } = await import("./store/ed25519.ts");
  return receipts.checkReceipt(text, {
    sha256: (written) => hash("sha256", written, "hex"),
    isSignedBy: (keyId, signed, signature) => {
      const key = keys.get(keyId);
      return key === undefined ? null : isSignedBy(key, signed, signature);
    },
  });
}

async function verify({ dataDir, databaseUrl }: Place, onProgress: OnProgress) {
  if (databaseUrl === undefined) {
    const { verifyDataFolder } = await import("./store/verify/verify-data-folder.ts");
    return verifyDataFolder(dataDir, { onProgress: ({ done, total }) => onProgress(done, total) });
  }
  const { verifyDatabase } = await import("./store/move/verify-database.ts");
  return verifyDatabase(databaseUrl, onProgress);
}

/** One JSON object a line: failures only, so that a log holds what needs someone. */
const stderrLogger: Logger = {
  info: () => undefined,
  error: (entry) => {
    process.stderr.write(logLine(new Date().toISOString(), entry));
  },
};
