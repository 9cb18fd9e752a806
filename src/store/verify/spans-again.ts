/**
 * Which cards a customer had in a period, worked out a second time from the customer's acts and the
 * rows of rate cards, as they were known when a statement was made.
 */

import { decodeCustomer, type Row } from "../stored-rows.ts";
import type { Acts } from "./acts.ts";
import type { DataFile } from "./data-file.ts";
import type { TrialDocument } from "./trial-again.ts";

/** An item of a card's document that lines are named by. */
export interface Named {
  readonly key: string;
  readonly name?: string;
}

/** The part of a card's document that periods are billed by; amounts are decimal text. */
export interface TermsDocument {
  readonly currency?: string;
  readonly rounding?: string;
  readonly charges?: readonly (Named & Bounds)[];
  readonly fees?: readonly (Named & { readonly amount: unknown; readonly prorate?: boolean })[];
  readonly discounts?: readonly DiscountDocument[];
  readonly minimum?: unknown;
  readonly maximum?: unknown;
  readonly trial?: TrialDocument | null;
}

/** Least and most, where there are any. */
export interface Bounds {
  readonly minimum?: unknown;
  readonly maximum?: unknown;
}

/** A discount as its card writes it. */
export interface DiscountDocument extends Named {
  readonly percent?: unknown;
  readonly amount?: unknown;
  readonly charges?: readonly string[] | null;
  readonly from?: string | null;
  readonly until?: string | null;
}

/** A part of a period with the card in force. */
export interface Span {
  readonly cardKey: string;
  readonly card: TermsDocument;
  readonly startMs: number;
  readonly endMs: number;
}

/** A customer as far as its bills depend on it. */
export interface Payer {
  readonly startedAtMs: number;
  readonly timeZone: string;
  readonly anchorDay: number;
  readonly cardKey: string | null;
  readonly formerCards: readonly { readonly cardKey: string | null; readonly untilMs: number }[];
}

/** When a statement was made: what was recorded later did not make it. */
export interface MadeAt {
  readonly ws: number;
  readonly seq: number;
  readonly atMs: number;
}

interface Version {
  readonly id: number;
  readonly cardKey: string;
  readonly recordedAtMs: number;
  readonly fromMs: number;
  readonly waits: boolean;
  readonly card: TermsDocument;
}

/** The customer as it was set then; undefined: there is none. */
export function payerAt(
  file: DataFile,
  acts: Acts,
  { ws, seq, customer }: MadeAt & { readonly customer: string },
): Payer | undefined {
  const row = file.first("SELECT * FROM customers WHERE ws = ? AND id = ?", ws, customer);
  if (row === undefined) return undefined;
  const saved = acts.of("customer.saved", ws, customer).filter((act) => act.seq < seq);
  const settings = saved.at(-1)?.document;
  if (settings !== undefined) return settings as unknown as Payer;
  // Nobody had set it: it was made by its first event, and its start never changes after that.
  const { startedAtMs } = decodeCustomer(row);
  return { startedAtMs, timeZone: "UTC", anchorDay: 1, cardKey: null, formerCards: [] };
}

/** The cards in force for each part of a period that a customer owes, in order. */
export class SpansAgain {
  readonly #file: DataFile;
  readonly #seqs = new Map<string, number>();
  readonly #versions = new Map<number, readonly Version[]>();

  constructor(file: DataFile, acts: Acts) {
    this.#file = file;
    for (const { ws, seq, document } of acts.all("card.applied")) {
      this.#seqs.set(`${ws}/${document.id}`, seq);
    }
  }

  of(
    payer: Payer,
    period: { readonly startMs: number; readonly endMs: number },
    at: MadeAt,
  ): Span[] {
    const versions = this.#knownAt(at);
    const first = versions[0]?.cardKey;
    const { startedAtMs } = payer;
    const isOver = startedAtMs >= period.endMs;
    const fromMs = isOver ? period.startMs : Math.max(startedAtMs, period.startMs);
    const cuts = new Set([fromMs, ...payer.formerCards.map(({ untilMs }) => untilMs)]);
    for (const version of versions) if (!version.waits) cuts.add(version.fromMs);
    const inside = [...cuts].filter((ms) => ms >= fromMs && ms < period.endMs);
    inside.sort((a, b) => a - b);
    return inside.flatMap((startMs, index): Span[] => {
      const cardKey = keyAt(payer, startMs) ?? first;
      const own = versions.filter((version) => version.cardKey === cardKey);
      const found = inForce(own, startMs, period.startMs);
      const endMs = inside[index + 1] ?? period.endMs;
      return found === undefined ? [] : [{ ...found, startMs, endMs }];
    });
  }

  #knownAt({ ws, seq, atMs }: MadeAt): Version[] {
    const known = this.#versions.get(ws) ?? this.#file.all(VERSIONS, ws).map(readVersion);
    this.#versions.set(ws, known);
    return known.filter(({ id, recordedAtMs }) => {
      const applied = this.#seqs.get(`${ws}/${id}`);
      return applied === undefined ? recordedAtMs <= atMs : applied < seq;
    });
  }
}

const VERSIONS = "SELECT * FROM rate_cards WHERE ws = ? ORDER BY version_id";

function readVersion(row: Row): Version {
  return {
    id: row.version_id as number,
    cardKey: row.card_key as string,
    recordedAtMs: row.recorded_at as number,
    fromMs: row.effective_from as number,
    waits: row.takes_effect === "next_period",
    card: JSON.parse(row.document as string) as TermsDocument,
  };
}

function keyAt({ cardKey, formerCards }: Payer, atMs: number): string | null {
  const former = formerCards.filter(({ untilMs }) => untilMs > atMs);
  const [next] = former.toSorted((a, b) => a.untilMs - b.untilMs);
  return next === undefined ? cardKey : next.cardKey;
}

/** The latest to take effect, of equal ones the last; one that waits, from a period's start on. */
function inForce(own: readonly Version[], atMs: number, periodStartMs: number) {
  const there = own.filter(({ fromMs, waits }) => fromMs <= (waits ? periodStartMs : atMs));
  return there.toSorted((a, b) => a.fromMs - b.fromMs || a.id - b.id).at(-1);
}
