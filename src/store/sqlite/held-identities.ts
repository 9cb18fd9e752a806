/**
 * Which identities the holds of runs have, whether they count or ended, in memory: nearly every
 * hold that is asked for is new, and a look into the file for it takes a tenth of all that a hold
 * costs. The identities of a run are read once, in one go; they are kept as `kept-identities.ts`
 * keeps those of steps, and where two share their bits the file is asked once too often.
 */
import type { StepKey } from "../../engine/ports.ts";
import { PrintTable, TABLE_MAX_COUNT } from "../kept-identities.ts";
import type { Statements } from "./statements.ts";

const OF_RUN = "SELECT source, id FROM holds WHERE ws = ? AND run = ? LIMIT ?";
/** More are not read for one run: each of its holds is asked for in the file. */
const RUN_HOLDS_MAX_COUNT = 2_000;

/** What is known of the runs that were asked about since a table was begun, and of their holds. */
class Generation {
  readonly prints = new PrintTable();
  /** True: all its holds are here, or in the generation that was read with it. */
  readonly runs = new Map<string, boolean>();

  get isFull(): boolean {
    return this.prints.count >= TABLE_MAX_COUNT || this.runs.size >= TABLE_MAX_COUNT;
  }
}

/** The identities of the holds of one workspace. */
export class HeldIdentities {
  readonly #statements: Statements;
  readonly #ws: number;
  #younger = new Generation();
  #older = new Generation();

  constructor(statements: Statements, ws: number) {
    this.#statements = statements;
    this.#ws = ws;
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
    if (!this.#younger.isFull) return;
    this.#older = this.#younger;
    this.#younger = new Generation();
  }
}

/** 52 bits of an identity, never 0. */
function printOf(run: string, source: string, id: string): number {
  let high = 0x811c9dc5;
  let low = 0x9e3779b1;
  for (const text of [run, source, id]) {
    for (let at = 0; at < text.length; at += 1) {
      const code = text.charCodeAt(at);
      high = Math.imul(high ^ code, 0x01000193);
      low = Math.imul(low ^ code, 0x5bd1e995);
    }
    // Ids hold no such character: ("a", "bc") and ("ab", "c") differ.
    high = Math.imul(high ^ 0xffff, 0x01000193);
    low = Math.imul(low ^ 0xffff, 0x5bd1e995);
  }
  high ^= high >>> 15;
  return (high >>> 0) * 2 ** 20 + (low >>> 12) + 1;
}
