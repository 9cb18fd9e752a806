/**
 * The answer to a request of events as JSON text, written by hand: it stands on the hottest path
 * and its amounts are wider than any number of JSON. About 0.5 µs an event.
 */
import type { Problem } from "../domain/errors.ts";
import { jsonString } from "../domain/json-string.ts";
import { type Amount, formatAmount } from "../domain/money/decimal.ts";
import type { EventResult, RunResult } from "../engine/result.ts";
import type { IngestAnswer, IngestedEvent } from "./http-parts.ts";
import { policyHitView } from "./views/policy-view.ts";

/** One text for a whole request: results in the order sent, totals of the runs they name. */
export function writeIngestAnswer({ results, runs }: IngestAnswer): string {
  let text = '{"results":[';
  const named = new Set<string>();
  for (let index = 0; index < results.length; index += 1) {
    const item = results[index] as IngestedEvent;
    text += index === 0 ? `{"index":${index},"id":` : `,{"index":${index},"id":`;
    text += item.id === null ? "null" : jsonString(item.id);
    text += resultFields(item.result);
    if (item.extra.length > 0) text += extraField(item, named);
    text += "}";
    if (item.result.run !== undefined) named.add(item.result.run);
  }
  return `${text}],"runs":{${runFields(named, runs)}}}`;
}

/** One result as a value, for answers that are not hot. */
export function resultView(result: EventResult): object {
  return JSON.parse(`{${resultFields(result).slice(1)}}`) as object;
}

function resultFields(result: EventResult): string {
  let text = `,"status":"${result.status}"`;
  if (result.run !== undefined) text += `,"run":${jsonString(result.run)}`;
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

function extraField(item: IngestedEvent, named: Set<string>): string {
  const texts = item.extra.map(({ id, result }) => {
    if (result.run !== undefined) named.add(result.run);
    return `{"id":${jsonString(id)}${resultFields(result)}}`;
  });
  return `,"extra":[${texts.join(",")}]`;
}

/** Runs of other requests in the same commit are nobody's business here. */
function runFields(named: ReadonlySet<string>, runs: IngestAnswer["runs"]): string {
  let text = "";
  for (const run of named) {
    const totals = runs.get(run);
    if (totals === undefined) continue;
    text += `${text === "" ? "" : ","}${jsonString(run)}:${totalsText(totals)}`;
  }
  return text;
}

function totalsText({ tree: { steps, unpriced, cost, charge }, policies }: RunResult): string {
  const amounts = `"cost":"${amountText(cost)}","charge":"${amountText(charge)}"`;
  const beyond = policies === undefined ? "" : `,"policies":${hitsText(policies)}`;
  return `{"steps":${steps},"unpriced":${unpriced},${amounts}${beyond}}`;
}

/** Runs that are beyond a rule are few. */
function hitsText(hits: NonNullable<RunResult["policies"]>): string {
  return JSON.stringify(hits.map(policyHitView));
}

function amountText(amount: Amount): string {
  return formatAmount(amount);
}
