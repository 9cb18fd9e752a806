import type { Store } from "../engine/ports.ts";

/** What a clause works with. */
export interface Scene {
  /** A fresh workspace of the store. */
  readonly workspace: string;
  store(): Store;
  /** Makes one more fresh workspace. */
  anotherWorkspace(): Promise<string>;
  /** Closes the store and opens it again, as a restart does. */
  restart(): Promise<void>;
}

/** One sentence of the contract. */
export interface Clause {
  readonly name: string;
  /** Rejects where the store breaks it. */
  readonly check: (scene: Scene) => Promise<void>;
}
