import assert from "node:assert/strict";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { CHECKPOINT_PAGES, Checkpoints, type LogPages } from "./checkpoints.ts";
import { openWriter } from "./open-database.ts";
import { threadWriter } from "./writer.ts";

const FULL: LogPages = { log: CHECKPOINT_PAGES, copied: 0 };

/** A log that says these things one after the other, and what is done to it. */
function logOf(said: readonly (LogPages | Error)[], copies: () => Promise<void> = async () => {}) {
  const done: string[] = [];
  const rest = [...said];
  const work = {
    pages: () => {
      const next = rest.shift() ?? { log: 1, copied: 0 };
      if (next instanceof Error) throw next;
      return next;
    },
    copy: () => {
      done.push("copy");
      return copies();
    },
    finish: () => void done.push("finish"),
    giveUp: () => void done.push("give up"),
  };
  return { done, checkpoints: new Checkpoints(work) };
}

describe("the log", () => {
  test("is left alone while it holds less than it may", async () => {
    const { done, checkpoints } = logOf([{ log: CHECKPOINT_PAGES - 1, copied: 0 }]);
    checkpoints.look();
    await checkpoints.settled();
    assert.deepEqual(done, []);
  });

  test("is copied until little is left, which the writer's own thread copies", async () => {
    const much = { log: CHECKPOINT_PAGES + 5_000, copied: CHECKPOINT_PAGES };
    const { done, checkpoints } = logOf([FULL, much, { ...much, copied: much.log - 10 }]);
    checkpoints.look();
    await checkpoints.settled();
    assert.deepEqual(done, ["copy", "copy", "finish"]);
  });

  test("that grows faster than it is copied is finished all the same", async () => {
    const { done, checkpoints } = logOf(Array.from({ length: 9 }, () => FULL));
    checkpoints.look();
    await checkpoints.settled();
    assert.deepEqual(done, ["copy", "copy", "copy", "finish"]);
  });

  test("is copied once at a time, and again when it is full again", async () => {
    const { done, checkpoints } = logOf([FULL, { log: 9, copied: 9 }, FULL, { log: 9, copied: 9 }]);
    for (let commit = 1; commit <= 5; commit += 1) checkpoints.look();
    await checkpoints.settled();
    assert.deepEqual(done, ["copy", "finish"]);
    checkpoints.look();
    await checkpoints.settled();
    assert.deepEqual(done, ["copy", "finish", "copy", "finish"]);
  });

  test("is the commits' own again where copying beside them fails", async () => {
    const { done, checkpoints } = logOf([FULL, FULL], () => Promise.reject(new Error("ended")));
    checkpoints.look();
    await checkpoints.settled();
    checkpoints.look();
    assert.deepEqual(done, ["copy", "give up"]);
  });

  test("that cannot be looked at is looked at again after the next commit", async () => {
    const { done, checkpoints } = logOf([new Error("disk"), FULL, { log: 9, copied: 9 }]);
    checkpoints.look();
    checkpoints.look();
    await checkpoints.settled();
    assert.deepEqual(done, ["copy", "finish"]);
  });

  test("of a file begins anew once it was full, and what was written is in the file", {
    timeout: 60_000,
  }, async () => {
    const folder = mkdtempSync(join(tmpdir(), "tollgate-checkpoints-"));
    const path = join(folder, "tollgate.db");
    const db = openWriter(path);
    db.exec("CREATE TABLE written (text TEXT)");
    const pages = () => {
      const { log, checkpointed } = db.prepare("PRAGMA wal_checkpoint(NOOP)").get() ?? {};
      return { log: Number(log), copied: Number(checkpointed) };
    };
    const isToBeCopied = ({ log, copied }: LogPages) => log >= CHECKPOINT_PAGES && copied < log;
    const writer = threadWriter({ path, options: {} });
    const row = {
      sql: "INSERT INTO written VALUES (?)",
      width: 1,
      values: ["x".repeat(1_000_000)],
    };
    try {
      let rows = 0;
      for (let most = 0; pages().log >= most; rows += 1) {
        most = pages().log;
        // The commits themselves would copy it at four times as much.
        assert.ok(most < 3 * CHECKPOINT_PAGES, `the log came to ${most} pages`);
        await writer.commit([row]);
        // A busy machine may come to the copying late.
        while (isToBeCopied(pages())) await nextTurn();
      }
      assert.ok(1_000_000 * rows > 4_096 * CHECKPOINT_PAGES, "the log was never full");
      db.close();
      await writer.close();
      assert.throws(() => statSync(`${path}-wal`), { code: "ENOENT" });
      const reader = new DatabaseSync(path, { readOnly: true });
      assert.equal(reader.prepare("SELECT count(*) AS n FROM written").get()?.n, rows);
      reader.close();
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
