/**
 * Where the writing connection lives. The product gives it a thread of its own: while a commit
 * waits for the disk, requests are read and the next unit of work gathers. Tests that make the
 * database fail keep it in their own thread, where they can reach it.
 */
import { extname } from "node:path";
import { Worker } from "node:worker_threads";
import type { OpenOptions } from "./open-database.ts";
import type { TotalsQuery } from "./read-totals.ts";
import type { Transaction } from "./transaction.ts";
import { type ReadOnTheWay, WritingConnection } from "./writing-connection.ts";

/** Writes transactions, one after the other in the order asked for. */
export interface Writer {
  /** Commits durably. Rejects with SQLite's error: nothing is written, or it is unknown. */
  commit(transaction: Transaction): Promise<void>;
  /** Writes, reads on the way, commits; see `WritingConnection`. */
  readOnTheWay(transaction: Transaction, query: TotalsQuery): Promise<ReadOnTheWay>;
  /** Closes the connection. What was asked for before is done first. */
  close(): Promise<void>;
}

/** A file and how it is opened. */
export interface WriterPlace {
  readonly path: string;
  readonly options: OpenOptions;
}

/** A writer in the caller's thread. */
export function inlineWriter({ path, options }: WriterPlace): Writer {
  const connection = new WritingConnection(path, options);
  return {
    commit: async (transaction) => connection.commit(transaction),
    readOnTheWay: async (transaction, query) => connection.readOnTheWay(transaction, query),
    close: async () => connection.close(),
  };
}

/** What is asked of the thread. */
export type Request =
  | { readonly kind: "commit"; readonly transaction: Transaction }
  | { readonly kind: "read"; readonly transaction: Transaction; readonly query: TotalsQuery }
  | { readonly kind: "close" };

/** An error as it crosses threads, which keep of an Error only its message. */
export interface ToldError {
  readonly message: string;
  readonly code: unknown;
  readonly errcode: unknown;
}

/** What the thread answers, in the order of the requests. */
export type Reply =
  | { readonly kind: "done"; readonly result: unknown; readonly failure: ToldError | null }
  | { readonly kind: "failed"; readonly error: ToldError };

interface Waiting {
  readonly resolve: (answer: ReadOnTheWay) => void;
  readonly reject: (error: unknown) => void;
}

/** A message is garbage soon: the thread needs no more room for young objects than this. */
const HEAP_LIMITS = { maxYoungGenerationSizeMb: 12 };

/** A writer in a thread of its own. */
export function threadWriter(place: WriterPlace): Writer {
  return new ThreadWriter(place);
}

class ThreadWriter implements Writer {
  readonly #thread: Worker;
  readonly #waiting: Waiting[] = [];
  #end: unknown = null;

  constructor(place: WriterPlace) {
    const file = `./writer-thread${extname(import.meta.url)}`;
    this.#thread = new Worker(new URL(file, import.meta.url), {
      workerData: place,
      resourceLimits: HEAP_LIMITS,
    });
    this.#thread.unref();
    this.#thread.on("message", (reply: Reply) => this.#answer(reply));
    this.#thread.on("error", (error) => this.#fail(error));
    this.#thread.on("exit", () => this.#fail("the writer's thread has ended"));
  }

  async commit(transaction: Transaction): Promise<void> {
    await this.#ask({ kind: "commit", transaction });
  }

  readOnTheWay(transaction: Transaction, query: TotalsQuery): Promise<ReadOnTheWay> {
    return this.#ask({ kind: "read", transaction, query });
  }

  async close(): Promise<void> {
    await this.#ask({ kind: "close" });
    await this.#thread.terminate();
  }

  #ask(request: Request): Promise<ReadOnTheWay> {
    return new Promise((resolve, reject) => {
      if (this.#end !== null) return reject(this.#end);
      // A process ends only when nothing is being written.
      this.#thread.ref();
      this.#waiting.push({ resolve, reject });
      this.#thread.postMessage(request, buffersOf(request));
    });
  }

  #answer(reply: Reply): void {
    const asked = this.#waiting.shift();
    if (this.#waiting.length === 0) this.#thread.unref();
    if (reply.kind === "failed") asked?.reject(new WriterFailure(reply.error));
    else {
      const failure = reply.failure === null ? null : new WriterFailure(reply.failure);
      asked?.resolve({ result: reply.result, failure });
    }
  }

  /** The thread is gone: what it was asked is unknown, and nothing more is written. */
  #fail(cause: unknown): void {
    this.#end ??= new WriterFailure({ message: String(cause), code: "ERR_WORKER", errcode: -1 });
    for (const { reject } of this.#waiting.splice(0)) reject(this.#end);
  }
}

/** Buffers that need no copy: nobody reads them again. */
function buffersOf(request: Request): ArrayBuffer[] {
  if (request.kind === "close") return [];
  return request.transaction.flatMap((part) =>
    "numbers" in part ? [part.numbers.buffer as ArrayBuffer, part.bytes.buffer as ArrayBuffer] : [],
  );
}

/** An error of SQLite, or of the thread itself, as it is told here. */
class WriterFailure extends Error {
  readonly code: unknown;
  readonly errcode: unknown;

  constructor({ message, code, errcode }: ToldError) {
    super(message);
    this.code = code;
    this.errcode = errcode;
  }
}
