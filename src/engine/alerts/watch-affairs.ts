/**
 * Looks behind units of work at what follows from totals: credit, commitments, margin. Units tell
 * of it themselves (`tell-affairs.ts`), or leave it on record (`due-looks.ts`), which is looked at
 * first. Left are what time alone brings about, and what was before units told: units note whose
 * totals they move. That note is in memory: a start looks at every customer.
 */
import type { Affair } from "../../domain/alert/affairs.ts";
import { runAct } from "../commit/act.ts";
import { othersTurn } from "../commit/others-turn.ts";
import type { EngineContext } from "../context.ts";
import { readCredit } from "../credit/read-credit.ts";
import type { UnderWay } from "../periods/read-drawdown.ts";
import type { Customer } from "../ports.ts";
import { MarginBills } from "../reports/margin-bills.ts";
import { affairsOfCommitments, affairsOfCredit, marginOf } from "./affairs-of.ts";
import { lookAtDue } from "./due-looks.ts";
import type { Noted } from "./moved-customers.ts";
import { alertSubject, type ToldDocument, tellAlert } from "./tell-alert.ts";

/** Customers that are remembered of a workspace, before the memory starts afresh. */
const REMEMBERED_MAX_COUNT = 50_000;
const ALL_A_LOOK = 20;
const LOOKED_AT_ONCE = 10;
/** Units that look at what is due, before others have their turn. */
const DUE_UNITS_A_LOOK = 3;
/** Margins looked at before others have their turn. */
const MARGINS_A_TURN = 5;

/** Looks at customers that were noted. */
export class AffairWatch {
  readonly #context: EngineContext;

  constructor(context: EngineContext) {
    this.#context = context;
  }

