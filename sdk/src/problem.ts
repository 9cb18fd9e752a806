/** What went wrong without the application being told by an error. */
import type { WireEvent } from "./events.ts";

/** One such problem. */
export type Problem =
  /** Events that are lost: the buffer was full, the server refused them, or the process ended. */
  | { readonly kind: "dropped"; readonly events: readonly WireEvent[]; readonly detail: string }
  /** Events that the server does not take as sent; the reason is its own. */
  | {
      readonly kind: "rejected";
      readonly event: WireEvent;
      readonly code: string;
      readonly detail: string;
    }
  /** A request did not get through. Its events are kept and sent again. */
  | { readonly kind: "unsent"; readonly waiting: number; readonly detail: string }
  /** A call went on without a hold, because nobody could decide and the policy is `open`. */
  | {
      readonly kind: "undecided";
      readonly run: string;
      readonly step: string;
      readonly detail: string;
    }
  /** Model calls outside any run, or of a host that is named wrongly: not guarded, not metered. */
  | { readonly kind: "unattributed"; readonly host: string; readonly detail: string }
  /** An option that has no meaning: it does nothing. Each is told once. */
  | { readonly kind: "ignored"; readonly option: string; readonly detail: string }
  /**
   * Counts of a provider's usage block that Tollgate has no rule for: they are in no bucket and
   * cost nothing there, whatever the provider bills. Each is told once.
   */
  | {
      readonly kind: "uncounted";
      readonly event: WireEvent;
      /** Their paths below the event. */
      readonly counts: readonly string[];
      readonly detail: string;
    }
  /** A call whose usage could not be read: it is recorded by estimate. */
  | {
      readonly kind: "unread";
      readonly run: string;
      readonly step: string;
      readonly detail: string;
    };

/** Takes problems. What it throws is ignored: metering never breaks the application. */
export type OnProblem = (problem: Problem) => void;

/** Makes a callback that never throws; without one, problems are printed as warnings. */
export function problemReporter(callback: OnProblem = warn): OnProblem {
  return silenced(callback);
}

/** A callback whose own failure is the application's affair, and no reason to fail a call. */
export function silenced<Told>(callback: (told: Told) => void): (told: Told) => void {
  return (told) => {
    try {
      callback(told);
    } catch {
      // Nobody is left who could be told.
    }
  };
}

function warn(problem: Problem): void {
  const about = problem.kind === "dropped" ? `${problem.events.length} events: ` : "";
  console.warn(`tollgate: ${problem.kind}: ${about}${problem.detail}`);
}
