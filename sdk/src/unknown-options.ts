/**
 * Options that nobody reads. JavaScript has no types: a cap under another name caps nothing, and a
 * run's id under another name is another run.
 */
import type { RunOptions, TollgateOptions } from "./options.ts";

const OF_TOLLGATE: Readonly<Record<keyof TollgateOptions, true>> = {
  ...{ url: true, key: true, source: true, fetch: true, guard: true, onUndecided: true },
  ...{ buffer: true, hosts: true, estimateInputTokens: true, streamIdleMs: true },
  ...{ onProblem: true, onNotice: true, flushOnSignals: true },
};

const OF_RUN: Readonly<Record<keyof RunOptions, true>> = {
  ...{ customer: true, agent: true, id: true, parentRun: true, endUser: true },
  ...{ labels: true, caps: true, guard: true },
};

/** An option that has no meaning, with what there is. */
export interface UnknownOption {
  readonly option: string;
  readonly detail: string;
}

/** Those of `new Tollgate(options)`. */
export function unknownToTollgate(options: object): UnknownOption[] {
  return unknownTo("A Tollgate", options, OF_TOLLGATE);
}

/** Those of `tollgate.run(options)`. */
export function unknownToRun(options: object): UnknownOption[] {
  return unknownTo("A run", options, OF_RUN);
}

function unknownTo(whose: string, options: object, known: object): UnknownOption[] {
  return Object.keys(options)
    .filter((option) => !Object.hasOwn(known, option))
    .map((option) => {
      const all = Object.keys(known).join(", ");
      return { option, detail: `${whose} has no option "${option}"; it has ${all}.` };
    });
}
