/**
 * Which identities the holds of runs have, whether they count or ended, in memory: nearly every
 * hold that is asked for is new, and a look into the file for it takes a tenth of all that a hold
 * costs. The identities of a run are read once, in one go; they are kept as `kept-identities.ts`
 * keeps those of steps, and where two share their bits the file is asked once too often.
 */
import type { StepKey } from "../../engine/ports.ts";
import { PrintTable, printOfText, TABLE_MAX_COUNT } from "../kept-identities.ts";
import type { Statements } from "./statements.ts";

const OF_RUN = "SELECT source, id FROM holds WHERE ws = ? AND run = ? LIMIT ?";
/**
 * Of a run with more they are not read: each that is asked for is looked for in the file. Reading
 * 16 takes as long as three looks; and what is read drives out what was read before, so long runs
 * that take turns would be read again for every hold.
 */
const RUN_HOLDS_MAX_COUNT = 16;

/** What is known of the runs that were asked about since a table was begun, and of their holds. */
class Generation {
  readonly prints = new PrintTable();
  /** True: all its holds are here, or in the generation that was read with it. */
  readonly runs = new Map<string, boolean>();

  isFull(maxCount: number): boolean {
    return this.prints.count >= maxCount || this.runs.size >= maxCount / PRINTS_A_RUN;
  }
}

/** The id of a run takes the room of so many prints. */
const PRINTS_A_RUN = 4;

/** The identities of the holds of one workspace. */
export class HeldIdentities {
  readonly #statements: Statements;
  readonly #ws: number;
  readonly #tableMaxCount: number;
  #younger = new Generation();
  #older = new Generation();

  /** `tableMaxCount` is for tests. (Default: TABLE_MAX_COUNT.) */
  constructor(statements: Statements, ws: number, tableMaxCount = TABLE_MAX_COUNT) {
    this.#statements = statements;
    this.#ws = ws;
    this.#tableMaxCount = tableMaxCount;
  }

  /** False: there is no such hold in the file. True: there may be one. */
  mayHold({ run, source, id }: StepKey): boolean {
    if (!this.#isRead(run)) return true;
    const print = printOf(run, source, id);
    return this.#younger.prints.has(print) || this.#older.prints.has(print);
  }

  /** A hold is in the file now. */
  add({ run, source, id }: StepKey): void {
    if (this.#known(run) !== true) return;
    this.#younger.prints.add(printOf(run, source, id));
    this.#turn();
  }

  /** Undefined: nothing is known of the run; false: it has too many holds. */
  #known(run: string): boolean | undefined {
    return this.#younger.runs.get(run) ?? this.#older.runs.get(run);
  }

  #isRead(run: string): boolean {
    const known = this.#known(run);
    if (known !== undefined) return known;
    const rows = this.#statements.of(OF_RUN).all(this.#ws, run, RUN_HOLDS_MAX_COUNT + 1);
    const isRead = rows.length <= RUN_HOLDS_MAX_COUNT;
    this.#younger.runs.set(run, isRead);
    if (isRead) {
      for (const row of rows) {
        this.#younger.prints.add(printOf(run, row.source as string, row.id as string));
      }
    }
    this.#turn();
    return isRead;
  }

  /** When the younger one is full it becomes the older, and what that held is read again. */
  #turn(): void {
    if (!this.#younger.isFull(this.#tableMaxCount)) return;
    this.#older = this.#younger;
    this.#younger = new Generation();
  }
}

function printOf(run: string, source: string, id: string): number {
  return printOfText(printOfText(printOfText(SEED, run), source), id);
}

const SEED = 0x811c9dc5;
