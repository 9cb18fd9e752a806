/**
 * Nobody makes Tollgate call what only its machine can reach: over every spelling of a URL, and
 * names whose answers change. Receivers count who connects, and tell of which address they are.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { after, before, test } from "node:test";
import {
  type OutgoingOptions,
  outgoingHttp,
  type Resolved,
} from "../../src/connectors/outgoing-http/outgoing-http.ts";
import type { OutgoingResult } from "../../src/engine/outgoing-http.ts";
import { HOSTILE_NAMES, hostileUrls } from "./hostile-urls.ts";
import { RECEIVER_CERTIFICATE, RECEIVER_KEY } from "./receiver-certificate.ts";

const tls = { key: RECEIVER_KEY, cert: RECEIVER_CERTIFICATE };
const seen = { connections: 0, hosts: [] as string[], names: [] as string[] };
const servers: Server[] = [];
let tlsPort = 0;
let plainPort = 0;

const answer = (host: string, path: string) => {
  seen.hosts.push(host);
  return path;
};

before(async () => {
  const secure = createTlsServer(tls, (request, response) => {
    seen.names.push(String((request.socket as { servername?: string }).servername));
    response.end(answer(String(request.headers.host), String(request.url)));
  });
  const plain = createServer((request, response) => {
    const path = answer(String(request.headers.host), String(request.url));
    if (path === "/moved") response.writeHead(302, { location: `http://127.0.0.1:${plainPort}/` });
    if (path === "/long") return response.end("x".repeat(70_000));
    if (path === "/never") return undefined;
    if (path === "/broken") return request.socket.destroy();
    return response.end(path);
  });
  for (const server of [secure as unknown as Server, plain]) {
    server.on("connection", () => {
      seen.connections += 1;
    });
    // Every address of this machine: 127.0.0.2 is one as well.
    server.listen(0, "0.0.0.0");
    await once(server, "listening");
    servers.push(server);
  }
  [tlsPort = 0, plainPort = 0] = servers.map((server) => (server.address() as AddressInfo).port);
});

after(() => {
  for (const server of servers) {
    server.close();
    server.closeAllConnections();
  }
});

const to = (...addresses: string[]): Resolved[] =>
  addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 }));

/** A look-up that answers differently each time, and counts how often it was asked. */
function schedule(...answers: readonly Resolved[][]) {
  const asked: string[] = [];
  const resolve = (host: string) => {
    const found = answers[Math.min(asked.length, answers.length - 1)] ?? [];
    asked.push(host);
    return Promise.resolve(found);
  };
  return { asked, resolve };
}

function post(url: string, options: OutgoingOptions, timeoutMs = 2_000): Promise<OutgoingResult> {
  const ports = options.ports ?? [tlsPort, plainPort, 443, 8443];
  const http = outgoingHttp({ certificates: RECEIVER_CERTIFICATE, ...options, ports });
  return http.send({ method: "POST", url, headers: {}, body: "{}", timeoutMs });
}

test("no spelling of a URL reaches a private address", async (t) => {
  const urls = hostileUrls();
  const here = ["127.0.0.1", "localhost", "[::1]", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]"];
  const ported = here.flatMap((host) => [
    `https://${host}:${tlsPort}/`,
    `http://${host}:${plainPort}/`,
  ]);
  const all = [...urls, ...ported, ...HOSTILE_NAMES.map((host) => `https://${host}:${tlsPort}/`)];
  assert.ok(new Set(all).size >= 150, `only ${new Set(all).size} URLs`);
  t.diagnostic(`${new Set(all).size} hostile URLs`);
  const { resolve } = schedule(to("127.0.0.1"));
  for (const url of all) {
    const result = await post(url, { resolve });
    assert.equal(result.outcome, "not_sent", JSON.stringify({ url, result }));
    const { reason } = result as { reason: string };
    assert.ok(["url_refused", "address_refused"].includes(reason), `${url}: ${reason}`);
  }
  assert.equal(seen.connections, 0);
});

test("a URL of an address is refused before it is stored; one of a name at the call", () => {
  const http = outgoingHttp();
  assert.match(http.problemOf("https://127.1/") ?? "", /127\.0\.0\.1 is no public address/);
  assert.match(http.problemOf("http://example.com/") ?? "", /must be https/);
  assert.match(http.problemOf("https://example.com:25/") ?? "", /Port 25/);
  assert.match(http.problemOf("https://u:p@example.com/") ?? "", /user name/);
  assert.equal(http.problemOf("https://localhost/"), null);
  const edge = (chars: number) => `https://example.com/${"a".repeat(chars - 20)}`;
  assert.equal(http.problemOf(edge(2_000)), null);
  assert.match(http.problemOf(edge(2_001)) ?? "", /longer than 2000/);
});

