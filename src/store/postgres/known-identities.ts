/**
 * Which identities the runs of a workspace hold, as far as this node wrote them or another node
 * told it: a step of any other identity is new, and nobody asks the server for it.
 *
 * A print is a hash of the run and the identity alone, so it is the same on every node, and a
 * commit tells those of its steps (`touched.ts`). Of a run nothing is known unless all that it
 * holds is: it was begun by a commit of this node, or by one that told so, and each one since told
 * its prints.
 */
import { KNOWN_ROWS_MAX_COUNT } from "../../domain/database-limits.ts";
import type { StepKey } from "../../engine/ports.ts";
import {
  KeptIdentities,
  type KnownIds,
  printOf,
  printOfText,
  unreadRun,
} from "../kept-identities.ts";
import { Recent } from "../recent.ts";

/** Sources are left out: where two of a run use the same id, the server is asked. */
const ANY_SOURCE = 0;
const RUNS_SEED = 0x2f6b1c35;

function numberOf(run: string): number {
  return printOfText(RUNS_SEED, run);
}

/** Prints of steps, as any node makes them. */
export function printsOf(steps: readonly Pick<StepKey, "run" | "id">[]): number[] {
  const numbers = new Map<string, number>();
  return steps.map(({ run, id }) => {
    const no = numbers.get(run) ?? numberOf(run);
    numbers.set(run, no);
    return printOf(no, ANY_SOURCE, id);
  });
}

/** What is known of one workspace. */
export class KnownIdentities {
  readonly #runs = new Recent<string, KnownIds>(KNOWN_ROWS_MAX_COUNT);
  readonly #kept = new KeptIdentities();

  /** Memory that they take. */
  get bytes(): number {
    return this.#kept.bytes;
  }

  get runCount(): number {
    return this.#runs.size;
  }

  /** A run that holds nothing yet. One that was begun before stays as it was. */
  begin(run: string): void {
    if (this.#runs.get(run) !== undefined) return;
    const known = unreadRun(numberOf(run));
    this.#kept.begin(known);
    this.#runs.set(run, known);
  }

  /** False: there is no such step. True: there may be one. */
  mayHold({ run, id }: StepKey): boolean {
    const known = this.#runs.get(run);
    return known === undefined || this.#kept.mayHold(known, ANY_SOURCE, id);
  }

  /** A step of this node. */
  add({ run, id }: Pick<StepKey, "run" | "id">): void {
    const known = this.#runs.get(run);
    if (known !== undefined) this.#kept.add(known, ANY_SOURCE, id);
  }

  /** Steps of another node. */
  addTold(prints: readonly number[]): void {
    for (const print of prints) this.#kept.addPrint(print);
  }

  /** Somebody added to it and did not tell what. */
  forget(run: string): void {
    this.#runs.delete(run);
  }
}
