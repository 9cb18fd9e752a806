/**
 * Reads steps of the form that nearly every producer writes, straight from the bytes of a body:
 * texts of printable ASCII without escapes, whole quantities, fields that are known. What it reads
 * is packed as it goes, so no object of the event is made, and a text that was met before is a
 * number without having been a string (docs/decisions/0171-plain-steps-are-read-as-bytes.md).
 *
 * It never refuses anything: whatever is not of this form, or not valid, is read again by
 * `parse-event.ts`, which says what is wrong. A property holds both ways against each other.
 */
import { CONTENT_HASH_VERSION, contentFields } from "../../domain/event/content-hash.ts";
import {
  COMPLETENESS,
  PAYERS,
  ROLES,
  STEP_KINDS,
  STEP_STATUSES,
} from "../../domain/event/event.ts";
import { ID_MAX_CHARS, OCCURRED_AT_MAX_MS, OCCURRED_AT_MIN_MS } from "../../domain/limits.ts";
import type { Digest } from "../../engine/ports.ts";
import { ByteNames } from "./byte-names.ts";
import { CanonicalBytes } from "./canonical-bytes.ts";
import { CALL_ID, type EventPacker, HOLD, PARENT_STEP, STEP, stepCode } from "./packed-events.ts";
import { BYTE, hashOf, NOT_PLAIN, type PlainBytes } from "./plain-bytes.ts";
import { type KnownLabels, PlainLabels } from "./plain-labels.ts";
import { PlainNames } from "./plain-names.ts";
import { PlainUsage } from "./plain-usage.ts";
import { parseInstant } from "./rfc3339.ts";

/** How a value is read: a text that may be null, one that may not, one of a list, and so on. */
type Form = "text" | "name" | "choice" | "number" | "usage" | "labels";

/** Fields of a step in this form, in any order; their places here are their numbers. */
const FIELDS = [
  { field: "id", form: "name" },
  { field: "run", form: "name" },
  { field: "occurredAt", form: "name" },
  { field: "source", form: "name" },
  { field: "customer", form: "text" },
  { field: "agent", form: "text" },
  { field: "parentRun", form: "text" },
  { field: "provider", form: "text" },
  { field: "model", form: "text" },
  { field: "tool", form: "text" },
  { field: "tier", form: "text" },
  { field: "parentStep", form: "text" },
  { field: "callId", form: "text" },
  { field: "hold", form: "text" },
  { field: "type", form: "choice" },
  { field: "kind", form: "choice" },
  { field: "status", form: "choice" },
  { field: "completeness", form: "choice" },
  { field: "payer", form: "choice" },
  { field: "role", form: "choice" },
  { field: "attempt", form: "number" },
  { field: "usage", form: "usage" },
  { field: "labels", form: "labels" },
] as const satisfies readonly { readonly field: string; readonly form: Form }[];
type Field = (typeof FIELDS)[number]["field"];

/** Places by name. */
const AT = Object.freeze(
  Object.fromEntries(FIELDS.map(({ field }, place) => [field, place])),
) as Readonly<Record<Field, number>>;
const FORMS: readonly Form[] = FIELDS.map(({ form }) => form);
const FIELD_NAMES = namesOf(FIELDS.map(({ field }) => field));
const REQUIRED = seenOf("id", "run", "occurredAt", "kind");

/** What a choice may be: the place in the list is the value. */
const CHOICES: ReadonlyMap<number, ByteNames> = new Map([
  [AT.type, namesOf(["step"])],
  [AT.kind, namesOf(STEP_KINDS)],
  [AT.status, namesOf(STEP_STATUSES)],
  [AT.completeness, namesOf(COMPLETENESS)],
  [AT.payer, namesOf(PAYERS)],
  [AT.role, namesOf(ROLES)],
]);
const CHOICE_AT: readonly (ByteNames | undefined)[] = FIELDS.map((_, at) => CHOICES.get(at));

/** Content in the order in which it is written, each with its head. */
const CONTENT = contentFields(FIELDS.map(({ field }) => field)).map(({ name, head }) => ({
  at: AT[name as Field],
  head: Buffer.from(head),
}));

const DEFAULT_SOURCE = "api";
const DEFAULT_TIER = "standard";
/** Runs whose ids begin so are not named by producers. */
const TILDE = 0x7e;
const ATTEMPT_MAX = 1_000;
const DEFAULT_ATTEMPT = 1;
const OK = STEP_STATUSES.indexOf("ok");
const EXACT = COMPLETENESS.indexOf("exact");
const US = PAYERS.indexOf("us");
const BILL = ROLES.indexOf("bill");

function namesOf(texts: readonly string[]): ByteNames {
  const names = new ByteNames(texts.length);
  for (const text of texts) {
    const bytes = Buffer.from(text);
    names.add(bytes, hashOf(bytes));
  }
  return names;
}

function seenOf(...fields: readonly Field[]): number {
  return fields.reduce((seen, field) => seen | (1 << AT[field]), 0);
}

