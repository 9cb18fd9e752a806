/**
 * Checks a receipt without us: that no byte was altered, that the signature is of a key one trusts,
 * and that the sums are right. Knows nothing of how a receipt was made.
 */
import { canonicalJson } from "../canonical-json.ts";
import { AMOUNT_SCALE, FACTOR_SCALE, PRICE_SCALE, QUANTITY_SCALE } from "../limits.ts";
import { formatScaled, parseScaled } from "../money/decimal.ts";
import {
  FIRST_DIGEST,
  type LineBody,
  lineDigest,
  RECEIPT_VERSION,
  type ReadLine,
  readLine,
  type Sha256,
  signedText,
} from "./receipt.ts";

/** Something wrong, and in which line. */
export interface ReceiptFinding {
  /** 1 for the first line of the file. */
  readonly lineNumber: number;
  readonly problem: string;
}

/** What a receipt says, and what is wrong with it. */
export interface CheckedReceipt {
  readonly findings: readonly ReceiptFinding[];
  readonly keyId: string | null;
  /** Bodies of the lines that could be read. */
  readonly lines: readonly LineBody[];
}

/** What checking needs of the outside. */
export interface ReceiptChecks {
  readonly sha256: Sha256;
  /** Whether a text was signed by a key; null: the key is not known. */
  readonly isSignedBy: (keyId: string, text: string, signature: string) => boolean | null;
}

/** Checks the text of a receipt. */
export function checkReceipt(text: string, checks: ReceiptChecks): CheckedReceipt {
  const texts = text.replace(/\n$/, "").split("\n");
  const lines = texts.map(readLine);
  const findings = [
    ...checkSeals(texts, lines, checks),
    ...checkSums(lines.map((line) => line?.body ?? null)),
  ];
  const keyId = lines.at(-1)?.body.keyId;
  return {
    findings: findings.sort((a, b) => a.lineNumber - b.lineNumber),
    keyId: typeof keyId === "string" ? keyId : null,
    lines: lines.flatMap((line) => line?.body ?? []),
  };
}

function checkSeals(
  texts: readonly string[],
  lines: readonly (ReadLine | null)[],
  { sha256, isSignedBy }: ReceiptChecks,
): ReceiptFinding[] {
  const findings: ReceiptFinding[] = [];
  const find = (index: number, problem: string): void => {
    findings.push({ lineNumber: index + 1, problem });
  };
  let before = FIRST_DIGEST;
  for (const [index, line] of lines.entries()) {
    if (line === null) {
      find(index, "is no line of a receipt");
      continue;
    }
    const { body, digest, signature } = line;
    const written = canonicalJson({
      ...body,
      digest,
      ...(signature === null ? {} : { signature }),
    });
    if (written !== texts[index]) find(index, "is not written as it was issued");
    if (body.n !== index + 1) find(index, `stands in the place of line ${String(body.n)}`);
    if (lineDigest(before, body, sha256) !== digest) find(index, "was altered");
    // What the line says of itself: an altered line is told once, and not all that follow it.
    before = digest;
  }
  const [first, last] = [lines[0], lines.at(-1)];
  if (first?.body.line !== "receipt") find(0, "does not begin a receipt");
  else if (first.body.version !== RECEIPT_VERSION)
    find(0, "is of a version that is not known here");
  const end = lines.length - 1;
  if (last?.body.line !== "seal" || last.signature === null) {
    find(end, "is no seal: the receipt was cut off");
    return findings;
  }
  const { keyId } = last.body;
  const isSigned = isSignedBy(String(keyId), signedText(last.digest), last.signature);
  if (isSigned === null) find(end, `is signed by "${String(keyId)}", a key that is not known`);
  if (isSigned === false) find(end, "has a signature that is not of its key");
  return findings;
}

/** The bodies by their line, and findings about sums. */
function checkSums(bodies: readonly (LineBody | null)[]): ReceiptFinding[] {
  const findings: ReceiptFinding[] = [];
  const own = new Map<string, Sums>();
  const trees = new Map<string, { readonly at: number; readonly body: LineBody }>();
  for (const [index, body] of bodies.entries()) {
    const find = (problem: string) => findings.push({ lineNumber: index + 1, problem });
    if (body === null) continue;
    const run = String(body.run);
    if (body.line === "run") trees.set(run, { at: index, body });
    if (body.line === "step") checkStep(body, find);
    if (body.line === "step" || body.line === "outcome" || body.line === "run") {
      checkCharges(body, find);
      own.set(run, addSums(own.get(run) ?? NOTHING, sumsOf(body)));
    }
    if (body.line === "total") checkTotal(body, trees.get(run)?.body, find);
  }
  for (const [run, { at, body }] of trees) {
    const find = (problem: string) => findings.push({ lineNumber: at + 1, problem });
    compare(find, "own", [own.get(run) ?? NOTHING, totalsIn(body.own)]);
    let tree = totalsIn(body.own);
    for (const { body: child } of trees.values()) {
      if (child.parentRun === run) tree = addSums(tree, totalsIn(child.tree));
    }
    compare(find, "tree", [tree, totalsIn(body.tree)]);
  }
  return findings;
}

