/**
 * The texts of many steps as bytes, one after the other, as a link of the hash chain covers them
 * and as a store keeps them. What `step-text.ts` says of a step is said here without making a
 * string of it. A property holds both against each other.
 */
import { AsciiBytes } from "../ascii-bytes.ts";
import type { Quantity } from "../money/decimal.ts";
import type { ChargeShare, Step } from "./step.ts";
import { codesOf, END, facetsOf, labelsOf, rareOf, SHARE_END, VERSION } from "./step-text.ts";
import { bucketHead, ListedUsage, type Usage } from "./usage.ts";

/** Where a text stands: its start, the start and end of its id and of its body, and its end. */
export const SPAN_NUMBERS = 6;

const END_BYTE = END.charCodeAt(0);
const SHARE_END_BYTE = SHARE_END.charCodeAt(0);
const LINE_BYTE = 0x0a;
const COMMA_BYTE = 0x2c;
const EQUALS_BYTE = 0x3d;
/** A step of few charges takes 270; room is made anew where that is too little. */
const USUAL_BYTES = 400;

/** Texts of steps, each on a line of its own behind a beginning. */
export class StepBytes extends AsciiBytes {
  /** SPAN_NUMBERS for each step. */
  readonly spans: Int32Array;

  /** Null: something in it is not ASCII. The bytes are the caller's to hand on. */
  static of(beginning: string, steps: readonly Step[]): StepBytes | null {
    const written = new StepBytes(beginning, steps);
    return written.isAscii ? written : null;
  }

  private constructor(beginning: string, steps: readonly Step[]) {
    super(beginning.length + USUAL_BYTES * steps.length);
    this.spans = new Int32Array(SPAN_NUMBERS * steps.length);
    this.text(beginning);
    let place = 0;
    for (const step of steps) {
      const from = this.at;
      this.#step(step, place);
      while (!this.hasRoom) {
        this.grow(from);
        this.#step(step, place);
      }
      place += SPAN_NUMBERS;
    }
  }

  #step(step: Step, place: number): void {
    const { spans } = this;
    this.byte(LINE_BYTE);
    spans[place] = this.at;
    this.#field(VERSION);
    this.integer(step.seq);
    this.byte(END_BYTE);
    this.#sharedField(step.run);
    this.#field(step.source);
    spans[place + 1] = this.at;
    this.text(step.id);
    spans[place + 2] = this.at;
    this.byte(END_BYTE);
    this.#field(step.customer);
    this.#sharedField(facetsOf(step));
    spans[place + 3] = this.at;
    this.#body(step);
    spans[place + 4] = this.at;
    this.byte(END_BYTE);
    this.shared(labelsOf(step));
    spans[place + 5] = this.at;
  }

  #body(step: Step): void {
    const { revision, attempt, occurredAtMs, receivedAtMs, ratedAtMs } = step;
    this.#field(codesOf(step));
    this.#field(revision === 1 && attempt === 1 ? "" : `${revision}.${attempt}`);
    this.#field(step.contentHash);
    this.#instant(occurredAtMs);
    this.#instant(receivedAtMs - occurredAtMs);
    if (ratedAtMs === occurredAtMs) this.byte(END_BYTE);
    else this.#instant(ratedAtMs);
    this.#field(step.period);
    this.#usage(step.usage);
    this.byte(END_BYTE);
    if (step.cardVersionId !== null) this.integer(step.cardVersionId);
    this.byte(END_BYTE);
    if (step.priceVersionId !== null) this.integer(step.priceVersionId);
    this.byte(END_BYTE);
    this.amount(step.cost);
    this.byte(END_BYTE);
    this.#shares(step.shares);
    this.text(rareOf(step));
  }

  /** In base 36. */
  #instant(ms: number): void {
    if (ms < 0) this.text("-");
    this.integer(Math.abs(ms), 36);
    this.byte(END_BYTE);
  }

  #usage(usage: Usage): void {
    if (usage instanceof ListedUsage) {
      const { heads } = usage.names;
      for (let at = 0; at < heads.length; at += 1) {
        this.#quantity(heads[at] as string, usage.quantities[at] as Quantity, at === 0);
      }
      return;
    }
    let isFirst = true;
    for (const name of usage.keys()) {
      this.#quantity(bucketHead(name), usage.get(name) as Quantity, isFirst);
      isFirst = false;
    }
  }

  #quantity(head: string, quantity: Quantity, isFirst: boolean): void {
    if (!isFirst) this.byte(COMMA_BYTE);
    this.text(head);
    this.quantity(quantity);
  }

  #shares(shares: readonly ChargeShare[]): void {
    let isFirst = true;
    for (const { chargeKey, cell, amount } of shares) {
      if (!isFirst) {
        this.byte(SHARE_END_BYTE);
        this.byte(SHARE_END_BYTE);
      }
      isFirst = false;
      this.text(chargeKey);
      if (cell !== "") {
        this.byte(SHARE_END_BYTE);
        this.text(cell);
      }
      this.byte(EQUALS_BYTE);
      this.amount(amount);
    }
  }

  #field(text: string): void {
    this.text(text);
    this.byte(END_BYTE);
  }

  #sharedField(text: string): void {
    this.shared(text);
    this.byte(END_BYTE);
  }
}