/** Reads the steps of one body after the other. */
export class PlainSteps {
  readonly #plain: PlainBytes;
  readonly #packer: EventPacker;
  readonly #digest: Pick<Digest, "content">;
  readonly #names: PlainNames;
  readonly #usage: PlainUsage;
  readonly #labels: PlainLabels;
  readonly #canonical = new CanonicalBytes();
  /** Fields of the step at hand, as bits. */
  #seen = 0;
  /** Where the text of a field stands, by place; an end of 0: it is null. */
  readonly #starts = new Int32Array(FIELDS.length);
  readonly #ends = new Int32Array(FIELDS.length);
  readonly #hashes = new Int32Array(FIELDS.length);
  /** What a number or choice is, by place. */
  readonly #values = new Int32Array(FIELDS.length);
  #known: KnownLabels | null = null;
  /** Numbers of what a step means that does not say it; 0: not named yet. */
  #sourceNumber = 0;
  #tierNumber = 0;

  constructor(
    packer: EventPacker,
    plain: PlainBytes,
    {
      digest,
      maxEntries,
    }: { readonly digest: Pick<Digest, "content">; readonly maxEntries: number },
  ) {
    this.#packer = packer;
    this.#plain = plain;
    this.#digest = digest;
    this.#names = new PlainNames(packer, plain, maxEntries);
    this.#usage = new PlainUsage(packer, plain);
    this.#labels = new PlainLabels(packer, plain);
  }

  /** Forgets all names, as the packer has. */
  clear(): void {
    this.#names.clear();
    this.#usage.clear();
    this.#labels.clear();
    this.#sourceNumber = 0;
    this.#tierNumber = 0;
  }

  /**
   * Packs the step that begins at `start`, and nothing but blanks may follow up to `lineEnd`, if
   * that is given: its end. NOT_PLAIN: nothing is packed.
   */
  read(start: number, lineEnd = 0): number {
    const end = this.#scan(start);
    if (end === NOT_PLAIN || (lineEnd > 0 && this.#plain.blank(end) !== lineEnd)) return NOT_PLAIN;
    return this.#pack(start, end) ? end : NOT_PLAIN;
  }

  #scan(start: number): number {
    const plain = this.#plain;
    const { bytes } = plain;
    this.#seen = 0;
    this.#usage.none();
    this.#known = null;
    if (bytes[start] !== BYTE.braceOpen) return NOT_PLAIN;
    let at = plain.blank(start + 1);
    for (;;) {
      const nameEnd = plain.text(at);
      if (nameEnd === NOT_PLAIN) return NOT_PLAIN;
      const field = FIELD_NAMES.find(plain, at + 1, nameEnd);
      const colon = plain.blank(nameEnd + 1);
      if (field < 0 || bytes[colon] !== BYTE.colon || !this.#isNew(field)) return NOT_PLAIN;
      at = this.#value(field, plain.blank(colon + 1));
      if (at === NOT_PLAIN) return NOT_PLAIN;
      at = plain.blank(at);
      if (bytes[at] === BYTE.braceClose) return at + 1;
      if (bytes[at] !== BYTE.comma) return NOT_PLAIN;
      at = plain.blank(at + 1);
    }
  }

  #isNew(field: number): boolean {
    const bit = 1 << field;
    if ((this.#seen & bit) !== 0) return false;
    this.#seen |= bit;
    return true;
  }

  #value(field: number, at: number): number {
    switch (FORMS[field]) {
      case "name":
        return this.#text(field, at);
      case "text":
        return this.#plain.bytes[at] === BYTE.quote
          ? this.#text(field, at)
          : this.#nothing(field, at);
      case "choice":
        return this.#choice(field, at);
      case "number":
        return this.#attempt(at);
      case "usage":
        return this.#usage.read(at);
      case "labels":
        return this.#readLabels(at);
      default:
        return NOT_PLAIN;
    }
  }

  #text(field: number, at: number): number {
    const end = this.#plain.text(at);
    const length = end - at - 1;
    if (end === NOT_PLAIN || length === 0 || length > ID_MAX_CHARS) return NOT_PLAIN;
    this.#starts[field] = at + 1;
    this.#ends[field] = end;
    this.#hashes[field] = this.#plain.hash;
    return end + 1;
  }

  #nothing(field: number, at: number): number {
    this.#ends[field] = 0;
    return this.#plain.nothing(at);
  }

  #choice(field: number, at: number): number {
    const end = this.#text(field, at);
    if (end === NOT_PLAIN) return NOT_PLAIN;
    const value = CHOICE_AT[field]?.find(this.#plain, at + 1, end - 1) ?? NOT_PLAIN;
    this.#values[field] = value;
    return value < 0 ? NOT_PLAIN : end;
  }

