/** How lines are sealed into a receipt, and read again. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, it } from "node:test";
import fc from "fast-check";
import {
  FIRST_DIGEST,
  type LineBody,
  lineDigest,
  type ReadLine,
  readLine,
  sealReceipt,
  signedText,
} from "./receipt.ts";

const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");
const signer = { keyId: "k1", sign: (text: string) => `signed:${text}` };

const BODIES: readonly LineBody[] = [
  { line: "receipt", run: "r" },
  { line: "total", run: "r", cost: "1.5" },
];

function sealed(bodies: readonly LineBody[]): string {
  return sealReceipt(bodies, { sha256, signer });
}

function read(text: string): ReadLine[] {
  const texts = text.split("\n").slice(0, -1);
  return texts.map((line) => readLine(line) ?? assert.fail(`no line: ${line}`));
}

describe("A receipt", () => {
  it("is one line for each body, numbered from 1, and a seal that names the key", () => {
    const bodies = read(sealed(BODIES)).map(({ body }) => body);
    assert.deepEqual(bodies, [
      { n: 1, line: "receipt", run: "r" },
      { n: 2, line: "total", run: "r", cost: "1.5" },
      { n: 3, line: "seal", keyId: "k1" },
    ]);
  });

  it("ends its last line, so that texts of it can be joined and cut by line", () => {
    assert.match(sealed(BODIES), /\}\n$/);
    assert.equal(sealed(BODIES).split("\n").length, 4);
  });

  it("can be checked with any SHA-256 by the formula that is written above it", () => {
    const first = sha256(`${"0".repeat(64)}\n{"line":"receipt","n":1,"run":"r"}`);
    const second = sha256(`${first}\n{"cost":"1.5","line":"total","n":2,"run":"r"}`);
    const seal = sha256(`${second}\n{"keyId":"k1","line":"seal","n":3}`);
    const digests = read(sealed(BODIES)).map(({ digest }) => digest);
    assert.deepEqual(digests, [first, second, seal]);
  });

  it("is signed in its last line alone, over the digest and what the signature is for", () => {
    const lines = read(sealed(BODIES));
    const digest = lines.at(-1)?.digest ?? "";
    const signatures = lines.map(({ signature }) => signature);
    assert.deepEqual(signatures, [null, null, `signed:tollgate receipt 1\n${digest}`]);
    assert.equal(signedText(digest), `tollgate receipt 1\n${digest}`);
  });

  it("has other digests from the line on that differs", () => {
    const other = [...BODIES.slice(0, 1), { line: "total", run: "r", cost: "1.6" }];
    const [a, b] = [read(sealed(BODIES)), read(sealed(other))];
    const same = a.map(({ digest }, index) => digest === b[index]?.digest);
    assert.deepEqual(same, [true, false, false]);
  });

  it("reads as what was sealed, whatever the lines say", () => {
    const values = fc.oneof(fc.string(), fc.nat(), fc.boolean(), fc.constant(null));
    const texts = fc.string().filter((name) => name !== "digest" && name !== "signature");
    const bodies = fc.dictionary(texts, fc.oneof(values, fc.array(values)), {
      noNullPrototype: true,
    });
    const lists = fc.array(bodies.map((body) => ({ ...body, line: "step" })));
    fc.assert(
      fc.property(lists, (all) => {
        const lines = read(sealed(all));
        assert.equal(lines.length, all.length + 1);
        let before = FIRST_DIGEST;
        for (const [index, { body, digest }] of lines.slice(0, -1).entries()) {
          assert.deepEqual(body, { n: index + 1, ...all[index] });
          assert.equal(lineDigest(before, body, sha256), digest);
          before = digest;
        }
      }),
    );
  });
});

describe("A text that is no line of a receipt", () => {
  it("is read as none: no JSON, no object, no digest, no kind, a signature of another kind", () => {
    const texts = ["", "{", "7", "null", '"line"', '[{"line":"step","digest":"d"}]'];
    const objects = [
      {},
      { line: "step" },
      { digest: "d" },
      { line: 1, digest: "d" },
      { line: "step", digest: 1 },
      { line: "seal", digest: "d", signature: 1 },
    ];
    for (const text of [...texts, ...objects.map((value) => JSON.stringify(value))]) {
      assert.equal(readLine(text), null, text);
    }
  });
});
