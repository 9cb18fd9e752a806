/**
 * The run that work belongs to, carried through asynchronous calls by AsyncLocalStorage. It is
 * taken from where the runtime has it, without an import, so that a bundle for an edge runtime
 * stays free of Node's modules. Without one, runs are passed by hand: `run.fetch`, `run.tool`.
 */
import type { RecordedRun } from "./run-place.ts";

/** Where work stands: its run, and the step that causes what happens now. */
export interface WorkPlace {
  readonly run: RecordedRun;
  readonly parentStep: string | null;
}

interface Storage {
  getStore(): WorkPlace | undefined;
  run<Result>(place: WorkPlace, work: () => Result): Result;
}

type StorageConstructor = new () => Storage;

interface Runtime {
  readonly AsyncLocalStorage?: StorageConstructor;
  readonly process?: {
    getBuiltinModule?(name: string): { readonly AsyncLocalStorage?: StorageConstructor };
  };
}

/** One Tollgate's context. */
export class AsyncContext {
  readonly #storage: Storage | null;

  constructor(runtime: unknown = globalThis) {
    const { AsyncLocalStorage, process } = runtime as Runtime;
    const found = AsyncLocalStorage ?? fromNode(process);
    this.#storage = found === undefined ? null : new found();
  }

  /** The place of what runs now; null outside any run, or without AsyncLocalStorage. */
  get place(): WorkPlace | null {
    return this.#storage?.getStore() ?? null;
  }

  /** Does the work at this place, with everything that it starts. */
  run<Result>(place: WorkPlace, work: () => Result): Result {
    return this.#storage === null ? work() : this.#storage.run(place, work);
  }
}

/** Node from 20.16, Deno, Bun and Cloudflare Workers with Node's compatibility have it. */
function fromNode(process: Runtime["process"]): StorageConstructor | undefined {
  try {
    return process?.getBuiltinModule?.("node:async_hooks").AsyncLocalStorage;
  } catch {
    return undefined;
  }
}
