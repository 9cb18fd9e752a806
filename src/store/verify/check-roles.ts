/** The role of each step against what its run says of who may bill. */
import type { Step } from "../../domain/event/step.ts";
import type { DataFile } from "./data-file.ts";
import type { ReadStep } from "./step-row.ts";

const WITNESS = "SELECT 1 FROM witnesses WHERE ws = ? AND run = ? AND source = ? AND id = ?";

/** Where no run names an authority, no step is looked at but those that one had overruled. */
export class Roles {
  readonly #file: DataFile;
  readonly #hasAuthority: boolean;

  constructor(file: DataFile) {
    this.#file = file;
    const sql = "SELECT 1 FROM runs WHERE authority IS NOT NULL LIMIT 1";
    this.#hasAuthority = file.first(sql) !== undefined;
  }

  /** Steps of a run that is being restated follow part by part. */
  check({ ws, key }: ReadStep, step: Step): void {
    if (!this.#hasAuthority && !step.overruled) return;
    const sql = `SELECT authority, instr(head, char(29)) AS restating FROM runs
      WHERE ws = ? AND id = ?`;
    const run = this.#file.first(sql, ws, step.run);
    if (run === undefined || run.restating !== 0) return;
    const { findings } = this.#file;
    const mayBill = run.authority === null || run.authority === step.source;
    const problem = `bills, and the authority of its run is "${run.authority}"`;
    findings.expect(mayBill || step.role !== "bill", ["steps", key, problem]);
    // A person's void is final; a witness waits for the call that another step holds.
    if (!step.overruled || !mayBill || step.voided) return;
    const isWitness = this.#file.first(WITNESS, ws, step.run, step.source, step.id) !== undefined;
    findings.expect(isWitness, ["steps", key, "is overruled, and its run lets it bill"]);
  }
}
