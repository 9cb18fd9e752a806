import assert from "node:assert/strict";
import { createHash, createPublicKey, verify } from "node:crypto";
import { describe, it } from "node:test";
import fc from "fast-check";
import { HOLDS_PER_REQUEST_MAX_COUNT, PAGE_MAX_ROWS } from "../../domain/limits.ts";
import { checkReceipt } from "../../domain/receipt/check-receipt.ts";
import {
  newWorld,
  opened,
  outcome,
  PLAIN_CARD,
  step,
  toolCall,
  usage,
  voided,
} from "../commit/engine-world.test.ts";
import { ask, budget, holdOn } from "../limits/holds-world.test.ts";

const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");

function isSigned(publicKey: string, text: string, signature: string): boolean {
  const der = Buffer.from(publicKey, "base64");
  const key = createPublicKey({ key: der, type: "spki", format: "der" });
  const bytes = Buffer.from(signature, "hex");
  return bytes.toString("hex") === signature && verify(null, Buffer.from(text), key, bytes);
}

/** A tree with model and tool calls, an outcome, a void, a cap that was overrun and a child. */
async function receiptWorld(card = PLAIN_CARD) {
  const world = await newWorld(card);
  await budget(world.engine, "cap", { each: "run", measure: "cost", limit: "1" });
  await world.send(
    opened({ customer: "acme", agent: "support" }),
    opened({ run: "child", id: "open child", parentRun: "r1", agent: "reader" }),
  );
  const small = step({ id: "held", usage: usage({ input_uncached: 5 }) });
  await holdOn(world.engine, "r1", ask("held", { step: small }));
  await world.send(small, step({ id: "big" }), toolCall({ id: "tool", run: "child" }), outcome());
  await world.send(toolCall({ id: "wrong" }), voided({ target: { source: "sdk", id: "wrong" } }));
  const issued = () => world.engine.receipts.issue("w", { run: "r1", issuer: "test" });
  const check = async (text: string) => {
    const keys = new Map(
      (await world.engine.receipts.publicKeys()).map((key) => [key.id, key.publicKey]),
    );
    return checkReceipt(text, {
      sha256,
      isSignedBy: (id, signed, signature) => {
        const key = keys.get(id);
        return key === undefined ? null : isSigned(key, signed, signature);
      },
    });
  };
  return { ...world, issued, check };
}

describe("A receipt", () => {
  it("has every hold of a run, however many there were", async () => {
    const { engine, send } = await newWorld();
    await send(opened({ customer: "acme", agent: "support" }));
    const ids = Array.from({ length: PAGE_MAX_ROWS + 5 }, (_, at) => `h${at}`);
    for (let at = 0; at < ids.length; at += HOLDS_PER_REQUEST_MAX_COUNT) {
      const some = ids.slice(at, at + HOLDS_PER_REQUEST_MAX_COUNT);
      await holdOn(engine, "r1", ...some.map((id) => ask(id)));
    }
    const text = await engine.receipts.issue("w", { run: "r1", issuer: "test" });
    const lines = text
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as { line: string });
    assert.equal(lines.filter(({ line }) => line === "hold").length, ids.length);
  });

  it("tells everything that a run came to, and its sums are right", async () => {
    const { issued, check } = await receiptWorld();
    const { findings, lines } = await check(await issued());
    assert.deepEqual(findings, []);
    assert.deepEqual(
      lines.map(({ line }) => line),
      [
        ...["receipt", "run", "step", "step", "step", "outcome", "hold"],
        ...["run", "step", "overrun", "total", "seal"],
      ],
    );
    const total = lines.find(({ line }) => line === "total");
    assert.deepEqual([total?.steps, total?.cost, total?.charge], [3, "1.25", "4.1"]);
  });

  it("names the line in which any one byte was altered", async () => {
    const { issued, check } = await receiptWorld();
    const text = await issued();
    const starts = [...text.matchAll(/^/gm)].map(({ index }) => index);
    const lineOf = (at: number) => starts.filter((start) => start <= at).length;
    await fc.assert(
      fc.asyncProperty(
        fc.nat({ max: text.length - 2 }),
        fc.constantFrom(...'0123456789abcxyz{}",: \n'),
        async (at, other) => {
          fc.pre(text[at] !== other);
          const altered = text.slice(0, at) + other + text.slice(at + 1);
          const { findings } = await check(altered);
          const named = findings.map(({ lineNumber }) => lineNumber);
          assert.ok(named.includes(lineOf(at)), `${lineOf(at)} not in ${named}`);
        },
      ),
      { numRuns: 400 },
    );
  });

  it("misses no line that was taken out, put in or moved", async () => {
    const { issued, check } = await receiptWorld();
    const lines = (await issued()).trimEnd().split("\n");
    const isSound = async (some: readonly string[]) =>
      (await check(`${some.join("\n")}\n`)).findings.length === 0;
    assert.equal(await isSound(lines), true);
    for (const [at, line] of lines.entries()) {
      assert.equal(await isSound(lines.toSpliced(at, 1)), false, `without line ${at + 1}`);
      assert.equal(await isSound(lines.toSpliced(at, 0, line)), false, `line ${at + 1} twice`);
    }
    assert.equal(await isSound(lines.slice(0, -1)), false);
  });

  it("is not believed where sums were made to fit a lie, nor by another's key", async () => {
    const { issued, check, engine } = await receiptWorld();
    const text = await issued();
    await engine.receipts.rotateKey();
    assert.deepEqual((await check(text)).findings, [], "a retired key's receipts stay good");
    const foreign = await (await receiptWorld()).issued();
    const [finding] = (await check(foreign)).findings;
    assert.match(finding?.problem ?? "", /a key that is not known/);
  });

  it("signs with the new key once it was rotated", async () => {
    const { issued, check, engine, clock } = await receiptWorld();
    const before = (await check(await issued())).keyId;
    clock.now += 1;
    const made = await engine.receipts.rotateKey();
    assert.notEqual(made.id, before);
    assert.equal((await check(await issued())).keyId, made.id);
    const keys = await engine.receipts.publicKeys();
    assert.deepEqual(
      keys.map(({ retiredAtMs }) => retiredAtMs === null),
      [false, true],
    );
    assert.ok(keys.every((key) => !("privateKey" in key)));
  });

  it("is of a whole tree: a run below another has none of its own", async () => {
    const { engine } = await receiptWorld();
    const refused = engine.receipts.issue("w", { run: "child", issuer: "test" });
    await assert.rejects(refused, { code: "receipt.no_root" });
  });
});
