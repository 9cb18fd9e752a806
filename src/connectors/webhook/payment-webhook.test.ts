import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { outgoingHttp } from "../outgoing-http/outgoing-http.ts";
import { paymentWebhook, webhookSecret } from "./payment-webhook.ts";

const KEY = Buffer.alloc(32, 7);

test("workspaces have secrets of their own", () => {
  assert.notEqual(webhookSecret(KEY, "a"), webhookSecret(KEY, "b"));
});

test("what is not taken is told as not taken, whatever happens", async () => {
  let status = 204;
  let seen: Record<string, unknown> = {};
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => {
      body += chunk.toString();
    });
    request.on("end", () => {
      seen = { ...request.headers, body };
      response.writeHead(status, status === 302 ? { location: "/elsewhere" } : {}).end();
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/pay`;
  const nowMs = () => 1_700_000_000_000;
  const outgoing = outgoingHttp({ privateRanges: ["127.0.0.1"] });
  const port = paymentWebhook(KEY, { outgoing, nowMs });
  const message = { id: "top_1", body: '{"type":"topup.requested"}' };
  assert.equal(await port.ask("w", url, message), true);
  const secret = Buffer.from(webhookSecret(KEY, "w").slice("whsec_".length), "base64");
  const signed = createHmac("sha256", secret).update(`top_1.1700000000.${message.body}`);
  assert.equal(seen["webhook-signature"], `v1,${signed.digest("base64")}`);
  assert.equal(seen["webhook-id"], "top_1");
  assert.equal(seen.body, message.body);
  for (status of [302, 400, 500]) assert.equal(await port.ask("w", url, message), false);
  status = 204;
  const strict = paymentWebhook(KEY, { outgoing: outgoingHttp(), nowMs });
  assert.equal(await strict.ask("w", url, message), false);
  server.close();
  server.closeAllConnections();
  await once(server, "close");
  assert.equal(await port.ask("w", url, message), false);
});
