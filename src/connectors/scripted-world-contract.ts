/**
 * The world that connectors are tried in: books that a schedule writes, a network that loses,
 * delays and refuses, senders that are killed, and clocks that differ. Everything follows from one
 * seed, so a failing schedule can be played again.
 */
import { createHash } from "node:crypto";
import { setImmediate } from "node:timers/promises";
import type { ExportMode, NumberForm } from "../domain/export/capability.ts";
import type { DocumentPart } from "../domain/export/export-line.ts";
import { EXPORT_SCALE, formatValue } from "../domain/export/export-line.ts";
import type { ExportTarget, TheirName } from "../domain/export/target.ts";
import { EXPORT_LEASE_MS } from "../domain/limits.ts";
import { type BillingPeriod, periodAt } from "../domain/period/billing-period.ts";
import type {
  Connector,
  Notice,
  OutgoingHttp,
  OutgoingRequest,
  Sent,
  Session,
} from "../engine/export/connector-port.ts";
import {
  type ExportContext,
  type OpenTarget,
  TargetOpener,
} from "../engine/export/export-context.ts";
import type { ExportLedger, LedgerEntry, Outbox } from "../engine/export/export-ports.ts";
import type { FakeAccount, FakeTarget, FakeWorld } from "./fake-target-contract.ts";

/** A repeatable source of chance (mulberry32): from 0 up to 1. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A whole number from 0 up to `count`. */
export function below(chance: () => number, count: number): number {
  return Math.floor(chance() * count);
}

/** One of the last digit that numbers of a scale have. */
export function quantum(scale: number): bigint {
  return 10n ** BigInt(EXPORT_SCALE - scale);
}

/** Less than their numbers hold, or too much where nothing below nothing can be sent. */
export function isRest(carried: bigint, { scale, negative }: NumberForm): boolean {
  const isSmall = carried < quantum(scale) && -carried < quantum(scale);
  return isSmall || (carried < 0n && !negative);
}

/** Books of a schedule: what each customer's item came to in each period. */
export class ScriptedLedger implements ExportLedger {
  readonly #entries = new Map<string, LedgerEntry & { readonly customer: string }>();
  readonly #sources = new Map<string, readonly DocumentPart[]>();
  readonly #nowMs: () => number;
  #revision = 0;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** Adds to an item in the period of an instant; never below nothing. */
  add(customer: string, item: string, move: { readonly atMs: number; readonly by: bigint }): void {
    const period = periodAt(move.atMs, { timeZone: "UTC", anchorDay: 1 });
    const place = JSON.stringify([customer, item, period.key]);
    const before = this.#entries.get(place)?.value ?? 0n;
    const value = before + move.by < 0n ? 0n : before + move.by;
    this.#revision += 1;
    const source = `books/${this.#revision}`;
    const amount = formatValue(value);
    const parts = [{ item, description: item, quantity: null, amount }];
    this.#sources.set(source, parts);
    const description = `${item} of ${customer}`;
    const entry = { customer, item, period, value, unit: "USD", description, parts, source };
    this.#entries.set(place, entry);
  }

