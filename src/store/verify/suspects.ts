/**
 * Many steps share a name, a run or a customer, and their texts cover it. Where a shared row was
 * altered, every step that uses it fails its checksum: then that row is named as well.
 */
import type { DataFile } from "./data-file.ts";
import { keyText } from "./findings.ts";
import type { ReadStep } from "./step-row.ts";

const FAILED_MAX_COUNT = 10_000;
/** One failing step says nothing about the row that it alone uses. */
const SHARED_MIN_COUNT = 2;
/** Each is looked for in all steps. */
const SUSPECTS_MAX_COUNT = 20;

interface Suspect {
  readonly table: "names" | "runs";
  readonly number: number;
  readonly failed: ReadStep[];
}

/** Rows that an altered name may have spoiled. */
export class Suspects {
  readonly #file: DataFile;
  readonly #failed: ReadStep[] = [];

  constructor(file: DataFile) {
    this.#file = file;
  }

  /** A step does not match its checksum. */
  note(step: ReadStep): void {
    if (this.#failed.length < FAILED_MAX_COUNT) this.#failed.push(step);
  }

  /** Names the shared rows that explain failures: those that explain most come first. */
  report(): void {
    let left = new Set(this.#failed);
    const byCount = this.#suspects().sort((a, b) => b.failed.length - a.failed.length);
    const shared = byCount.slice(0, SUSPECTS_MAX_COUNT);
    const suspects = shared.filter((suspect) => this.#allFail(suspect));
    const explained = new Set<ReadStep>();
    let size = Number.POSITIVE_INFINITY;
    for (const suspect of suspects) {
      if (suspect.failed.length < size) left = new Set([...left].filter((s) => !explained.has(s)));
      size = suspect.failed.length;
      if (!suspect.failed.some((step) => left.has(step))) continue;
      for (const step of suspect.failed) explained.add(step);
      this.#blame(suspect);
    }
  }

  #suspects(): Suspect[] {
    const found = new Map<string, Suspect>();
    const add = (table: Suspect["table"], number: number, step: ReadStep): void => {
      const key = `${table} ${number}`;
      const suspect = found.get(key) ?? { table, number, failed: [] };
      suspect.failed.push(step);
      found.set(key, suspect);
    };
    for (const step of this.#failed) {
      for (const name of new Set(step.names)) add("names", name, step);
      add("runs", step.runNo, step);
    }
    return [...found.values()].filter(({ failed }) => failed.length >= SHARED_MIN_COUNT);
  }

  #allFail({ table, number, failed }: Suspect): boolean {
    const of = table === "runs" ? "run_no = ?1" : "?1 IN (source_no, facets_no, labels_no)";
    const sql = `SELECT (SELECT count(*) FROM steps WHERE ${of})
      + (SELECT count(*) FROM former_steps WHERE ${of}) AS n`;
    return this.#file.first(sql, number)?.n === failed.length;
  }

  #blame({ table, number, failed: { length } }: Suspect): void {
    const { findings } = this.#file;
    const problem = `each of the ${length} steps that use it fails its checksum`;
    if (table === "names") {
      findings.add("names", String(number), problem);
      return;
    }
    const run = this.#file.first("SELECT ws, id FROM runs WHERE run_no = ?", number);
    if (run === undefined) return;
    const key = keyText(this.#file.workspace(run.ws as number), run.id as string);
    findings.add("runs", key, problem);
  }
}
