/**
 * Random histories of a group and its companies: usage, corrections, credit that is given, moved,
 * paid back and ended, closings, statements that are issued again, cards and parents that change.
 */
import fc from "fast-check";
import { composeEngine } from "../compose.ts";
import { TollgateError } from "../domain/errors.ts";
import type { TollgateEvent } from "../domain/event/event.ts";
import {
  cardOf,
  closed,
  DAY_MS,
  each,
  NOW_MS,
  OUTCOMES,
  opened,
  outcome,
  PRICES,
  RUNS,
  reversed,
  step,
  toolCall,
  usage,
  voided,
} from "../engine/commit/engine-world.test.ts";
import type { Engine } from "../engine/engine.ts";
import type { OpeningPart } from "../engine/periods/set-opening.ts";
import type { Store } from "../engine/ports.ts";

export const MEMBERS = ["group", "a", "b"] as const;
type Member = (typeof MEMBERS)[number];

const TIERS = { model: "graduated", tiers: [{ upTo: "4", unit: "0.3337" }, { unit: "0.21" }] };
const VOLUME = { model: "volume", tiers: [{ upTo: "300", unit: "0.002" }, { unit: "0.001" }] };

/** A card that has most of what a card may have; `terms` are added to it. */
export function familyCard(unit: string, terms: object = {}) {
  return cardOf(
    {
      runs: [RUNS, each("0.5")],
      tools: [{ count: "steps", where: { kind: "tool" } }, TIERS],
      tokens: [{ sum: "input_uncached" }, VOLUME],
      units: [{ sum: "output_text" }, each(unit), { in: "credits" }],
      done: [OUTCOMES, each("0.75"), { settles: { afterDays: 5 } }],
    },
    "card",
    {
      credit: { name: "AI credits", price: "0.05" },
      fees: [{ key: "base", amount: "0.4" }],
      discounts: [{ key: "tenth", percent: "10" }],
      ...terms,
    },
  );
}

type Happening =
  | {
      readonly is: "events";
      readonly who: Member;
      readonly ids: readonly number[];
      readonly daysAgo: number;
    }
  | { readonly is: "void"; readonly nth: number }
  | { readonly is: "outcome"; readonly who: Member; readonly isReversed: boolean }
  | { readonly is: "end run"; readonly who: Member }
  | {
      readonly is: "grant";
      readonly who: Member;
      readonly cents: number;
      readonly isInUnits: boolean;
      readonly priority: number;
      readonly days: number | null;
      readonly charges: readonly string[] | null;
      readonly rolls: boolean;
    }
  | { readonly is: "refund" | "expire"; readonly nth: number; readonly cents: number }
  | {
      readonly is: "transfer";
      readonly nth: number;
      readonly to: Member;
      readonly cents: number;
      readonly isExchanged: boolean;
    }
  | { readonly is: "days"; readonly days: number }
  | { readonly is: "close"; readonly who: Member | null; readonly monthsAgo: number }
  | { readonly is: "reissue"; readonly nth: number }
  | { readonly is: "goodwill"; readonly who: Member; readonly cents: number }
  | { readonly is: "opening"; readonly who: Member; readonly count: number }
  | { readonly is: "parent"; readonly who: "a" | "b"; readonly credit: Credit }
  | { readonly is: "recard"; readonly unit: string; readonly isRerating: boolean };

type Credit = "own" | "own_first" | "parent_first" | null;

const who = fc.constantFrom(...MEMBERS);
const cents = fc.integer({ min: 1, max: 400 });
const CREDITS: readonly Credit[] = ["own", "own_first", "parent_first", null];

function happened<T extends object>(weight: number, is: string, rest: fc.Arbitrary<T>) {
  return { weight, arbitrary: rest.map((one) => ({ is, ...one }) as unknown as Happening) };
}

const usually = [
  happened(
    8,
    "events",
    fc.record({
      who,
      ids: fc.array(fc.nat(40), { minLength: 1, maxLength: 5 }),
      daysAgo: fc.constantFrom(0, 0, 0, 10, 30),
    }),
  ),
  happened(2, "void", fc.record({ nth: fc.nat(20) })),
  happened(2, "outcome", fc.record({ who, isReversed: fc.boolean() })),
  happened(1, "end run", fc.record({ who })),
  happened(
    6,
    "grant",
    fc.record({
      who,
      cents,
      isInUnits: fc.constantFrom(false, false, true),
      priority: fc.nat(1),
      days: fc.constantFrom(null, 2, 12, 40),
      charges: fc.constantFrom(null, null, ["tools"], ["runs", "units"]),
      rolls: fc.boolean(),
    }),
  ),
  happened(1, "refund", fc.record({ nth: fc.nat(4), cents })),
  happened(1, "expire", fc.record({ nth: fc.nat(4), cents })),
  happened(2, "transfer", fc.record({ nth: fc.nat(4), to: who, cents, isExchanged: fc.boolean() })),
  happened(4, "days", fc.record({ days: fc.constantFrom(1, 7, 31) })),
  happened(3, "close", fc.record({ who: fc.option(who), monthsAgo: fc.constantFrom(0, 1, 1, 2) })),
  happened(1, "reissue", fc.record({ nth: fc.nat(4) })),
  happened(1, "goodwill", fc.record({ who, cents })),
  happened(1, "opening", fc.record({ who, count: fc.integer({ min: 1, max: 6 }) })),
  happened(
    2,
    "parent",
    fc.record({ who: fc.constantFrom("a", "b"), credit: fc.constantFrom(...CREDITS) }),
  ),
];

