/**
 * Where bodies are read. Large ones are read in a thread of their own: parsing, checking and
 * hashing takes a quarter of the processor time of an event, and the engine's thread is the one
 * that has the least to spare. A small one is read at once: two crossings would take longer than
 * the reading.
 *
 * The thread is started with the first large body; until it is ready, and should it ever end,
 * bodies are read in the caller's thread.
 */
import { availableParallelism } from "node:os";
import { extname } from "node:path";
import { Worker } from "node:worker_threads";
import { type Problem, TollgateError } from "../../domain/errors.ts";
import { BodyPacker } from "./body-packer.ts";
import { EventUnpacker, type PackedItems } from "./packed-events.ts";
import type { ParseContext } from "./parse-event.ts";
import type { BodyContent, BodyKind, ReadItems } from "./read-items.ts";

/** Reads bodies. Throws, or rejects, as `readBodyItems` does. */
export interface BodyReader {
  read(body: BodyContent, kind: BodyKind): ReadItems | Promise<ReadItems>;
}

/** What is asked of the thread. */
export interface BodyAsked {
  readonly body: BodyContent;
  readonly kind: BodyKind;
}

/** What the thread answers, in the order of what was asked. Before, it says that it is ready. */
export type BodyAnswer = { readonly packed: PackedItems } | { readonly refused: Problem };

/** Reads every body in the caller's thread. */
export function inlineReader(context: ParseContext): BodyReader & { read: ReadAtOnce } {
  const packer = new BodyPacker(context);
  const unpacker = new EventUnpacker();
  return { read: (body, kind) => unpacker.unpack(packer.pack(body, kind)) };
}

type ReadAtOnce = (body: BodyContent, kind: BodyKind) => ReadItems;

/** Bodies of fewer characters or bytes, about ten events, are read at once. */
const THREAD_MIN_CHARS = 4_000;
/** Events live in the thread for as long as one body is read. */
const HEAP_LIMITS = { maxYoungGenerationSizeMb: 12 };

interface Waiting extends BodyAsked {
  readonly resolve: (items: ReadItems) => void;
  readonly reject: (error: unknown) => void;
}

/** Reads large bodies in a thread of its own, where the machine has a processor for it. */
export class ThreadReader implements BodyReader {
  readonly #inline: { readonly read: ReadAtOnce };
  readonly #minChars: number;
  readonly #waiting: Waiting[] = [];
  readonly #unpacker = new EventUnpacker();
  #thread: Worker | null = null;
  #state: "none" | "starting" | "ready" | "ended";

  /** Both options are for tests. (Defaults: THREAD_MIN_CHARS, what the machine has.) */
  constructor(
    context: ParseContext,
    { minChars = THREAD_MIN_CHARS, hasThread = availableParallelism() > 1 } = {},
  ) {
    this.#inline = inlineReader(context);
    this.#minChars = minChars;
    this.#state = hasThread ? "none" : "ended";
  }

  read(body: BodyContent, kind: BodyKind): ReadItems | Promise<ReadItems> {
    if (body.length < this.#minChars) return this.#inline.read(body, kind);
    if (this.#state === "none") this.#start();
    if (this.#state !== "ready") return this.#inline.read(body, kind);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ body, kind, resolve, reject });
      if (typeof body === "string") this.#ask({ body, kind });
      else {
        // A copy is handed over: of a part of a larger buffer all would be copied, and more slowly.
        const own = Uint8Array.from(body);
        this.#ask({ body: own, kind }, [own.buffer]);
      }
    });
  }

  #ask(asked: BodyAsked, handedOver: ArrayBuffer[] = []): void {
    this.#thread?.postMessage(asked, handedOver);
  }

  /** Ends the thread. Bodies that it has not read are read by the caller's. */
  async close(): Promise<void> {
    const thread = this.#thread;
    this.#end();
    await thread?.terminate();
  }

  #start(): void {
    this.#state = "starting";
    const file = `./reading-thread${extname(import.meta.url)}`;
    const thread = new Worker(new URL(file, import.meta.url), { resourceLimits: HEAP_LIMITS });
    this.#thread = thread;
    thread.unref();
    thread.on("message", (answer: "ready" | BodyAnswer) => {
      if (answer !== "ready") this.#answer(answer);
      else if (this.#state === "starting") this.#state = "ready";
    });
    thread.on("error", () => this.#end());
    thread.on("exit", () => this.#end());
  }

  #answer(answer: BodyAnswer): void {
    const asked = this.#waiting.shift();
    if ("packed" in answer) asked?.resolve(this.#unpacker.unpack(answer.packed));
    else {
      const { code, detail, field } = answer.refused;
      asked?.reject(new TollgateError(code, detail, field));
    }
  }

  /** Reading has no effect but its result, so whatever the thread leaves is read here. */
  #end(): void {
    this.#state = "ended";
    this.#thread = null;
    for (const { body, kind, resolve, reject } of this.#waiting.splice(0)) {
      try {
        resolve(this.#inline.read(body, kind));
      } catch (error) {
        reject(error);
      }
    }
  }
}
