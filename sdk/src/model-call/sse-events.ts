/**
 * Cuts a stream of server-sent events into whole events without changing a byte: what is passed on
 * is what came, minus the events that the caller drops. No more than one event is kept back.
 */

/** One event: its bytes as they came, and its parsed data; undefined where that is no JSON. */
export interface SseEvent {
  readonly bytes: Uint8Array;
  readonly data: unknown;
}

/** An event beyond this is passed on in parts and not read. */
const EVENT_MAX_BYTES = 8 * 1024 * 1024;

const LF = 10;
const CR = 13;

/** One stream's cutter. */
export class SseCutter {
  #pending: Uint8Array = new Uint8Array(0);
  /** Bytes of `#pending` in which no end of an event was found. */
  #searched = 0;
  #isOversized = false;

  /** The events that are complete with these bytes. */
  push(chunk: Uint8Array): SseEvent[] {
    this.#pending = this.#pending.length === 0 ? chunk : joined(this.#pending, chunk);
    const events: SseEvent[] = [];
    let start = 0;
    for (let end = this.#endFrom(0); end !== -1; end = this.#endFrom(start)) {
      events.push(this.#event(this.#pending.subarray(start, end)));
      start = end;
      this.#searched = end;
    }
    this.#pending = this.#pending.subarray(start);
    this.#searched = Math.max(0, this.#pending.length - 3);
    if (this.#pending.length > EVENT_MAX_BYTES) {
      events.push({ bytes: this.#pending, data: undefined });
      this.#pending = new Uint8Array(0);
      this.#searched = 0;
      this.#isOversized = true;
    }
    return events;
  }

  /** What is left at the end of the stream, or null. */
  rest(): SseEvent | null {
    if (this.#pending.length === 0) return null;
    const event = this.#event(this.#pending);
    this.#pending = new Uint8Array(0);
    return event;
  }

  #event(bytes: Uint8Array): SseEvent {
    const data = this.#isOversized ? undefined : dataOf(bytes);
    this.#isOversized = false;
    return { bytes, data };
  }

  /** The place behind the next blank line, or -1. */
  #endFrom(start: number): number {
    const bytes = this.#pending;
    for (let at = Math.max(start, this.#searched); at < bytes.length; at += 1) {
      const byte = bytes[at];
      if (byte !== LF && byte !== CR) continue;
      // LF LF, CR CR or CR LF CR LF; a CR at the very end may still get its LF.
      if (byte === LF && bytes[at + 1] === LF) return at + 2;
      if (byte === CR && bytes[at + 1] === CR) return at + 2;
      if (byte === CR && bytes[at + 1] === LF && bytes[at + 2] === CR && bytes[at + 3] === LF) {
        return at + 4;
      }
    }
    return -1;
  }
}

const decoder = new TextDecoder();

function dataOf(bytes: Uint8Array): unknown {
  const lines = decoder.decode(bytes).split(/\r\n|\n|\r/);
  const data = lines.filter((line) => line.startsWith("data:"));
  if (data.length === 0) return undefined;
  try {
    return JSON.parse(data.map((line) => line.slice(5)).join("\n"));
  } catch {
    return undefined;
  }
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}
