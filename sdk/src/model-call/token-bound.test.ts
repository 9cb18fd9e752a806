import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { bytesOf, inputTokenBound } from "./token-bound.ts";

const boundOf = (body: unknown) => inputTokenBound(body, bytesOf(JSON.stringify(body)));

test("text never has more tokens than the bound: one for each byte, and the frames", () => {
  const property = fc.property(
    fc.array(fc.string({ unit: "grapheme" }), { maxLength: 5 }),
    (texts) => {
      const messages = texts.map((content) => ({ role: "user", content }));
      const textBytes = texts.reduce((sum, text) => sum + bytesOf(text), 0);
      assert.ok(boundOf({ model: "m", messages }) >= textBytes + texts.length * 16);
    },
  );
  fc.assert(property);
});

test("an image is bounded as an image, not by its bytes", () => {
  const url = `data:image/png;base64,${"A".repeat(1_000_000)}`;
  const image = { type: "image_url", image_url: { url } };
  const bound = boundOf({
    messages: [{ role: "user", content: [image, { type: "text", text: "What?" }] }],
  });
  assert.ok(bound > 5000 && bound < 6000, String(bound));
  const source = { type: "base64", media_type: "image/png", data: "A".repeat(1_000_000) };
  const anthropic = boundOf({ messages: [{ role: "user", content: [{ type: "image", source }] }] });
  assert.ok(anthropic > 5000 && anthropic < 6000, String(anthropic));
});

test("tools bring instructions of the vendor's own", () => {
  const tools = [{ type: "function", function: { name: "f" } }];
  assert.ok(boundOf({ tools }) - bytesOf(JSON.stringify({ tools })) >= 1000);
});
