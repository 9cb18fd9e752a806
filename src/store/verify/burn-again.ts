/**
 * Burns a wallet's grants again, entry by entry, by what the journal says was charged then. It
 * imports nothing of domain/credit: parts of a lane are a list of payers and amounts, and what a
 * lane has too much is cut, what it lacks is looked for among the grants.
 */
import { amountOf } from "../stored-decimal.ts";
import { chargeIn, closedKey, customerIn } from "./closed-keys.ts";
import {
  byBurning,
  type ClosingTerms,
  canPay,
  chargedOf,
  compare,
  comparePeriod,
  type EntryAgain,
  forgetSpent,
  type GrantAgain,
  groupsOf,
  keyOf,
  keyOfPeriod,
  type LaneAgain,
  least,
  NEW,
  net,
  owe,
  type PeriodAgain,
} from "./lanes-again.ts";
import { behind, cut, giveBack, paidOf, sumParts } from "./parts-again.ts";

/** Who may pay for a lane, in the order of burning, and what is left of each grant. */
interface Payers {
  readonly able: readonly GrantAgain[];
  readonly leftOf: Map<string, bigint>;
}

/** Lanes that were closed so often that the wallet forgets their beginning. */
const REMEMBERED_MAX_PARTS = 200;

/** A wallet that is worked out again. */
export class BurnAgain {
  readonly #grants: GrantAgain[] = [];
  #lanes: LaneAgain[] = [];
  /** What closed periods come to, by customer and charge. */
  readonly #closed = new Map<string, bigint>();
  #count = 0;
  /** True where the wallet may have forgotten who paid long ago: no more is checked. */
  isForgotten = false;

