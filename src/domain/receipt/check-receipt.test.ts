/** What is found in a receipt that is sound, altered, cut off, signed by others or wrong in sum. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, it } from "node:test";
import fc from "fast-check";
import { checkReceipt, type ReceiptChecks } from "./check-receipt.ts";
import { type LineBody, type ReceiptSigner, sealReceipt } from "./receipt.ts";

const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");

function signerOf(keyId: string, secret: string): ReceiptSigner {
  return { keyId, sign: (text) => sha256(secret + text) };
}

const OURS = signerOf("k1", "secret");

const CHECKS: ReceiptChecks = {
  sha256,
  isSignedBy: (keyId, text, signature) => (keyId === "k1" ? OURS.sign(text) === signature : null),
};

const COST_LINE = { unit: "searches", quantity: "2", price: "0.5", factor: "1.1", amount: "1.1" };

const STEP: LineBody = {
  line: "step",
  run: "root",
  role: "bill",
  payer: "us",
  voided: false,
  cost: "1.1",
  costLines: [COST_LINE],
  charge: "3",
  charges: [{ amount: "1" }, { amount: "2" }, { amount: "50", inTrial: true }],
};

/** Lines 1 to 8: the root has a step of ours, one of the customer's key and an outcome. */
const SOUND: readonly LineBody[] = [
  { line: "receipt", version: 1, run: "root" },
  {
    line: "run",
    run: "root",
    parentRun: null,
    charges: [{ amount: "0.5" }],
    own: { steps: 2, cost: "1.1", charge: "8.5" },
    tree: { steps: 3, cost: "2.2", charge: "11.5" },
  },
  STEP,
  { ...STEP, payer: "customer", charge: "1", charges: [{ amount: "1" }] },
  { line: "outcome", run: "root", charge: "4", charges: [{ amount: "4" }] },
  {
    line: "run",
    run: "child",
    parentRun: "root",
    charges: [],
    own: { steps: 1, cost: "1.1", charge: "3" },
    tree: { steps: 1, cost: "1.1", charge: "3" },
  },
  { ...STEP, run: "child" },
  { line: "total", run: "root", steps: 3, cost: "2.2", charge: "11.5" },
];

function sealed(bodies: readonly LineBody[], signer = OURS): string {
  return sealReceipt(bodies, { sha256, signer });
}

/** The sound receipt with one line changed before it was sealed: an issuer that is wrong. */
function issuedWith(lineNumber: number, changes: object): string {
  return sealed(SOUND.map((body, at) => (at + 1 === lineNumber ? { ...body, ...changes } : body)));
}

function problems(text: string): string[] {
  const { findings } = checkReceipt(text, CHECKS);
  return findings.map(({ lineNumber, problem }) => `${lineNumber}: ${problem}`);
}

/** The lines of the sound receipt, changed after it was sealed: a forger at work. */
function forged(change: (lines: string[]) => readonly string[]): string[] {
  return problems(`${change(sealed(SOUND).trimEnd().split("\n")).join("\n")}\n`);
}

describe("A sound receipt", () => {
  it("has no findings, names its key and shows its lines", () => {
    const { findings, keyId, lines } = checkReceipt(sealed(SOUND), CHECKS);
    assert.deepEqual([findings, keyId, lines.length], [[], "k1", SOUND.length + 1]);
    assert.deepEqual(lines[2], { n: 3, ...STEP });
  });

  it("is sound without its last line break, as mail may deliver it", () => {
    assert.deepEqual(problems(sealed(SOUND).trimEnd()), []);
  });

  it("counts neither shadows nor voided steps, and holds no unknown cost against a step", () => {
    const more = [
      { ...STEP, role: "shadow" },
      { ...STEP, voided: true },
    ];
    assert.deepEqual(problems(sealed([...SOUND.slice(0, 7), ...more, ...SOUND.slice(7)])), []);
    assert.deepEqual(problems(issuedWith(3, { costLines: null })), []);
  });
});

