/** Gathers the calls of each model of a log, so that each call knows the others. */
import type { Peer } from "./priced-call.ts";

export class Peers {
  readonly #byModel = new Map<string, Peer[]>();

  /** Adds a call and returns all calls of its model; the list grows with later calls. */
  add(model: string, peer: Peer): readonly Peer[] {
    const list = this.#byModel.get(model) ?? [];
    this.#byModel.set(model, list);
    if (peer.cost !== "") list.push(peer);
    return list;
  }
}