  /** Carries out an entry; tells what it says of a closing's paid part, where that is wrong. */
  *apply(entry: EntryAgain): Generator<string> {
    const atMs = Date.parse(entry.at);
    this.#isFormer = entry.burnForm === undefined;
    if (entry.kind === "closed" || entry.kind === "reissued") {
      yield* this.#close(entry, atMs);
      return;
    }
    this.#serve(chargedOf(entry.charged));
    this.#loseEnded();
    this.#forget();
    if (GIVING.has(entry.kind)) this.#give(entry, atMs);
    if (entry.kind === "expired") {
      const isById = this.#grants.some(({ id }) => id === entry.id);
      this.#end(atMs, (one) =>
        isById ? one.id === entry.id : one.finalAtMs !== null && one.finalAtMs <= atMs,
      );
    }
    if (entry.kind === "expired") this.#forget();
    if (TAKING.has(entry.kind)) this.#take(entry);
  }

  #forget(): void {
    forgetSpent(this.#grants, this.#lanes, this.balances());
  }

  /** The entry is of the version that forgot what lowered lanes had been. */
  #isFormer = false;

  /** What is left of each grant that ever was. */
  balances(): Map<string, bigint> {
    const left = new Map(this.#grants.map(({ id, amount, taken }) => [id, amount - taken]));
    for (const { parts } of this.#lanes) {
      for (const { payer, amount } of parts) {
        if (payer !== null) left.set(payer, (left.get(payer) ?? 0n) - amount);
      }
    }
    return left;
  }

  #left({ id, amount, taken }: GrantAgain): bigint {
    let left = amount - taken;
    for (const { parts } of this.#lanes) {
      for (const part of parts) if (part.payer === id) left -= part.amount;
    }
    return left;
  }

  #give({ id, postings, terms }: EntryAgain, atMs: number): void {
    // Of one posted at the same time as something came back to it there is none: it is new.
    const gained = postings.find(([account]) => account === `grant:${id}`);
    if (terms === undefined || gained === undefined) return;
    this.#count += 1;
    const dates = { order: this.#count, grantedAtMs: atMs, ...NEW };
    const rest = terms as Pick<GrantAgain, "priority" | "expiresAtMs" | "finalAtMs" | "charges">;
    const { rollover } = terms as Pick<GrantAgain, "rollover">;
    this.#grants.push({ ...rest, ...dates, id, amount: amountOf(gained[1]), rollover });
  }

  /** What left a grant behind the burning: its last posting, against an account of its own. */
  #take({ postings }: EntryAgain): void {
    const [account = "", amount = "0"] = postings.at(-2) ?? [];
    const [other = ""] = postings.at(-1) ?? [];
    const grant = this.#grants.find(({ id }) => account === `grant:${id}`);
    if (grant !== undefined && OUT.has(other)) grant.taken -= amountOf(amount);
  }

  #end(atMs: number, isEnding: (grant: GrantAgain) => boolean): void {
    for (const grant of this.#grants.filter((one) => !one.isEnded && isEnding(one))) {
      grant.isEnded = true;
      this.#rollOver(grant, atMs);
      grant.taken += this.#left(grant);
    }
  }

  #rollOver(grant: GrantAgain, atMs: number): void {
    const { rollover, id, priority, charges } = grant;
    const left = this.#left(grant);
    if (rollover === null || left === 0n) return;
    const { upTo, expiresAtMs } = rollover;
    if (expiresAtMs !== null && expiresAtMs <= atMs) return;
    const most = upTo === null ? left : amountOf(upTo);
    const amount = most < left ? most : left;
    this.#count += 1;
    const grace = (grant.finalAtMs ?? 0) - (grant.expiresAtMs ?? 0);
    const finalAtMs = expiresAtMs === null ? null : expiresAtMs + grace;
    grant.taken += amount;
    const dates = { order: this.#count, grantedAtMs: atMs, expiresAtMs, finalAtMs };
    const none = { rollover: null, ...NEW };
    this.#grants.push({ id: `${id}~`, amount, priority, charges, ...dates, ...none });
  }

  #loseEnded(): void {
    for (const grant of this.#grants) if (grant.isEnded) grant.taken += this.#left(grant);
  }

  /**
   * Brings lanes to what they are to come to, and finds who pays. While a period is closed, others
   * lower nothing but what is gone.
   */
  #serve(open: readonly LaneAgain[], closing: PeriodAgain | null = null): void {
    if (this.#isFormer) this.#gone.clear();
    else this.#fillClosed();
    const lowered = new Map(this.#closed);
    const gone = new Map(this.#gone);
    const closedOf = Map.groupBy(lowered.keys(), customerIn);
    const wanted = [...open];
    const debts = [...groupsOf(open)].map((group) => {
      const isNegative = new Set(
        group.filter((one) => one.wanted < 0n).map(({ charge }) => charge),
      );
      const { customer = "", period = "" } = group[0] ?? {};
      const own = (closedOf.get(customer) ?? []).toSorted();
      const inOrder = own.toSorted(
        (a, b) => Number(isNegative.has(chargeIn(b))) - Number(isNegative.has(chargeIn(a))),
      );
      const isAll = closing === null || keyOfPeriod(closing) === keyOfPeriod({ customer, period });
      return { debt: net(group), inOrder, isAll };
    });
    // What is gone is made good by none, so it is lowered before anything else is.
    for (const one of debts) {
      for (const key of one.inOrder) {
        const off = least(gone.get(key) ?? 0n, one.debt);
        gone.set(key, (gone.get(key) ?? 0n) - off);
        lowered.set(key, (lowered.get(key) ?? 0n) - off);
        one.debt -= off;
      }
    }
    for (const { inOrder, ...one } of debts.filter(({ isAll }) => isAll)) {
      for (const key of inOrder) {
        const off = least(lowered.get(key) ?? 0n, one.debt);
        lowered.set(key, (lowered.get(key) ?? 0n) - off);
        one.debt -= off;
      }
    }
    for (const [key, level] of lowered) {
      const at = { customer: customerIn(key), period: "", startMs: 0, charge: chargeIn(key) };
      wanted.push({ ...at, wanted: level, parts: [], off: [] });
    }
    // Of two of a key the first one stands.
    const formerOf = new Map(this.#lanes.toReversed().map((lane) => [keyOf(lane), lane]));
    for (const lane of wanted) {
      const former = formerOf.get(keyOf(lane));
      lane.parts = cut(former?.parts ?? [], lane.wanted);
      if (lane.period !== "" || former === undefined || this.#isFormer) continue;
      lane.off = behind([...former.parts, ...former.off], sumParts(lane.parts));
      this.#callBack(lane);
    }
    this.#lanes = wanted;
    const left = this.balances();
    const payers = (lane: LaneAgain) => this.#grants.filter((grant) => canPay(grant, lane)).length;
    const order = wanted
      .map((lane) => ({ lane, payers: payers(lane) }))
      .sort(
        (a, b) =>
          comparePeriod(a.lane, b.lane) ||
          a.payers - b.payers ||
          compare(a.lane.charge, b.lane.charge),
      );
    for (const { lane } of order) this.#payFor(lane, left);
  }

  #payFor(lane: LaneAgain, leftOf: Map<string, bigint>): void {
    const able = this.#grants.filter((grant) => canPay(grant, lane)).sort(byBurning);
    const from = { able, leftOf };
    // What returns of a closed lane: nobody pays for what was billed in money.
    const returning = cut(lane.off, lane.wanted - sumParts(lane.parts));
    lane.off = behind(lane.off, sumParts(returning));
    for (const part of returning) {
      if (part.payer === null) {
        lane.parts.push(part);
        continue;
      }
      const isAny = (this.#mayGo.get(lane.customer) ?? 0n) <= 0n || part.payer === "";
      const own = isAny ? able : able.filter(({ id }) => id === part.payer);
      const missing = this.#payPart(lane, { able: own, leftOf }, part.amount);
      owe(lane, this.#payPart(lane, from, missing - this.#letGo(lane, missing)));
    }
    owe(lane, this.#payPart(lane, from, lane.wanted - sumParts(lane.parts)));
  }

  /** Of credit that is not there when it returns: what stays away, for others lower the lane. */
  #letGo(lane: LaneAgain, missing: bigint): bigint {
    const most = this.#mayGo.get(lane.customer) ?? 0n;
    if (most <= 0n) return 0n;
    const off = least(missing, most);
    this.#mayGo.set(lane.customer, most - off);
    const key = closedKey(lane.customer, lane.charge);
    this.#gone.set(key, (this.#gone.get(key) ?? 0n) + off);
    lane.wanted -= off;
    return off;
  }

  /** No more of a lane is gone than it is lowered by: the rest is to be paid anew. */
  #callBack(lane: LaneAgain): void {
    const key = closedKey(lane.customer, lane.charge);
    const lowered = (this.#closed.get(key) ?? 0n) - lane.wanted;
    this.#gone.set(key, least(this.#gone.get(key) ?? 0n, lowered));
  }

  /** Takes what they pay off what is left of the grants; returns what they do not pay. */
  #payPart(lane: LaneAgain, { able, leftOf }: Payers, amount: bigint): bigint {
    let missing = amount;
    for (const grant of able) {
      const left = leftOf.get(grant.id) ?? 0n;
      const paid = left < missing ? left : missing;
      if (paid <= 0n) continue;
      lane.parts.push({ payer: grant.id, amount: paid });
      leftOf.set(grant.id, left - paid);
      missing -= paid;
    }
    return missing;
  }

  /** Closed lanes as the former version left them: paid as their statements say, else owed. */
  #fillClosed(): void {
    const closed = this.#lanes
      .filter(({ period }) => period === "")
      .sort((a, b) => compare(a.charge, b.charge));
    for (const [customer, lanes] of Map.groupBy(closed, (lane) => lane.customer)) {
      const stated = this.#stated.get(customer) ?? 0n;
      const paid = lanes.reduce((sum, { parts, off, charge }) => {
        const gone = this.#gone.get(closedKey(customer, charge)) ?? 0n;
        return sum + paidOf([...parts, ...off]) + gone;
      }, 0n);
      if (paid > stated) {
        giveBack(lanes, paid - stated);
        continue;
      }
      let left = stated - paid;
      for (const lane of lanes) {
        const key = closedKey(customer, lane.charge);
        const level = (this.#closed.get(key) ?? 0n) - (this.#gone.get(key) ?? 0n);
        const missing = level - sumParts([...lane.parts, ...lane.off]);
        const byCredit = missing < left ? missing : left;
        left -= byCredit;
        if (byCredit > 0n) lane.off.push({ payer: "", amount: byCredit });
        if (missing > byCredit) lane.off.push({ payer: null, amount: missing - byCredit });
      }
    }
  }

  *#close({ kind, charged, terms }: EntryAgain, nowMs: number): Generator<string> {
    const closing = terms as unknown as ClosingTerms;
    const { customer, period, startMs, endMs, decimals } = closing;
    if (kind === "reissued") {
      // Which statement it replaces is not told here: what it moved is not checked further.
      this.isForgotten = true;
      return;
    }
    const billed = closing.billed.map(([charge, amount]): LaneAgain => {
      const wanted = amountOf(amount);
      return { customer, period, startMs, charge, wanted, parts: [], off: [] };
    });
    const others = chargedOf(charged);
    const stated = this.#stated.get(customer) ?? 0n;
    const excess = this.#serveClosing({ customer, period }, billed, others);
    const own = this.#lanes
      .filter(
        (lane) => lane.customer === customer && (lane.period === "" || lane.period === period),
      )
      .sort((a, b) => comparePeriod(a, b) || compare(a.charge, b.charge));
    // The rest of what is gone, this statement gives back.
    let left = excess.get(customer) ?? 0n;
    for (const { charge } of own.filter((lane) => lane.period === "")) {
      const key = closedKey(customer, charge);
      const kept = least(this.#gone.get(key) ?? 0n, left);
      this.#gone.set(key, kept);
      left -= kept;
    }
    const gone = (excess.get(customer) ?? 0n) - left;
    const all = own.reduce((sum, { parts }) => sum + paidOf(parts), 0n) + gone;
    const unit = decimals === null ? 1n : 10n ** BigInt(33 - decimals);
    const dust = (((all - stated) % unit) + unit) % unit;
    giveBack(own, dust);
    for (const lane of own) {
      const key = closedKey(customer, lane.charge);
      const before = lane.period === "" ? this.#gone.get(key) : this.#closed.get(key);
      this.#closed.set(key, (before ?? 0n) + sumParts(lane.parts));
    }
    this.#merge(own, { customer, period });
    this.#stated.set(customer, all - dust);
    if (all - dust - stated !== amountOf(closing.paid)) {
      yield `says that ${closing.paid} of the period ${period} was paid, which it was not`;
    }
    this.#serve(others.map((lane) => ({ ...lane })));
    this.#loseEnded();
    const overMs = Math.min(endMs, nowMs);
    this.#end(nowMs, ({ expiresAtMs }) => expiresAtMs !== null && expiresAtMs <= overMs);
    this.#forget();
  }
  readonly #stated = new Map<string, bigint>();

  /** What open periods lower closed lanes by though the credit is not there any more, by lane. */
  readonly #gone = new Map<string, bigint>();
  /** How much more of a customer's lanes may be gone. */
  readonly #mayGo = new Map<string, bigint>();

  /**
   * The statement's charges may lower closed periods; those of other periods may not yet. Returns
   * what these have too much of, by customer.
   */
  #serveClosing(
    closing: PeriodAgain,
    billed: readonly LaneAgain[],
    others: readonly LaneAgain[],
  ): Map<string, bigint> {
    const excess = new Map<string, bigint>();
    for (const group of groupsOf(others.map((lane) => ({ ...lane })))) {
      const { customer = "" } = group[0] ?? {};
      excess.set(customer, (excess.get(customer) ?? 0n) + net(group));
    }
    for (const [customer, most] of this.#isFormer ? [] : excess) this.#mayGo.set(customer, most);
    for (const [key, gone] of this.#gone) {
      const customer = customerIn(key);
      this.#mayGo.set(customer, (this.#mayGo.get(customer) ?? 0n) - gone);
    }
    this.#serve([...others.map((lane) => ({ ...lane })), ...billed], closing);
    this.#mayGo.clear();
    return excess;
  }

  #merge(own: readonly LaneAgain[], at: { readonly customer: string; readonly period: string }) {
    const merged = new Map<string, LaneAgain>();
    for (const lane of own) {
      const known = merged.get(lane.charge);
      if (known === undefined) {
        merged.set(lane.charge, {
          ...lane,
          period: "",
          startMs: 0,
          parts: [...lane.parts],
          off: [],
        });
      } else known.parts.push(...lane.parts);
    }
    const isOwn = (lane: LaneAgain) =>
      lane.customer === at.customer && (lane.period === "" || lane.period === at.period);
    this.#lanes = [...this.#lanes.filter((lane) => !isOwn(lane)), ...merged.values()];
    for (const { parts } of merged.values()) {
      if (parts.length > REMEMBERED_MAX_PARTS) this.isForgotten = true;
    }
  }
}

const GIVING: ReadonlySet<string> = new Set(["granted", "paid", "received"]);
const TAKING: ReadonlySet<string> = new Set(["refunded", "sent"]);
const OUT: ReadonlySet<string> = new Set(["refunded", "transferred", "exchanged"]);