  customers(_workspace: string, after: string, limit: number): string[] {
    const all = new Set([...this.#entries.values()].map(({ customer }) => customer));
    return [...all]
      .filter((id) => id > after)
      .sort()
      .slice(0, limit);
  }

  entries(
    _workspace: string,
    { customer, mode, since }: { customer: string; mode: ExportMode; since: string },
  ): LedgerEntry[] {
    return [...this.#entries.values()]
      .filter((entry) => entry.customer === customer && entry.period.key >= since)
      .filter(({ period }) => mode === "usage" || isOver(period, this.#nowMs()))
      .map(({ customer: _, ...entry }) => (mode === "statement" ? entry : { ...entry, parts: [] }));
  }

  nowMs(): number {
    return this.#nowMs();
  }

  openPeriod(): BillingPeriod {
    return periodAt(this.#nowMs(), { timeZone: "UTC", anchorDay: 1 });
  }

  partsOf(_workspace: string, source: string): readonly DocumentPart[] {
    return this.#sources.get(source) ?? [];
  }

  /** What an item came to over all periods. */
  total(customer: string, item: string): bigint {
    return [...this.#entries.values()]
      .filter((entry) => entry.customer === customer && entry.item === item)
      .reduce((sum, { value }) => sum + value, 0n);
  }
}

function isOver(period: BillingPeriod, nowMs: number): boolean {
  return period.endMs <= nowMs;
}

/** Thrown by everything that a killed sender calls: nothing after it happens. */
export class Killed extends Error {}

/** How a network treats requests. */
export interface Weather {
  /** Part of the requests that something happens to, from 0 to 1. */
  readonly faults: number;
  /** Whether nothing gets through at all. */
  readonly isOut: boolean;
}

/** One sender: a process that may die at any point. */
export class Sender {
  readonly world: ScriptedWorld;
  readonly chance: () => number;
  isDead = false;

  constructor(world: ScriptedWorld, chance: () => number) {
    this.world = world;
    this.chance = chance;
  }

  /** Dies here, or lets another sender go first. */
  async pause(): Promise<void> {
    if (this.isDead) throw new Killed("this sender is dead");
    const { faults } = this.world.weather;
    if (faults > 0 && this.chance() < faults / 8) {
      this.isDead = true;
      throw new Killed("killed");
    }
    if (this.chance() < 0.2) await setImmediate();
    if (this.isDead) throw new Killed("this sender is dead");
  }

  /** A machine that is put to sleep between a claim and its request wakes up in another time. */
  #maySleep(): void {
    const { world } = this;
    // A request takes no longer than it settles: nobody sleeps while one is under way.
    const isAsleep = this.chance() < world.weather.faults / 50 && world.underWay === 0;
    if (isAsleep) world.pass(2 * EXPORT_LEASE_MS);
  }

  /** What it sends with. */
  context(): ExportContext {
    const { world } = this;
    return {
      outbox: this.#outbox(world.outbox),
      ledger: world.ledger,
      connectors: new Map([[world.connector.name, world.connector]]),
      http: new UnreliableHttp(this),
      secrets: {
        seal: (text) => ({ keyId: "k", sealed: text }),
        open: ({ sealed }) => sealed,
      },
      digest: { sha256: (text) => createHash("sha256").update(text).digest("hex") },
      ids: { random: () => String(this.chance()) },
      clock: { nowMs: () => world.nowMs },
      chance: this.chance,
      wait: async (ms) => {
        world.nowMs += ms;
      },
    };
  }

  #outbox(outbox: Outbox): Outbox {
    return {
      write: async (workspace, change) => {
        await this.pause();
        const isWritten = await outbox.write(workspace, change);
        await this.pause();
        this.#maySleep();
        return isWritten;
      },
      lines: async (workspace, filter) => {
        await this.pause();
        return outbox.lines(workspace, filter);
      },
      line: (workspace, key) => outbox.line(workspace, key),
      lastLines: async (workspace, target, customer) => {
        await this.pause();
        return outbox.lastLines(workspace, target, customer);
      },
      counts: (workspace, target) => outbox.counts(workspace, target),
      attempts: (workspace, filter) => outbox.attempts(workspace, filter),
      attemptsOf: (workspace, ids) => outbox.attemptsOf(workspace, ids),
      forgetAttempts: (workspace, beforeMs) => outbox.forgetAttempts(workspace, beforeMs),
      keepNewestAttempts: (workspace, target, count) =>
        outbox.keepNewestAttempts(workspace, target, count),
      secrets: (workspace, target) => outbox.secrets(workspace, target),
      saveSecret: (workspace, secret) => outbox.saveSecret(workspace, secret),
    };
  }
}

const RETRY_AFTER_S = 30;

/** A network between a sender and the fake. */
class UnreliableHttp implements OutgoingHttp {
  readonly #sender: Sender;

  constructor(sender: Sender) {
    this.#sender = sender;
  }

  async send(request: OutgoingRequest): Promise<Sent> {
    const { world } = this.#sender;
    world.underWay += 1;
    try {
      return await this.#carried(request);
    } finally {
      world.underWay -= 1;
    }
  }

  async #carried(request: OutgoingRequest): Promise<Sent> {
    const { world, chance } = this.#sender;
    await this.#sender.pause();
    const { faults, isOut } = world.weather;
    const isFaulty = isOut || chance() < faults;
    const sent = isFaulty ? this.#disturbed(request, isOut) : this.#arrived(request);
    await this.#sender.pause();
    return sent;
  }

  #arrived(request: OutgoingRequest): Sent {
    return { kind: "answered", answer: this.#sender.world.fake.answer(request) };
  }

  #disturbed(request: OutgoingRequest, isOut: boolean): Sent {
    const { world, chance } = this.#sender;
    const refused = (status: number, headers: Record<string, string> = {}): Sent => ({
      kind: "answered",
      answer: { status, headers, body: "" },
    });
    switch (below(chance, isOut ? 3 : 8)) {
      case 0:
        return { kind: "not_sent", reason: "connection refused" };
      case 1:
        return refused(503);
      case 2:
        return { kind: "unclear", reason: "time-out before it arrived" };
      case 3:
        return refused(429, { "retry-after": String(RETRY_AFTER_S) });
      case 4:
        world.fake.answer(request);
        return { kind: "unclear", reason: "the answer was lost" };
      case 5:
        world.fake.answer(request);
        return refused(500);
      case 6:
        world.delay(request);
        return { kind: "unclear", reason: "still under way" };
      default:
        return refused(500);
    }
  }
}

/** What a world is made of. */
export interface WorldParts {
  readonly connector: Connector;
  readonly outbox: Outbox;
  account(world: FakeWorld): FakeAccount;
  /** Least amount that the books tell apart, in units of 10^-33. */
  readonly grain: bigint;
}

/** Start of every schedule. */
export const WORLD_START_MS = Date.UTC(2026, 9, 1);
export const WORKSPACE = "w";
const NEW_PROCESS_PART = 0.3;
const SKEW_MAX_MS = 4 * 60 * 1000;
/** Requests that are under way arrive within this time. */
const DELAY_MAX_MS = 30_000;

/** One schedule's world. */
export class ScriptedWorld {
  readonly chance: () => number;
  readonly connector: Connector;
  readonly outbox: Outbox;
  readonly ledger: ScriptedLedger;
  readonly fake: FakeTarget;
  readonly secrets: Readonly<Record<string, string>>;
  readonly grain: bigint;
  target: ExportTarget;
  weather: Weather = { faults: 0, isOut: false };
  nowMs = WORLD_START_MS;
  /** Requests that are being carried. */
  underWay = 0;
  /** Customers that were renamed there, and nobody here knows it yet. */
  readonly renamed = new Map<string, TheirName>();
  #memory: Session["memory"] = new Map();
  readonly #delayed: { readonly request: OutgoingRequest; readonly atMs: number }[] = [];

  constructor(parts: WorldParts, seed: number) {
    this.chance = seeded(seed);
    const skewMs = Math.floor((this.chance() * 2 - 1) * SKEW_MAX_MS);
    this.connector = parts.connector;
    this.outbox = parts.outbox;
    this.grain = parts.grain;
    this.ledger = new ScriptedLedger(() => this.nowMs);
    const account = parts.account({ nowMs: () => this.nowMs + skewMs, chance: this.chance });
    this.fake = account.fake;
    this.target = account.target;
    this.secrets = account.secrets;
  }

  /** Keeps the target's secrets, as an operator would have. */
  async prepare(): Promise<void> {
    for (const [name, sealed] of Object.entries(this.secrets)) {
      const secret = { target: this.target.id, name, keyId: "k", sealed, savedAtMs: 0 };
      await this.outbox.saveSecret(WORKSPACE, secret);
    }
  }

  /** A new sender: of a process that goes on, or of a new one. */
  sender(): { readonly context: ExportContext; readonly open: OpenTarget } {
    if (this.chance() < NEW_PROCESS_PART) this.#memory = new Map();
    const context = new Sender(this, this.chance).context();
    const open = new TargetOpener(context).open(WORKSPACE, this.target);
    return { context, open: { ...open, session: { ...open.session, memory: this.#memory } } };
  }

  /** What the target told us by itself, as far as it got through. */
  arrivedNotices(): readonly Notice[] {
    const all = this.fake.notices?.() ?? [];
    return all.filter(() => this.chance() >= this.weather.faults);
  }

  /** A request that arrives later. */
  delay(request: OutgoingRequest): void {
    this.#delayed.push({ request, atMs: this.nowMs + below(this.chance, DELAY_MAX_MS) });
  }

  /** Lets time pass; what was under way arrives, and the fake does its work. */
  pass(ms: number): void {
    const endMs = this.nowMs + ms;
    const due = this.#delayed.filter(({ atMs }) => atMs <= endMs);
    for (const one of due.toSorted((a, b) => a.atMs - b.atMs)) {
      this.#delayed.splice(this.#delayed.indexOf(one), 1);
      // It arrives in its time, not when somebody looks next.
      this.nowMs = Math.max(this.nowMs, one.atMs);
      this.fake.answer(one.request);
    }
    this.nowMs = endMs;
    this.fake.tick?.();
  }
}
