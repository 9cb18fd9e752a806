/** What a person is told whose --url or --key leads to no Tollgate, or to half an answer of one. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, describe, test } from "node:test";
import { dispatch } from "../../src/cli/dispatch.ts";
import { PLAIN_STYLES } from "../../src/cli/render/styles.ts";
import { openProduct } from "../../src/product.ts";

type Answer = (response: ServerResponse) => void;

const problem = (body: object) => (response: ServerResponse) =>
  response.writeHead(418).end(JSON.stringify(body));

describe("a command whose server", () => {
  let answer: Answer = (response) => response.end("{}");
  const paths: (string | undefined)[] = [];
  const other = createServer((request, response) => {
    paths.push(request.url);
    answer(response);
  });
  let url = "";
  before(async () => {
    await once(other.listen(0, "127.0.0.1"), "listening");
    url = `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
  });
  after(() => {
    other.closeAllConnections();
    other.close();
  });

  async function told(words: readonly string[], environment: NodeJS.ProcessEnv = {}) {
    let err = "";
    const code = await dispatch(words, {
      product: openProduct(),
      out: { write: () => undefined },
      err: { write: (text) => (err += text) },
      styles: PLAIN_STYLES,
      environment: { TOLLGATE_URL: url, TOLLGATE_KEY: "tg_key", ...environment },
    });
    return { code, err };
  }

  for (const wrong of [
    ...["127.0.0.1:4100", "localhost:4100", "", "ftp://localhost/", "http://", "file:///x"],
    ...["http://localhost:4100/?a=b", "http://localhost:4100/#a", "http://me:pw@localhost:4100"],
  ]) {
    test(`is "${wrong}" is told what an address is`, async () => {
      const { code, err } = await told(["runs"], { TOLLGATE_URL: wrong });
      assert.equal(code, 2);
      assert.ok(
        err.includes(`cli.usage (--url): "${wrong}" is no address of a server; it is`),
        err,
      );
    });
  }

  for (const key of ["tg_ä", "", "tg_a b", "tg_a\nb"]) {
    test(`is given the key ${JSON.stringify(key)} is told what a key is`, async () => {
      const { code, err } = await told(["runs", "--key", key]);
      assert.equal(code, 2);
      assert.match(err, /^cli\.usage \(--key\): An API key is "tg_" and letters/);
    });
  }

  const cases: Readonly<Record<string, readonly [answer: Answer, told: RegExp, code?: number]>> = {
    "is another program, with a page": [
      (response) => response.end("<html>\n  <h1>Welcome</h1>"),
      /^cli\.usage \(--url\): What answers at http:.* is no Tollgate: 200 with "<html> <h1>Wel/,
    ],
    "is another program, with an error": [
      (response) => response.writeHead(404).end(),
      /^cli\.usage \(--url\): .* is no Tollgate: 404 with nothing\./,
    ],
    "is behind a proxy that does not reach it": [
      (response) => response.writeHead(502).end(`Bad Gateway ${"x".repeat(1_000)}`),
      /^cli\.usage \(--url\): .* is no Tollgate: 502 with "Bad Gateway x{68}"\.\n/,
    ],
    "answers with JSON that is no problem": [
      problem({ message: "no" }),
      /^cli\.usage \(--url\): .* is no Tollgate: 418 with ".*no/,
    ],
    "answers with a problem that this version does not know": [
      problem({ code: "tea.pot", detail: "Short and stout." }),
      /^internal: tea\.pot: Short and stout\.\n/,
      1,
    ],
    "breaks off": [
      (response) => {
        response.writeHead(200, { "content-length": 100 }).write('{"runs":[');
        setImmediate(() => response.destroy());
      },
      /^store\.unknown: The answer of http:.* broke off: what it did is not known\.\nLook whether/,
      1,
    ],
  };
  for (const [what, [own, expected, exitCode = 2]] of Object.entries(cases)) {
    test(`${what} says so`, async () => {
      answer = own;
      const { code, err } = await told(["runs"]);
      assert.match(err, expected);
      assert.equal(code, exitCode);
    });
  }

  test("breaks off a list of lines says so", async () => {
    answer = (response) => {
      response.writeHead(200).write('{"type":"progress","phase":"sending","done":1}\n');
      setImmediate(() => response.destroy());
    };
    const { code, err } = await told(["export", "run", "erp"]);
    assert.match(err, /store\.unknown: The answer of http:.* broke off/);
    assert.equal(code, 1);
  });

  test("stands below a path is asked there", async () => {
    answer = (response) => response.end('{"runs":[]}');
    await told(["runs"], { TOLLGATE_URL: `${url}/billing/` });
    assert.match(paths.at(-1) ?? "", /^\/billing\/v1\/runs\?/);
  });
});
