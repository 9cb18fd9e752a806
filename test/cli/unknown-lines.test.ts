/** What a person, or a timer, is told where a target holds lines that these books do not know. */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { dispatch } from "../../src/cli/dispatch.ts";
import { PLAIN_STYLES } from "../../src/cli/render/styles.ts";
import { withDisk } from "../../src/connectors/file/disk-requests.ts";
import { openProduct } from "../../src/product.ts";
import { apiCaller } from "../e2e/api-caller.ts";
import { startTestServer, type TestServer } from "../e2e/test-server.ts";

const root = mkdtempSync(join(tmpdir(), "tollgate-unknown-"));
const KEY = "6f0f0c3e-7d1c-8a52-9b1e-0b6f1f6c2d11";
const UNKNOWN_LINES_EXIT_CODE = 4;
let server: TestServer;

before(async () => {
  const http = withDisk({ send: async () => ({ kind: "not_sent", reason: "none" }) }, root);
  server = await startTestServer({ store: "memory", exporting: { http } });
  const document = { connector: "file", account: "live", mode: "usage", since: "2026-01-01" };
  const body = { document: { ...document, window: "day" }, reason: "test", by: "ops" };
  const { status } = await (await apiCaller(server)).call("PUT", "/v1/targets/files", { body });
  assert.equal(status, 200);
});
after(async () => {
  await server.stop();
  rmSync(root, { recursive: true, force: true });
});

async function tollgate(...words: string[]) {
  let [out, err] = ["", ""];
  const environment = { TOLLGATE_URL: server.url, TOLLGATE_KEY: server.adminKey };
  const code = await dispatch(words, {
    ...{ product: openProduct(), environment, styles: PLAIN_STYLES },
    out: { write: (text) => (out += text) },
    err: { write: (text) => (err += text) },
  });
  return { code, out, err };
}

test("a line that is in no books has an exit code, and its target is not run", async () => {
  assert.equal((await tollgate("export", "run", "files")).code, 0);
  const folder = join(root, "exports/default/live/2026-01-01/20260103T000000Z");
  mkdirSync(folder, { recursive: true });
  const lines = [{ customer: "acme", item: "calls", value: "3", unit: "steps" }];
  const manifest = { format: "tollgate.export/1", file: "x.csv", keys: [KEY], lines };
  writeFileSync(join(folder, "x.manifest.json"), JSON.stringify(manifest));
  const told = await tollgate("export", "reconcile", "files");
  assert.equal(told.code, UNKNOWN_LINES_EXIT_CODE);
  assert.match(told.out, /At the target, not in these books:\n(.*\n)+ *acme +calls +3 +steps/);
  assert.ok(told.out.includes(KEY) && told.out.includes("20260103T000000Z/x.manifest.json"));
  assert.match(told.err, /^export\.unknown_lines: .*not in these books: 1\.\n.*docs\/operate\.md/);
  const asJson = await tollgate("export", "reconcile", "files", "--json");
  assert.equal(asJson.code, UNKNOWN_LINES_EXIT_CODE);
  assert.equal(JSON.parse(asJson.out).unknown[0].value, "3");
  // A target that is set anew is looked at anew, as by another process.
  const document = { connector: "file", account: "live", mode: "usage", since: "2026-01-01" };
  const body = { document: { ...document, window: "day" }, reason: "again", by: "ops" };
  await (await apiCaller(server)).call("PUT", "/v1/targets/files", { body });
  const run = await tollgate("export", "run", "files");
  assert.equal(run.code, UNKNOWN_LINES_EXIT_CODE);
  assert.match(run.err, /^export\.unknown_lines: "files" holds 1 /);
  rmSync(join(folder, "x.manifest.json"));
  assert.equal((await tollgate("export", "reconcile", "files")).code, 0);
  assert.equal((await tollgate("export", "run", "files")).code, 0);
});
