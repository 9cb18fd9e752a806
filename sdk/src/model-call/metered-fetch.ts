/**
 * A `fetch` for the vendors' SDKs. A model call is held, sent with what the hold allows, watched
 * and recorded; every other request passes untouched. Each attempt of an SDK that tries again is a
 * call of its own, with its own hold and step.
 */
import type { Grant } from "../guard.ts";
import type { HoldRequest } from "../holds.ts";
import { newId } from "../new-id.ts";
import { CallRefused } from "../refusal.ts";
import type { RecordedRun } from "../run-place.ts";
import type { StopTimer } from "../timers.ts";
import type { Workshop } from "../workshop.ts";
import { type Attempt, CallRecord } from "./call-record.ts";
import { type Endpoint, recognise } from "./endpoint.ts";
import { meteredStream } from "./metered-stream.ts";
import { changedRequest, inputTokensOf, readModelRequest } from "./model-request.ts";
import { refusalResponse } from "./refusal-response.ts";
import { type StreamWatch, streamWatch } from "./stream-watch.ts";

/** Whose calls these are. */
export interface Caller {
  readonly workshop: Workshop;
  /** Null: a call outside of any run. */
  readonly run: RecordedRun | null;
  readonly parentStep: string | null;
}

type FetchInput = Parameters<typeof fetch>[0];

/** As `fetch`, for one caller. */
export async function fetchMetered(
  caller: Caller,
  input: FetchInput,
  init: RequestInit = {},
): Promise<Response> {
  const { workshop, run, parentStep } = caller;
  const endpoint = endpointOf(workshop, input, init);
  if (endpoint === null) return workshop.send(input, init);
  if (run === null) {
    const { host } = urlOf(input);
    const detail = `A call of ${host} outside of any run is neither guarded nor metered.`;
    workshop.report({ kind: "unattributed", host, detail });
    return workshop.send(input, init);
  }
  const request = await readModelRequest(input, init);
  const id = `${endpoint.shape === "embeddings" ? "embedding" : "model"}-${newId()}`;
  return performAttempt(workshop, { id, run, parentStep, endpoint, request });
}

function urlOf(input: FetchInput): URL {
  return new URL(input instanceof Request ? input.url : input);
}

function endpointOf({ settings }: Workshop, input: FetchInput, init: RequestInit): Endpoint | null {
  const method = init.method ?? (input instanceof Request ? input.method : "GET");
  try {
    return recognise(urlOf(input), method.toUpperCase(), settings.hosts);
  } catch {
    // No absolute address: fetch itself has to say what it makes of that.
    return null;
  }
}

async function performAttempt(workshop: Workshop, attempt: Attempt): Promise<Response> {
  const { run, endpoint, request } = attempt;
  await workshop.buffer.room();
  let permit: Permit;
  try {
    permit = await askPermit(workshop, attempt);
  } catch (error) {
    if (error instanceof CallRefused) return refusalResponse(error);
    throw error;
  }
  const hasNoUsage = request.isStream && endpoint.shape === "chat" && !request.wantsUsage;
  const askForUsage = hasNoUsage && endpoint.tellsStreamUsage;
  const { maxOutputTokens } = permit;
  const sent = changedRequest(request, endpoint, { maxOutputTokens, askForUsage });
  if (request.signal?.aborted) {
    permit.stopRenewal();
    if (permit.hold !== null) void workshop.guard.release(run.id, permit.hold);
  }
  request.signal?.throwIfAborted();
  const record = new CallRecord(workshop, attempt, permit.stopRenewal);
  let response: Response;
  try {
    response = await workshop.send(...sent);
  } catch (error) {
    record.noAnswer(error);
    throw error;
  }
  if (!response.ok) {
    record.refused(response);
    return response;
  }
  const isStream = response.headers.get("content-type")?.includes("text/event-stream") === true;
  if (isStream && response.body !== null) {
    return watchStream(workshop, { attempt, record, isUsageInjected: askForUsage }, response);
  }
  record.answered(response, await bodyOf(response));
  return response;
}

