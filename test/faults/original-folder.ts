/** The varied history, which the tests of a file alter copies of, and its open database. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { after, before } from "node:test";
import { openFile } from "./altered-copy.ts";
import { makeVariedHistory } from "./varied-history.ts";

/** A data folder, there and open while the tests of the calling file run. */
export function originalFolder(name: string): {
  readonly original: string;
  readonly db: DatabaseSync;
} {
  const folder = mkdtempSync(join(tmpdir(), `tollgate-${name}-`));
  const original = join(folder, "original");
  let opened: DatabaseSync | null = null;
  before(async () => {
    await makeVariedHistory(original);
    opened = openFile(original);
  });
  after(() => {
    opened?.close();
    rmSync(folder, { recursive: true });
  });
  return {
    original,
    get db() {
      assert.ok(opened !== null, "it is open while tests run");
      return opened;
    },
  };
}
