/**
 * Reads an Inspect log, a JSON document or a zip of JSON documents, into its header, its samples
 * and their model and tool events.
 */
import { type CallTokens, NO_TOKENS } from "../arithmetic.ts";
import type { FoundFile } from "../files.ts";
import { bytesOfFile, documentOf } from "../files.ts";
import {
  countOf,
  type JsonObject,
  objectAt,
  objectsOf,
  parseJson,
  textOf,
  whyNotJson,
} from "../number-text.ts";
import { readZip } from "../zip.ts";

export interface InspectLog {
  readonly header: JsonObject;
  readonly samples: readonly JsonObject[];
}

export function readLog(file: FoundFile): InspectLog | undefined {
  const log = file.path.endsWith(".eval") ? zippedLog(file) : plainLog(file);
  if (Object.keys(objectAt(log.header.eval)).length > 0) return log;
  if (file.path.endsWith(".eval")) file.lose("it is no zip of an Inspect log");
  else file.leaveOut("it has no header of an Inspect log");
  return undefined;
}

function plainLog(file: FoundFile): InspectLog {
  const header = objectAt(documentOf(file));
  return { header, samples: objectsOf(header.samples) };
}

function zippedLog(file: FoundFile): InspectLog {
  const entries = readZip(bytesOfFile(file));
  const named = (name: string): JsonObject =>
    objectAt(parseJson(entries.find((entry) => entry.name === name)?.text ?? ""));
  const finished = named("header.json");
  const samples = entries
    .filter(({ name }) => name.startsWith("samples/") && name.endsWith(".json"))
    .flatMap(({ name, text }) => {
      const sample = parseJson(text);
      if (sample === undefined) file.leaveOut(`${name}: ${whyNotJson(text)}`);
      return sample === undefined ? [] : [objectAt(sample)];
    });
  const header = Object.keys(finished).length > 0 ? finished : named("_journal/start.json");
  return { header, samples };
}

/** Samples that the evaluation ran, as its header says. */
export function ranSamples(header: JsonObject): number {
  const stated = countOf(objectAt(header.results).total_samples);
  if (stated > 0) return stated;
  const planned = objectAt(header, "eval", "dataset").sample_ids;
  const epochs = Math.max(1, countOf(objectAt(header, "eval", "config").epochs));
  return (Array.isArray(planned) ? planned.length : 0) * epochs;
}

/** Model and tool events of a sample in order, those inside subtasks included, each once. */
export function eventsOf(sample: JsonObject): JsonObject[] {
  const found = new Map<string, JsonObject>();
  const visit = (events: readonly JsonObject[], path: string): void => {
    for (const [position, event] of events.entries()) {
      const id = textOf(event.uuid) ?? `${path}${position}`;
      const kind = textOf(event.event) ?? "";
      const isCall = kind === "tool" || (kind === "model" && event.cache !== "read");
      if (isCall && event.pending !== true) found.set(id, { ...event, uuid: id });
      visit(objectsOf(event.events), `${path}${position}.`);
    }
  };
  visit(objectsOf(sample.events), "event-");
  return [...found.values()];
}

/** How a usage block counts, shown by what its total adds up. */
export interface Convention {
  /** The input holds what was read from and written to the cache. */
  readonly inputHoldsCached: boolean;
  /** The output holds the reasoning. */
  readonly outputHoldsReasoning: boolean;
}

const CONVENTIONS: readonly [Convention, ...Convention[]] = [
  { inputHoldsCached: true, outputHoldsReasoning: true },
  { inputHoldsCached: false, outputHoldsReasoning: true },
  { inputHoldsCached: true, outputHoldsReasoning: false },
  { inputHoldsCached: false, outputHoldsReasoning: false },
];

/** The fields that a block's total adds up. */
export function totalParts(convention: Convention): readonly string[] {
  const cached = ["input_tokens_cache_read", "input_tokens_cache_write"];
  return [
    "input_tokens",
    ...(convention.inputHoldsCached ? [] : cached),
    "output_tokens",
    ...(convention.outputHoldsReasoning ? [] : ["reasoning_tokens"]),
  ];
}

/** The first convention by which the block adds up; the plainest where none does. */
export function conventionOf(usage: JsonObject): Convention {
  const total = countOf(usage.total_tokens);
  const sum = (convention: Convention): number =>
    totalParts(convention).reduce((tokens, part) => tokens + countOf(usage[part]), 0);
  return CONVENTIONS.find((convention) => sum(convention) === total) ?? CONVENTIONS[0];
}

export function tokensOf(usage: JsonObject): CallTokens {
  const { inputHoldsCached, outputHoldsReasoning } = conventionOf(usage);
  const { input, output, read, write, reasoning } = countsOf(usage);
  const cacheRead = inputHoldsCached ? Math.min(read, input) : read;
  const cacheWrite = inputHoldsCached ? Math.min(write, input - cacheRead) : write;
  const reasoned = outputHoldsReasoning ? Math.min(reasoning, output) : reasoning;
  return {
    ...NO_TOKENS,
    input: inputHoldsCached ? input - cacheRead - cacheWrite : input,
    cacheRead,
    cacheWrite,
    output: outputHoldsReasoning ? output - reasoned : output,
    reasoning: reasoned,
  };
}

interface Counts {
  readonly input: number;
  readonly output: number;
  readonly read: number;
  readonly write: number;
  readonly reasoning: number;
}

function countsOf(usage: JsonObject): Counts {
  return {
    input: countOf(usage.input_tokens),
    output: countOf(usage.output_tokens),
    read: countOf(usage.input_tokens_cache_read),
    write: countOf(usage.input_tokens_cache_write),
    reasoning: countOf(usage.reasoning_tokens),
  };
}
