/**
 * When an outcome is final and whether it is, worked out a second time from the journal and the
 * documents of the cards.
 */
import type { OutcomeRecorded } from "../../domain/event/event.ts";
import type { JournalEntry } from "../../domain/event/journal.ts";
import type { OutcomeState } from "../../domain/run/run.ts";
import type { Acts } from "./acts.ts";
import { type ChargeDocument, subjectOf } from "./meter-again.ts";
import { countedAtMs } from "./run-entries.ts";

const HOUR_MS = 3_600_000;
const HOURS_A_DAY = 24;

/** The events of one outcome, in the order in which they were accepted. */
export interface OutcomeEvents {
  readonly recorded: readonly { readonly entry: JournalEntry; readonly event: OutcomeRecorded }[];
  readonly isReversed: boolean;
  /** The entry by which it became final after a window. */
  readonly settled: JournalEntry | undefined;
}

/** What an outcome must be by its events. */
export interface Settled {
  readonly finalAtMs: number | null;
  readonly status: OutcomeState["status"];
  readonly seq: number;
}

/** Undefined where nothing recorded it. */
export function settledAgain(
  { recorded, isReversed, settled }: OutcomeEvents,
  charges: readonly ChargeDocument[],
): Settled | undefined {
  const [first, ...others] = recorded;
  if (first === undefined) return undefined;
  const { event, entry } = first;
  const atMs = countedAtMs(event.occurredAtMs, entry.receivedAtMs);
  const hours = event.final === true ? null : hoursOf(charges, event.outcome);
  const windowEndMs = hours === null ? null : atMs + hours * HOUR_MS;
  const isFinalAtOnce = windowEndMs === null || windowEndMs <= entry.receivedAtMs;
  const confirmedMs = others
    .filter((one) => one.event.final === true)
    .map((one) => countedAtMs(one.event.occurredAtMs, one.entry.receivedAtMs))
    .map((ms) => Math.max(atMs, ms));
  const finalAtMs = windowEndMs === null ? null : Math.min(windowEndMs, ...confirmedMs);
  const isFinal = isFinalAtOnce || settled !== undefined;
  const status = isReversed ? "reversed" : isFinal ? "recorded" : "provisional";
  return { finalAtMs, status, seq: settled?.seq ?? entry.seq };
}

/** The window of the charges that count outcomes of this name; null: there is none. */
function hoursOf(charges: readonly ChargeDocument[], outcome: string): number | null {
  for (const charge of charges) {
    const where = (charge.meter.where ?? {}) as { readonly outcome?: unknown };
    const names = where.outcome === undefined ? null : [where.outcome].flat();
    const isIts = subjectOf(charge) === "outcomes" && (names?.includes(outcome) ?? true);
    if (!isIts || !charge.settles) continue;
    const { afterDays, afterHours } = charge.settles;
    return afterHours === undefined ? Number(afterDays) * HOURS_A_DAY : Number(afterHours);
  }
  return null;
}

interface RatedAgain {
  readonly run: string;
  readonly key: string;
  readonly from: number | null;
}

/** The card versions by which outcomes were recorded that were rated again since. */
export class FirstCards {
  readonly #from = new Map<string, number | null>();

  constructor(acts: Acts) {
    const all = [...acts.all("usage.rerated")].sort((a, b) => a.seq - b.seq);
    for (const { ws, document } of all) {
      for (const { run, key, from } of document.outcomes as readonly RatedAgain[]) {
        const at = JSON.stringify([ws, run, key]);
        if (!this.#from.has(at)) this.#from.set(at, from);
      }
    }
  }

  of(ws: number, { run, key, cardVersionId }: OutcomeState): number | null {
    const from = this.#from.get(JSON.stringify([ws, run, key]));
    return from === undefined ? cardVersionId : from;
  }
}
