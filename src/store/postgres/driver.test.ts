import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { test } from "node:test";
import { nodeDigest } from "../../compose.ts";
import { openPostgresStore } from "./postgres-store.ts";

const CLOSED_MAX_MS = 10_000;
/** A server's words by which it asks for a password: its mechanism, and then its own number. */
const ASKED = "R\0\0\0\x17\0\0\0\x0aSCRAM-SHA-256\0\0";
const WENT_ON = "R\0\0\0\x09\0\0\0\x0br";

function askForPassword(socket: Socket): void {
  const answers = [ASKED, WENT_ON];
  socket.on("data", () => socket.write(answers.shift() ?? "", "latin1"));
}

test("a connection that the driver gave up is closed, and not waited for", async (t) => {
  const server = createServer(askForPassword);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  const opened = once(server, "connection");
  const { port } = server.address() as AddressInfo;
  const connectionString = `postgresql://asked@127.0.0.1:${port}/none?sslmode=disable`;
  const opening = openPostgresStore({ connectionString, digest: nodeDigest });
  const why = /asks for a password, and the address has none; correct/;
  await assert.rejects(opening, { code: "store.unreachable", message: why });
  const [socket] = (await opened) as [Socket];
  t.after(() => socket.destroy());
  if (!socket.closed) await once(socket, "close", { signal: AbortSignal.timeout(CLOSED_MAX_MS) });
});
