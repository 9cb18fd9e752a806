/** The receiver of the examples, as a process: what comes twice counts once, also after a kill. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, before, test } from "node:test";
import { outgoingHttp } from "../../src/connectors/outgoing-http.ts";
import { webhookHeaders } from "../../src/connectors/webhook/standard-webhook.ts";

const SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const folder = mkdtempSync(join(tmpdir(), "tollgate-receiver-"));
const file = join(folder, "lines.db");
const http = outgoingHttp({ isLocalAllowed: true });
let receiver: ChildProcess;
let url: string;

async function start(): Promise<void> {
  const script = join(import.meta.dirname, "../../examples/webhook-receiver/receiver.mjs");
  receiver = spawn(process.execPath, [script, file, "0"], {
    env: { ...process.env, WEBHOOK_SECRET: SECRET },
  });
  const port = await new Promise<string>((resolve) => {
    receiver.stdout?.on("data", (text: Buffer) => {
      const [, found] = /listening on (\d+)/.exec(String(text)) ?? [];
      if (found !== undefined) resolve(found);
    });
  });
  url = `http://127.0.0.1:${port}/`;
}

before(start);
after(() => {
  receiver.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});

interface By {
  readonly secret?: string;
  readonly atMs?: number;
}

async function post(id: string, body: string, by: By = {}): Promise<number> {
  const { secret = SECRET, atMs = Date.now() } = by;
  const headers = webhookHeaders({ id, body, atMs }, [secret]);
  const sent = await http.send({ method: "POST", url, headers, body }, { hosts: "public" });
  assert.equal(sent.kind, "answered");
  return sent.kind === "answered" ? sent.answer.status : 0;
}

function line(value: string): string {
  return JSON.stringify({
    type: "usage.line.created",
    data: { customer: "acme", item: "c", value },
  });
}

test("a line that comes again is answered alike and counted once, also after a kill", async () => {
  assert.equal(await post("one", line("1.5")), 200);
  assert.equal(await post("one", line("1.5")), 200);
  receiver.kill("SIGKILL");
  await start();
  assert.equal(await post("one", line("1.5")), 200);
  assert.equal(await post("two", line("2")), 200);
  const rows = new DatabaseSync(file, { readOnly: true })
    .prepare("SELECT id, value FROM lines")
    .all();
  assert.deepEqual(
    rows.map(({ id, value }) => [id, value]),
    [
      ["one", "1.5"],
      ["two", "2"],
    ],
  );
});

test("what is signed otherwise, is too old or is no line, is not taken", async () => {
  const other = `whsec_${Buffer.alloc(24, 1).toString("base64")}`;
  assert.equal(await post("x", line("1"), { secret: other }), 401);
  assert.equal(await post("x", line("1"), { atMs: Date.now() - 10 * 60_000 }), 401);
  assert.equal(await post("x", "{"), 400);
  assert.equal(await post("x", "{}"), 400);
});
