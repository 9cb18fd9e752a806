/**
 * Reads a whole body into a packed message: each plain step straight from its bytes, every other
 * item the general way by itself, and a body that is not a list of items the general way as a
 * whole, which says what is wrong with it.
 */
import { TollgateError } from "../../domain/errors.ts";
import { EVENTS_PER_REQUEST_MAX_COUNT } from "../../domain/limits.ts";
import { DEFAULT_MAX_DEPTH, parseJsonExact } from "./exact-json.ts";
import { parseLine } from "./ndjson.ts";
import { DICTIONARY_MAX_ENTRIES, EventPacker, type PackedItems } from "./packed-events.ts";
import type { ParseContext } from "./parse-event.ts";
import { BYTE, NOT_PLAIN, PlainBytes } from "./plain-bytes.ts";
import { PlainSteps } from "./plain-steps.ts";
import {
  type BodyContent,
  type BodyKind,
  type Item,
  itemOfLine,
  type ReadItems,
  readBodyItems,
  readItems,
} from "./read-items.ts";

type Ends = ReadItems["ends"][number][];

/** Room for a request of some hundred events; a larger body gets its own. */
const USUAL_BYTES = 256 * 1024;
/** UTF-8 takes so many for a unit of UTF-16 at most. */
const BYTES_PER_CHAR_MAX = 3;

/** Packs the events of many bodies, for one receiver. */
export class BodyPacker {
  readonly #context: ParseContext;
  readonly #packer: EventPacker;
  readonly #plain = new PlainBytes();
  readonly #steps: PlainSteps;
  readonly #room = Buffer.alloc(USUAL_BYTES);
  /** Events packed so far. */
  #count = 0;

  /** `maxEntries` is for tests. (Default: DICTIONARY_MAX_ENTRIES.) */
  constructor(context: ParseContext, { maxEntries = DICTIONARY_MAX_ENTRIES } = {}) {
    const { digest } = context;
    this.#context = context;
    this.#packer = new EventPacker({ maxEntries });
    this.#steps = new PlainSteps(this.#packer, this.#plain, { digest, maxEntries });
  }

  /** Throws `request.malformed`, `request.too_large` as `readBodyItems` does. */
  pack(body: BodyContent, kind: BodyKind): PackedItems {
    if (this.#packer.begin()) this.#steps.clear();
    this.#count = 0;
    const length = this.#fill(body);
    const ends = kind === "json" ? this.#list(length) : this.#lines(length);
    if (ends !== null) return this.#packer.finish(ends);
    this.#packer.discard();
    const text = typeof body === "string" ? body : Buffer.from(body).toString("utf8");
    const whole = readBodyItems(text, kind, this.#context);
    for (const event of whole.events) this.#packer.add(event);
    return this.#packer.finish(whole.ends);
  }

  /** Puts the body's bytes in place, and tells their number. */
  #fill(body: BodyContent): number {
    const isText = typeof body === "string";
    const most = (isText ? BYTES_PER_CHAR_MAX : 1) * body.length + 1;
    const room = most <= this.#room.length ? this.#room : Buffer.alloc(Buffer.byteLength(body) + 1);
    const length = isText ? room.write(body, "utf8") : body.length;
    if (!isText) room.set(body);
    room[length] = BYTE.end;
    this.#plain.bytes = room;
    return length;
  }

  /** The items of a JSON list; null: it has to be read as a whole. */
  #list(length: number): Ends | null {
    const plain = this.#plain;
    const ends: Ends = [];
    let at = plain.blank(0);
    if (plain.bytes[at] !== BYTE.bracketOpen) return null;
    at = plain.blank(at + 1);
    while (ends.length < EVENTS_PER_REQUEST_MAX_COUNT) {
      const end = this.#item(at, ends);
      if (end === NOT_PLAIN) return null;
      at = plain.blank(end);
      const next = plain.bytes[at];
      at = plain.blank(at + 1);
      if (next === BYTE.bracketClose) return at === length ? ends : null;
      if (next !== BYTE.comma) return null;
    }
    return null;
  }

  #item(start: number, ends: Ends): number {
    const end = this.#steps.read(start);
    if (end !== NOT_PLAIN) {
      this.#added(ends);
      return end;
    }
    const itemEnd = this.#plain.value(start);
    if (itemEnd === NOT_PLAIN) return NOT_PLAIN;
    try {
      const text = this.#plain.bytes.toString("utf8", start, itemEnd);
      const value = parseJsonExact(text, { maxDepth: DEFAULT_MAX_DEPTH - 1 });
      this.#add({ value }, ends);
    } catch (error) {
      if (error instanceof TollgateError) return NOT_PLAIN;
      throw error;
    }
    return itemEnd;
  }

  /** An item that is read the general way. */
  #add(item: Item, ends: Ends): void {
    const read = readItems([item], this.#context, { before: this.#count });
    for (const event of read.events) this.#packer.add(event);
    this.#count += read.events.length;
    for (const end of read.ends) {
      if (typeof end === "number") ends.push(this.#count);
      else ends.push("end" in end ? { ...end, end: this.#count } : end);
    }
  }

  /** The items of lines, each judged alone; null: there are too many. */
  #lines(length: number): Ends | null {
    const { bytes } = this.#plain;
    const ends: Ends = [];
    let line = 0;
    for (let start = 0; start < length; ) {
      const feed = bytes.indexOf(BYTE.lineFeed, start);
      const end = feed === -1 || feed > length ? length : feed;
      line += 1;
      // No step goes on in the next line.
      bytes[end] = BYTE.end;
      if (this.#steps.read(this.#plain.blank(start), end) !== NOT_PLAIN) this.#added(ends);
      else {
        const content = bytes.toString("utf8", start, end).trim();
        if (content !== "") this.#add(itemOfLine(parseLine(line, content)), ends);
      }
      if (ends.length > EVENTS_PER_REQUEST_MAX_COUNT) return null;
      start = end + 1;
    }
    return ends;
  }

  /** A plain step was packed. */
  #added(ends: Ends): void {
    this.#count += 1;
    ends.push(this.#count);
  }
}
