/**
 * The live views that are open. Once in a tick each is asked what has happened, and all who read it
 * are told in one message. So the work is bounded by views and ticks, however many events come, and
 * committing waits for none of it.
 */
import { TollgateError } from "../../domain/errors.ts";
import {
  LIVE_CUT_OFF_MS,
  LIVE_HEARTBEAT_MS,
  LIVE_LINGER_MS,
  LIVE_READERS_MAX_COUNT,
  LIVE_TICK_MS,
} from "../../domain/limits.ts";
import type { Engine } from "../../engine/engine.ts";
import type { LiveScope, LiveView } from "../../engine/live/live-feed.ts";
import { type Currencies, readCurrencies } from "../views/currencies.ts";
import { commitNoOf, eventText, LiveChannel, LiveMemory, LiveReader } from "./live-channel.ts";
import { changeView, snapshotView } from "./live-text.ts";

/** A view that somebody reads, or read a short while ago. */
interface OpenView {
  readonly workspace: string;
  readonly view: LiveView;
  readonly channel: LiveChannel;
  /** In which of the turns of a tick it is asked. */
  readonly turn: number;
  /** Ticks since it told something, and since somebody read it. */
  silentTicks: number;
  unreadTicks: number;
  /** Messages wait until the view was read as a whole. */
  snapshot: Promise<object> | null;
}

/** Who wants to read what. */
export interface LiveRequest {
  readonly workspace: string;
  readonly scope: LiveScope;
  /** `Last-Event-ID` of a reader that comes back. */
  readonly lastId: string | null;
  /** Aborts when the reader is gone, or the server shuts down. */
  readonly gone: AbortSignal;
  readonly isDraining: () => boolean;
  /** Cuts off a reader that is slow and takes nothing at all. (Default: it is left to itself.) */
  readonly cutOff?: () => void;
}

/** A reader, and for how many ticks it has taken nothing since it was let go. */
interface Reading {
  readonly reader: LiveReader;
  readonly cutOff: () => void;
  stalledTicks: number;
}

const HEARTBEAT_TICKS = LIVE_HEARTBEAT_MS / LIVE_TICK_MS;
const LINGER_TICKS = LIVE_LINGER_MS / LIVE_TICK_MS;
const CUT_OFF_TICKS = LIVE_CUT_OFF_MS / LIVE_TICK_MS;
/** Views take turns within a tick, so that a thousand of them do not hold up what comes in. */
const TURNS = 20;
const SIGN_OF_LIFE = ": still here\n\n";
/** Views whose whole is read anew in one tick. */
const SNAPSHOTS_PER_TICK = 20;

/** Every live view of one process. */
export class LiveHub {
  readonly #engine: Engine;
  readonly #newEpoch: () => string;
  readonly #isTicking: boolean;
  readonly #memory = new LiveMemory();
  readonly #views = new Map<string, OpenView>();
  readonly #readings = new Set<Reading>();
  #readers = 0;
  #timer: NodeJS.Timeout | null = null;
  #turn = 0;
  #opened = 0;
  /** Views that were told anew in this tick. */
  #snapshots = 0;
  /** Cards are read once in a tick, not once a view. */
  #currencies = new Map<string, Promise<Currencies>>();

  /** `isTicking`: by a timer of its own; else whoever holds it ticks. (Default: it does.) */
  constructor(
    engine: Engine,
    newEpoch: () => string,
    { isTicking = true }: { readonly isTicking?: boolean } = {},
  ) {
    this.#engine = engine;
    this.#newEpoch = newEpoch;
    this.#isTicking = isTicking;
  }

  get readerCount(): number {
    return this.#readers;
  }

  /** Characters that wait for slow readers, beyond a message for each. */
  get waitingChars(): number {
    return this.#memory.waitingChars;
  }

