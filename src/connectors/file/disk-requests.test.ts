import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import type { OutgoingHttp, OutgoingRequest, Sent } from "../../engine/export/connector-port.ts";
import { withDisk } from "./disk-requests.ts";

const root = mkdtempSync(join(tmpdir(), "tollgate-files-"));
after(() => rmSync(root, { recursive: true, force: true }));

const nowhere: OutgoingHttp = { send: async () => ({ kind: "not_sent", reason: "elsewhere" }) };
const disk = withDisk(nowhere, join(root, "exports"));
const LIMITS = { hosts: ["file:"] };

function ask(method: "GET" | "PUT", url: string, body: string | null = null): Promise<Sent> {
  const request: OutgoingRequest = { method, url, headers: {}, body };
  return disk.send(request, LIMITS);
}

async function statusOf(sent: Promise<Sent>): Promise<number | string> {
  const one = await sent;
  return one.kind === "answered" ? one.answer.status : one.kind;
}

test("a file is written once, whole, and read back; a folder is listed", async () => {
  assert.equal(await statusOf(ask("GET", "file:///a/")), 404);
  assert.equal(await statusOf(ask("PUT", "file:///a/b%20c/one.csv", "1")), 201);
  assert.equal(await statusOf(ask("PUT", "file:///a/b%20c/one.csv", "2")), 412);
  assert.equal(readFileSync(join(root, "exports/a/b c/one.csv"), "utf8"), "1");
  const read = await ask("GET", "file:///a/b%20c/one.csv");
  assert.equal(read.kind === "answered" && read.answer.body, "1");
  const listed = await ask("GET", "file:///a/b%20c/");
  assert.equal(listed.kind === "answered" && listed.answer.body, "one.csv");
  assert.deepEqual(readdirSync(join(root, "exports/a/b c")), ["one.csv"], "nothing is left beside");
});

test("of writers at once, one writes", async () => {
  const all = await Promise.all(
    Array.from({ length: 8 }, (_, at) => statusOf(ask("PUT", "file:///race.csv", String(at)))),
  );
  assert.deepEqual(all.toSorted(), [201, ...Array.from({ length: 7 }, () => 412)]);
});

test("what is left of a writer that died is no file", async () => {
  await statusOf(ask("PUT", "file:///left/one.csv", "1"));
  writeFileSync(join(root, "exports/left/two.csv.x.part"), "hal");
  const listed = await ask("GET", "file:///left/");
  assert.equal(listed.kind === "answered" && listed.answer.body, "one.csv");
});

test("nothing outside the folder is written or read", async () => {
  writeFileSync(join(root, "secret"), "s");
  for (const url of ["file:///../secret", "file:///%2e%2e/secret", "file:///a/..%2f..%2fsecret"]) {
    assert.equal(await statusOf(ask("GET", url)), "not_sent", url);
    assert.equal(await statusOf(ask("PUT", url, "x")), "not_sent", url);
  }
  assert.equal(readFileSync(join(root, "secret"), "utf8"), "s");
  const other = await disk.send(
    { method: "GET", url: "file:///race.csv", headers: {}, body: null },
    { hosts: "public" },
  );
  assert.equal(other.kind, "not_sent", "who may reach hosts reaches no files");
});

test("a folder that cannot be written is told as not sent", async (t) => {
  if (process.getuid?.() === 0) return t.skip("root may write everywhere");
  chmodSync(join(root, "exports"), 0o500);
  assert.equal(await statusOf(ask("PUT", "file:///new/x.csv", "1")), "not_sent");
  chmodSync(join(root, "exports"), 0o700);
});

test("without a folder for exports nothing is written", async () => {
  const request: OutgoingRequest = { method: "PUT", url: "file:///x", headers: {}, body: "" };
  assert.equal((await withDisk(nowhere, null).send(request, LIMITS)).kind, "not_sent");
});
