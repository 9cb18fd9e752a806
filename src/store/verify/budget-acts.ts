/**
 * Budgets, own limits and stops as the acts of the journal make them, one act after the other. The
 * rows say nothing that the acts do not.
 */

import { AMOUNT_SCALE, QUANTITY_SCALE } from "../../domain/limits.ts";
import { parseScaled } from "../../domain/money/decimal.ts";
import type { Acts, Document, RecordedAct } from "./acts.ts";
import { joined } from "./key-parts.ts";

/** A budget as its acts leave it. */
export interface ActedBudget {
  readonly ws: number;
  readonly id: number;
  readonly key: string;
  document: Document;
  readonly countsFromMs: number;
  retiredAtMs: number | null;
  /** The act that retired it; null: it is in force. */
  retiredSeq: number | null;
  /** Every limit that it, or one of its scopes, was given, in order. */
  readonly limits: GivenLimit[];
}

/** A limit, from an act on. */
export interface GivenLimit {
  readonly seq: number;
  /** Null: of the budget itself. */
  readonly scope: string | null;
  /** Null: the budget has none, or the scope has the budget's again. */
  readonly level: bigint | null;
}

/** What all acts together come to. */
export interface ActedBudgets {
  /** By workspace and id. */
  readonly budgets: ReadonlyMap<string, ActedBudget>;
  /** By workspace, budget and scope: the level; null: it has the budget's limit again. */
  readonly limits: ReadonlyMap<string, bigint | null>;
}

const AMOUNTS: readonly unknown[] = ["cost", "charge", "credits", "prepaid"];

/** Scale of a measure's levels. */
export function scaleOf(measure: unknown): number {
  return AMOUNTS.includes(measure) ? AMOUNT_SCALE : QUANTITY_SCALE;
}

const KINDS = ["budget.saved", "budget.retired", "budget.limit_set"] as const;

interface BudgetAct extends RecordedAct {
  readonly kind: (typeof KINDS)[number];
}

/** Carries out the acts on budgets once more. */
export function actedBudgets(acts: Acts): ActedBudgets {
  const all: BudgetAct[] = [];
  for (const kind of KINDS) for (const act of acts.all(kind)) all.push({ ...act, kind });
  all.sort((a, b) => a.ws - b.ws || a.seq - b.seq);
  const budgets = new Map<string, ActedBudget>();
  const limits = new Map<string, bigint | null>();
  const inForce = new Map<string, ActedBudget>();
  for (const act of all) {
    const place = joined(act.ws, act.subject);
    const known = inForce.get(place);
    if (act.kind === "budget.limit_set") {
      if (known !== undefined) setLimit(limits, known, act);
    } else if (act.kind === "budget.retired") {
      if (known !== undefined) retire(known, act);
      inForce.delete(place);
    } else {
      const budget = saved(known, act);
      budgets.set(joined(budget.ws, budget.id), budget);
      inForce.set(place, budget);
    }
  }
  return { budgets, limits };
}

/** One that counts the same work keeps its balances; another begins anew. */
function saved(known: ActedBudget | undefined, act: RecordedAct): ActedBudget {
  const { ws, seq, subject, receivedAtMs } = act;
  const document = act.document.after as Document;
  const level = levelIn(document.measure, document.limit);
  if (known !== undefined && counted(known.document) === counted(document)) {
    known.limits.push({ seq, scope: null, level });
    known.document = document;
    return known;
  }
  if (known !== undefined) retire(known, act);
  const limits = [{ seq, scope: null, level }];
  const state = { countsFromMs: receivedAtMs, retiredAtMs: null, retiredSeq: null, limits };
  return { ws, id: seq, key: subject, document, ...state };
}

function retire(budget: ActedBudget, { seq, receivedAtMs }: RecordedAct): void {
  budget.retiredAtMs = receivedAtMs;
  budget.retiredSeq = seq;
}

function counted(document: Document): string {
  const { each, where, measure, currency, per, timeZone, anchorDay } = document;
  if (measure === "prepaid") return JSON.stringify([measure, currency]);
  return JSON.stringify([each, where, measure, currency, per, timeZone, anchorDay]);
}

function setLimit(
  limits: Map<string, bigint | null>,
  { ws, id, document, limits: given }: ActedBudget,
  act: RecordedAct,
): void {
  const scope = act.document.scope as string;
  const level = levelIn(document.measure, act.document.after);
  limits.set(joined(ws, id, scope), level);
  given.push({ seq: act.seq, scope, level });
}

/** A limit as a document says it; null: none. */
export function levelIn(measure: unknown, text: unknown): bigint | null {
  return typeof text === "string" ? (parseScaled(text, scaleOf(measure)) ?? null) : null;
}

/** Stops in force by workspace and what they stop, as their acts say. */
export function actedStops(acts: Acts): ReadonlyMap<string, Document> {
  const stops = new Map<string, Document>();
  const all = [...acts.all("work.stopped")].map((act) => ({ ...act, isStop: true }));
  for (const act of acts.all("work.resumed")) all.push({ ...act, isStop: false });
  all.sort((a, b) => a.ws - b.ws || a.seq - b.seq);
  for (const { ws, document, isStop } of all) {
    const { isAgain: _, ...stop } = document;
    const key = joined(ws, document.of as string, document.id as string);
    if (isStop) stops.set(key, stop);
    else stops.delete(key);
  }
  return stops;
}
