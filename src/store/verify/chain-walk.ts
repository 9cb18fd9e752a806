/** Follows the hash chain of one workspace link by link while its rows pass by in seq order. */
import type { Hash } from "node:crypto";
import { CHAIN_START } from "../../engine/commit/seal.ts";
import type { DataFile } from "./data-file.ts";
import { openSha256 } from "./digests.ts";
import { keyText } from "./findings.ts";
import { FormerLines } from "./former-lines.ts";
import { OverrunLines } from "./overrun-lines.ts";

interface Link {
  readonly first: number;
  readonly last: number;
  readonly digest: string;
  /** Null: it was made before links had times. */
  readonly committedAtMs: number | null;
}

/** What a link may have covered, by the version that made it. */
interface Covered {
  readonly hash: Hash;
  readonly coversFormer: boolean;
}

interface OpenLink extends Link {
  /** Of what links cover, and of what those of earlier versions did, newest first. */
  readonly hashes: readonly Covered[];
  /** Lines that are not hashed yet. */
  lines: string;
  standingLines: string;
  restLines: string;
  readonly hasFormer: boolean;
  readonly hasOverruns: boolean;
  /** Of what former removals have left, newest first; empty: nothing was removed of it. */
  readonly standing: readonly Hash[];
  /** Of what the removal that is prepared will leave, newest first; empty: none is. */
  readonly rests: readonly Hash[];
  /** Whether a row that is about to be removed was among its rows. */
  hasRemoved: boolean;
  /** Seqs of the link that no row has. */
  readonly missing: number[];
}

const MISSING_MAX_COUNT = 20;
/** Lines are hashed together up to this length: a call costs as much as a line. */
const LINES_MAX_CHARS = 65_536;
/** What the line of a link's time begins with: whether the link covers overruns. */
const [WITH_OVERRUNS, WITHOUT_OVERRUNS] = ["t2", "t1"] as const;
/** Of a SHA-256: 128 bits. */
const REST_CHARS = 32;

/** A row that took a seq. */
export interface PassingRow {
  readonly table: string;
  readonly seq: number;
  /** What the chain covers of it, if anything. */
  readonly text: string | null;
  readonly removal: Removal;
}

/** Whether it is of a run whose steps go: by acts on record, or by the removal that is prepared. */
export type Removal = "none" | "recorded" | "prepared";

/** Told of links that lose rows, with the digest of what remains. */
export type OnRest = (ws: number, first: number, rest: string) => void;

