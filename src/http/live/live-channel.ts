/**
 * One live view and its readers. Messages are made once, however many read them, and the last ones
 * are kept for readers that come back. A reader that does not keep up is told so and let go: it
 * never holds up the others, and its memory is bounded.
 */
import {
  LIVE_KEPT_MAX_CHARS,
  LIVE_KEPT_MESSAGES_MAX_COUNT,
  LIVE_WAITING_MAX_CHARS,
  LIVE_WAITING_MESSAGES_MAX_COUNT,
} from "../../domain/limits.ts";

/** Why a stream ends. */
export type LiveEnd = "slow" | "shutdown";

/** One message as it is sent, with its number. */
interface Message {
  readonly no: number;
  readonly text: string;
}

/** An event of a stream (HTML, "Server-sent events"). JSON holds no line break. */
export function eventText(name: string, data: object, id?: string): string {
  const named = id === undefined ? "" : `id: ${id}\n`;
  return `${named}event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
}

/** How much all channels and readers of a process hold. */
export class LiveMemory {
  readonly keptMaxChars: number;
  readonly waitingMaxChars: number;
  keptChars = 0;
  /** What waits behind the first message of each reader. */
  waitingChars = 0;

  constructor({ kept = LIVE_KEPT_MAX_CHARS, waiting = LIVE_WAITING_MAX_CHARS } = {}) {
    this.keptMaxChars = kept;
    this.waitingMaxChars = waiting;
  }
}

/** One who reads: what waits for it to be taken. */
export class LiveReader {
  readonly #memory: LiveMemory;
  readonly #waiting: string[] = [];
  #end: LiveEnd | null = null;
  #isGone = false;
  #hasToldEnd = false;
  #wake: () => void = () => undefined;

  constructor(memory: LiveMemory) {
    this.#memory = memory;
  }

  get isEnded(): boolean {
    return this.#isGone || this.#end !== null;
  }

  /** It was told too much, and has not even taken that it is let go. */
  get isStalled(): boolean {
    return this.#end === "slow" && !this.#hasToldEnd && !this.#isGone;
  }

  /** Puts a message; one that finds too many waiting before it ends the stream instead. */
  put(text: string): void {
    if (this.isEnded) return;
    if (this.#waiting.length > 0 && !this.#mayWait(text)) {
      // What it has missed is no use to it any more: it is to come back for the whole.
      this.#drop();
      this.end("slow");
      return;
    }
    this.#waiting.push(text);
    if (this.#waiting.length > 1) this.#memory.waitingChars += text.length;
    this.#wake();
  }

  #mayWait({ length }: string): boolean {
    const { waitingChars, waitingMaxChars } = this.#memory;
    const isRoom = waitingChars + length <= waitingMaxChars;
    return isRoom && this.#waiting.length < LIVE_WAITING_MESSAGES_MAX_COUNT;
  }

  #take(): string | undefined {
    const text = this.#waiting.shift();
    this.#memory.waitingChars -= this.#waiting[0]?.length ?? 0;
    return text;
  }

  #drop(): void {
    while (this.#waiting.length > 0) this.#take();
  }

  end(reason: LiveEnd): void {
    this.#end ??= reason;
    this.#wake();
  }

  /** The connection is gone: nothing is told any more. */
  leave(): void {
    this.#isGone = true;
    this.#drop();
    this.#wake();
  }

  /** What there is to send, as soon as there is; the last piece says why it ends. */
  async *pieces(): AsyncGenerator<string> {
    while (!this.#isGone) {
      const text = this.#take();
      if (text !== undefined) yield text;
      else if (this.#end !== null) {
        this.#hasToldEnd = true;
        yield eventText("end", { reason: this.#end });
        return;
      } else {
        const { promise, resolve } = Promise.withResolvers<void>();
        this.#wake = resolve;
        await promise;
      }
    }
  }
}

/** The messages and readers of one view. */
export class LiveChannel {
  /** Of this channel and no other: who comes back to another is told everything anew. */
  readonly #epoch: string;
  readonly readers = new Set<LiveReader>();
  readonly #memory: LiveMemory;
  readonly #kept: Message[] = [];
  #no = 0;
  /** Number of the last commit that is told; null: of one process, which needs none. */
  commitNo: number | null = null;

  constructor(epoch: string, memory: LiveMemory) {
    this.#epoch = epoch;
    this.#memory = memory;
  }

  /** The id of the last message. */
  get lastId(): string {
    const place = `${this.#epoch}.${this.#no}`;
    return this.commitNo === null ? place : `${place}.${this.commitNo}`;
  }

  /** Tells every reader. */
  tell(name: string, data: object): void {
    this.#no += 1;
    const text = eventText(name, data, this.lastId);
    this.#kept.push({ no: this.#no, text });
    this.#memory.keptChars += text.length;
    while (this.#keepsTooMuch()) this.#forgetFirst();
    this.send(text);
  }

  #keepsTooMuch(): boolean {
    const { keptChars, keptMaxChars } = this.#memory;
    const isTooLarge = keptChars > keptMaxChars && this.#kept.length > 0;
    return isTooLarge || this.#kept.length > LIVE_KEPT_MESSAGES_MAX_COUNT;
  }

  #forgetFirst(): void {
    this.#memory.keptChars -= this.#kept.shift()?.text.length ?? 0;
  }

  /** Keeps nothing any more. */
  close(): void {
    while (this.#kept.length > 0) this.#forgetFirst();
  }

  /** Sends to every reader what has no number, such as a sign of life. */
  send(text: string): void {
    for (const reader of this.readers) {
      reader.put(text);
      if (reader.isEnded) this.readers.delete(reader);
    }
  }

  /** The messages after one of an id; null: they are not all kept, or it is of another channel. */
  after(id: string): readonly string[] | null {
    const [epoch, text = ""] = id.split(".");
    const no = Number(text);
    if (epoch !== this.#epoch || !Number.isSafeInteger(no) || no > this.#no) return null;
    const first = this.#kept[0]?.no ?? this.#no + 1;
    if (no < first - 1) return null;
    return this.#kept.filter((message) => message.no > no).map(({ text }) => text);
  }
}

/** The number of the commit in an id, which is the same in all processes; null: it has none. */
export function commitNoOf(id: string): number | null {
  const [, , text = ""] = id.split(".");
  return /^\d{1,15}$/.test(text) ? Number(text) : null;
}
