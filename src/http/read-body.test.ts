import assert from "node:assert/strict";
import type { IncomingMessage } from "node:http";
import { PassThrough } from "node:stream";
import { describe, test } from "node:test";
import { gzipSync } from "node:zlib";
import { TollgateError } from "../domain/errors.ts";
import { BOMB_FLOOR_BYTES } from "./connection-limits.ts";
import { BodyBudget, readBody } from "./read-body.ts";

interface Sent {
  readonly headers?: Readonly<Record<string, string>>;
  readonly chunks: readonly Uint8Array[];
  readonly isCut?: boolean;
}

/** A request as far as the reader looks at it. */
function requestOf({ headers = {}, chunks, isCut = false }: Sent): IncomingMessage {
  const stream = new PassThrough();
  for (const chunk of chunks) stream.write(chunk);
  if (isCut) setImmediate(() => stream.destroy());
  else stream.end();
  return Object.assign(stream, { headers, complete: !isCut }) as unknown as IncomingMessage;
}

const refusal = (code: string) => (error: unknown) =>
  error instanceof TollgateError && error.code === code;
const GZIP = { "content-encoding": "gzip" };

describe("reading a body", () => {
  test("chunks are joined, and their room is given back once", async () => {
    const budget = new BodyBudget(100);
    const chunks = ["ab", "ü", "c"].map((text) => Buffer.from(text));
    const body = await readBody(requestOf({ chunks }), { maxBytes: 10, budget });
    assert.equal(body.text, "abüc");
    assert.equal(budget.usedBytes, 5);
    body.release();
    body.release();
    assert.equal(budget.usedBytes, 0);
  });

  test("one byte more than the limit is refused, declared or not", async () => {
    const budget = new BodyBudget();
    const chunks = [Buffer.alloc(6, "x"), Buffer.alloc(5, "x")];
    const rules = { maxBytes: 10, budget };
    await assert.rejects(readBody(requestOf({ chunks }), rules), refusal("request.too_large"));
    const declared = requestOf({ chunks: [], headers: { "content-length": "11" } });
    await assert.rejects(readBody(declared, rules), refusal("request.too_large"));
    assert.equal(budget.usedBytes, 0);
  });

  test("bodies in flight share one budget", async () => {
    const budget = new BodyBudget(10);
    const rules = { maxBytes: 10, budget };
    const first = await readBody(requestOf({ chunks: [Buffer.alloc(8, "x")] }), rules);
    const second = requestOf({ chunks: [Buffer.alloc(3, "x")] });
    await assert.rejects(readBody(second, rules), refusal("server.busy"));
    first.release();
    const third = await readBody(requestOf({ chunks: [Buffer.alloc(10, "x")] }), rules);
    third.release();
    assert.equal(budget.usedBytes, 0);
  });

  test("inflating stops at the ratio above the floor, and at the limit anyway", async () => {
    const budget = new BodyBudget();
    const inflate = (bytes: number, maxBytes: number) => {
      const chunks = [gzipSync(Buffer.alloc(bytes, " "))];
      return readBody(requestOf({ chunks, headers: GZIP }), { maxBytes, budget });
    };
    const most = await inflate(BOMB_FLOOR_BYTES, 4_000_000);
    assert.equal(most.text.length, BOMB_FLOOR_BYTES);
    most.release();
    await assert.rejects(inflate(BOMB_FLOOR_BYTES + 1, 4_000_000), refusal("request.too_large"));
    await assert.rejects(inflate(1_001, 1_000), refusal("request.too_large"));
    assert.equal(budget.usedBytes, 0);
  });

  test("a body that is cut off or is not what it says is malformed", async () => {
    const budget = new BodyBudget();
    const rules = { maxBytes: 1_000, budget };
    const cut = requestOf({ chunks: [Buffer.from("ab")], isCut: true });
    await assert.rejects(readBody(cut, rules), refusal("request.malformed"));
    const latin = requestOf({ chunks: [Buffer.from([0x61, 0xe9])] });
    await assert.rejects(readBody(latin, rules), refusal("request.malformed"));
    const zipped = requestOf({ chunks: [Buffer.from("no")], headers: GZIP });
    await assert.rejects(readBody(zipped, rules), refusal("request.malformed"));
    const brotli = requestOf({ chunks: [], headers: { "content-encoding": "br" } });
    await assert.rejects(readBody(brotli, rules), refusal("request.unsupported_type"));
    assert.equal(budget.usedBytes, 0);
  });
});
