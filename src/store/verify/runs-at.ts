/** Runs as they were at a seq: where they stood in their tree, and when they had opened. */
import { decodeFormerRun } from "../former-rows.ts";
import type { DataFile } from "./data-file.ts";

/** What a run was. */
export interface RunAt {
  readonly id: string;
  readonly parent: string | null;
  readonly openedAtMs: number;
}

/** A tree that is deeper goes in a circle: that is a finding of the runs. */
const DEPTH_MAX = 1_000;

const FORMER = `SELECT * FROM former_runs
  WHERE ws = ? AND run = ? AND until_seq >= ? ORDER BY until_seq LIMIT 1`;
const NOW = "SELECT id, parent, opened_at FROM runs WHERE ws = ? AND id = ? AND since_seq <= ?";
const CHILDREN_NOW = `SELECT id, parent, opened_at FROM runs INDEXED BY runs_by_parent
  WHERE ws = ? AND parent = ? AND since_seq <= ?`;
const CHILDREN_FORMER = `SELECT * FROM former_runs
  WHERE ws = ? AND since_seq <= ? AND until_seq >= ? AND instr(document, json_quote(?)) > 0`;

/** Runs of one workspace, as of the unit of work that a seq is of. */
export class RunsAt {
  readonly #file: DataFile;
  readonly #ws: number;
  readonly #seq: number;

  constructor(file: DataFile, ws: number, seq: number) {
    this.#file = file;
    this.#ws = ws;
    this.#seq = seq;
  }

  /** Undefined: there was none, or it cannot be read, which is a finding elsewhere. */
  of(id: string): RunAt | undefined {
    const former = this.#file.first(FORMER, this.#ws, id, this.#seq);
    if (former !== undefined) {
      if ((former.since_seq as number) > this.#seq) return undefined;
      return readFormer(former);
    }
    const row = this.#file.first(NOW, this.#ws, id, this.#seq);
    return row && readNow(row);
  }

  /** How many runs stand on the way from a run to its root, both included. */
  depthOf(id: string): number {
    let depth = 0;
    for (let at = this.of(id); at !== undefined && depth < DEPTH_MAX; ) {
      depth += 1;
      at = at.parent === null ? undefined : this.of(at.parent);
    }
    return depth;
  }

  /** The runs right below one. */
  childrenOf(id: string): RunAt[] {
    const now = this.#file.all(CHILDREN_NOW, this.#ws, id, this.#seq).map(readNow);
    const seqs = [this.#seq, this.#seq] as const;
    const former = this.#file.all(CHILDREN_FORMER, this.#ws, ...seqs, id).flatMap((row) => {
      const run = readFormer(row);
      return run?.parent === id ? [run] : [];
    });
    return [...now, ...former];
  }

  /** A run and all below it. */
  treeOf(id: string): RunAt[] {
    const root = this.of(id);
    const found = new Map(root === undefined ? [] : [[id, root]]);
    // What a set is told while it is gone through comes at its end.
    for (const run of found.keys()) {
      for (const below of this.childrenOf(run)) {
        if (!found.has(below.id)) found.set(below.id, below);
      }
    }
    return [...found.values()];
  }
}

function readNow(row: ReturnType<DataFile["all"]>[number]): RunAt {
  const { id, parent, opened_at: openedAtMs } = row;
  return { id: id as string, parent: parent as string | null, openedAtMs: openedAtMs as number };
}

function readFormer(row: ReturnType<DataFile["all"]>[number]): RunAt | undefined {
  try {
    const { id, parent, openedAtMs } = decodeFormerRun(row);
    return { id, parent, openedAtMs };
  } catch {
    return undefined;
  }
}
