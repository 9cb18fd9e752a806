/**
 * Which identities runs hold, in memory: nearly every step that arrives is new, and knowing so
 * without asking the file saves 3 µs a step. The ids of a run are read once, in one go; a run with
 * too many is asked for in the file each time.
 */
import type { Statements } from "./statements.ts";
import { decodeId } from "./stored-id.ts";

/** More ids than this are not kept for one run: a standing run may hold millions. */
const RUN_IDS_MAX_COUNT = 2_000;
/** Ids kept in all, at about 100 bytes each. */
const IDS_MAX_COUNT = 100_000;

/** Ids by source. */
type RunIds = Map<number, Set<string>>;

/** The identities of the runs that were worked on last. */
export class RunIdentities {
  readonly #statements: Statements;
  /** Null: too many to keep. The run read longest ago comes first. */
  readonly #runs = new Map<number, RunIds | null>();
  #count = 0;

  constructor(statements: Statements) {
    this.#statements = statements;
  }

  /** A run that has no step yet. */
  begin(runNo: number): void {
    this.#runs.set(runNo, new Map());
  }

  /** False: the run holds no such step. True: it may, and the file knows. */
  mayHold(runNo: number, sourceNo: number, id: string): boolean {
    let ids = this.#runs.get(runNo);
    if (ids === undefined) ids = this.#read(runNo);
    return ids === null || ids.get(sourceNo)?.has(id) === true;
  }

  /** A step was added, or replaced. */
  add(runNo: number, sourceNo: number, id: string): void {
    const ids = this.#runs.get(runNo);
    if (ids === undefined || ids === null) return;
    let own = ids.get(sourceNo);
    if (own === undefined) {
      own = new Set();
      ids.set(sourceNo, own);
    }
    if (own.has(id)) return;
    own.add(id);
    this.#count += 1;
    if (own.size > RUN_IDS_MAX_COUNT) this.#giveUp(runNo, ids);
    else this.#shrink(runNo);
  }

  clear(): void {
    this.#runs.clear();
    this.#count = 0;
  }

  #read(runNo: number): RunIds | null {
    const sql = "SELECT source_no, id FROM steps WHERE run_no = ? LIMIT ?";
    const rows = this.#statements.of(sql).all(runNo, RUN_IDS_MAX_COUNT + 1);
    if (rows.length > RUN_IDS_MAX_COUNT) {
      this.#runs.set(runNo, null);
      return null;
    }
    const ids: RunIds = new Map();
    this.#runs.set(runNo, ids);
    for (const row of rows) this.add(runNo, row.source_no as number, decodeId(row.id));
    return ids;
  }

  #giveUp(runNo: number, ids: RunIds): void {
    this.#count -= countOf(ids);
    this.#runs.set(runNo, null);
  }

  /** Forgets the runs read longest ago, several at once (see Recent), but not the one at hand. */
  #shrink(runNo: number): void {
    if (this.#count <= IDS_MAX_COUNT) return;
    for (const [oldest, ids] of this.#runs) {
      if (this.#count <= IDS_MAX_COUNT * 0.75 || oldest === runNo) return;
      this.#runs.delete(oldest);
      if (ids !== null) this.#count -= countOf(ids);
    }
  }
}

function countOf(ids: RunIds): number {
  let count = 0;
  for (const own of ids.values()) count += own.size;
  return count;
}
