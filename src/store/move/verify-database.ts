/** `tollgate verify` of a database: copied as of one moment, and checked as any folder is. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Verification, verifyDataFolder } from "../verify/verify-data-folder.ts";
import { copyToFolder } from "./copy-to-folder.ts";

/**
 * Verifies a database while nodes work on it. The copy lies in the system's folder for temporary
 * files (TMPDIR) and takes as much room as a data folder of the same steps.
 */
export async function verifyDatabase(
  connectionString: string,
  onProgress: (done: number, total: number) => void,
): Promise<Verification> {
  const dataDir = mkdtempSync(join(tmpdir(), "tollgate-verify-"));
  try {
    // Copying and checking are about as long.
    const copied = (done: number, total: number) => onProgress(done, 2 * total);
    const apart = await copyToFolder({ connectionString, dataDir, onProgress: copied });
    const { checked, findings, removed } = verifyDataFolder(dataDir, {
      onProgress: ({ done, total }) => onProgress(total + done, 2 * total),
    });
    return { checked, findings: [...findings, ...apart], removed };
  } finally {
    rmSync(dataDir, { recursive: true, force: true });
  }
}
