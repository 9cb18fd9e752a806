/**
 * What a unit of work writes, as one message: statements in the order in which they must run, each
 * with its rows' values side by side, and steps packed into one text and numbers. A message of few
 * large values crosses to the writer's thread for about 0.3 µs a step; an object a row costs ten
 * times as much.
 */
import { assert } from "../../domain/assert.ts";
import { SPAN_NUMBERS, type StepBytes } from "../../domain/event/step-bytes.ts";
import type { SealedStep } from "../../domain/event/step-text.ts";
import type { Bound } from "../stored-rows.ts";

/** One statement and the values of its rows, row after row. */
export interface Statement {
  readonly sql: string;
  /** Values a row. */
  readonly width: number;
  readonly values: readonly Bound[];
}

/**
 * One statement, and each row as the JSON text that its checksum covers: the writer takes the
 * values out of it, and puts the checksum behind them. A row is a line: one text crosses to the
 * writer's thread in half the time of many.
 */
export interface CheckedRows {
  readonly sql: string;
  readonly rowLines: string;
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

/** A step on its way into a pack, by the numbers of its row. */
export interface StepToPack {
  readonly runNo: number;
  readonly sourceNo: number;
  readonly seq: number;
  readonly facetsNo: number;
  /** 0: none. */
  readonly labelsNo: number;
}

/** A step on its way into a pack, with its text. */
export interface TextToPack extends StepToPack {
  readonly id: string;
  readonly customer: string;
  readonly sealed: SealedStep;
}

function putNumbers(numbers: Float64Array, at: number, step: StepToPack): void {
  numbers[at] = step.runNo;
  numbers[at + 1] = step.sourceNo;
  numbers[at + 2] = step.seq;
  numbers[at + 3] = step.facetsNo;
  numbers[at + 4] = step.labelsNo;
}

/** Packs steps whose texts are bytes already: these are handed over as they are. */
export function packBytes(steps: readonly StepToPack[], sealed: StepBytes): PackedSteps {
  const { spans, bytes } = sealed;
  assert(spans.length === SPAN_NUMBERS * steps.length, "every step that is written is sealed");
  const numbers = new Float64Array(steps.length * STEP_NUMBERS);
  let span = 0;
  let at = 0;
  for (const step of steps) {
    const start = spans[span] as number;
    const end = spans[span + 5] as number;
    putNumbers(numbers, at, step);
    numbers[at + 5] = end - start;
    numbers[at + 6] = (spans[span + 1] as number) - start;
    numbers[at + 7] = (spans[span + 2] as number) - start;
    numbers[at + 8] = (spans[span + 3] as number) - start;
    numbers[at + 9] = (spans[span + 4] as number) - start;
    span += SPAN_NUMBERS;
    at += STEP_NUMBERS;
  }
  return {
    table: "steps",
    bytes,
    encoding: "latin1",
    firstAt: spans[0] as number,
    gap: 1,
    numbers,
  };
}

/** Packs steps by their texts, which end with `…id END customer END facets END body END labels`. */
export function packTexts(table: PackedSteps["table"], steps: readonly TextToPack[]): PackedSteps {
  const numbers = new Float64Array(steps.length * STEP_NUMBERS);
  let text = "";
  let at = 0;
  for (const step of steps) {
    const { id, customer, sealed } = step;
    const { text: own, parts } = sealed;
    const bodyEnd = own.length - parts.labels.length - 1;
    const bodyStart = bodyEnd - parts.body.length;
    const idEnd = bodyStart - 1 - parts.facets.length - 1 - customer.length - 1;
    putNumbers(numbers, at, step);
    numbers[at + 5] = own.length;
    numbers[at + 6] = idEnd - id.length;
    numbers[at + 7] = idEnd;
    numbers[at + 8] = bodyStart;
    numbers[at + 9] = bodyEnd;
    at += STEP_NUMBERS;
    text += own;
  }
  // Bytes are handed over without a copy; a string of this length would be copied twice.
  const encoding = Buffer.byteLength(text) === text.length ? "latin1" : "utf16le";
  const bytes = Buffer.allocUnsafeSlow(encoding === "latin1" ? text.length : 2 * text.length);
  bytes.write(text, encoding);
  return { table, bytes, encoding, firstAt: 0, gap: 0, numbers };
}

/** The texts of packed steps, each from a character on. */
export function textsOfPacked({ bytes, encoding }: PackedSteps) {
  const width = encoding === "latin1" ? 1 : 2;
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return (from: number, length: number): string =>
    buffer.toString(encoding, from * width, (from + length) * width);
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
    this.#parts.push({ sql, rowLines: rowTexts.join("\n") });
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
