/** Follows the hash chain of one workspace link by link while its rows pass by in seq order. */
import type { Hash } from "node:crypto";
import { CHAIN_START } from "../../engine/seal.ts";
import type { DataFile } from "./data-file.ts";
import { openSha256 } from "./digests.ts";
import { keyText } from "./findings.ts";
import { FormerLines } from "./former-lines.ts";

interface Link {
  readonly first: number;
  readonly last: number;
  readonly digest: string;
  /** Null: it was made before links had times. */
  readonly committedAtMs: number | null;
}

interface OpenLink extends Link {
  /** Of what every link covers. */
  readonly hash: Hash;
  /** Of that and of former versions; null: the unit has ended none. */
  readonly withFormer: Hash | null;
  /** Of what remains where rows were removed; null: it is not asked for. */
  readonly rest: Hash | null;
  /** Whether a row that is about to be removed was among its rows. */
  hasRemoved: boolean;
  /** Seqs of the link that no row has. */
  readonly missing: number[];
}

const MISSING_MAX_COUNT = 20;
/** Of a SHA-256: 128 bits. */
const REST_CHARS = 32;

/** A row that took a seq. */
export interface PassingRow {
  readonly table: string;
  readonly seq: number;
  /** What the chain covers of it, if anything. */
  readonly text: string | null;
  /** Whether it is a step, or a former one, of a run whose steps are removed. */
  readonly isRemoved: boolean;
}

/** Told of links that lose rows, with the digest of what remains. */
export type OnRest = (ws: number, first: number, rest: string) => void;

/** Follows the hash chain link by link. */
export class ChainWalk {
  readonly #file: DataFile;
  readonly #workspace: string;
  readonly #ws: number;
  readonly #links: Iterator<Link>;
  readonly #former: FormerLines;
  #before: Link = { first: 0, last: 0, digest: CHAIN_START, committedAtMs: null };
  #open: OpenLink | null;
  #lastSeq = 0;
  #coversFormer = false;
  /** Sealed rows that no link covers: first and last seq of the stretch. */
  #bare: { readonly first: number; last: number } | null = null;

  readonly #onRest: OnRest | null;

  /** `onRest`: a removal is prepared. (Default: none is.) */
  constructor(file: DataFile, ws: number, onRest: OnRest | null = null) {
    this.#onRest = onRest;
    this.#file = file;
    this.#ws = ws;
    this.#workspace = file.workspace(ws);
    this.#links = readLinks(file, ws);
    this.#former = new FormerLines(file, ws);
    this.#open = this.#nextLink();
  }

