/** The rate card versions of the file, as far as totals need them: keys, dates and charges. */
import type { DataFile } from "./data-file.ts";
import { readable } from "./data-file.ts";
import { keyText } from "./findings.ts";
import type { ChargeDocument } from "./meter-again.ts";
import type { TrialDocument } from "./trial-again.ts";

interface CardDocument {
  readonly charges: readonly ChargeDocument[];
  readonly credit?: CreditDocument | null;
  readonly currency?: string;
  readonly rounding?: string;
  readonly runCap?: string | null;
  readonly runMinimum?: string | null;
  readonly trial?: TrialDocument | null;
}

/** A credit as its card's document writes it. */
export interface CreditDocument {
  readonly name: string;
  readonly price: string;
}

/** A recorded version of a rate card. */
export interface CardVersion {
  readonly id: number;
  readonly cardKey: string;
  readonly effectiveFromMs: number;
  readonly takesEffect: string;
  readonly charges: readonly ChargeDocument[];
  readonly currency: string;
  readonly credit: CreditDocument | null;
  readonly rounding: string;
  /** Most and least of a root run, as the document writes them. */
  readonly runCap: string | null;
  readonly runMinimum: string | null;
  readonly trial: TrialDocument | null;
}

type CardTerms = Omit<CardVersion, "id" | "cardKey" | "effectiveFromMs" | "takesEffect">;

const NOTHING: CardTerms = {
  charges: [],
  currency: "USD",
  credit: null,
  rounding: "half_even",
  runCap: null,
  runMinimum: null,
  trial: null,
};

function readCard(stored: unknown): CardTerms {
  const card = JSON.parse(stored as string) as CardDocument;
  const { currency = "USD", rounding = "half_even", runCap = null } = card;
  const { runMinimum = null, trial = null, credit = null } = card;
  return { charges: chargesOf(card), currency, credit, rounding, runCap, runMinimum, trial };
}

/** The card versions of a workspace by their number. */
export class CardVersions {
  readonly #versions = new Map<string, CardVersion>();

  constructor(file: DataFile) {
    for (const row of file.each("SELECT * FROM rate_cards")) {
      const id = row.version_id as number;
      const key = keyText(file.workspace(row.ws as number), id);
      const read = readable(file, { table: "rate_cards", key }, () => readCard(row.document));
      const cardKey = row.card_key as string;
      const effectiveFromMs = row.effective_from as number;
      const takesEffect = row.takes_effect as string;
      const version = { id, cardKey, effectiveFromMs, takesEffect, ...(read ?? NOTHING) };
      this.#versions.set(`${row.ws}/${id}`, version);
    }
  }

  of(ws: number, id: number): CardVersion | undefined {
    return this.#versions.get(`${ws}/${id}`);
  }

  /** All of a workspace, by their number. */
  all(ws: number): CardVersion[] {
    const all = [...this.#versions].flatMap(([key, one]) => (key.startsWith(`${ws}/`) ? one : []));
    return all.sort((a, b) => a.id - b.id);
  }

  /** Currency of the card in force at an instant; `periodStartMs`: of the period that it is in. */
  currencyAt(
    ws: number,
    cardKey: string | null,
    { atMs, periodStartMs }: { readonly atMs: number; readonly periodStartMs: number },
  ): string | null {
    const byId = this.all(ws);
    const key = cardKey ?? byId[0]?.cardKey;
    const own = byId.filter((one) => one.cardKey === key);
    const waits = own.some(({ takesEffect }) => takesEffect === "next_period");
    const inForce = own.filter(({ takesEffect, effectiveFromMs }) => {
      return effectiveFromMs <= (waits && takesEffect !== "at_once" ? periodStartMs : atMs);
    });
    return inForce.sort((a, b) => a.effectiveFromMs - b.effectiveFromMs).at(-1)?.currency ?? null;
  }
}

function chargesOf({ charges, credit }: CardDocument): ChargeDocument[] {
  return charges.map((charge) => {
    const { meter, price } = charge;
    return { ...charge, meter: { ...meter }, price: { ...price }, creditPrice: credit?.price };
  });
}