test("a name is resolved once, and all its addresses must be called ones", async () => {
  const good = "93.184.216.34";
  const refused: readonly Resolved[][][] = [
    [to("127.0.0.1")],
    [to("127.0.0.1"), to(good)],
    [to(good, "127.0.0.1")],
    [to("127.0.0.1", good)],
    [to("::1"), to("127.0.0.1")],
    [to("::ffff:127.0.0.1")],
    [to("2606:4700::1111", "fe80::1")],
    [to(good, good, good, "169.254.169.254")],
    [to("64:ff9b::7f00:1"), to(good)],
    [[], to("127.0.0.1")],
  ];
  const before = seen.connections;
  for (const answers of refused) {
    const { asked, resolve } = schedule(...answers);
    const result = await post(`https://a.receiver.test:${tlsPort}/`, { resolve });
    assert.equal(result.outcome, "not_sent");
    assert.equal(asked.length, 1);
  }
  assert.equal(seen.connections, before);
});

test("a name that answers differently the next time is called by its first answer", async () => {
  const privateRanges = ["127.0.0.2"];
  for (const next of ["127.0.0.1", "127.0.0.3", "::1", "169.254.169.254", "10.0.0.1"]) {
    const { asked, resolve } = schedule(to("127.0.0.2"), to(next));
    const result = await post(`https://a.receiver.test:${tlsPort}/x`, { resolve, privateRanges });
    assert.equal(result.outcome, "answered", JSON.stringify(result));
    assert.equal((result as { remoteAddress: string }).remoteAddress, "127.0.0.2");
    assert.deepEqual(asked, ["a.receiver.test"]);
    const again = await post(`https://a.receiver.test:${tlsPort}/x`, {
      resolve,
      privateRanges,
    });
    assert.equal(again.outcome, "not_sent");
  }
  assert.equal(seen.hosts.at(-1), `a.receiver.test:${tlsPort}`);
  assert.equal(seen.names.at(-1), "a.receiver.test");
});

test("a certificate of another name is refused before a byte of the request leaves", async () => {
  const { resolve } = schedule(to("127.0.0.2"));
  const before = seen.hosts.length;
  const result = await post(`https://example.com:${tlsPort}/`, {
    resolve,
    privateRanges: ["127.0.0.2"],
  });
  assert.equal(result.outcome, "not_sent");
  assert.equal((result as { reason: string }).reason, "not_connected");
  assert.equal(seen.hosts.length, before);
});

test("plain HTTP goes to allowed private addresses alone, even from a name", async () => {
  const privateRanges = ["127.0.0.2"];
  const plain = (...addresses: string[]) =>
    post(`http://hook.test:${plainPort}/`, { ...schedule(to(...addresses)), privateRanges });
  assert.equal((await plain("127.0.0.2")).outcome, "answered");
  assert.equal((await plain("127.0.0.1")).outcome, "not_sent");
  assert.equal((await plain("93.184.216.34")).outcome, "not_sent");
});

test("a redirect is an answer: nobody follows it", async () => {
  const before = seen.connections;
  const result = await post(`http://127.0.0.2:${plainPort}/moved`, {
    privateRanges: ["127.0.0.2"],
  });
  assert.equal((result as { status: number }).status, 302);
  assert.equal(seen.connections, before + 1);
});

test("of a long answer 64 KiB are read, and a silent or broken one is unknown", async () => {
  const options = { privateRanges: ["127.0.0.2"] };
  const long = await post(`http://127.0.0.2:${plainPort}/long`, options);
  assert.ok(long.outcome === "answered" && long.isCut && long.body.length === 65_536);
  const short = await post(`http://127.0.0.2:${plainPort}/short`, options);
  assert.ok(short.outcome === "answered" && !short.isCut);
  const silent = await post(`http://127.0.0.2:${plainPort}/never`, options, 200);
  assert.deepEqual([silent.outcome, "reason" in silent && silent.reason], ["unknown", "timeout"]);
  const broken = await post(`http://127.0.0.2:${plainPort}/broken`, options);
  assert.deepEqual([broken.outcome, "reason" in broken && broken.reason], ["unknown", "broken"]);
});

test("a look-up that never ends, or fails, sends nothing", async () => {
  const forever = { resolve: () => new Promise<never>(() => undefined) };
  const late = await post("https://a.receiver.test/", forever, 100);
  assert.deepEqual("reason" in late && late.reason, "timeout");
  const failing = {
    resolve: () => Promise.reject(Object.assign(new Error(), { code: "ENOTFOUND" })),
  };
  const none = await post("https://a.receiver.test/", failing);
  assert.deepEqual("reason" in none && none.reason, "name_unresolved");
});

test("a caller cannot frame the message, nor break a header", async () => {
  const http = outgoingHttp({ privateRanges: ["127.0.0.2"] });
  const url = `http://127.0.0.2:${plainPort}/`;
  const send = (headers: Record<string, string>) =>
    http.send({ method: "POST", url, headers, body: "{}" });
  const framed = await send({
    host: "other",
    "Content-Length": "9",
    "transfer-encoding": "chunked",
  });
  assert.equal(framed.outcome, "answered");
  assert.equal(seen.hosts.at(-1), `127.0.0.2:${plainPort}`);
  assert.equal((await send({ "x-a": "1\r\nx-b: 2" })).outcome, "not_sent");
});

test("an installation that allows what is no range does not start", () => {
  assert.throws(() => outgoingHttp({ privateRanges: ["lan"] }), { code: "field.invalid" });
});