describe("A forger", () => {
  const swap = (text: string | undefined, from: string, to: string) => {
    return text?.replace(from, to) ?? assert.fail("no such line");
  };

  it("who alters a line is found in that line, and in none that follows", () => {
    assert.deepEqual(
      forged((lines) => lines.with(6, swap(lines[6], '"searches"', '"seeerches"'))),
      ["7: was altered"],
    );
  });

  it("who writes the same line otherwise is found", () => {
    const found = forged((lines) => lines.with(6, swap(lines[6], "{", "{ ")));
    assert.deepEqual(found, ["7: is not written as it was issued"]);
  });

  it("who states a field twice is found, although the last of them is the right one", () => {
    const found = forged((lines) => lines.with(6, swap(lines[6], "{", '{"charge":"0",')));
    assert.deepEqual(found, ["7: is not written as it was issued"]);
  });

  it("who drops a line is found where it stood, and by what it added", () => {
    const found = forged((lines) => lines.toSpliced(4, 1));
    assert.ok(found.includes("5: stands in the place of line 6"), found.join("\n"));
    assert.ok(found.includes("5: was altered"), found.join("\n"));
    assert.ok(found.includes("2: own: charge 8.5, but its lines come to 4.5"), found.join("\n"));
  });

  it("who exchanges two lines is found in both", () => {
    const found = forged((lines) => lines.with(2, lines[3] ?? "").with(3, lines[2] ?? ""));
    assert.ok(found.includes("3: stands in the place of line 4"), found.join("\n"));
    assert.ok(found.includes("4: stands in the place of line 3"), found.join("\n"));
  });

  it("who puts in what is no line is found there", () => {
    const found = forged((lines) => lines.with(6, "paid"));
    assert.ok(found.includes("7: is no line of a receipt"), found.join("\n"));
  });

  it("who cuts the end off is found in what is the last line then", () => {
    const found = forged((lines) => lines.slice(0, -1));
    assert.deepEqual(found, ["8: is no seal: the receipt was cut off"]);
    assert.deepEqual(problems(""), [
      "1: is no line of a receipt",
      "1: does not begin a receipt",
      "1: is no seal: the receipt was cut off",
    ]);
  });

  it("who takes the signature off is found", () => {
    const found = forged((lines) => lines.with(8, swap(lines[8], '"signature"', '"signed"')));
    assert.ok(found.includes("9: is no seal: the receipt was cut off"), found.join("\n"));
  });

  it("who signs anew is found, by a key that is not known or one that did not sign", () => {
    const of = (keyId: string) => problems(sealed(SOUND, signerOf(keyId, "guess")));
    assert.deepEqual(of("k2"), ['9: is signed by "k2", a key that is not known']);
    assert.deepEqual(of("k1"), ["9: has a signature that is not of its key"]);
  });

  it("who changes any one character is found", () => {
    const text = sealed(SOUND).trimEnd();
    const places = fc.nat(text.length - 1);
    fc.assert(
      fc.property(places, fc.constantFrom("0", "1", "a", " ", "}", "\n"), (at, other) => {
        fc.pre(text[at] !== other);
        assert.notDeepEqual(problems(text.slice(0, at) + other + text.slice(at + 1)), []);
      }),
    );
  });
});

describe("A receipt that was issued wrong", () => {
  it("is found where it does not begin as one, or is of a version that is not known", () => {
    assert.deepEqual(problems(sealed(SOUND.slice(1))), ["1: does not begin a receipt"]);
    const found = problems(issuedWith(1, { version: 2 }));
    assert.deepEqual(found, ["1: is of a version that is not known here"]);
  });

  it("is found where a bucket is no product of quantity, price and factor", () => {
    const costLines = [{ ...COST_LINE, quantity: "3" }];
    const found = problems(issuedWith(3, { costLines }));
    assert.deepEqual(found, ["3: cost of searches: 1.1 is no product"]);
  });

  it("is found where buckets do not add up to the cost", () => {
    const found = problems(issuedWith(3, { costLines: [COST_LINE, COST_LINE] }));
    assert.deepEqual(found, ["3: cost is not the sum of its lines"]);
  });

  it("is found where shares do not add up to the charge, of steps and outcomes", () => {
    for (const lineNumber of [3, 5]) {
      const found = problems(issuedWith(lineNumber, { charges: [{ amount: "2.5" }] }));
      assert.deepEqual(found, [`${lineNumber}: charge is not the sum of its parts`]);
    }
  });

  it("is found where a run's own totals are not those of its lines", () => {
    const own = { steps: 1, cost: "1.1", charge: "3" };
    const found = problems(issuedWith(7, { cost: "0", costLines: [] }));
    assert.deepEqual(found, ["6: own: cost 1.1, but its lines come to 0"]);
    const miscounted = problems(issuedWith(6, { own: { ...own, steps: 2 } }));
    assert.ok(miscounted.includes("6: own: 2 steps, but 1 listed"), miscounted.join("\n"));
  });

  it("is found where a tree is not the run and the trees below it", () => {
    const found = problems(issuedWith(6, { parentRun: "elsewhere" }));
    assert.deepEqual(found, [
      "2: tree: 3 steps, but 2 listed",
      "2: tree: cost 2.2, but its lines come to 1.1",
      "2: tree: charge 11.5, but its lines come to 8.5",
    ]);
  });

  it("is found where the total is not the root's tree, or of a run that is not listed", () => {
    assert.deepEqual(problems(issuedWith(8, { charge: "11.6" })), [
      "8: total: charge 11.6, but its lines come to 11.5",
    ]);
    assert.deepEqual(problems(issuedWith(8, { run: "other" })), [
      "8: is the total of a run that is not listed",
    ]);
  });

  it("is found where a number is none: it equals no sum", () => {
    for (const charge of [11.5, null, "11,5", "about 11"]) {
      const [first = "", ...others] = problems(issuedWith(8, { charge }));
      assert.match(first, /^8: total: charge /);
      assert.deepEqual(others, []);
    }
  });

  it("is found to the last decimal place of an amount", () => {
    const charge = `11.5${"0".repeat(31)}1`;
    const found = problems(issuedWith(8, { charge }));
    assert.deepEqual(found, [`8: total: charge ${charge}, but its lines come to 11.5`]);
  });
});
