import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import { nodeDigest } from "../../compose.ts";
import { storeContract } from "../store-contract.ts";
import { openSqliteStore } from "./sqlite-store.ts";
import { threadWriter } from "./writer.ts";

const folder = mkdtempSync(join(tmpdir(), "tollgate-sqlite-"));
after(() => rmSync(folder, { recursive: true, force: true }));

storeContract({
  name: "the embedded store",
  open: async () => openSqliteStore({ dataDir: join(folder, "inline"), digest: nodeDigest }),
});

storeContract({
  name: "the embedded store with a thread for commits",
  open: async () => {
    const dataDir = join(folder, "thread");
    return openSqliteStore({ dataDir, digest: nodeDigest, writer: threadWriter });
  },
});
