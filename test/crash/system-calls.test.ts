import assert from "node:assert/strict";
import { test } from "node:test";
import { judgeTrace } from "./system-calls.ts";

const write = '7 pwrite64(18</d/tollgate.db-wal>, "\\0\\1ack-000001zsdk", 4096, 56) = 4096';
const force = "7 fdatasync(18</d/tollgate.db-wal>) = 0";
const other = "7 fdatasync(17</d/tollgate.db>) = 0";
const answer =
  '7 write(21<socket:[93]>, "HTTP/1.1 200 OK\\r\\n\\r\\n{\\"id\\":\\"ack-000001z\\"}", 99) = 99';
const judge = (...lines: string[]) => judgeTrace(lines.join("\n")).violations.length;

test("an answer after the log was forced is right", () => {
  assert.deepEqual(judgeTrace([write, force, answer].join("\n")), {
    acknowledgements: 1,
    events: 1,
    sentLines: 0,
    forced: 1,
    violations: [],
  });
});

test("an answer before the log was forced is found", () => {
  assert.ok(judge(write, answer, force) > 0);
  assert.ok(judge(write, other, answer) > 0, "another file does not count");
  assert.ok(judge(force, write, answer) > 0, "an earlier one does not count");
  assert.ok(judge(force, answer, write) > 0, "nothing was written at all");
});

test("a later write of the log must be covered as well, unless it is another request's", () => {
  const trace = [write, force, write, answer].join("\n");
  assert.ok(judgeTrace(trace, "in turn").violations.length > 0);
  assert.equal(judgeTrace(trace, "at once").violations.length, 0);
  assert.ok(judgeTrace([write, answer, force].join("\n"), "at once").violations.length > 0);
});

test("an fdatasync that failed, or began before the write ended, covers nothing", () => {
  const failed = force.replace("= 0", "= -1 EIO (Input/output error)");
  assert.ok(judge(write, failed, answer) > 0);
  const begun = "8 fdatasync(18</d/tollgate.db-wal> <unfinished ...>";
  const ended = "8 <... fdatasync resumed>) = 0";
  assert.ok(judge(begun, write, ended, answer) > 0);
  assert.equal(judge(write, begun, ended, answer), 0);
  assert.ok(judge(write, begun, answer, ended) > 0, "nor one that has not ended");
});

test("an answer over several buffers and one that names no event are told apart", () => {
  const parts = answer.replace('write(21<socket:[93]>, "', 'writev(21<TCP:[1->2]>, [{iov_base="');
  assert.ok(judge(write, parts) > 0);
  assert.equal(judge(write, answer.replace("200 OK", "503 Service Unavailable")), 0);
});

test("a line that leaves before it is in a log on disk is found", () => {
  const key = "0b0c7a51-6d3e-5a0f-8a6b-0c1d2e3f4a5b";
  const planned = write.replace("ack-000001zsdk", key);
  const sent = answer.replace(/"HTTP.*",/, `"POST /in HTTP/1.1\\r\\nwebhook-id: ${key}\\r\\n", `);
  assert.equal(judgeTrace([planned, force, sent].join("\n")).sentLines, 1);
  assert.equal(judge(planned, force, sent), 0);
  assert.ok(judge(planned, sent, force) > 0);
  assert.ok(judge(force, sent, planned) > 0);
});
