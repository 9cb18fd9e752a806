/** Whose totals have moved: noted by every unit of work, looked at behind it. */

/** What is noted of a workspace. */
export interface Noted {
  /** Customers whose totals have moved, and whose credit and commitments nobody has looked at. */
  readonly moved: Set<string>;
  /** The same of margin. */
  readonly margin: Set<string>;
  /** Customers that have neither credit nor commitments, since the last act. */
  readonly plain: Set<string>;
  /** How many acts there were. */
  acts: number;
  /** Where the look at every customer has come to; null: it is over. */
  allAfter: string | null;
  /** Whether units of work may have left looks on record. */
  hasDue: boolean;
  /** From when on a look at a customer is due though nothing moves. */
  readonly later: Map<string, number>;
}

/** What is noted, by workspace; it is in memory alone. */
export class MovedCustomers {
  readonly #noted = new Map<string, Noted>();

  /** Totals of customers have moved. */
  note(workspace: string, customers: Iterable<string>): void {
    const { moved, margin, plain } = this.of(workspace);
    for (const id of customers) {
      if (!plain.has(id)) moved.add(id);
      margin.add(id);
    }
  }

  /** People have decided something: whoever had neither credit nor commitments may have them. */
  decided(workspace: string): void {
    const noted = this.of(workspace);
    noted.acts += 1;
    noted.plain.clear();
  }

  /** A unit of work has left looks on record. */
  leftLooks(workspace: string): void {
    this.of(workspace).hasDue = true;
  }

  of(workspace: string): Noted {
    const known = this.#noted.get(workspace);
    if (known !== undefined) return known;
    const noted = { moved: new Set<string>(), margin: new Set<string>(), plain: new Set<string>() };
    const later = new Map<string, number>();
    const fresh: Noted = { ...noted, acts: 0, allAfter: "", hasDue: true, later };
    this.#noted.set(workspace, fresh);
    return fresh;
  }
}
