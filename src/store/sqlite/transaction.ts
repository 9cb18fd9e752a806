/**
 * What a unit of work writes, as one message: statements in the order in which they must run, each
 * with its rows' values side by side, and steps packed into one text and numbers. A message of few
 * large values crosses to the writer's thread for about 0.3 µs a step; an object a row costs ten
 * times as much.
 */
import type { SealedStep } from "../../domain/event/step-text.ts";
import type { SealedSteps } from "../../engine/ports.ts";
import type { Bound } from "../stored-rows.ts";

/** One statement and the values of its rows, row after row. */
export interface Statement {
  readonly sql: string;
  /** Values a row. */
  readonly width: number;
  readonly values: readonly Bound[];
}

/**
 * One statement, and each row as the text that its checksum covers: the writer takes the values out
 * of it, and puts the checksum behind them.
 */
export interface CheckedRows {
  readonly sql: string;
  readonly rowTexts: readonly string[];
}

/** Steps of one table: their texts end to end, and STEP_NUMBERS numbers for each. */
export interface PackedSteps {
  readonly table: "steps" | "former_steps";
  /** Their texts end to end: one byte a character where all is ASCII, else two. */
  readonly bytes: Uint8Array;
  readonly encoding: "latin1" | "utf16le";
  /** Characters before the first of them, and between two of them. */
  readonly firstAt: number;
  readonly gap: number;
  /** STEP_NUMBERS for each. */
  readonly numbers: Float64Array;
}

/** All writes of one transaction, in order. */
export type Transaction = readonly (Statement | CheckedRows | PackedSteps)[];

/**
 * Numbers of a step: run, source, seq, facets, labels (0: none), then places in its text: its
 * length, where the id starts and ends, where the body starts and ends.
 */
export const STEP_NUMBERS = 10;

/** A step on its way into a pack. */
export interface StepToPack {
  readonly runNo: number;
  readonly sourceNo: number;
  readonly seq: number;
  readonly facetsNo: number;
  /** 0: none. */
  readonly labelsNo: number;
  readonly id: string;
  readonly customer: string;
  readonly sealed: SealedStep;
}

/**
 * Packs steps, whose text ends with `…id END customer END facets END body END labels`. Where their
 * texts are joined already, that one text is written as it is: it is flat since it was digested.
 */
export function packSteps(
  table: PackedSteps["table"],
  steps: readonly StepToPack[],
  joined: SealedSteps["joined"],
): PackedSteps {
  const numbers = new Float64Array(steps.length * STEP_NUMBERS);
  let text = joined === null ? "" : joined.text;
  let at = 0;
  for (const { runNo, sourceNo, seq, facetsNo, labelsNo, id, customer, sealed } of steps) {
    const { text: own, parts } = sealed;
    const bodyEnd = own.length - parts.labels.length - 1;
    const bodyStart = bodyEnd - parts.body.length;
    const idEnd = bodyStart - 1 - parts.facets.length - 1 - customer.length - 1;
    numbers[at] = runNo;
    numbers[at + 1] = sourceNo;
    numbers[at + 2] = seq;
    numbers[at + 3] = facetsNo;
    numbers[at + 4] = labelsNo;
    numbers[at + 5] = own.length;
    numbers[at + 6] = idEnd - id.length;
    numbers[at + 7] = idEnd;
    numbers[at + 8] = bodyStart;
    numbers[at + 9] = bodyEnd;
    at += STEP_NUMBERS;
    if (joined === null) text += own;
  }
  const { firstAt, gap } = joined === null ? { firstAt: 0, gap: 0 } : { ...joined, gap: 1 };
  // Bytes are handed over without a copy; a string of this length would be copied twice.
  const encoding = Buffer.byteLength(text) === text.length ? "latin1" : "utf16le";
  const bytes = Buffer.allocUnsafeSlow(encoding === "latin1" ? text.length : 2 * text.length);
  bytes.write(text, encoding);
  return { table, bytes, encoding, firstAt, gap, numbers };
}

/** The text of one packed step, from a character on. */
export function packedText({ bytes, encoding }: PackedSteps, from: number, length: number): string {
  const width = encoding === "latin1" ? 1 : 2;
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return buffer.toString(encoding, from * width, (from + length) * width);
}

/** Gathers statements; rows of the same statement in a row are joined. */
export class TransactionDraft {
  readonly #parts: (Statement | CheckedRows | PackedSteps)[] = [];
  #last: { readonly sql: string; readonly width: number; readonly values: Bound[] } | null = null;

  /** Adds a row to be bound to a statement. */
  run(sql: string, values: readonly Bound[]): void {
    if (this.#last === null || this.#last.sql !== sql) {
      this.#last = { sql, width: values.length, values: [] };
      this.#parts.push(this.#last);
    }
    for (const value of values) this.#last.values.push(value);
  }

  /** Adds rows by their texts; see `CheckedRows`. */
  runChecked(sql: string, rowTexts: readonly string[]): void {
    if (rowTexts.length === 0) return;
    this.#last = null;
    this.#parts.push({ sql, rowTexts });
  }

  /** Adds packed steps. */
  add(steps: PackedSteps): void {
    this.#last = null;
    this.#parts.push(steps);
  }

  get isEmpty(): boolean {
    return this.#parts.length === 0;
  }

  /** Everything so far. */
  whole(): Transaction {
    return this.#parts;
  }
}