/** Leave to send, with the bound that the request must get; null: as it is. */
interface Permit {
  readonly hold: HoldRequest | null;
  readonly maxOutputTokens: number | null;
  readonly stopRenewal: StopTimer;
}

async function askPermit(workshop: Workshop, attempt: Attempt): Promise<Permit> {
  const { run, request } = attempt;
  if (!run.place.isGuarded) return { hold: null, maxOutputTokens: null, stopRenewal: () => {} };
  const hold = holdOf(workshop, attempt);
  await run.openAbove();
  const grant = await workshop.guard.admit({ run, hold, signal: request.signal });
  const stopRenewal = grant.isHeld ? workshop.guard.keep(run.id, hold) : () => {};
  const maxOutputTokens = tighterBound(attempt, grant);
  return { hold: grant.isHeld ? hold : null, maxOutputTokens, stopRenewal };
}

/** What the server granted, where the request asks for more or says nothing. */
function tighterBound({ request, endpoint }: Attempt, grant: Grant): number | null {
  const { maxOutputTokens: granted } = grant;
  if (granted === null || endpoint.shape === "embeddings") return null;
  const wanted = request.maxOutputTokens;
  return wanted === null || granted < wanted ? granted : null;
}

function holdOf({ settings }: Workshop, { id, endpoint, request }: Attempt): HoldRequest {
  const { holdTtlMs, minOutputTokens } = settings.guard;
  const { maxOutputTokens, model, tier, reasoningTokens, answers } = request;
  // A thinking budget must fit below the bound, or the provider refuses the request.
  const least =
    (reasoningTokens > 0 ? reasoningTokens + minOutputTokens : minOutputTokens) * answers;
  const bounds = {
    ...(maxOutputTokens !== null && { maxOutputTokens }),
    minOutputTokens: Math.min(least, maxOutputTokens ?? least),
  };
  return {
    source: settings.source,
    id,
    kind: endpoint.shape === "embeddings" ? "embedding" : "model",
    provider: endpoint.provider,
    ...(model !== null && { model }),
    ...(tier !== null && { tier }),
    inputTokens: inputTokensOf(request, settings.estimateInputTokens),
    ...(endpoint.shape === "embeddings" ? {} : bounds),
    ttlMs: holdTtlMs,
  };
}

interface Watched {
  readonly attempt: Attempt;
  readonly record: CallRecord;
  readonly isUsageInjected: boolean;
}

function watchStream(
  { settings }: Workshop,
  { attempt, record, isUsageInjected }: Watched,
  response: Response,
): Response {
  const { signal } = attempt.request;
  const watch = streamWatch(attempt.endpoint, isUsageInjected);
  record.streams(response, watch);
  // A reader that was told to stop may neither read on nor cancel.
  const onAbort = () => record.streamEnded("cancelled");
  signal?.addEventListener("abort", onAbort, { once: true });
  const observer = {
    see: (data: unknown) => seen(watch, data),
    onEnd: (end: Parameters<CallRecord["streamEnded"]>[0]) => {
      if (end !== "idle") signal?.removeEventListener("abort", onAbort);
      record.streamEnded(end);
    },
  };
  const source = response.body as ReadableStream<Uint8Array>;
  const { status, statusText, headers } = response;
  const passed = new Headers(headers);
  passed.delete("content-length");
  const body = meteredStream(source, observer, settings.streamIdleMs);
  const watched = new Response(body, { status, statusText, headers: passed });
  Object.defineProperty(watched, "url", { value: response.url });
  return watched;
}

/** What cannot be read is passed on: a strange event must not break the stream. */
function seen(watch: StreamWatch, data: unknown): boolean {
  try {
    return watch.see(data);
  } catch {
    return false;
  }
}

/** The parsed body, from a copy; undefined: it broke off or is no JSON. */
async function bodyOf(response: Response): Promise<unknown> {
  try {
    return await response.clone().json();
  } catch {
    return undefined;
  }
}
