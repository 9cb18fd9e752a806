/** A row of steps or former steps: its text as it was sealed, and what it says. */
import type { Identity } from "../../domain/event/event.ts";
import type { Step } from "../../domain/event/step.ts";
import { type StepPlace, stepOfParts, textOfParts } from "../../domain/event/step-text.ts";
import { decodeId, encodeId } from "../sqlite/stored-id.ts";
import type { DataFile } from "./data-file.ts";
import { readable } from "./data-file.ts";
import { checksumOf } from "./digests.ts";
import { keyText } from "./findings.ts";

export type StepTable = "steps" | "former_steps";

/** A step read back from its row, with its place. */
export interface ReadStep {
  readonly key: string;
  readonly ws: number;
  readonly run: string;
  readonly runNo: number;
  /** The row's identity as it is stored: run_no, source_no, id. */
  readonly identity: readonly [number, number, string | Uint8Array];
  /** Names that the row refers to. */
  readonly names: readonly number[];
  /** Null: a name is missing, so nothing more is known. */
  readonly text: string | null;
  readonly isIntact: boolean;
  readonly step: Step | undefined;
}

const JOINED = `r.ws AS ws, r.id AS run, r.customer AS customer FROM`;
const SQL: Readonly<Record<StepTable, string>> = {
  steps: `SELECT s.*, ${JOINED} steps s LEFT JOIN runs r USING (run_no) WHERE step_no = ?`,
  former_steps: `SELECT s.*, ${JOINED} former_steps s LEFT JOIN runs r USING (run_no)
    WHERE former_no = ?`,
};

/** Reads a step by its row number. Null where its run is missing, which is a finding. */
export function readStep(file: DataFile, table: StepTable, rowNo: number): ReadStep | null {
  const row = file.first(SQL[table], rowNo) ?? {};
  const runNo = row.run_no as number;
  const numbers = [row.source_no, row.facets_no, row.labels_no];
  const names = numbers.filter((number): number is number => number !== null);
  const [source, facets, labels = ""] = names.map((number) => file.nameOf(number));
  const place: StepPlace = {
    run: row.run as string,
    source: source ?? "?",
    id: decodeId(row.id),
    customer: row.customer as string,
    seq: row.seq as number,
  };
  if (row.ws === null) {
    const run = `run_no ${runNo}`;
    file.findings.add("runs", run, "is missing: steps belong to it");
    file.findings.add(table, keyText(run, place.source, place.id), "belongs to no run");
    return null;
  }
  const key = keyText(file.workspace(row.ws as number), place.run, place.source, place.id);
  const ws = row.ws as number;
  const identity = [runNo, row.source_no, row.id] as ReadStep["identity"];
  const at = { key, ws, run: place.run, runNo, identity, names };
  if (source === undefined || facets === undefined) {
    file.findings.add(table, key, "refers to a name that is missing");
    return { ...at, text: null, isIntact: false, step: undefined };
  }
  const parts = { facets, body: row.body as string, labels };
  const text = textOfParts(place, parts);
  const isIntact = checksumOf(text) === row.checksum;
  file.findings.expect(isIntact, [table, key, "does not match its checksum"]);
  const step = readable(file, { table, key }, () => stepOfParts(place, parts));
  return { ...at, text, isIntact, step };
}

const STEP_OF_IDENTITY = `SELECT s.step_no FROM steps s
  JOIN runs r USING (run_no) JOIN names n ON n.name_no = s.source_no
  WHERE r.ws = ? AND r.id = ? AND n.text = ? AND s.id = ?`;

/** The step of an identity; undefined where there is none. */
export function findStep(file: DataFile, ws: number, key: Identity): ReadStep | undefined {
  const { run, source, id } = key;
  const row = file.first(STEP_OF_IDENTITY, ws, run, source, encodeId(id));
  if (row === undefined) return undefined;
  return readStep(file, "steps", row.step_no as number) ?? undefined;
}
