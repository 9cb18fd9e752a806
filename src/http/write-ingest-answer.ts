/**
 * The answer to a request of events as JSON text, written by hand: it stands on the hottest path
 * and its amounts are wider than any number of JSON. About 0.5 µs an event.
 */
import type { Problem } from "../domain/errors.ts";
import { jsonString } from "../domain/json-string.ts";
import { EVENTS_PER_REQUEST_MAX_COUNT } from "../domain/limits.ts";
import { formatAmount } from "../domain/money/decimal.ts";
import type { EventResult, RunResult } from "../engine/commit/result.ts";
import type { IngestAnswer, IngestedEvent } from "./http-parts.ts";
import { policyHitView } from "./views/policy-view.ts";

/** How each result of a request begins. */
const BEGINNINGS = Array.from({ length: EVENTS_PER_REQUEST_MAX_COUNT }, (_, index) => {
  return `${index === 0 ? "" : ","}{"index":${index},"id":`;
});

/** One text for a whole request: results in the order sent, totals of the runs they name. */
export function writeIngestAnswer({ results, runs }: IngestAnswer): string {
  let text = '{"results":[';
  const named: NamedRuns = new Map();
  for (let index = 0; index < results.length; index += 1) {
    const item = results[index] as IngestedEvent;
    text += BEGINNINGS[index] ?? `,{"index":${index},"id":`;
    text += item.id === null ? "null" : jsonString(item.id);
    text += resultFields(item.result, named);
    if (item.extra.length > 0) text += extraField(item, named);
    if (item.unread !== undefined) text += `,"unreadUsage":${JSON.stringify(item.unread)}`;
    text += "}";
  }
  return `${text}],"runs":{${runFields(named, runs)}}}`;
}

/** Runs that an answer names, each with its JSON text. */
type NamedRuns = Map<string, string>;

function nameRun(named: NamedRuns, run: string): string {
  const known = named.get(run);
  if (known !== undefined) return known;
  const text = jsonString(run);
  named.set(run, text);
  return text;
}

/** One result as a value, for answers that are not hot. */
export function resultView(result: EventResult): object {
  return JSON.parse(`{${resultFields(result, new Map()).slice(1)}}`) as object;
}

function resultFields(result: EventResult, named: NamedRuns): string {
  let text = `,"status":"${result.status}"`;
  if (result.run !== undefined) text += `,"run":${nameRun(named, result.run)}`;
  if (result.seq !== undefined) text += `,"seq":${result.seq}`;
  if (result.cost !== undefined) text += `,"cost":"${formatAmount(result.cost)}"`;
  if (result.costStatus !== undefined) text += `,"costStatus":"${result.costStatus}"`;
  if (result.charge !== undefined) text += `,"charge":"${formatAmount(result.charge)}"`;
  if (result.linkedTo !== undefined) text += `,"linkedTo":${linkText(result.linkedTo)}`;
  if (result.timeDiffers === true) text += ',"timeDiffers":true';
  if (result.ratedAtReceipt === true) text += ',"ratedAtReceipt":true';
  if (result.error !== undefined) text += `,"error":${problemText(result.error)}`;
  return text;
}

function linkText({ run, source, id }: NonNullable<EventResult["linkedTo"]>): string {
  return `{"run":${jsonString(run)},"source":${jsonString(source)},"id":${jsonString(id)}}`;
}

function problemText({ code, detail, field }: Problem): string {
  const place = field === undefined ? "" : `,"field":${JSON.stringify(field)}`;
  return `{"code":"${code}","detail":${JSON.stringify(detail)}${place}}`;
}

function extraField(item: IngestedEvent, named: NamedRuns): string {
  const texts = item.extra.map(({ id, result }) => {
    return `{"id":${jsonString(id)}${resultFields(result, named)}}`;
  });
  return `,"extra":[${texts.join(",")}]`;
}

/** Runs of other requests in the same commit are nobody's business here. */
function runFields(named: NamedRuns, runs: IngestAnswer["runs"]): string {
  let text = "";
  for (const [run, name] of named) {
    const totals = runs.get(run);
    if (totals === undefined) continue;
    text += `${text === "" ? "" : ","}${name}:${totalsText(totals)}`;
  }
  return text;
}

function totalsText({ tree: { steps, unpriced, cost, charge }, policies }: RunResult): string {
  const amounts = `"cost":"${formatAmount(cost)}","charge":"${formatAmount(charge)}"`;
  const beyond = policies === undefined ? "" : `,"policies":${hitsText(policies)}`;
  return `{"steps":${steps},"unpriced":${unpriced},${amounts}${beyond}}`;
}

/** Runs that are beyond a rule are few. */
function hitsText(hits: NonNullable<RunResult["policies"]>): string {
  return JSON.stringify(hits.map(policyHitView));
}
