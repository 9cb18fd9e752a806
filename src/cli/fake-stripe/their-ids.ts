/**
 * What a fake calls our customers, such as by a customer or a subscription of theirs: one that is
 * replaced by another keeps what was told, and takes no more.
 */

/** Their ids by our names, now and before. */
export class TheirIds {
  readonly #now = new Map<string, string>();
  readonly #ours = new Map<string, string>();

  /** `names`: their id of each customer of ours. */
  constructor(names: Readonly<Record<string, string>>) {
    for (const [ours, id] of Object.entries(names)) this.#know(ours, id);
  }

  #know(ours: string, id: string): void {
    this.#now.set(ours, id);
    this.#ours.set(id, ours);
  }

  /** Whether an id is not replaced. */
  isActive(id: string): boolean {
    return this.#now.get(this.#ours.get(id) ?? "") === id;
  }

  isKnown(id: string): boolean {
    return this.#ours.has(id);
  }

  /** Our customer of an id; "": nobody's. */
  ours(id: string): string {
    return this.#ours.get(id) ?? "";
  }

  /** Puts another one in the place of a customer's; returns the new id. */
  replace(ours: string): string {
    const [base = "", number = "1"] = (this.#now.get(ours) ?? ours).split("-");
    const id = `${base}-${Number(number) + 1}`;
    this.#know(ours, id);
    return id;
  }
}
