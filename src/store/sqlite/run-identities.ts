/**
 * Which identities the runs of a file hold, in memory: nearly every step that arrives is new, and
 * knowing so without asking the file saves 3 µs a step. The ids of a run that is met again are read
 * in one go, unless it has too many: that is asked for in the file each time.
 */
import { KeptIdentities, type KnownIds } from "../kept-identities.ts";
import type { Statements } from "./statements.ts";
import { decodeId } from "./stored-id.ts";

/**
 * Of a run with more they are not read: each step that arrives is looked for in the file. Reading
 * 16 takes as long as three looks; and what is read drives out what was read before, so long runs
 * that take turns would be read again for every step.
 */
const RUN_IDS_MAX_COUNT = 16;

const TOO_MANY = -1;

/** The identities of the runs that were worked on last. */
export class RunIdentities extends KeptIdentities {
  readonly #statements: Statements;

  /** `tableMaxCount` is for tests. */
  constructor(statements: Statements, tableMaxCount?: number) {
    super(tableMaxCount);
    this.#statements = statements;
  }

  /** True: `read` has nothing to read. */
  isAtHand(run: KnownIds): boolean {
    return run.idsFrom === TOO_MANY || this.isKept(run);
  }

  /** Reads the ids of a run, unless they are at hand. All of them must be in the file. */
  read(run: KnownIds): void {
    if (this.isAtHand(run)) return;
    const sql = "SELECT source_no, id FROM steps WHERE run_no = ? LIMIT ?";
    const rows = this.#statements.of(sql).all(run.runNo, RUN_IDS_MAX_COUNT + 1);
    if (rows.length > RUN_IDS_MAX_COUNT) {
      run.idsFrom = TOO_MANY;
      return;
    }
    this.begin(run);
    for (const row of rows) this.add(run, row.source_no as number, decodeId(row.id));
  }
}
