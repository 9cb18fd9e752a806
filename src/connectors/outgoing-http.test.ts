import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { after, test } from "node:test";
import { ANSWER_MAX_BYTES } from "../domain/limits.ts";
import type { OutgoingRequest, Sent } from "../engine/export/connector-port.ts";
import { isBlockedAddress } from "./blocked-addresses.ts";
import { outgoingHttp } from "./outgoing-http.ts";

const servers: Server[] = [];
after(() => {
  for (const server of servers) server.closeAllConnections();
  for (const server of servers) server.close();
});

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, "127.0.0.1");
  servers.push(server);
  await once(server, "listening");
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

function post(url: string): OutgoingRequest {
  return { method: "POST", url, headers: { "content-type": "text/plain" }, body: "hello" };
}

const local = outgoingHttp({ isLocalAllowed: true, timeoutMs: 300 });

test("a request arrives as it was given, and its answer comes back", async () => {
  const url = await serve(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part);
    response.writeHead(201, { "x-told": request.headers["content-type"] ?? "" });
    response.end(`${request.method} ${Buffer.concat(parts)}`);
  });
  const sent = await local.send(post(url), { hosts: "public" });
  assert.equal(sent.kind, "answered");
  assert.deepEqual(sent.answer.status, 201);
  assert.deepEqual(sent.answer.body, "POST hello");
  assert.deepEqual(sent.answer.headers["x-told"], "text/plain");
});

test("a connection that is kept alive gathers no listeners", async () => {
  const url = await serve((request, response) => {
    request.resume().on("end", () => response.end());
  });
  const warnings: string[] = [];
  const listen = ({ name }: Error) => warnings.push(name);
  process.on("warning", listen);
  for (let count = 0; count < 20; count += 1) await local.send(post(url), { hosts: "public" });
  await new Promise(setImmediate);
  process.off("warning", listen);
  assert.deepEqual(warnings, []);
});

test("a redirect is an answer, and is not followed", async () => {
  let count = 0;
  const url = await serve((_, response) => {
    count += 1;
    response.writeHead(307, { location: "/elsewhere" }).end();
  });
  const sent = await local.send(post(url), { hosts: "public" });
  assert.equal(sent.kind === "answered" && sent.answer.status, 307);
  assert.equal(count, 1);
});

test("silence after a request is unclear, and a port where nobody listens is not", async () => {
  const silent = await serve(() => undefined);
  assert.equal((await local.send(post(silent), { hosts: "public" })).kind, "unclear");
  const cut = await serve((request) => request.socket.destroy());
  assert.equal((await local.send(post(cut), { hosts: "public" })).kind, "unclear");
  const nobody = await local.send(post("http://127.0.0.1:1/"), { hosts: "public" });
  assert.equal(nobody.kind, "not_sent");
});

test("an answer is read up to its limit", async () => {
  for (const size of [ANSWER_MAX_BYTES - 1, ANSWER_MAX_BYTES, ANSWER_MAX_BYTES + 1]) {
    const url = await serve((_, response) => response.end("x".repeat(size)));
    const sent = await local.send(post(url), { hosts: "public" });
    assert.equal(sent.kind, "answered");
    assert.equal(sent.answer.body.length, Math.min(size, ANSWER_MAX_BYTES));
  }
});

test("a connector reaches its own hosts only", async () => {
  const sent = await local.send(post("https://evil.example/"), { hosts: ["api.example"] });
  assert.deepEqual(sent, { kind: "not_sent", reason: "evil.example is not a host of it" });
});

const HOSTILE_URLS = [
  ...["http://example.com/", "ftp://example.com/", "file:///etc/passwd", "https://", "nonsense"],
  ...["https://user:word@example.com/", "https://example.com:22/", "https://example.com:6379/"],
  ...["https://127.0.0.1/", "https://2130706433/", "https://0x7f.1/", "https://127.1/"],
  ...["https://0177.0.0.1/", "https://１２７.0.0.1/", "https://[::1]/", "https://[::]/"],
  ...["https://[::ffff:127.0.0.1]/", "https://[::ffff:7f00:1]/", "https://[64:ff9b::7f00:1]/"],
  ...["https://[64:ff9b:1::1]/", "https://[2002:7f00:1::]/", "https://[fe80::1]/"],
  ...["https://[fc00::1]/", "https://[fd12::1]/", "https://[ff02::1]/", "https://[2001:db8::1]/"],
  ...["https://[2001:0::1]/", "https://[100::1]/", "https://10.0.0.1/", "https://172.31.0.1/"],
  ...["https://192.168.1.1/", "https://169.254.169.254/latest/meta-data", "https://0.0.0.0/"],
  ...[
    "https://100.64.0.1/",
    "https://198.18.0.1/",
    "https://224.0.0.1/",
    "https://255.255.255.255/",
  ],
];

test("no hostile URL leads to a connection", async () => {
  const http = outgoingHttp({ timeoutMs: 300 });
  const sent = await Promise.all(
    HOSTILE_URLS.map(async (url): Promise<[string, Sent["kind"]]> => {
      return [url, (await http.send(post(url), { hosts: "public" })).kind];
    }),
  );
  assert.deepEqual(
    sent.filter(([, kind]) => kind !== "not_sent"),
    [],
  );
});

test("a name is refused where any of its addresses is inside, also the second time", async () => {
  const bad = [
    { address: "93.184.216.34", family: 4 },
    { address: "10.0.0.7", family: 4 },
  ];
  const rebinding = [[bad[1]], bad, [{ address: "::ffff:10.0.0.7", family: 6 }]] as const;
  for (const addresses of rebinding) {
    const resolve = async () => addresses as typeof bad;
    const sent = await outgoingHttp({ resolve }).send(post("https://rebind.example/"), {
      hosts: "public",
    });
    assert.equal(sent.kind, "not_sent");
    assert.match(sent.reason, /not a public address/);
  }
});

test("public addresses are not refused", () => {
  for (const address of ["93.184.216.34", "1.1.1.1", "2606:4700::1111", "2a00:1450::1"]) {
    assert.equal(isBlockedAddress(address), false, address);
  }
  assert.equal(isBlockedAddress("no address"), true);
});
