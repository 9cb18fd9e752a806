/**
 * The dictionary of texts that steps repeat. Names are only ever added. What is remembered is
 * bounded, so that a producer with endless names costs look-ups, not memory.
 */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { present } from "../../domain/assert.ts";
import { Recent } from "../recent.ts";
import type { TransactionDraft } from "./transaction.ts";

const NAMES_MAX_ROWS = 20_000;
const INSERT = "INSERT INTO names (name_no, text) VALUES (?, ?)";

/** Numbers of texts, and texts of numbers. */
export class Names {
  readonly #numbers = new Recent<string, number>(NAMES_MAX_ROWS);
  readonly #texts = new Recent<number, string>(NAMES_MAX_ROWS);
  readonly #byText: StatementSync;
  readonly #byNumber: StatementSync;
  readonly #last: StatementSync;
  /** The number given last; null: the file knows. */
  #lastNo: number | null = null;

  constructor(reader: DatabaseSync) {
    this.#byText = reader.prepare("SELECT name_no FROM names WHERE text = ?");
    this.#byNumber = reader.prepare("SELECT text FROM names WHERE name_no = ?");
    this.#last = reader.prepare("SELECT coalesce(max(name_no), 0) AS n FROM names");
  }

  /** Forgets what a transaction that failed may not have added. */
  forget(): void {
    this.#numbers.clear();
    this.#texts.clear();
    this.#lastNo = null;
  }

  /** Number of a text, given now if it is new; its row goes into the draft then. */
  numberOf(text: string, draft: TransactionDraft): number {
    const known = this.find(text);
    if (known !== undefined) return known;
    this.#lastNo = (this.#lastNo ?? (present(this.#last.get(), "a maximum").n as number)) + 1;
    draft.run(INSERT, [this.#lastNo, text]);
    return this.#remember(this.#lastNo, text);
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