  #attempt(at: number): number {
    const end = this.#plain.digits(at);
    if (end === NOT_PLAIN) return NOT_PLAIN;
    const value = this.#plain.number(at, end);
    this.#starts[AT.attempt] = at;
    this.#ends[AT.attempt] = end;
    this.#values[AT.attempt] = value;
    return value >= 1 && value <= ATTEMPT_MAX ? end : NOT_PLAIN;
  }

  #readLabels(at: number): number {
    const plain = this.#plain;
    if (plain.bytes[at] !== BYTE.braceOpen) return this.#nothing(AT.labels, at);
    const end = plain.flatObject(at);
    if (end === NOT_PLAIN) return NOT_PLAIN;
    this.#known = this.#labels.of(at, end);
    this.#ends[AT.labels] = end;
    return this.#known === null ? NOT_PLAIN : end;
  }

  /** Packs what was read, as `#step` of packed-events.ts unpacks it; false: it is not valid. */
  #pack(start: number, end: number): boolean {
    const packer = this.#packer;
    if ((this.#seen & REQUIRED) !== REQUIRED) return false;
    if (this.#isTilde(AT.run) || this.#isTilde(AT.parentRun)) return false;
    const occurredAtMs = parseInstant(this.#string(AT.occurredAt));
    if (occurredAtMs === undefined) return false;
    if (occurredAtMs < OCCURRED_AT_MIN_MS || occurredAtMs >= OCCURRED_AT_MAX_MS) return false;
    packer.number(STEP);
    packer.text(this.#string(AT.id));
    packer.text(this.#contentHash(end - start));
    packer.number(this.#number(AT.run));
    packer.number(this.#has(AT.source) ? this.#number(AT.source) : this.#defaultSource());
    packer.number(this.#number(AT.customer));
    packer.number(this.#number(AT.agent));
    packer.number(this.#number(AT.parentRun));
    packer.number(this.#number(AT.provider));
    packer.number(this.#number(AT.model));
    packer.number(this.#number(AT.tool));
    packer.number(this.#has(AT.tier) ? this.#number(AT.tier) : this.#defaultTier());
    packer.number(this.#known === null ? 0 : this.#known.number);
    packer.number(occurredAtMs);
    packer.number(this.#code());
    packer.number(this.#has(AT.attempt) ? (this.#values[AT.attempt] as number) : DEFAULT_ATTEMPT);
    packer.number(this.#packRare());
    this.#usage.pack();
    return true;
  }

  /** Whether a field is there, and not null. */
  #has(field: number): boolean {
    return (this.#seen & (1 << field)) !== 0 && this.#ends[field] !== 0;
  }

  #isTilde(field: number): boolean {
    return this.#has(field) && this.#plain.bytes[this.#starts[field] as number] === TILDE;
  }

  #string(field: number): string {
    return this.#plain.string(this.#starts[field] as number, this.#ends[field] as number);
  }

  /** The number of a text; 0: there is none. */
  #number(field: number): number {
    if (!this.#has(field)) return 0;
    this.#plain.hash = this.#hashes[field] as number;
    return this.#names.number(this.#starts[field] as number, this.#ends[field] as number);
  }

  #defaultSource(): number {
    if (this.#sourceNumber === 0) this.#sourceNumber = this.#packer.name(DEFAULT_SOURCE);
    return this.#sourceNumber;
  }

  #defaultTier(): number {
    if (this.#tierNumber === 0) this.#tierNumber = this.#packer.name(DEFAULT_TIER);
    return this.#tierNumber;
  }

  #code(): number {
    return stepCode(
      this.#chosen(AT.kind, 0),
      this.#chosen(AT.status, OK),
      this.#chosen(AT.completeness, EXACT),
      this.#chosen(AT.payer, US),
      this.#chosen(AT.role, BILL),
    );
  }

  #chosen(field: number, otherwise: number): number {
    return this.#has(field) ? (this.#values[field] as number) : otherwise;
  }

  #packRare(): number {
    let rare = 0;
    if (this.#has(AT.parentStep)) {
      this.#packer.text(this.#string(AT.parentStep));
      rare |= PARENT_STEP;
    }
    if (this.#has(AT.callId)) {
      this.#packer.text(this.#string(AT.callId));
      rare |= CALL_ID;
    }
    if (this.#has(AT.hold)) {
      this.#packer.text(this.#string(AT.hold));
      rare |= HOLD;
    }
    return rare;
  }

  #contentHash(jsonBytes: number): string {
    const canonical = this.#canonical;
    canonical.begin(jsonBytes);
    for (let index = 0; index < CONTENT.length; index += 1) {
      const { at, head } = CONTENT[index] as (typeof CONTENT)[number];
      if ((this.#seen & (1 << at)) === 0) continue;
      canonical.raw(head, 0, head.length);
      this.#writeValue(canonical, at);
    }
    return CONTENT_HASH_VERSION + this.#digest.content(canonical.written());
  }

  #writeValue(canonical: CanonicalBytes, field: number): void {
    const { bytes } = this.#plain;
    const [start, end] = [this.#starts[field] as number, this.#ends[field] as number];
    const form = FORMS[field];
    if (form === "usage") this.#usage.write(canonical);
    else if (end === 0) canonical.nothing();
    else if (form === "labels") {
      const known = (this.#known as KnownLabels).canonical;
      canonical.raw(known, 0, known.length);
    } else if (form === "number") canonical.number(bytes, start, end);
    else canonical.text(bytes, start, end);
  }
}
