/**
 * Results of batches, as each provider gives them: a line or an entry for each request, around the
 * body that the request would have been answered with. They are billed at the price of batches,
 * which most bodies do not say.
 */
import { canonicalTier, STANDARD_TIER } from "../../domain/cost/service-tier.ts";
import { Block, isObject, type JsonObject, valueAt } from "./block.ts";
import { detectFormat } from "./detect.ts";
import { FORMATS } from "./formats.ts";
import { locate } from "./locate.ts";
import { eventOf, instantOf, type ReadResponse } from "./response-file.ts";
import { tierOf } from "./tier.ts";

/** What one request of a batch was answered with. */
export interface BatchResult {
  /** Null: it failed, was cancelled or expired. */
  readonly body: unknown;
  /** Who answered, where the batch tells and the body does not. */
  readonly maker?: "mistral" | "xai";
  /** Known of the batch where the body lacks it. */
  readonly id?: unknown;
  readonly model?: string;
  readonly occurredAt?: string;
}

/** The results that a file's documents hold; undefined where any of them is none. */
export function batchResults(documents: readonly unknown[]): readonly BatchResult[] | undefined {
  const results: BatchResult[] = [];
  for (const document of documents) {
    const found = isObject(document) ? resultsIn(document) : undefined;
    if (found === undefined) return undefined;
    results.push(...found);
  }
  return results.length === 0 ? undefined : results;
}

function resultsIn(document: JsonObject): readonly BatchResult[] | undefined {
  const { results } = document;
  // A page of xAI's results.
  if (Array.isArray(results)) return results.length === 0 ? undefined : batchResults(results);
  return geminiBatch(document) ?? asList(ofLine(document));
}

function asList(result: BatchResult | undefined): readonly BatchResult[] | undefined {
  return result === undefined ? undefined : [result];
}

function ofLine(line: JsonObject): BatchResult | undefined {
  if (typeof line.custom_id === "string") return ofOpenaiLine(line) ?? ofAnthropicLine(line);
  if (typeof line.batch_request_id === "string") return ofXaiEntry(line);
  return ofGoogleLine(line);
}

/** OpenAI, and who follows it (Azure, Groq, Mistral), wrap the body with its HTTP status. */
function ofOpenaiLine(line: JsonObject): BatchResult | undefined {
  const { response, id } = line;
  if (response === null) return { body: null };
  if (!isObject(response)) return undefined;
  const { body } = response;
  const isMistral = isObject(body) && MISTRAL_MODEL.test(String(body.model ?? ""));
  // Embeddings have no id; their line has one of its own.
  return { body: body ?? null, id, ...(isMistral ? { maker: "mistral" } : {}) };
}

/** Its own names, without a host's path before them: no other batch of this shape has them. */
const MISTRAL_MODEL =
  /^(open-)?(mistral|mixtral|ministral|magistral|codestral|devstral|pixtral|voxtral)(-|$)/;

/** Anthropic wraps the message with how it ended. */
function ofAnthropicLine(line: JsonObject): BatchResult | undefined {
  return isObject(line.result) ? { body: line.result.message ?? null } : undefined;
}

/** xAI names the kind of the answer around it: `chat_get_completion`. */
function ofXaiEntry(line: JsonObject): BatchResult {
  const answer = valueAt(line, "batch_result.response");
  const body = isObject(answer) ? Object.values(answer).find(isObject) : undefined;
  return { body: body ?? null, maker: "xai" };
}

/** Gemini's file has the request's key beside the response, Vertex the request and a time. */
function ofGoogleLine(line: JsonObject): BatchResult | undefined {
  const { response, error, status } = line;
  const isGemini = typeof line.key === "string" && (isObject(response) || isObject(error));
  const isVertex = isObject(line.request) && typeof status === "string" && "response" in line;
  if (!isGemini && !isVertex) return undefined;
  const occurredAt = instantOf(line.processed_time);
  const body = isObject(response) && Object.keys(response).length > 0 ? response : null;
  return { body, ...(occurredAt === undefined ? {} : { occurredAt }) };
}

const INLINED = [
  "response.inlinedResponses.inlinedResponses",
  "response.output.inlinedResponses.inlinedResponses",
  "output.inlinedResponses.inlinedResponses",
  "dest.inlinedResponses",
];

/** A batch of Gemini whose requests stood in it has its results in it as well. */
function geminiBatch(document: JsonObject): readonly BatchResult[] | undefined {
  const { name } = document;
  const list = INLINED.map((path) => valueAt(document, path)).find(Array.isArray);
  if (typeof name !== "string" || list === undefined) return undefined;
  const model = valueAt(document, "metadata.model") ?? document.model;
  const occurredAt = instantOf(valueAt(document, "metadata.endTime") ?? document.endTime);
  return list.map((entry: unknown, at) => ({
    body: (isObject(entry) ? entry.response : undefined) ?? null,
    // Its place in the batch is the same whenever the batch is read.
    id: `${name}/${at + 1}`,
    ...(typeof model === "string" ? { model: model.replace(/^models\//, "") } : {}),
    ...(occurredAt === undefined ? {} : { occurredAt }),
  }));
}

const OWN_IDS = ["id", "responseId", "response_id"];
const OWN_MODELS = ["model", "modelVersion", "model_id"];

/** The event of a result; null where its request has no answer. */
export function readBatchResult(result: BatchResult, nowIso: string): ReadResponse | null {
  const { body } = result;
  if (!isObject(body) || isObject(body.error)) return null;
  const format = formatOf(body, result.maker);
  if (format === null) return { problem: "no usage of a known form" };
  const hasId = OWN_IDS.some((name) => typeof body[name] === "string");
  const known = hasId || result.id === undefined ? body : { ...body, id: result.id };
  const at = result.occurredAt ?? nowIso;
  const read = eventOf({ format, body: known, completeness: "exact" }, at);
  if (!("event" in read)) return read;
  const { model } = result;
  const named = model === undefined || OWN_MODELS.some((name) => typeof body[name] === "string");
  const tier = batchTier(format, body);
  return { event: { ...read.event, tier, ...(named ? {} : { model }) } };
}

function formatOf(body: JsonObject, maker: BatchResult["maker"]): string | null {
  const format = detectFormat(body);
  if (format === null || maker === undefined) return format;
  const own = format.replace(/^openai\./, `${maker}.`);
  return Object.hasOwn(FORMATS, own) ? own : format;
}

/** Batch, joined with what else the body says of its tier, such as `batch+us`. */
function batchTier(format: string, body: JsonObject): string {
  const located = FORMATS[format] === undefined ? null : locate(FORMATS[format], body);
  if (located === null) return BATCH;
  const told = tierOf(new Block(located.usage, ""), new Block(located.body, "")) ?? STANDARD_TIER;
  if (canonicalTier(told).split("+").includes(BATCH)) return told;
  return told === STANDARD_TIER ? BATCH : `${BATCH}+${told}`;
}

const BATCH = "batch";
