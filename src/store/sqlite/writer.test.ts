import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, describe, test } from "node:test";
import { openWriter } from "./open-database.ts";
import { inlineWriter, threadWriter } from "./writer.ts";

const folder = mkdtempSync(join(tmpdir(), "tollgate-writer-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const INSERT = "INSERT INTO names (name_no, text) VALUES (?, ?)";
const nameOf = (number: number) => [{ sql: INSERT, width: 2, values: [number, `name ${number}`] }];

for (const [kind, writerAt] of Object.entries({ inline: inlineWriter, thread: threadWriter })) {
  describe(`a writer, ${kind}`, () => {
    const path = join(folder, `${kind}.db`);
    openWriter(path).close();
    const writer = writerAt({ path, options: {} });
    const names = () => {
      const db = new DatabaseSync(path, { readOnly: true });
      try {
        return db.prepare("SELECT count(*) AS n FROM names").get()?.n;
      } finally {
        db.close();
      }
    };

    test("commits in the order asked for", async () => {
      await Promise.all([1, 2, 3].map((number) => writer.commit(nameOf(number))));
      assert.equal(names(), 3);
    });

    test("a transaction that fails leaves nothing behind, and the next one works", async () => {
      const twice = [...nameOf(4), ...nameOf(4)];
      await assert.rejects(writer.commit(twice), { code: "ERR_SQLITE_ERROR", errcode: 1555 });
      assert.equal(names(), 3);
      await writer.commit(nameOf(4));
      assert.equal(names(), 4);
    });

    test("reads what it writes before it is committed", async () => {
      const query = { name: "runs", ws: 1, filter: { limit: 1 } } as const;
      const read = await writer.readOnTheWay(nameOf(5), query);
      assert.deepEqual(read, { result: [], failure: null });
      assert.equal(names(), 5);
    });

    test("is closed once what was asked for is done", async () => {
      const last = writer.commit(nameOf(6));
      await writer.close();
      await last;
      assert.equal(names(), 6);
    });
  });
}

test("what a thread that ended was asked is unknown, and so is what it is asked then", async () => {
  const path = join(folder, "ended.db");
  openWriter(path).close();
  const writer = threadWriter({ path, options: {} });
  await writer.close();
  await assert.rejects(writer.commit(nameOf(1)), { code: "ERR_WORKER", errcode: -1 });
});
