/** Steps as rows: their sealed text, with what repeats as numbers of names. */
import type { Step } from "../../domain/event/step.ts";
import type { SealedStep } from "../../domain/event/step-text.ts";
import { stepOfParts } from "../../domain/event/step-text.ts";
import type { Row } from "../stored-rows.ts";
import type { Names } from "./names.ts";

const UUID_CHARS = 36;
const UUID_BYTES = 16;
const HYPHENS: ReadonlySet<number> = new Set([8, 13, 18, 23]);

/** An id as it is stored: 16 bytes for a lower-case UUID, else its text. */
export function encodeId(id: string): string | Uint8Array {
  return id.length === UUID_CHARS ? (bytesOfUuid(id) ?? id) : id;
}

function bytesOfUuid(id: string): Uint8Array | undefined {
  const bytes = new Uint8Array(UUID_BYTES);
  let filled = 0;
  for (let at = 0; at < UUID_CHARS; at += 2) {
    if (HYPHENS.has(at)) {
      if (id.charCodeAt(at) !== 45) return undefined;
      at += 1;
    }
    const high = hexDigit(id.charCodeAt(at));
    const low = hexDigit(id.charCodeAt(at + 1));
    if (high < 0 || low < 0) return undefined;
    bytes[filled] = high * 16 + low;
    filled += 1;
  }
  return bytes;
}

/** Value of a lower-case hexadecimal digit; negative for anything else. */
function hexDigit(code: number): number {
  if (code >= 48 && code <= 57) return code - 48;
  return code >= 97 && code <= 102 ? code - 87 : -1;
}

/** The id that `encodeId` stored. */
export function decodeId(stored: unknown): string {
  if (typeof stored === "string") return stored;
  const hex = Buffer.from(stored as Uint8Array).toString("hex");
  const at = (from: number, to?: number): string => hex.slice(from, to);
  return `${at(0, 8)}-${at(8, 12)}-${at(12, 16)}-${at(16, 20)}-${at(20)}`;
}

/** A step's identity, bound to run_no, source_no, id. */
export type BoundIdentity = readonly [runNo: number, sourceNo: number, id: string | Uint8Array];

/** A step's identity as it is bound. */
export function identityOf(step: Step, runNo: number, names: Names): BoundIdentity {
  return [runNo, names.numberOf(step.source), encodeId(step.id)];
}

/** What a step states, bound to seq, facets_no, body, labels_no, checksum. */
export function factsOf(step: Step, sealed: SealedStep, tools: RowTools): BoundFacts {
  const { facets, body, labels } = sealed.parts;
  const facetsNo = tools.names.numberOf(facets);
  const labelsNo = labels === "" ? null : tools.names.numberOf(labels);
  return [step.seq, facetsNo, body, labelsNo, tools.checksum(sealed.text)];
}

export type BoundFacts = readonly [
  seq: number,
  facetsNo: number,
  body: string,
  labelsNo: number | null,
  checksum: number,
];

/** What making a row needs beside the step. */
export interface RowTools {
  readonly names: Names;
  checksum(text: string): number;
}

/** A row of `steps` or `former_steps` joined with its run's `run` (id) and `customer`. */
export function decodeStep(row: Row, names: Names): Step {
  const place = {
    run: row.run as string,
    source: names.textOf(row.source_no as number),
    id: decodeId(row.id),
    customer: row.customer as string,
    seq: row.seq as number,
  };
  return stepOfParts(place, {
    facets: names.textOf(row.facets_no as number),
    body: row.body as string,
    labels: row.labels_no === null ? "" : names.textOf(row.labels_no as number),
  });
}
