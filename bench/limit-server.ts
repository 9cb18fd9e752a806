/**
 * The limit of this machine for the job: HTTP, JSON.parse, append the bytes, group fdatasync,
 * answer. Nothing is checked, deduplicated, costed or rated. Every bar is a ratio to it.
 */
import { closeSync, fdatasync, openSync, write } from "node:fs";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

const path = process.argv[2] ?? "limit.log";
const file = openSync(path, "w");
let waiting: { readonly body: Buffer; readonly answer: ServerResponse }[] = [];
let isSyncing = false;

function commit(): void {
  if (isSyncing || waiting.length === 0) return;
  isSyncing = true;
  const group = waiting;
  waiting = [];
  const bytes = Buffer.concat(group.map((item) => item.body));
  write(file, bytes, 0, bytes.length, null, (writeError) => {
    if (writeError) throw writeError;
    fdatasync(file, (syncError) => {
      if (syncError) throw syncError;
      for (const { answer } of group) answer.end('{"ok":true}');
      isSyncing = false;
      commit();
    });
  });
}

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => {
    const body = chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks);
    JSON.parse(body.toString("utf8"));
    waiting.push({ body, answer: response });
    commit();
  });
});
server.listen(0, "127.0.0.1", () => {
  console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});
process.on("SIGTERM", () => {
  server.close();
  server.closeAllConnections();
  closeSync(file);
});
