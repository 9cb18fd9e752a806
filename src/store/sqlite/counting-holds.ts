/**
 * Holds that count, by what finds them; balances have what they set aside. The newest are kept
 * whole, 1.2 KB each. Of the others their identity is, and what they set aside: what was asked
 * for, and all else that is needed when a hold ends or is asked for again, is read from the file
 * then. After a start these are all of them, so that the first who asks does not wait until
 * everything was read.
 */
import { type Hold, isCounting, type Reserve } from "../../domain/budget/hold.ts";
import { WHOLE_HOLDS_MAX_COUNT } from "../../domain/limits.ts";
import { ByIdentity } from "../../engine/commit/by-identity.ts";
import type { StepKey } from "../../engine/ports.ts";
import { decodeReserves } from "../stored-budgets.ts";
import type { Row } from "../stored-rows.ts";
import type { BalanceSlots } from "./balance-slots.ts";

/** What is known of a hold that is not kept whole. */
interface KnownHold extends StepKey {
  readonly callId: string | null;
  readonly reserves: readonly Reserve[];
}

/** So many of the oldest are let go at once: each time, it takes a walk to where they begin. */
const LET_GO_COUNT = 1_024;

/** What counting holds stand on. */
export interface HoldSource {
  readonly slots: BalanceSlots;
  /** Those that count, each with its identity, call and reserves. */
  rows(): Iterable<Row>;
  /** A hold as the file has it. */
  read(key: StepKey): Hold;
}

/** The holds of one workspace that count. */
export class CountingHolds {
  readonly #whole = new ByIdentity<Hold>();
  readonly #known = new ByIdentity<KnownHold>();
  readonly #byCall = new Map<string, readonly KnownHold[]>();
  readonly #source: HoldSource;
  readonly #wholeMaxCount: number;

  /** `wholeMaxCount` is for tests. (Default: WHOLE_HOLDS_MAX_COUNT.) */
  constructor(source: HoldSource, wholeMaxCount: number = WHOLE_HOLDS_MAX_COUNT) {
    this.#source = source;
    this.#wholeMaxCount = wholeMaxCount;
    const texts = new Map<string, string>();
    for (const row of source.rows()) this.#know(row, texts);
  }

  get size(): number {
    return this.#whole.size + this.#known.size;
  }

  of(key: StepKey): Hold | undefined {
    const hold = this.#whole.get(key);
    if (hold !== undefined || this.#known.size === 0) return hold;
    return this.#known.get(key) === undefined ? undefined : this.#takeUp(key);
  }

  ofCall(callId: string): readonly Hold[] {
    return (this.#byCall.get(callId) ?? []).flatMap((key) => this.of(key) ?? []);
  }

  /** What a hold that counts sets aside; undefined: there is none. */
  reservesOf(key: StepKey): readonly Reserve[] | undefined {
    return (this.#whole.get(key) ?? this.#known.get(key))?.reserves;
  }

  /** Takes over a hold in its new state, and what it sets aside. */
  put(hold: Hold): void {
    // The file is ahead of this by now: it may say otherwise already.
    const former = this.reservesOf(hold);
    this.keep(hold);
    for (const reserve of former ?? []) this.#slot(reserve).held -= reserve.amount;
    if (!isCounting(hold)) return;
    for (const reserve of hold.reserves) this.#slot(reserve).held += reserve.amount;
  }

  /** Has a hold found in its new state, and no more once it has ended. */
  keep(hold: Hold): void {
    const counts = isCounting(hold);
    const former = counts ? this.#whole.set(hold) : this.#whole.delete(hold);
    // Those that are kept whole are not among the others.
    const isOther = former === undefined && this.#known.size > 0;
    const known = isOther ? this.#known.delete(hold) : former;
    const { callId } = known ?? hold;
    if (callId !== null) this.#listCall(callId, hold, null);
    if (counts && hold.callId !== null) this.#listCall(hold.callId, hold, keyOf(hold));
    if (this.#whole.size > this.#wholeMaxCount) this.#letGo();
  }

  #slot(reserve: Reserve) {
    return this.#source.slots.of(reserve);
  }

  /** A hold of the file. Runs and sources repeat: their texts are kept once. */
  #know(row: Row, texts: Map<string, string>): void {
    const once = (text: string): string => {
      const known = texts.get(text);
      if (known === undefined) texts.set(text, text);
      return known ?? text;
    };
    const [run, source] = [once(row.run as string), once(row.source as string)];
    const callId = row.call_id as string | null;
    const reserves = decodeReserves(row.reserves as string).map((reserve) => {
      return { ...reserve, scope: once(reserve.scope), window: once(reserve.window) };
    });
    const known = { run, source, id: row.id as string, callId, reserves };
    this.#known.set(known);
    if (callId !== null) this.#listCall(callId, known, known);
    for (const reserve of reserves) this.#slot(reserve).held += reserve.amount;
  }

  #takeUp(key: StepKey): Hold {
    const hold = this.#source.read(key);
    this.#known.delete(key);
    this.#whole.set(hold);
    if (this.#whole.size > this.#wholeMaxCount) this.#letGo();
    return hold;
  }

  /** The oldest are in the file, and no more than known here. */
  #letGo(): void {
    const oldest: Hold[] = [];
    for (const hold of this.#whole.values()) {
      if (oldest.push(hold) >= Math.min(LET_GO_COUNT, this.#wholeMaxCount)) break;
    }
    for (const hold of oldest) {
      this.#whole.delete(hold);
      this.#known.set(keyOf(hold));
    }
  }

  /** Lists a hold among those of its call, or takes it off. */
  #listCall(callId: string, key: StepKey, listed: KnownHold | null): void {
    const others = (this.#byCall.get(callId) ?? []).filter((one) => !isSame(one, key));
    const all = listed === null ? others : [...others, listed];
    if (all.length === 0) this.#byCall.delete(callId);
    else this.#byCall.set(callId, all);
  }
}

function keyOf({ run, source, id, callId, reserves }: Hold): KnownHold {
  return { run, source, id, callId, reserves };
}

function isSame(a: StepKey, b: StepKey): boolean {
  return a.id === b.id && a.run === b.run && a.source === b.source;
}
