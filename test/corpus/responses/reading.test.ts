import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { textOfBytes } from "./body-bytes.ts";
import { readCassettes } from "./cassettes.ts";
import { contentOf } from "./stream-text.ts";
import { parseYaml } from "./yaml-text.ts";

test("numbers of a YAML recording keep the text that stands in the file", () => {
  const text = "cost: 4.0e-05\nn: 12\nquoted: '1'\nraw: !!binary |\n  aGk=\n";
  const { raw, ...rest } = parseYaml(text) as Record<string, unknown>;
  assert.deepEqual(rest, { cost: "4.0e-05", n: "12", quoted: "1" });
  assert.deepEqual(Buffer.from(raw as Uint8Array).toString(), "hi");
});

test("a quoted text whose further lines are not indented is read", () => {
  const text = "- a:\n      b: 'it''s one\n      two'\n      c: \"x\n      y\"\n      d: 1\n";
  const read = [{ a: { b: "it's one two", c: "x y", d: "1" } }];
  assert.deepEqual(parseYaml(text), read);
  assert.deepEqual(parseYaml(text.replaceAll("\n", "\r\n")), read);
});

test("a text that is no YAML is undefined", () => {
  assert.equal(parseYaml("a: [1"), undefined);
});

test("an answer is a body, server-sent events, JSON lines or a list of chunks", () => {
  assert.deepEqual(contentOf('{"n":1}'), { body: { n: "1" } });
  assert.deepEqual(contentOf('event: x\ndata: {"n":1}\n\ndata: [DONE]\n'), {
    events: [{ n: "1" }],
  });
  assert.deepEqual(contentOf('{"n":1}\n{"n":2}\n'), { events: [{ n: "1" }, { n: "2" }] });
  assert.deepEqual(contentOf('[{"n":1}]'), { events: [{ n: "1" }] });
  assert.equal(contentOf("%PDF-1.3"), undefined);
});

test("packed bytes are unpacked by what they are, not by what a header says", () => {
  assert.equal(textOfBytes(gzipSync("hello"), ""), "hello");
  assert.equal(textOfBytes(Buffer.from("hello"), "gzip, br"), "hello");
});

function frame(type: string, payload: string): Buffer {
  const name = Buffer.from("\x0b:event-type\x07\0");
  const headers = Buffer.concat([name, Buffer.from([type.length]), Buffer.from(type)]);
  const prelude = Buffer.alloc(12);
  prelude.writeUInt32BE(12 + headers.length + payload.length + 4, 0);
  prelude.writeUInt32BE(headers.length, 4);
  return Buffer.concat([prelude, headers, Buffer.from(payload), Buffer.alloc(4)]);
}

test("frames of Amazon's event stream become one line each", () => {
  const chunk = Buffer.from('{"type":"ping"}').toString("base64");
  const bytes = [frame("metadata", '{"usage":{}}'), frame("chunk", `{"bytes":"${chunk}"}`)];
  assert.equal(textOfBytes(Buffer.concat(bytes), ""), '{"metadata":{"usage":{}}}\n{"type":"ping"}');
});

test("recordings of Ruby's VCR are read, and the model of a Bedrock address is whole", () => {
  const folder = mkdtempSync(join(tmpdir(), "tollgate-cassettes-"));
  const uri =
    "https://bedrock-runtime.us-east-1.amazonaws.com/model/amazon.nova-lite-v1:0/converse";
  const response = { status: { code: 200 }, body: { string: '{"usage":{"inputTokens":1}}' } };
  const recording = { http_interactions: [{ request: { uri }, response }] };
  mkdirSync(join(folder, "responses/cassettes"), { recursive: true });
  writeFileSync(join(folder, "responses/cassettes/one.yml"), JSON.stringify(recording));
  const [answers] = readCassettes(folder).values();
  rmSync(folder, { recursive: true });
  assert.deepEqual(
    answers?.map(({ askedModel, content }) => [askedModel, content]),
    [["amazon.nova-lite-v1:0", { body: { usage: { inputTokens: "1" } } }]],
  );
});
