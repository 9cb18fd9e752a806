import assert from "node:assert/strict";
import { test } from "node:test";
import { Tollgate } from "./index.ts";

const URL_OF_NONE = "http://tollgate.internal:4100";

/** What an application is told whose first call finds no server. */
async function toldWhere(error: Error): Promise<string> {
  const unreachable = async (): Promise<never> => {
    throw error;
  };
  const options = { url: URL_OF_NONE, key: "tg_k", onProblem: () => undefined };
  const tollgate = new Tollgate({ ...options, fetch: unreachable });
  const run = tollgate.run({ customer: "acme", agent: "support" }, (one) =>
    one.tool("search", {}, () => "found"),
  );
  const told = await run.then(
    () => "",
    ({ message }: Error) => message,
  );
  await tollgate.close(0);
  return told;
}

test("who finds no server is told where it looked, and why there was no answer", async () => {
  const refused = Object.assign(new Error(""), { code: "ECONNREFUSED" });
  const unknown = new Error("getaddrinfo ENOTFOUND tollgate.internal");
  const failed = (cause?: Error) => toldWhere(new TypeError("fetch failed", { cause }));
  const at = `No answer from Tollgate at ${URL_OF_NONE}: TypeError: fetch failed`;
  assert.equal(await failed(refused), `${at} (ECONNREFUSED)`);
  assert.equal(await failed(unknown), `${at} (${unknown.message})`);
  assert.equal(await failed(), at);
});

test("who gave no address, or that of something else, is told so", async () => {
  const told = async (url: unknown, body = "{}") => {
    const options = { url: url as string, key: "tg_k", onProblem: () => undefined };
    const tollgate = new Tollgate({ ...options, fetch: async () => new Response(body) });
    const run = tollgate.run({ customer: "acme", agent: "support" }, (one) =>
      one.tool("search", {}, () => "found"),
    );
    const message = await run.then(
      () => "",
      (error: Error) => error.message,
    );
    await tollgate.close(0);
    return message;
  };
  const such = "is no address of a Tollgate, such as http://127.0.0.1:4100";
  assert.equal(await told(undefined), `"undefined" ${such}`);
  assert.equal(await told("127.0.0.1:4100"), `"127.0.0.1:4100" ${such}`);
  const other = "Tollgate could not decide: status 200: what answers there is no Tollgate";
  assert.equal(await told("http://127.0.0.1:4100", "<html>"), other);
  assert.equal(await told("http://127.0.0.1:4100", '{"choices":[]}'), other);
});