  /** A row of any table passes by. */
  pass({ table, seq, text: sealedText, isRemoved }: PassingRow): void {
    if (seq <= this.#lastSeq) {
      const key = keyText(this.#workspace, `seq ${seq}`);
      this.#file.findings.add(table, key, "has a seq that another row has");
    }
    this.#skipTo(seq);
    this.#lastSeq = seq;
    if (sealedText === null) return;
    const link = this.#open;
    if (link === null || seq < link.first) {
      this.#noteBare(seq);
      return;
    }
    this.#endBare();
    link.hash.update(`\n${sealedText}`);
    link.withFormer?.update(`\n${sealedText}`);
    if (isRemoved) link.hasRemoved = true;
    else link.rest?.update(`\n${sealedText}`);
  }

  /** Ends links that lie before a seq, and notes which seqs have no row. */
  #skipTo(seq: number): void {
    while (this.#open !== null && this.#open.last < seq) this.#endLink();
    const link = this.#open;
    if (link === null) return;
    const from = Math.max(link.first, this.#lastSeq + 1);
    noteMissing(link, from, seq - 1);
  }

  #endLink(): void {
    const link = this.#open;
    if (link === null) return;
    noteMissing(link, Math.max(link.first, this.#lastSeq + 1), link.last);
    const key = keyText(this.#workspace, link.first);
    const rest = link.rest?.digest("hex").slice(0, REST_CHARS);
    const isRest = rest !== undefined && rest === this.#file.removed.restOf(this.#ws, link.first);
    if (!this.#isSealed(link) && !isRest) this.#reportBroken(link, key);
    if (rest !== undefined && link.hasRemoved) this.#onRest?.(this.#ws, link.first, rest);
    this.#before = link;
    this.#open = this.#nextLink();
  }

  /** Links of earlier versions cover nothing that they ended; behind one that does, all do. */
  #isSealed({ digest, hash, withFormer }: OpenLink): boolean {
    if (withFormer === null || !this.#coversFormer) {
      if (hash.digest("hex") === digest) return true;
    }
    if (withFormer === null || withFormer.digest("hex") !== digest) return false;
    this.#coversFormer = true;
    return true;
  }

  #reportBroken(link: OpenLink, key: string): void {
    const { findings } = this.#file;
    const range = `${link.first} to ${link.last}`;
    const also = link.withFormer === null ? "" : ", or what they were before";
    findings.add("chain", key, `does not seal the rows of seq ${range} as they are now${also}`);
    // Nobody can tell any more which of the two it was; what waited and was released leaves a
    // gap as well, so a gap means something only where the seal is broken.
    for (const seq of link.missing) {
      const problem = "is missing: a step or journal entry that was sealed";
      findings.add("steps", keyText(this.#workspace, `seq ${seq}`), problem);
      findings.add("journal", keyText(this.#workspace, seq), problem);
    }
  }

  #nextLink(): OpenLink | null {
    const next = this.#links.next();
    if (next.done === true) return null;
    const link: Link = next.value;
    const key = keyText(this.#workspace, link.first);
    const tiles = link.first > this.#before.last && link.last >= link.first;
    const before = this.#before.last;
    const problem = `covers seq ${link.first} to ${link.last} after a link up to ${before}`;
    this.#file.findings.expect(tiles, ["chain", key, problem]);
    const hash = openSha256().update(this.#before.digest);
    const { committedAtMs } = link;
    if (committedAtMs !== null) hash.update(`\nt1\u001f${committedAtMs}`);
    const isInOrder = (committedAtMs ?? -1) >= (this.#before.committedAtMs ?? -1);
    const early = "has an earlier commit time than the link before it";
    this.#file.findings.expect(isInOrder, ["chain", key, early]);
    const lines = this.#former.before(link.first);
    const withFormer = lines.length === 0 ? null : hash.copy();
    for (const line of lines) withFormer?.update(`\n${line}`);
    const rest = this.#restHash(link, lines);
    return { ...link, hash, withFormer, rest, hasRemoved: false, missing: [] };
  }

  /** Begins with the link's own digest, that before it, and what it covers beside rows. */
  #restHash({ first, digest, committedAtMs }: Link, lines: readonly string[]): Hash | null {
    const isAsked =
      this.#onRest !== null || this.#file.removed.restOf(this.#ws, first) !== undefined;
    if (!isAsked) return null;
    const rest = openSha256().update(
      `${this.#before.digest}\n${digest}\nt1\u001f${committedAtMs ?? ""}`,
    );
    for (const line of lines) rest.update(`\n${line}`);
    return rest;
  }

  #noteBare(seq: number): void {
    if (this.#bare === null) this.#bare = { first: seq, last: seq };
    else this.#bare.last = seq;
  }

  #endBare(): void {
    if (this.#bare === null) return;
    const { first, last } = this.#bare;
    const problem = `is missing: no link seals the rows of seq ${first} to ${last}`;
    this.#file.findings.add("chain", keyText(this.#workspace, first), problem);
    this.#bare = null;
  }

  /** Ends the walk: the workspace must know the last seq and the last digest. */
  end(): void {
    while (this.#open !== null) this.#endLink();
    this.#endBare();
    const row = this.#file.first("SELECT * FROM workspaces WHERE ws = ?", this.#ws);
    if (row === undefined) return;
    this.#file.count("workspaces");
    const { findings } = this.#file;
    const at = ["workspaces", this.#workspace] as const;
    const { first, last } = this.#before;
    const isWithin = last <= (row.last_seq as number);
    const beyond = `ends at seq ${last}, after the last seq of the workspace`;
    findings.expect(isWithin, ["chain", keyText(this.#workspace, first), beyond]);
    const highest = Math.max(this.#lastSeq, this.#before.last);
    const seqs = `last_seq is ${row.last_seq}, the highest seq of its rows is ${highest}`;
    findings.expect(row.last_seq === highest, [...at, seqs]);
    const steps = this.#file.first("SELECT coalesce(max(step_no), 0) AS n FROM steps")?.n as number;
    const isSummed = (row.summed_step_no as number) <= steps;
    findings.expect(isSummed, [...at, `summed_step_no is beyond the last step, ${steps}`]);
    const sealed = row.chain === this.#before.digest;
    findings.expect(sealed, [...at, "chain is not the digest of the last link"]);
  }
}

function* readLinks(file: DataFile, ws: number): Generator<Link> {
  for (const row of file.each("SELECT * FROM chain WHERE ws = ? ORDER BY first_seq", ws)) {
    file.count("chain");
    const { first_seq: first, last_seq: last, digest } = row;
    const committedAtMs = row.committed_at as number | null;
    const place = { first: first as number, last: last as number };
    yield { ...place, digest: digest as string, committedAtMs };
  }
}

function noteMissing(link: OpenLink, from: number, to: number): void {
  for (let seq = from; seq <= to && link.missing.length < MISSING_MAX_COUNT; seq += 1) {
    link.missing.push(seq);
  }
}
