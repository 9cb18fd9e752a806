/**
 * What is at hand of all workspaces, and which of them was worked on longest ago. A workspace is
 * weighed when it comes, and when it was in turn: to weigh all of thousands with each would cost
 * more than the unit of work.
 */

/** What is at hand of one workspace. */
interface Weighing {
  /** In rows. */
  readonly weight: number;
}

/** Workspaces by their numbers. */
export class AtHand<T extends Weighing> {
  /** Those worked on longest ago stand first. */
  readonly #all = new Map<number, { readonly rows: T; weighed: number }>();
  readonly #maxWeight: number;
  #inTurn: number | null = null;
  #weight = 0;

  constructor(maxWeight: number) {
    this.#maxWeight = maxWeight;
  }

  get size(): number {
    return this.#all.size;
  }

  get(ws: number): T | undefined {
    return this.#all.get(ws)?.rows;
  }

  set(ws: number, rows: T): void {
    this.delete(ws);
    const { weight } = rows;
    this.#weight += weight;
    this.#all.set(ws, { rows, weighed: weight });
  }

  delete(ws: number): void {
    this.#weight -= this.#all.get(ws)?.weighed ?? 0;
    this.#all.delete(ws);
  }

  /** A unit of a workspace begins. Returns whether another one was in turn. */
  turnTo(ws: number): boolean {
    if (ws === this.#inTurn) return false;
    for (const one of [this.#inTurn, ws]) {
      const rows = one === null ? undefined : this.get(one);
      if (one !== null && rows !== undefined) this.set(one, rows);
    }
    this.#inTurn = ws;
    return true;
  }

  /** The other workspace that was worked on longest ago, where too much is at hand; else null. */
  get idle(): number | null {
    const [oldest = null] = this.#all.keys();
    return this.#weight > this.#maxWeight && oldest !== this.#inTurn ? oldest : null;
  }
}
