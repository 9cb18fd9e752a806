/** Steps as rows: their sealed text, with what repeats as numbers of names. */
import type { Step } from "../../domain/event/step.ts";
import { stepOfParts } from "../../domain/event/step-text.ts";
import type { SealedStep } from "../../engine/seal.ts";
import type { Row } from "../stored-rows.ts";
import type { Names } from "./names.ts";

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** An id as it is stored: 16 bytes for a lower-case UUID, else its text. */
export function encodeId(id: string): string | Uint8Array {
  if (id.length !== 36 || !UUID.test(id)) return id;
  return Buffer.from(id.replaceAll("-", ""), "hex");
}

export function decodeId(stored: unknown): string {
  if (typeof stored === "string") return stored;
  const hex = Buffer.from(stored as Uint8Array).toString("hex");
  const at = (from: number, to?: number): string => hex.slice(from, to);
  return `${at(0, 8)}-${at(8, 12)}-${at(12, 16)}-${at(16, 20)}-${at(20)}`;
}

/** A step's identity, bound to run_no, source_no, id. */
export type BoundIdentity = readonly [runNo: number, sourceNo: number, id: string | Uint8Array];

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
