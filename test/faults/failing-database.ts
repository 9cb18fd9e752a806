/**
 * Makes calls of node:sqlite fail, the n-th or from the n-th on, as a disk would make them fail:
 * the error has SQLite's form and what it interrupts is rolled back by whoever caught it.
 */
import { DatabaseSync, StatementSync } from "node:sqlite";

/** What fails, counted from 1 after arming. */
export interface Fault {
  /**
   * - `call`: a call of any kind, which then does not happen.
   * - `commit`: a COMMIT, which then does not happen.
   * - `answer`: a COMMIT that does happen: only its answer is lost.
   */
  readonly kind: "call" | "commit" | "answer";
  readonly nth: number;
}

let fault: Fault | null = null;
let seen = 0;
let isHit = false;

function diskError(): Error {
  return Object.assign(new Error("disk I/O error"), { code: "ERR_SQLITE_ERROR", errcode: 10 });
}

/** Counts a call and says whether it is the one. */
function isTheOne(kinds: readonly Fault["kind"][]): boolean {
  if (fault === null || !kinds.includes(fault.kind)) return false;
  seen += 1;
  if (seen !== fault.nth) return false;
  isHit = true;
  return true;
}

const exec = DatabaseSync.prototype.exec;
DatabaseSync.prototype.exec = function (sql: string) {
  // What undoes a failure needs no disk.
  if (sql !== "ROLLBACK" && isTheOne(["call"])) throw diskError();
  if (sql === "COMMIT" && isTheOne(["commit"])) throw diskError();
  exec.call(this, sql);
  if (sql === "COMMIT" && isTheOne(["answer"])) throw diskError();
};

for (const name of ["run", "get", "all"] as const) {
  const original = StatementSync.prototype[name] as (...values: unknown[]) => unknown;
  StatementSync.prototype[name] = function (this: StatementSync, ...values: unknown[]) {
    if (isTheOne(["call"])) throw diskError();
    return original.apply(this, values);
  } as never;
}

/** Lets one call fail, once. */
export function arm(next: Fault): void {
  fault = next;
  seen = 0;
  isHit = false;
}

/** Ends it. True when the fault happened: false says that there are fewer calls. */
export function disarm(): boolean {
  fault = null;
  return isHit;
}