type Find = (problem: string) => void;

interface Sums {
  readonly steps: bigint;
  readonly cost: bigint;
  readonly charge: bigint;
}

const NOTHING: Sums = { steps: 0n, cost: 0n, charge: 0n };

function addSums(a: Sums, b: Sums): Sums {
  return { steps: a.steps + b.steps, cost: a.cost + b.cost, charge: a.charge + b.charge };
}

/** An unreadable number is no number: it differs from every sum. */
function amountIn(value: unknown): bigint {
  const text = typeof value === "string" ? value : "";
  return parseScaled(text, AMOUNT_SCALE, 3 * AMOUNT_SCALE) ?? -1n;
}

function totalsIn(value: unknown): Sums {
  const { steps, cost, charge } = (value ?? {}) as Record<string, unknown>;
  const count = Number.isSafeInteger(steps) ? BigInt(steps as number) : -1n;
  return { steps: count, cost: amountIn(cost), charge: amountIn(charge) };
}

/** What a line adds to its run's own totals. */
function sumsOf(body: LineBody): Sums {
  if (body.line === "run") {
    return { ...NOTHING, charge: sumOf(paidIn(body.charges), "amount") };
  }
  if (body.line === "outcome") return { ...NOTHING, charge: amountIn(body.charge) };
  if (body.voided === true || body.role !== "bill") return NOTHING;
  const cost = body.payer === "us" ? amountIn(body.cost) : 0n;
  return { steps: 1n, cost, charge: amountIn(body.charge) };
}

function compare(find: Find, what: string, [wanted, said]: readonly [Sums, Sums]): void {
  if (wanted.steps !== said.steps) find(`${what}: ${said.steps} steps, but ${wanted.steps} listed`);
  for (const name of ["cost", "charge"] as const) {
    if (wanted[name] === said[name]) continue;
    const [is, should] = [said[name], wanted[name]].map((n) => formatScaled(n, AMOUNT_SCALE));
    find(`${what}: ${name} ${is}, but its lines come to ${should}`);
  }
}

function listIn(value: unknown): readonly Record<string, unknown>[] {
  return Array.isArray(value) ? (value as Record<string, unknown>[]) : [];
}

function sumOf(items: readonly Record<string, unknown>[], field: string): bigint {
  return items.reduce((sum, item) => sum + amountIn(item[field]), 0n);
}

/** Each bucket: quantity × price × factor; together: the cost. */
function checkStep(body: LineBody, find: Find): void {
  if (body.costLines === null) return;
  const lines = listIn(body.costLines);
  for (const { unit, quantity, price, factor, amount } of lines) {
    const product =
      scaledIn(quantity, QUANTITY_SCALE) *
      scaledIn(price, PRICE_SCALE) *
      scaledIn(factor, FACTOR_SCALE);
    if (product !== amountIn(amount))
      find(`cost of ${String(unit)}: ${String(amount)} is no product`);
  }
  if (sumOf(lines, "amount") !== amountIn(body.cost)) find("cost is not the sum of its lines");
}

function scaledIn(value: unknown, scale: number): bigint {
  return typeof value === "string" ? (parseScaled(value, scale) ?? -1n) : -1n;
}

/** Shares of a trial tell what would have been charged. */
function paidIn(value: unknown): readonly Record<string, unknown>[] {
  return listIn(value).filter(({ inTrial }) => inTrial !== true);
}

function checkCharges(body: LineBody, find: Find): void {
  if (body.charge === undefined) return;
  if (sumOf(paidIn(body.charges), "amount") !== amountIn(body.charge)) {
    find("charge is not the sum of its parts");
  }
}

/** The total is the root's tree. */
function checkTotal(body: LineBody, root: LineBody | undefined, find: Find): void {
  if (root === undefined) find("is the total of a run that is not listed");
  else compare(find, "total", [totalsIn(root.tree), totalsIn(body)]);
}
