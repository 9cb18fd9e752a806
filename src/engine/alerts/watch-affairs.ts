/**
 * Tells of states of affairs that follow from totals: credit, commitments, margin. No unit of work
 * looks at them, because none could without reading what it does not need; it only notes whose
 * totals it moves. A look right after it compares what is with what was told last, and tells the
 * difference in a unit of its own. What was noted is in memory: a start looks at every customer, so
 * a crash in between loses no alert.
 */
import {
  type Affair,
  commitmentAffairs,
  creditAffairs,
  marginAffair,
} from "../../domain/alert/affairs.ts";
import { CONVERSION_RATE_SCALE } from "../../domain/limits.ts";
import { entriesOfBill } from "../../domain/margin/bill-lines.ts";
import { entryOfRollup } from "../../domain/margin/margin-entry.ts";
import { marginRows } from "../../domain/margin/margin-table.ts";
import type { Amount } from "../../domain/money/decimal.ts";
import { runAct } from "../act.ts";
import type { EngineContext } from "../context.ts";
import { MarginBills } from "../margin-bills.ts";
import type { Customer } from "../ports.ts";
import { readCredit } from "../read-credit.ts";
import { statusOf } from "../read-drawdown.ts";
import type { Noted } from "./moved-customers.ts";
import { alertSubject, type ToldDocument, tellAlert } from "./tell-alert.ts";

/** Customers that are remembered of a workspace, before the memory starts afresh. */
const REMEMBERED_MAX_COUNT = 50_000;
const MARGIN_EVERY_MS = 60_000;
const ALL_A_LOOK = 20;
const FINE_OF_AMOUNT = 10n ** BigInt(CONVERSION_RATE_SCALE);

/** Looks at customers that were noted. */
export class AffairWatch {
  readonly #context: EngineContext;

  constructor(context: EngineContext) {
    this.#context = context;
  }

  /** Looks at some customers; returns how many are left to be looked at soon. */
  async look(workspace: string, most: number): Promise<number> {
    const noted = this.#context.moved.of(workspace);
    await this.#noteMore(workspace, noted);
    const customers: string[] = [];
    for (const id of noted.moved) {
      noted.moved.delete(id);
      if (this.#isNothingToSee(noted, id)) continue;
      customers.push(id);
      if (customers.length === most) break;
    }
    if (customers.length === 0) return noted.moved.size;
    const nowMs = (await this.#context.clocks.of(workspace)).nowMs();
    const bills = await MarginBills.open(this.#context, workspace, nowMs);
    for (const id of customers) {
      const customer = await this.#context.store.customer(workspace, id);
      if (customer === undefined) continue;
      const affairs = await this.#affairsOf({ workspace, customer, nowMs, bills });
      const news = await this.#newsOf(workspace, affairs);
      if (news.length > 0) await this.#tell(workspace, news);
    }
    return noted.moved.size;
  }

  /** A start has everybody looked at, a few at a time, behind those who have just moved. */
  async #noteMore(workspace: string, noted: Noted): Promise<void> {
    if (noted.allAfter === null || noted.moved.size > 0) return;
    const { store } = this.#context;
    const page = await store.listCustomers(workspace, ALL_A_LOOK, noted.allAfter);
    for (const { id } of page) noted.moved.add(id);
    noted.allAfter = page.length < ALL_A_LOOK ? null : (page.at(-1)?.id ?? null);
  }

  #isNothingToSee({ plain, marginAtMs }: Noted, id: string): boolean {
    return plain.has(id) && !this.#isMarginDue(marginAtMs.get(id));
  }

  #isMarginDue(atMs: number | undefined): boolean {
    return atMs === undefined || this.#context.clock.nowMs() - atMs >= MARGIN_EVERY_MS;
  }

  async #affairsOf(looking: Looking): Promise<Affair[]> {
    const { workspace, customer, nowMs } = looking;
    const { plain, marginAtMs } = this.#context.moved.of(workspace);
    for (const kept of [plain, marginAtMs]) if (kept.size >= REMEMBERED_MAX_COUNT) kept.clear();
    const affairs: Affair[] = [];
    if (!plain.has(customer.id)) {
      plain.add(customer.id);
      const known = await this.#creditOf(workspace, customer);
      const tariff = await this.#context.tariffs.of(workspace);
      const drawn = await statusOf(this.#context, workspace, { customer, tariff, nowMs });
      for (const { commitment, soFar } of drawn) {
        const at = soFar && { soFar, nowMs };
        if (at !== null) affairs.push(...commitmentAffairs(customer.id, commitment, at));
      }
      if (known !== null || drawn.length > 0) plain.delete(customer.id);
      affairs.push(...(known ?? []));
    }
    if (this.#isMarginDue(marginAtMs.get(customer.id))) {
      marginAtMs.set(customer.id, this.#context.clock.nowMs());
      affairs.push(...(await this.#marginOf(looking)));
    }
    return affairs;
  }

  /** Null: it has no credit. Whom a parent pays for has an eye on the parent. */
  async #creditOf(workspace: string, { id, parent }: Customer): Promise<Affair[] | null> {
    const { store } = this.#context;
    if (parent?.pays === true) this.#context.moved.note(workspace, [parent.id]);
    if ((await store.credit.book(workspace, id)) === undefined) return null;
    const { wallets, book } = await readCredit(this.#context, workspace, id);
    return wallets.flatMap(({ currency, balance, owed, grants }) => {
      if (grants.length === 0) return [];
      const live = grants.filter(({ grant }) => !grant.isExpired);
      const granted = live.reduce((sum, { grant }) => sum + grant.amount, 0n) as Amount;
      const rule = book.rules.find((one) => one.currency === currency);
      const threshold = rule?.threshold ?? null;
      return creditAffairs({ customer: id, currency, balance, owed, granted, threshold });
    });
  }

  async #marginOf({ workspace, customer, nowMs, bills }: Looking): Promise<Affair[]> {
    const tariff = await this.#context.tariffs.of(workspace);
    const period = tariff.periodOf(customer, nowMs).key;
    const { at, rollups, parts } = await bills.read({ customer: customer.id, period });
    const entries = [...entriesOfBill(at, parts), ...rollups.map((row) => entryOfRollup(at, row))];
    return marginRows("all", entries).flatMap(({ currency, revenue, margin }) => {
      // Without a rate nobody can say what it is.
      if (margin === null) return [];
      const cost = (revenue - margin / FINE_OF_AMOUNT) as Amount;
      return [marginAffair({ customer: customer.id, period, currency, charge: revenue, cost })];
    });
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
      for (const { isOn, ...affair } of await this.#newsOf(workspace, news)) {
        tellAlert(state, affair, isOn === true ? "raised" : "cleared");
      }
    });
  }
}

interface Looking {
  readonly workspace: string;
  readonly customer: Customer;
  readonly nowMs: number;
  readonly bills: MarginBills;
}
