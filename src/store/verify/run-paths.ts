/** A run and all above it, read from the rows of runs. */
import type { Run } from "../../domain/run/run.ts";
import { Recent } from "../recent.ts";
import type { DataFile } from "./data-file.ts";

/** A run on the way from a step to its root. */
export interface RunOnPath {
  readonly id: string;
  readonly agent: string | null;
  readonly labels: Run["labels"];
  /** The card that the run itself is counted by; null: none. */
  readonly cardVersionId: number | null;
}

interface KnownRun extends RunOnPath {
  readonly parent: string | null;
  readonly isStanding: boolean;
}

const RUNS_MAX_ROWS = 50_000;
/** A tree that is deeper goes in a circle: that is a finding of the runs. */
const DEPTH_MAX = 1_000;

/** Paths by run. */
export class RunPaths {
  readonly #file: DataFile;
  readonly #runs = new Recent<string, KnownRun>(RUNS_MAX_ROWS);

  constructor(file: DataFile) {
    this.#file = file;
  }

  /** The run first. Empty where one of them is a standing run, unless such are asked for. */
  of(ws: number, id: string, { isStandingToo = false } = {}): readonly RunOnPath[] {
    const path: KnownRun[] = [];
    for (let next: string | null = id; next !== null && path.length < DEPTH_MAX; ) {
      const run = this.#run(ws, next);
      if (run === undefined) break;
      if (run.isStanding && !isStandingToo) return [];
      path.push(run);
      next = run.parent;
    }
    return path;
  }

  #run(ws: number, id: string): KnownRun | undefined {
    const key = `${ws} ${id}`;
    const known = this.#runs.get(key);
    if (known !== undefined) return known;
    const sql = `SELECT id, agent, labels, parent, standing, rating FROM runs
      WHERE ws = ? AND id = ?`;
    const row = this.#file.first(sql, ws, id);
    if (row === undefined) return undefined;
    const run = {
      id,
      agent: row.agent as string | null,
      labels: read<Run["labels"]>(row.labels),
      cardVersionId: read<Run["rating"]>(row.rating)?.cardVersionId ?? null,
      parent: row.parent as string | null,
      isStanding: row.standing === 1,
    };
    this.#runs.set(key, run);
    return run;
  }
}

/** What cannot be read is a finding of the run. */
function read<T>(text: unknown): T | null {
  try {
    return JSON.parse((text ?? "null") as string) as T | null;
  } catch {
    return null;
  }
}