const rarely = [
  happened(
    2,
    "recard",
    fc.record({ unit: fc.constantFrom("0.02", "0.07"), isRerating: fc.boolean() }),
  ),
];

/** Histories under one card. */
export const familyHistory = fc.array(fc.oneof(...usually), { minLength: 4, maxLength: 24 });
/** Histories in which the card changes too. */
export const changingHistory = fc.array(fc.oneof(...usually, ...rarely), {
  minLength: 4,
  maxLength: 24,
});
export type FamilyHistory = readonly Happening[];

/** Who decides, and why. */
const BY = { reason: "agreed", by: "anna" };

/** Plays histories to an engine over a store. */
export class FamilyPlayer {
  readonly engine: Engine;
  readonly clock = { now: NOW_MS };
  readonly #ws: string;
  readonly #terms: object;
  readonly #grants: { readonly id: string; readonly who: Member; readonly inUnits: boolean }[] = [];
  readonly #sent: { readonly run: string; readonly id: string }[] = [];
  #count = 0;

  constructor(store: Store, ws: string, terms: object = {}) {
    this.#ws = ws;
    this.#terms = terms;
    this.engine = composeEngine(store, { clock: { nowMs: () => this.clock.now } });
  }

  async play(history: FamilyHistory): Promise<void> {
    const { engine } = this;
    const ws = this.#ws;
    await engine.store.createWorkspace(ws);
    await engine.importPrices(ws, { source: "test", entries: PRICES, effectiveFromMs: null });
    await engine.applyRateCard(ws, { ...familyCard("0.02", this.#terms), effectiveFromMs: 0 });
    await engine.saveWorkspace(ws, { graceHours: 24 });
    const startedAtMs = NOW_MS - 50 * DAY_MS;
    for (const id of MEMBERS) {
      await engine.saveCustomer(ws, { id, settings: { startedAtMs } });
      await this.#send([opened({ id: `open ${id}`, run: runOf(id), customer: id })]);
    }
    for (const one of history) {
      this.clock.now += 60_000;
      await this.#happen(one).catch(ignoreRefusals);
    }
  }

  /**
   * Closes every month until now, one after the other, whoever is still open, and what an opening
   * was set in: the current month may be closed already.
   */
  async closeAll(): Promise<void> {
    for (let month = new Date(NOW_MS - 60 * DAY_MS); +month <= this.clock.now; ) {
      await this.#close(month).catch(ignoreRefusals);
      month = new Date(Date.UTC(month.getUTCFullYear(), month.getUTCMonth() + 1, 1));
    }
    const all = { kind: "opening.set", limit: 1_000 } as const;
    const acts = await this.engine.store.acts(this.#ws, all);
    const parts = acts.map(({ document }) => JSON.parse(document) as OpeningPart);
    for (const { customer, period } of parts.toSorted(byPeriod)) {
      const request = { customer, period, early: true };
      await this.engine.closePeriod(this.#ws, request).catch(ignoreRefusals);
    }
  }

  #close(at: Date, customer: Member | null = null): Promise<unknown> {
    const period = at.toISOString().slice(0, "2026-11".length);
    return this.engine.closePeriod(this.#ws, { customer, period, early: true });
  }

  async #happen(one: Happening): Promise<unknown> {
    const { engine, clock } = this;
    const ws = this.#ws;
    const id = `n${this.#count++}`;
    switch (one.is) {
      case "events":
        return this.#use(one);
      case "void":
        return this.#void(one.nth, id);
      case "outcome": {
        const about = { run: runOf(one.who), id, occurredAtMs: clock.now };
        const event = one.isReversed ? reversed(about) : outcome(about);
        return this.#send([event]);
      }
      case "end run":
        return this.#send([closed({ run: runOf(one.who), id, occurredAtMs: clock.now })]);
      case "grant":
        return this.#grant(one, id);
      case "refund": {
        const grant = this.#grantAt(one.nth);
        const amount = `${one.cents / 100}`;
        const back = { ...BY, id, customer: grant.who, grant: grant.id, amount };
        return engine.credits.refund(ws, back);
      }
      case "expire": {
        const grant = this.#grantAt(one.nth);
        return engine.credits.expire(ws, { customer: grant.who, grant: grant.id });
      }
      case "transfer":
        return this.#transfer(one, id);
      case "days":
        clock.now += one.days * DAY_MS;
        return;
      case "close": {
        const now = new Date(clock.now);
        const month = Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - one.monthsAgo, 1);
        return this.#close(new Date(month), one.who);
      }
      case "reissue": {
        const all = await engine.store.listStatements(ws);
        const statement = all[one.nth % Math.max(1, all.length)]?.id ?? "none";
        return engine.reissueStatement(ws, { ...BY, statement });
      }
      case "goodwill": {
        const amount = `${one.cents / 100}`;
        const given = { ...BY, id, customer: one.who, amount };
        return engine.giveGoodwill(ws, given);
      }
      case "opening": {
        const counters = [{ charge: "tools", cell: "", quantity: `${one.count}` }];
        return engine.setOpening(ws, { ...BY, id, customer: one.who, amount: "0.1", counters });
      }
      case "parent": {
        const { credit } = one;
        const parent = credit === null ? null : { id: "group", pays: credit !== "own", credit };
        return engine.saveCustomer(ws, { id: one.who, settings: { parent } });
      }
      case "recard":
        return this.#recard(one);
    }
  }

  #use({ who: id, ids, daysAgo }: Happening & { readonly is: "events" }): Promise<void> {
    const run = runOf(id);
    const occurredAtMs = this.clock.now - daysAgo * DAY_MS;
    const events = ids.map((nth) => {
      const about = { run, customer: id, occurredAtMs, id: `s${nth}` };
      const tokens = usage({ input_uncached: 20 + nth * 7, output_text: 3 + nth });
      return nth % 3 === 0 ? step({ ...about, usage: tokens }) : toolCall(about);
    });
    this.#sent.push(...ids.map((nth) => ({ run, id: `s${nth}` })));
    return this.#send(events);
  }

  async #void(nth: number, id: string): Promise<void> {
    const sent = this.#sent[nth % Math.max(1, this.#sent.length)];
    if (sent === undefined) return;
    const target = { source: "sdk", id: sent.id };
    await this.#send([voided({ run: sent.run, id, target, occurredAtMs: this.clock.now })]);
  }

  #grant(one: Happening & { readonly is: "grant" }, id: string): Promise<unknown> {
    const { who: customer, priority, days, charges, rolls, isInUnits } = one;
    this.#grants.push({ id, who: customer, inUnits: isInUnits });
    const expiresAtMs = days === null ? null : this.clock.now + days * DAY_MS;
    const isRolling = rolls && expiresAtMs !== null;
    const rollover = isRolling ? { upTo: "0.5", expiresAtMs: expiresAtMs + DAY_MS } : null;
    const currency = isInUnits ? "AI credits" : "USD";
    const terms = { name: null, priority, expiresAtMs, charges, rollover };
    const none = { cost: null, costCurrency: null };
    const amount = `${one.cents / 100}`;
    return this.engine.credits.grant(this.#ws, {
      ...{ ...BY, id, customer, currency, amount, ...terms, ...none },
    });
  }

  #grantAt(nth: number) {
    return this.#grants[nth % Math.max(1, this.#grants.length)] ?? NO_GRANT;
  }

  #transfer(one: Happening & { readonly is: "transfer" }, id: string): Promise<unknown> {
    const grant = this.#grantAt(one.nth);
    const other = grant.inUnits ? "USD" : "AI credits";
    const exchanged = { to: grant.who, toCurrency: other, toAmount: `${one.cents / 50}` };
    const moved = { to: one.to, toCurrency: null, toAmount: null };
    return this.engine.credits.transfer(this.#ws, {
      ...{ ...BY, id, from: grant.who, grant: grant.id, amount: `${one.cents / 100}` },
      ...(one.isExchanged ? exchanged : moved),
    });
  }

  async #recard({ unit, isRerating }: Happening & { readonly is: "recard" }): Promise<void> {
    const sinceMs = this.clock.now - 20 * DAY_MS;
    const how = isRerating ? { effectiveFromMs: sinceMs, isRerating } : { effectiveFromMs: null };
    await this.engine.applyRateCard(this.#ws, { ...familyCard(unit, this.#terms), ...how });
    if (isRerating) await this.engine.rerate(this.#ws, { sinceMs, cursor: null, limit: 10_000 });
  }

  async #send(events: readonly TollgateEvent[]): Promise<void> {
    await this.engine.ingest(this.#ws, events);
  }
}

function byPeriod(a: OpeningPart, b: OpeningPart): number {
  const [one, other] = [a, b].map(({ period, customer }) => `${period} ${customer}`);
  return (one ?? "") < (other ?? "") ? -1 : 1;
}

const NO_GRANT = { id: "none", who: "group", inUnits: false } as const;

function runOf(id: string): string {
  return `run of ${id}`;
}

/** A history may ask for what is not there. */
function ignoreRefusals(error: unknown): void {
  if (!(error instanceof TollgateError)) throw error;
}
