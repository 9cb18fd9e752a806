/**
 * What is put on record before steps are removed, worked out by the code of `verify`: each step
 * that goes is checked first, checksum and link, and what it came to in every sum that is rebuilt
 * is added up. So afterwards totals are still held against sums, to the last digit.
 */
import { join } from "node:path";
import { TollgateError } from "../../domain/errors.ts";
import type { RemovalRecord } from "../../engine/retention/retention-cases.ts";
import { DATABASE_FILE } from "../sqlite/sqlite-store.ts";
import { Acts } from "../verify/acts.ts";
import { Books } from "../verify/books.ts";
import { CardVersions } from "../verify/card-versions.ts";
import { checkSealedRows } from "../verify/check-sealed-rows.ts";
import { DataFile } from "../verify/data-file.ts";
import { KEY_PART_END } from "../verify/key-parts.ts";
import {
  type CoveredRun,
  type RemovalDocument,
  RemovedSteps,
  SUMMED,
  type Summed,
} from "../verify/removed-steps.ts";

/** Rows of one document: an act stays a text of some hundred kilobytes. */
const ROWS_A_DOCUMENT = 2_000;

/** What is to be recorded and then removed. */
export interface RemovalPlan {
  /** By the id of the workspace; it has none where nothing is removed. */
  readonly records: ReadonlyMap<string, readonly RemovalRecord[]>;
  /** All runs whose steps may go, once that is on record: of removals that were cut off, too. */
  readonly runs: readonly (CoveredRun & { readonly workspace: string })[];
}

/**
 * Plans the removal of all condensed runs of a data folder. Throws `store.corrupt` where the folder
 * does not verify: nothing is removed of which nobody knows that it is right.
 */
export function planRemoval(
  dataDir: string,
  onProgress: (done: number, total: number) => void = () => {},
): RemovalPlan {
  const told = ({ done, total }: { done: number; total: number }) => onProgress(done, total);
  const file = new DataFile(join(dataDir, DATABASE_FILE), told);
  try {
    file.requireSchema();
    file.expectRows(["steps", "former_steps", "journal"]);
    const removed = new RemovedSteps(file);
    const chosen = removed.choose();
    const documents = chosen.length === 0 ? new Map() : documentsOf(file, chosen);
    const nameOf = (ws: number) => file.workspace(ws);
    const runs = removed.covered().map((run) => ({ ...run, workspace: nameOf(run.ws) }));
    const records = [...documents].map(([ws, own]) => [nameOf(ws), numbered(own)] as const);
    return { records: new Map(records), runs };
  } finally {
    file.close();
  }
}

function numbered(documents: readonly RemovalDocument[]): RemovalRecord[] {
  return documents.map((document, at) => ({ subject: String(at), document }));
}

function documentsOf(file: DataFile, chosen: readonly CoveredRun[]) {
  const acts = new Acts(file.scratch);
  const books = new Books(file, new CardVersions(file), acts);
  const rests = new Map<number, [number, string][]>();
  const onRest = (ws: number, first: number, rest: string) => {
    const own = rests.get(ws);
    if (own === undefined) rests.set(ws, [[first, rest]]);
    else own.push([first, rest]);
  };
  checkSealedRows(file, { books, acts, onRest });
  const [finding] = file.findings.all();
  if (finding !== undefined) {
    const detail = `${finding.table} ${finding.key}: ${finding.problem}. Nothing was removed.`;
    throw new TollgateError("store.corrupt", detail);
  }
  const documents = new Map<number, RemovalDocument[]>();
  for (const [ws, runs] of Map.groupBy(chosen, (run) => run.ws)) {
    documents.set(ws, [coverage(runs), ...links(rests.get(ws) ?? [])]);
  }
  for (const of of SUMMED) {
    for (const [ws, rows] of sumsOf(books, of)) {
      for (const part of parts(rows)) documents.get(ws)?.push({ tells: "sums", of, rows: part });
    }
  }
  return documents;
}

/** Entries that follow one another are one stretch. */
function coverage(runs: readonly CoveredRun[]): RemovalDocument {
  const entries: [number, number][] = [];
  for (const { seq } of runs.toSorted((a, b) => a.seq - b.seq)) {
    const last = entries.at(-1);
    if (last !== undefined && last[1] === seq - 1) last[1] = seq;
    else entries.push([seq, seq]);
  }
  const steps = runs.reduce((sum, run) => sum + run.steps, 0);
  return { tells: "runs", entries, runs: runs.length, steps };
}

function* links(rows: readonly (readonly [number, string])[]): Generator<RemovalDocument> {
  for (const part of parts(rows)) yield { tells: "links", rows: part };
}

type SumRow = readonly [string, ...string[]];

/** What was added up of the steps that go, by workspace. */
function sumsOf(books: Books, of: Summed): Map<number, SumRow[]> {
  const sums = of === "budgets" ? books.budgets.sums : books[of];
  const found = new Map<number, SumRow[]>();
  for (const { key, rebuilt } of sums.compared()) {
    if (rebuilt === null || rebuilt.every((value) => value === 0n)) continue;
    const at = key.indexOf(KEY_PART_END);
    const ws = Number(key.slice(0, at));
    const rows = found.get(ws) ?? [];
    rows.push([key.slice(at + KEY_PART_END.length), ...rebuilt.map(String)]);
    found.set(ws, rows);
  }
  return found;
}

function* parts<T>(rows: readonly T[]): Generator<readonly T[]> {
  for (let at = 0; at < rows.length; at += ROWS_A_DOCUMENT) {
    yield rows.slice(at, at + ROWS_A_DOCUMENT);
  }
}
