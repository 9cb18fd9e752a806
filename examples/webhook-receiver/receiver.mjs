/**
 * Receives export lines from Tollgate and counts each once, for ever. Needs Node 22.13 or later,
 * and nothing else.
 *
 *   WEBHOOK_SECRET=whsec_… node receiver.mjs [FILE] [PORT]
 *
 * The line and what it adds are written in one transaction, with the line's id as the primary key.
 * That is all of it: a line that comes again, because an answer was lost, changes nothing and is
 * answered with 200 all the same.
 */
import { createHmac, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";
import { DatabaseSync } from "node:sqlite";

const TOLERANCE_S = 5 * 60;
const BODY_MAX_BYTES = 1024 * 1024;

const [file = "lines.db", port = "4200"] = process.argv.slice(2);
const secrets = (process.env.WEBHOOK_SECRET ?? "").split(" ").filter((secret) => secret !== "");
if (secrets.length === 0) {
  process.stderr.write("Set WEBHOOK_SECRET to the signing secret, whsec_….\n");
  process.exit(2);
}

const database = new DatabaseSync(file);
database.exec(`
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  CREATE TABLE IF NOT EXISTS lines (
    id TEXT PRIMARY KEY, customer TEXT, item TEXT, value TEXT, body TEXT
  ) STRICT;
`);
const insert = database.prepare("INSERT OR IGNORE INTO lines VALUES (?, ?, ?, ?, ?)");

/** Whether one of the signatures is ours (Standard Webhooks 1.0.0). */
function isSigned(headers, body) {
  const { "webhook-id": id, "webhook-timestamp": seconds, "webhook-signature": given } = headers;
  if (Math.abs(Date.now() / 1000 - Number(seconds)) > TOLERANCE_S) return false;
  const signatures = String(given).split(" ");
  return secrets.some((secret) => {
    const key = Buffer.from(secret.replace(/^whsec_/, ""), "base64");
    const wanted = createHmac("sha256", key).update(`${id}.${seconds}.${body}`).digest("base64");
    return signatures.some((one) => isSame(one, `v1,${wanted}`));
  });
}

function isSame(a, b) {
  const [one, other] = [Buffer.from(a), Buffer.from(b)];
  return one.length === other.length && timingSafeEqual(one, other);
}

async function bodyOf(request) {
  let body = "";
  for await (const part of request.setEncoding("utf8")) {
    body += part;
    if (body.length > BODY_MAX_BYTES) return null;
  }
  return body;
}

/** 401 stops the sender until somebody looks; 400 sets the line aside; 5xx comes again. */
async function answer(request) {
  const body = await bodyOf(request);
  if (body === null) return 413;
  if (!isSigned(request.headers, body)) return 401;
  const id = String(request.headers["webhook-id"]);
  const { data } = JSON.parse(body);
  if (typeof data?.value !== "string") return 400;
  const { changes } = insert.run(id, data.customer, data.item, data.value, body);
  process.stdout.write(`${changes === 1 ? "new" : "seen"} ${id} ${data.customer} ${data.value}\n`);
  return 200;
}

const server = createServer((request, response) => {
  answer(request).then(
    (status) => response.writeHead(status).end(),
    (error) => {
      process.stderr.write(`${error}\n`);
      response.writeHead(error instanceof SyntaxError ? 400 : 500).end();
    },
  );
});
server.listen(Number(port), "127.0.0.1", () => {
  process.stdout.write(`listening on ${server.address().port}\n`);
});
process.on("SIGTERM", () => server.close(() => database.close()));
