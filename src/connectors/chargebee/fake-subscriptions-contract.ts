/**
 * Subscriptions of the fake: one that is replaced by another is cancelled. It keeps what was
 * recorded and takes no more.
 */

/** Their ids by our customers, now and before. */
export class FakeSubscriptions {
  readonly #now = new Map<string, string>();
  readonly #ours = new Map<string, string>();

  /** `names`: the subscription of each customer of ours. */
  constructor(names: Readonly<Record<string, string>>) {
    for (const [ours, id] of Object.entries(names)) this.#know(ours, id);
  }

  #know(ours: string, id: string): void {
    this.#now.set(ours, id);
    this.#ours.set(id, ours);
  }

  isActive(id: string): boolean {
    return this.#now.get(this.#ours.get(id) ?? "") === id;
  }

  isKnown(id: string): boolean {
    return this.#ours.has(id);
  }

  /** Our customer of a subscription; "": nobody's. */
  ours(id: string): string {
    return this.#ours.get(id) ?? "";
  }

  /** The customer there, who stays whatever becomes of subscriptions. */
  payer(ours: string): string {
    return `cb_${ours}`;
  }

  /** Cancels a subscription and makes another one for the same customer; returns its id. */
  replace(ours: string): string {
    const [base = "", number = "1"] = (this.#now.get(ours) ?? `sub_${ours}`).split("-");
    const id = `${base}-${Number(number) + 1}`;
    this.#know(ours, id);
    return id;
  }
}
