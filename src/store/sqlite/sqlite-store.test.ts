import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import { nodeDigest } from "../../compose.ts";
import { storeContract } from "../store-contract.ts";
import { openSqliteStore } from "./sqlite-store.ts";

const dataDir = mkdtempSync(join(tmpdir(), "tollgate-sqlite-"));
after(() => rmSync(dataDir, { recursive: true, force: true }));

storeContract({
  name: "the embedded store",
  open: async () => openSqliteStore({ dataDir, digest: nodeDigest }),
});
