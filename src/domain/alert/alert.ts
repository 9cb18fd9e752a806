/**
 * Alerts: what people must hear of. An alert is an entry of the journal, read as a message: the row
 * is written and sealed by the unit of work that caused it, and no second record could differ. Most
 * kinds of entry are there anyway; where none is, an `alert.told` is written.
 */
import type { JournalEntry, JournalKind } from "../event/journal.ts";

/** Who is to hear of it, unless a route says otherwise. */
export const ALERT_TEAMS = ["engineering", "finance", "sales"] as const;
export type AlertTeam = (typeof ALERT_TEAMS)[number];

interface TypeTerms {
  readonly team: AlertTeam;
  /** What happened, as a person would say it. */
  readonly meaning: string;
}

/** Every type of alert. A type is API: it never changes its meaning. */
export const ALERT_TYPES = {
  "budget.notify": { team: "engineering", meaning: "A budget reached a stage." },
  "budget.throttle": { team: "engineering", meaning: "A budget slows work down." },
  "budget.pause": { team: "engineering", meaning: "A budget lets work wait." },
  "budget.block": { team: "engineering", meaning: "A budget stops work." },
  "run.paused": { team: "engineering", meaning: "Work waits until it is let go on." },
  "run.blocked": { team: "engineering", meaning: "Work was stopped." },
  "run.resumed": { team: "engineering", meaning: "Work goes on." },
  "policy.notify": { team: "engineering", meaning: "A run is beyond a rule that only tells." },
  "policy.throttle": { team: "engineering", meaning: "A rule slows a run down." },
  "policy.pause": { team: "engineering", meaning: "A rule lets a run wait." },
  "policy.block": { team: "engineering", meaning: "A rule stops a run." },
  "credit.low": { team: "finance", meaning: "A customer's credit is low." },
  "credit.empty": { team: "finance", meaning: "A customer's credit is used up." },
  "commit.overrun_projected": { team: "sales", meaning: "A commitment will be used up early." },
  "commit.exceeded": { team: "sales", meaning: "A commitment is used up." },
  "margin.negative": { team: "finance", meaning: "A customer costs more than it is charged." },
  "price.unknown": { team: "engineering", meaning: "Usage has no price." },
  "conflict.found": { team: "engineering", meaning: "One identity came with two contents." },
  "alert.test": { team: "engineering", meaning: "Somebody tries a route." },
} as const satisfies Record<string, TypeTerms>;

export type AlertType = keyof typeof ALERT_TYPES;

/** Whether a text names a type. */
export function isAlertType(text: string): text is AlertType {
  return Object.hasOwn(ALERT_TYPES, text);
}

/** Something that people must hear of. */
export interface Alert {
  readonly type: AlertType;
  /** Whom it concerns, where the entry says so itself; null: nobody, or its `scope` tells. */
  readonly customer: string | null;
  /** Seq of the entry that it is. */
  readonly seq: number;
  readonly raisedAtMs: number;
  /** Facts, as the entry has them. */
  readonly data: Readonly<Record<string, unknown>>;
}

type Data = Readonly<Record<string, unknown>>;
type Reading = (
  data: Data,
) => { readonly type: AlertType; readonly customer: string | null } | null;

/** How an entry of each kind is read; of other kinds nobody is told. */
const READINGS: Partial<Record<JournalKind, Reading>> = {
  "budget.stage_reached": ({ action }) => of(`budget.${action}`, null),
  "work.stopped": ({ mode, of: what, id, isAgain }) =>
    isAgain === true
      ? null
      : of(mode === "pause" ? "run.paused" : "run.blocked", what === "customer" ? id : null),
  "work.resumed": ({ of: what, id, isEnded }) =>
    isEnded === true ? null : of("run.resumed", what === "customer" ? id : null),
  // A rule that is only watched does nothing but tell.
  "policy.reached": ({ action, mode, customer }) =>
    of(`policy.${mode === "observe" ? "notify" : action}`, customer),
  "alert.told": ({ type, customer, state }) => (state === "raised" ? of(type, customer) : null),
};

/** Kinds of entries that alerts are read from. */
export const ALERT_KINDS = Object.keys(READINGS) as readonly JournalKind[];

function of(type: unknown, customer: unknown) {
  const text = String(type);
  if (!isAlertType(text)) return null;
  return { type: text, customer: typeof customer === "string" ? customer : null };
}

/** The alert that an entry is; null: none. */
export function alertOf({ kind, seq, receivedAtMs, document }: JournalEntry): Alert | null {
  const read = READINGS[kind];
  if (read === undefined) return null;
  const data = JSON.parse(document) as Data;
  const found = read(data);
  return found === null ? null : { ...found, seq, raisedAtMs: receivedAtMs, data };
}