  /** Readers that are let go as too slow, and have not taken that yet. */
  get droppedCount(): number {
    return [...this.#readings].filter(({ reader }) => reader.isStalled).length;
  }

  get viewCount(): number {
    return this.#views.size;
  }

  /** Begins to read. Throws `live.too_many`, `run.not_found`, `customer.not_found`. */
  async open(request: LiveRequest): Promise<AsyncIterable<string>> {
    if (this.#readers >= LIVE_READERS_MAX_COUNT) {
      const detail = `${this.#readers} live views are open.`;
      throw new TollgateError("live.too_many", detail);
    }
    this.#readers += 1;
    try {
      return await this.#begin(request);
    } catch (error) {
      this.#readers -= 1;
      throw error;
    }
  }

  async #begin(request: LiveRequest): Promise<AsyncIterable<string>> {
    const { workspace, scope, lastId } = request;
    const key = `${workspace}\u0000${scope.of}\u0000${scope.id}`;
    const open = this.#views.get(key) ?? this.#openView(key, workspace, scope);
    const reader = new LiveReader(this.#memory);
    const missed = lastId === null ? null : open.channel.after(lastId);
    open.unreadTicks = 0;
    if (missed !== null) {
      open.channel.readers.add(reader);
      // As one message: however many were missed, none of them waits for another.
      if (missed.length > 0) reader.put(missed.join(""));
    } else {
      await this.#tellWhole(key, open, reader);
      if (lastId !== null) await this.#tellMissed(open, reader, lastId);
    }
    if (this.#isTicking) {
      this.#timer ??= setInterval(() => this.#nextTurn(), LIVE_TICK_MS / TURNS).unref();
    }
    this.#letGo(open, reader, request);
    return reader.pieces();
  }

  /** Who comes from another process is told what it has missed, as far as anybody knows. */
  async #tellMissed(open: OpenView, reader: LiveReader, lastId: string): Promise<void> {
    const { workspace, view, channel } = open;
    const afterNo = commitNoOf(lastId);
    const { live, store } = this.#engine;
    if (afterNo === null || !store.isShared) return;
    const missed = await live.missed(workspace, view.scope, afterNo);
    if (missed === null) return;
    const data = changeView(missed, await readCurrencies(store, workspace, missed.runs));
    reader.put(eventText("change", data, channel.lastId));
  }

