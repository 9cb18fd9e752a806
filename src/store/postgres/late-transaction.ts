/**
 * The transaction of a unit that began before the one ahead of it was on disk. It is begun by the
 * first statement that needs it, and waits in the server for the lock. Nothing that it is asked is
 * answered before its lock has told that it stands where its unit took it to stand.
 */

import type { Queries } from "./connection.ts";
import type { Answered, Client, Query } from "./driver.ts";
import { type Ground, GroundMoved, isSameGround, lockWorkspace } from "./ground.ts";

/** Statements of one such transaction. */
export class LateTransaction implements Queries {
  readonly #client: Client;
  readonly #ws: number;
  readonly #expected: Ground;
  #begun: Promise<boolean> | null = null;

  constructor(client: Client, ws: number, expected: Ground) {
    this.#client = client;
    this.#ws = ws;
    this.#expected = expected;
  }

  get connection(): Queries["connection"] {
    return this.#client.connection;
  }

  /** Whether it stands where it was taken to. Throws `store.unknown` where nobody can say. */
  isOnGround(): Promise<boolean> {
    this.#begun ??= lockWorkspace(this.#client, this.#ws).then((ground) =>
      isSameGround(ground, this.#expected),
    );
    return this.#begun;
  }

  async query(query: Query): Promise<Answered | Answered[]> {
    const isOnGround = this.isOnGround();
    const [answer] = await Promise.all([this.#client.query(query), isOnGround]);
    if (!(await isOnGround)) throw new GroundMoved("others have committed");
    return answer;
  }
}