/** Follows the hash chain link by link. */
export class ChainWalk {
  readonly #file: DataFile;
  readonly #workspace: string;
  readonly #ws: number;
  readonly #links: Iterator<Link>;
  readonly #former: FormerLines;
  readonly #overruns: OverrunLines;
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
    this.#overruns = new OverrunLines(file, ws);
    this.#open = this.#nextLink();
  }

  /** A row of any table passes by. */
  pass({ table, seq, text: sealedText, removal }: PassingRow): void {
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
    link.lines += `\n${sealedText}`;
    if (removal === "prepared") link.hasRemoved = true;
    if (removal !== "recorded" && link.standing.length > 0) link.standingLines += `\n${sealedText}`;
    if (removal === "none" && link.rests.length > 0) link.restLines += `\n${sealedText}`;
    if (link.lines.length > LINES_MAX_CHARS) hashLines(link);
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
    hashLines(link);
    const told = this.#file.removed.restOf(this.#ws, link.first);
    const isStanding = link.standing.some((hash) => restOf(hash) === told);
    if (!this.#isSealed(link) && !isStanding) this.#reportBroken(link, key);
    const [rest] = link.rests;
    if (rest !== undefined && link.hasRemoved) this.#onRest?.(this.#ws, link.first, restOf(rest));
    this.#before = link;
    this.#open = this.#nextLink();
  }

  /**
   * Of links with former versions those of the earliest versions cover none; behind one that does,
   * all do.
   */
  #isSealed({ digest, hashes, hasFormer }: OpenLink): boolean {
    const found = hashes.find(({ hash }) => hash.digest("hex") === digest);
    if (found === undefined) return false;
    if (!hasFormer) return true;
    if (!found.coversFormer && this.#coversFormer) return false;
    this.#coversFormer ||= found.coversFormer;
    return true;
  }

  #reportBroken(link: OpenLink, key: string): void {
    const { findings } = this.#file;
    const range = `${link.first} to ${link.last}`;
    const former = link.hasFormer ? ", or what they were before" : "";
    const also = link.hasOverruns ? `${former}, or the overruns among them` : former;
    findings.add("chain", key, `does not seal the rows of seq ${range} as they are now${also}`);
    // Nobody can tell any more which of the two it was; what waited and was released leaves a
    // gap as well, so a gap means something only where the seal is broken.
    for (const seq of link.missing) {
      const problem = "is missing: a step, journal entry or overrun that was sealed";
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
    const { committedAtMs } = link;
    const isInOrder = (committedAtMs ?? -1) >= (this.#before.committedAtMs ?? -1);
    const early = "has an earlier commit time than the link before it";
    this.#file.findings.expect(isInOrder, ["chain", key, early]);
    const former = this.#former.before(link.first);
    const overruns = this.#overruns.upTo(link.last);
    const hasRest = this.#file.removed.restOf(this.#ws, link.first) !== undefined;
    return {
      ...link,
      hashes: this.#beginnings(link, { former, overruns }),
      standing: hasRest ? this.#rests(link, { former, overruns }) : [],
      rests: this.#onRest === null ? [] : this.#rests(link, { former, overruns }),
      hasFormer: former.length > 0,
      hasOverruns: overruns.length > 0,
      ...{ lines: "", standingLines: "", restLines: "", hasRemoved: false },
      missing: [],
    };
  }

  /** What stands in front of a link's rows, by the version that made it, newest first. */
  #beginnings({ committedAtMs }: Link, { former, overruns }: Beside): Covered[] {
    const { digest } = this.#before;
    // Before links had times they covered rows alone.
    const [now, then] =
      committedAtMs === null
        ? [null, [digest]]
        : [
            [digest, timeLine(WITH_OVERRUNS, committedAtMs), ...former, ...overruns],
            [digest, timeLine(WITHOUT_OVERRUNS, committedAtMs)],
          ];
    const covered = now === null ? [] : [{ hash: hashOf(now), coversFormer: true }];
    if (former.length > 0) covered.push({ hash: hashOf([...then, ...former]), coversFormer: true });
    return [...covered, { hash: hashOf(then), coversFormer: false }];
  }

  /** Begins with the link's own digest, that before it, and what it covers beside rows. */
  #rests({ digest, committedAtMs }: Link, { former, overruns }: Beside): Hash[] {
    const before = [this.#before.digest, digest];
    return [
      [...before, timeLine(WITH_OVERRUNS, committedAtMs), ...former, ...overruns],
      [...before, timeLine(WITHOUT_OVERRUNS, committedAtMs), ...former],
    ].map((lines) => hashOf(lines));
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

/** Lines of what a link covers beside rows. */
interface Beside {
  readonly former: readonly string[];
  readonly overruns: readonly string[];
}

function hashLines(link: OpenLink): void {
  for (const { hash } of link.hashes) hash.update(link.lines);
  for (const hash of link.standing) hash.update(link.standingLines);
  for (const hash of link.rests) hash.update(link.restLines);
  link.lines = "";
  link.standingLines = "";
  link.restLines = "";
}

function restOf(hash: Hash): string {
  return hash.digest("hex").slice(0, REST_CHARS);
}

function timeLine(of: string, committedAtMs: number | null): string {
  return `${of}\u001f${committedAtMs ?? ""}`;
}

function hashOf(lines: readonly string[]): Hash {
  return openSha256().update(lines.join("\n"));
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