  /** Looks at credit and commitments of some customers; returns how many are left. */
  async look(workspace: string, most: number): Promise<number> {
    const noted = this.#context.moved.of(workspace);
    await this.#lookAtDue(workspace, noted);
    await this.#noteMore(workspace, noted);
    const { store, tariffs, clocks } = this.#context;
    if (noted.plain.size >= REMEMBERED_MAX_COUNT) noted.plain.clear();
    await this.#noteLater(workspace, noted);
    const ids = taken(noted.moved, most);
    if (ids.length === 0) return noted.hasDue ? 1 : 0;
    const { acts } = noted;
    const customers = await store.customers(workspace, ids);
    const [tariff, nowMs] = [await tariffs.of(workspace), (await clocks.of(workspace)).nowMs()];
    for (let from = 0; from < customers.length; from += LOOKED_AT_ONCE) {
      const some = customers.slice(from, from + LOOKED_AT_ONCE);
      // A store that is asked alike by some answers them together.
      const looks = some.map((customer) => this.#affairsOf(workspace, { customer, tariff, nowMs }));
      for (const { customer, affairs, isPlain, untilMs } of await Promise.all(looks)) {
        // An act in between may have given it either.
        if (isPlain && noted.acts === acts) noted.plain.add(customer.id);
        if (Number.isFinite(untilMs)) noted.later.set(customer.id, untilMs);
        await this.#tellNews(workspace, affairs);
      }
    }
    return noted.moved.size + (noted.hasDue ? 1 : 0);
  }

  async #affairsOf(workspace: string, at: UnderWay) {
    const { customer, tariff, nowMs } = at;
    const credit = await this.#creditOf(workspace, customer);
    const committed = await affairsOfCommitments(this.#context, workspace, at);
    const looksHoldMs = committed?.untilMs ?? Number.POSITIVE_INFINITY;
    return {
      customer,
      affairs: [...(credit ?? []), ...(committed?.affairs ?? [])],
      isPlain: credit === null && committed === null,
      untilMs: Math.min(looksHoldMs, tariff.nextChangeMs(customer, nowMs)),
    };
  }

  /** Looks that units left on record, a few times as many customers as one unit looks at. */
  async #lookAtDue(workspace: string, noted: Noted): Promise<void> {
    for (let n = 0; n < DUE_UNITS_A_LOOK && noted.hasDue; n += 1) {
      noted.hasDue = false;
      noted.hasDue = (await lookAtDue(this.#context, workspace)) || noted.hasDue;
    }
  }

  /** What time alone brings about: a pace that is believed from now on, a card that takes over. */
  async #noteLater(workspace: string, { later, moved, margin }: Noted): Promise<void> {
    if (later.size === 0) return;
    if (later.size >= REMEMBERED_MAX_COUNT) later.clear();
    const nowMs = (await this.#context.clocks.of(workspace)).nowMs();
    for (const [id, fromMs] of later) {
      if (fromMs > nowMs) continue;
      later.delete(id);
      moved.add(id);
      margin.add(id);
    }
  }

  /** Looks at the margin of some customers; returns how many are left. */
  async lookAtMargin(workspace: string, most: number): Promise<number> {
    const noted = this.#context.moved.of(workspace);
    // Another process may have left some, and be no more.
    noted.hasDue = true;
    const { margin } = noted;
    const customers = taken(margin, most);
    if (customers.length === 0) return 0;
    const { store, tariffs, clocks } = this.#context;
    const nowMs = (await clocks.of(workspace)).nowMs();
    const tariff = await tariffs.of(workspace);
    const bills = await MarginBills.open(this.#context, workspace, nowMs);
    for (const [index, id] of customers.entries()) {
      const customer = await store.customer(workspace, id);
      if (customer === undefined) continue;
      if (index % MARGINS_A_TURN === MARGINS_A_TURN - 1) await othersTurn();
      const looked = await marginOf({ bills, tariff }, customer, nowMs);
      if (looked !== null) await this.#tellNews(workspace, [looked.affair]);
    }
    return margin.size;
  }

  /** A start has everybody looked at, a few at a time, behind those who have just moved. */
  async #noteMore(workspace: string, noted: Noted): Promise<void> {
    if (noted.allAfter === null || noted.moved.size > 0) return;
    const { store, moved } = this.#context;
    const page = await store.listCustomers(workspace, ALL_A_LOOK, noted.allAfter);
    moved.note(
      workspace,
      page.map(({ id }) => id),
    );
    noted.allAfter = page.length < ALL_A_LOOK ? null : (page.at(-1)?.id ?? null);
  }

  /** Null: it has no credit. Whom a parent pays for has an eye on the parent. */
  async #creditOf(workspace: string, { id, parent }: Customer): Promise<Affair[] | null> {
    const { store } = this.#context;
    if (parent?.pays === true) this.#context.moved.note(workspace, [parent.id]);
    if ((await store.credit.book(workspace, id)) === undefined) return null;
    return affairsOfCredit(id, await readCredit(this.#context, workspace, id));
  }

  async #tellNews(workspace: string, affairs: readonly Affair[]): Promise<void> {
    const news = await this.#newsOf(workspace, affairs);
    if (news.length > 0) await this.#tell(workspace, news);
  }

  /** Affairs that stand otherwise than they were told last. */
  async #newsOf(workspace: string, affairs: readonly Affair[]): Promise<Affair[]> {
    const news: Affair[] = [];
    for (const affair of affairs) {
      if (affair.isOn === null) continue;
      const last = await this.#context.store.lastAct(
        workspace,
        "alert.told",
        alertSubject(affair.about),
      );
      const document = last && (JSON.parse(last.document) as ToldDocument);
      if ((document?.state === "raised") !== affair.isOn) news.push(affair);
    }
    return news;
  }

  async #tell(workspace: string, news: readonly Affair[]): Promise<void> {
    await runAct(this.#context, workspace, async ({ state }) => {
      // Another process may have told it meanwhile; from here on none can.
      for (const { isOn, room: _, ...affair } of await this.#newsOf(workspace, news)) {
        tellAlert(state, affair, isOn === true ? "raised" : "cleared");
      }
    });
  }
}

/** Takes some out of a set, those first that wait longest. */
function taken(waiting: Set<string>, most: number): string[] {
  const some = [...waiting.values().take(most)];
  for (const one of some) waiting.delete(one);
  return some;
}
