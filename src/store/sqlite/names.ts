/** The dictionary of texts that steps repeat. Names are only ever added. */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { present } from "../../domain/assert.ts";

export class Names {
  readonly #numbers = new Map<string, number>();
  readonly #texts = new Map<number, string>();
  readonly #insert: StatementSync;
  readonly #all: StatementSync;
  readonly #after: StatementSync;
  #highest = 0;

  constructor(db: DatabaseSync) {
    this.#insert = db.prepare("INSERT INTO names (text) VALUES (?) RETURNING name_no");
    this.#all = db.prepare("SELECT name_no, text FROM names");
    this.#after = db.prepare("SELECT name_no, text FROM names WHERE name_no > ?");
    this.reload();
  }

  /** Forgets what a rolled back transaction added. */
  reload(): void {
    this.#numbers.clear();
    this.#texts.clear();
    this.#highest = 0;
    this.#remember(this.#all.all());
  }

  #remember(rows: readonly Record<string, unknown>[]): void {
    for (const row of rows) {
      const number = row.name_no as number;
      this.#numbers.set(row.text as string, number);
      this.#texts.set(number, row.text as string);
      this.#highest = Math.max(this.#highest, number);
    }
  }

  /** Number of a text, given now if it is new. Only inside a transaction. */
  numberOf(text: string): number {
    const known = this.#numbers.get(text);
    if (known !== undefined) return known;
    this.#remember([{ ...present(this.#insert.get(text), "name_no"), text }]);
    return this.#numbers.get(text) ?? 0;
  }

  /** Number of a text that may not be known; undefined then. */
  find(text: string): number | undefined {
    return this.#numbers.get(text);
  }

  textOf(number: number): string {
    const known = this.#texts.get(number);
    if (known !== undefined) return known;
    this.#remember(this.#after.all(this.#highest));
    return present(this.#texts.get(number), `name ${number}`);
  }
}