  /** However it ends, also before anything was taken, the reader is counted no more. */
  #letGo({ channel }: OpenView, reader: LiveReader, request: LiveRequest): void {
    const { gone, isDraining, cutOff = () => undefined } = request;
    const reading: Reading = { reader, cutOff, stalledTicks: 0 };
    this.#readings.add(reading);
    const leave = () => {
      this.#readings.delete(reading);
      channel.readers.delete(reader);
      this.#readers -= 1;
      if (isDraining()) reader.end("shutdown");
      else reader.leave();
    };
    if (gone.aborted) leave();
    else gone.addEventListener("abort", leave, { once: true });
  }

  #openView(key: string, workspace: string, scope: LiveScope): OpenView {
    const view = this.#engine.live.watch(workspace, scope);
    const channel = new LiveChannel(this.#newEpoch(), this.#memory);
    const counts = { turn: this.#opened % TURNS, silentTicks: 0, unreadTicks: 0, snapshot: null };
    this.#opened += 1;
    const open: OpenView = { workspace, view, channel, ...counts };
    this.#views.set(key, open);
    return open;
  }

  /** The whole of a view for one reader; those who ask meanwhile get the same. */
  async #tellWhole(key: string, open: OpenView, reader: LiveReader): Promise<void> {
    const { channel, view } = open;
    try {
      // Others who read it are still to be told anew.
      if (channel.readers.size === 0) view.isStale = false;
      open.snapshot ??= this.#readWhole(open).finally(() => {
        open.snapshot = null;
      });
      const whole = await open.snapshot;
      // Changes that were told while it was read say again what it says already, and then more.
      reader.put(`id: ${channel.lastId}\nevent: snapshot\ndata: ${JSON.stringify(whole)}\n\n`);
      channel.readers.add(reader);
    } catch (error) {
      if (channel.readers.size === 0) this.#close(key, open);
      throw error;
    }
  }

  async #readWhole({ workspace, view, channel }: OpenView): Promise<object> {
    const { store, live } = this.#engine;
    // What is committed elsewhere from here on is gathered: it is in the whole, or behind it.
    await live.look(workspace);
    channel.commitNo = live.lastNo(workspace);
    const state = await live.read(workspace, view.scope);
    view.begin(state.budgets);
    return snapshotView(state, await readCurrencies(store, workspace, state.runs));
  }

  #close(key: string, { view, channel }: OpenView): void {
    view.close();
    channel.close();
    this.#views.delete(key);
    if (this.#views.size > 0 || this.#timer === null) return;
    clearInterval(this.#timer);
    this.#timer = null;
  }

  /** Tells what has happened since the last tick. */
  tick(): void {
    this.#beginTick();
    for (const [key, open] of this.#views) this.#ask(key, open);
  }

  #nextTurn(): void {
    if (this.#turn === 0) this.#beginTick();
    for (const [key, open] of this.#views) if (open.turn === this.#turn) this.#ask(key, open);
    this.#turn = (this.#turn + 1) % TURNS;
  }

  #beginTick(): void {
    for (const reading of this.#readings) {
      if (!reading.reader.isStalled) continue;
      reading.stalledTicks += 1;
      if (reading.stalledTicks === CUT_OFF_TICKS) reading.cutOff();
    }
    this.#lookElsewhere();
    this.#currencies = new Map();
    this.#snapshots = 0;
  }

  #ask(key: string, open: OpenView): void {
    const { channel, view } = open;
    if (channel.readers.size === 0 && open.snapshot === null) {
      open.unreadTicks += 1;
      if (open.unreadTicks >= LINGER_TICKS || this.#views.size > LIVE_READERS_MAX_COUNT) {
        this.#close(key, open);
        return;
      }
    } else open.unreadTicks = 0;
    open.silentTicks += 1;
    if (open.snapshot !== null) return;
    if (view.isStale) {
      if (this.#snapshots < SNAPSHOTS_PER_TICK) void this.#tellAnew(open);
      this.#snapshots += 1;
    } else void this.#tellChange(open);
    if (open.silentTicks < HEARTBEAT_TICKS) return;
    open.silentTicks = 0;
    channel.send(SIGN_OF_LIFE);
  }

  /** What it finds is told with the next tick. */
  #lookElsewhere(): void {
    const { store, live } = this.#engine;
    if (!store.isShared) return;
    for (const workspace of live.workspaces) {
      live.look(workspace).catch(() => {
        // The store may be what fails: it is asked again at the next tick.
      });
    }
  }

  async #tellChange(open: OpenView): Promise<void> {
    const { view, channel, workspace } = open;
    const change = view.take();
    if (change === null) return;
    channel.commitNo = this.#engine.live.lastNo(workspace);
    open.silentTicks = 0;
    const known = this.#currencies.get(workspace);
    const currencies = known ?? readCurrencies(this.#engine.store, workspace);
    this.#currencies.set(workspace, currencies);
    try {
      await (await currencies).learn(change.runs);
      channel.tell("change", changeView(change, await currencies));
    } catch {
      view.isStale = true;
    }
  }

  /** Something else than events and holds has happened: the whole is told again. */
  async #tellAnew(open: OpenView): Promise<void> {
    open.view.take();
    open.view.isStale = false;
    open.snapshot = this.#readWhole(open);
    try {
      open.channel.tell("snapshot", await open.snapshot);
      open.silentTicks = 0;
    } catch {
      // The store may be what fails: it is tried again at the next tick.
      open.view.isStale = true;
    } finally {
      open.snapshot = null;
    }
  }
}
