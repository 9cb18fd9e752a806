/**
 * The dictionary of texts that steps repeat. Names are only ever added. What is remembered is
 * bounded, so that a producer with endless names costs look-ups, not memory.
 */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { present } from "../../domain/assert.ts";
import { Recent } from "./recent.ts";

const NAMES_MAX_ROWS = 20_000;

/** Numbers of texts, and texts of numbers. */
export class Names {
  readonly #numbers = new Recent<string, number>(NAMES_MAX_ROWS);
  readonly #texts = new Recent<number, string>(NAMES_MAX_ROWS);
  readonly #insert: StatementSync;
  readonly #byText: StatementSync;
  readonly #byNumber: StatementSync;

  /** `writer` gives new numbers; a reader's dictionary only looks up. */
  constructor(db: DatabaseSync, use: "reads" | "writes") {
    const insert = "INSERT INTO names (text) VALUES (?) RETURNING name_no";
    this.#byText = db.prepare("SELECT name_no FROM names WHERE text = ?");
    this.#byNumber = db.prepare("SELECT text FROM names WHERE name_no = ?");
    this.#insert = use === "writes" ? db.prepare(insert) : this.#byText;
  }

  /** Forgets what a rolled back transaction added. */
  forget(): void {
    this.#numbers.clear();
    this.#texts.clear();
  }

  /** Number of a text, given now if it is new. Only inside a transaction. */
  numberOf(text: string): number {
    const known = this.find(text);
    if (known !== undefined) return known;
    const row = present(this.#insert.get(text), "the number of a new name");
    return this.#remember(row.name_no as number, text);
  }

  /** Number of a text that may not be known; undefined then. */
  find(text: string): number | undefined {
    const known = this.#numbers.get(text);
    if (known !== undefined) return known;
    const row = this.#byText.get(text);
    return row === undefined ? undefined : this.#remember(row.name_no as number, text);
  }

  textOf(number: number): string {
    const known = this.#texts.get(number);
    if (known !== undefined) return known;
    const text = present(this.#byNumber.get(number), `name ${number}`).text as string;
    this.#remember(number, text);
    return text;
  }

  #remember(number: number, text: string): number {
    this.#numbers.set(text, number);
    this.#texts.set(number, text);
    return number;
  }
}
