/**
 * One attempt of a model call, and what is recorded of it. An attempt that ends before the provider
 * states its usage is recorded by what was seen, because the provider charges for it all the same.
 */
import { isAbort } from "../call.ts";
import type { StepFacts, StepStatus } from "../events.ts";
import type { RecordedRun } from "../run-place.ts";
import type { OpenCall, Workshop } from "../workshop.ts";
import type { Endpoint } from "./endpoint.ts";
import type { StreamEnd } from "./metered-stream.ts";
import type { ModelRequest } from "./model-request.ts";
import type { StreamWatch } from "./stream-watch.ts";
import { likelyInputTokens, likelyTokens } from "./token-bound.ts";
import { type Fields, usageBlock } from "./usage-block.ts";

/** What identifies an attempt. */
export interface Attempt {
  readonly id: string;
  readonly run: RecordedRun;
  readonly parentStep: string | null;
  readonly endpoint: Endpoint;
  readonly request: ModelRequest;
}

/** Records an attempt, once, or again when it turns out to have gone on. */
export class CallRecord implements OpenCall {
  readonly #workshop: Workshop;
  readonly #attempt: Attempt;
  readonly #occurredAt = new Date().toISOString();
  readonly #onRecorded: () => void;
  #requestId: string | null = null;
  #watch: StreamWatch | null = null;
  #isFinal = false;

  /** `onRecorded` is called after each record: the step has settled its hold. */
  constructor(workshop: Workshop, attempt: Attempt, onRecorded: () => void) {
    this.#workshop = workshop;
    this.#attempt = attempt;
    this.#onRecorded = onRecorded;
    workshop.openCalls.add(this);
  }

  /** Fetch threw: the caller gave up, or no answer came. */
  noAnswer(error: unknown): void {
    const { signal } = this.#attempt.request;
    const isGivenUp = signal?.aborted === true || isAbort(error);
    // What was given up may have reached the provider, and is then charged: at least its input.
    if (isGivenUp) this.#recordEstimate("aborted");
    else this.#record({ status: "error" });
    this.#end();
  }

  /** The provider answered with an error: it charges nothing. */
  refused({ headers }: Response): void {
    this.#requestId = requestIdOf(headers);
    this.#record({ status: "error", ...this.#callId(this.#requestId) });
    this.#end();
  }

  /** The whole answer, parsed; undefined: it broke off or is no JSON. */
  answered({ headers }: Response, body: unknown): void {
    this.#requestId = requestIdOf(headers);
    const { endpoint } = this.#attempt;
    const block = usageBlock(endpoint, body);
    if (block !== null) this.#recordBlock(block, "ok");
    else this.#recordUnread(body === undefined ? "error" : "ok");
    this.#end();
  }

  /** The answer is a stream. */
  streams({ headers }: Response, watch: StreamWatch): void {
    this.#requestId = requestIdOf(headers);
    this.#watch = watch;
  }

  /** The stream ended, or nobody reads it any more. */
  streamEnded(end: StreamEnd): void {
    if (this.#isFinal || this.#watch === null) return;
    const { block, isFailed } = this.#watch;
    const status = isFailed ? "error" : statusOf(end, this.#attempt.request.signal);
    if (block !== null) this.#recordBlock(block, isFailed ? "error" : "ok");
    else if (end === "complete" && !isFailed) this.#recordUnread("ok");
    else this.#recordEstimate(status);
    // An idle stream is recorded, and may still come to a better end.
    if (end === "idle") this.#workshop.openCalls.delete(this);
    else this.#end();
  }

  giveUp(): void {
    if (this.#watch === null) this.#recordEstimate("aborted");
    else this.streamEnded("cancelled");
    this.#end();
  }

  #end(): void {
    this.#isFinal = true;
    this.#workshop.openCalls.delete(this);
  }

  #recordBlock(block: Fields, status: StepStatus): void {
    const { usageFormat } = this.#attempt.endpoint;
    const model = typeof block.model === "string" ? { model: block.model } : {};
    const id = typeof block.id === "string" ? block.id : this.#requestId;
    this.#record({ status, usageFormat, providerUsage: block, ...model, ...this.#callId(id) });
  }

  /** An answer without usage. */
  #recordUnread(status: StepStatus): void {
    const { run, id, endpoint } = this.#attempt;
    const detail = `An answer of ${endpoint.provider} states no usage; it is estimated.`;
    this.#workshop.report({ kind: "unread", run: run.id, step: id, detail });
    this.#recordEstimate(status);
  }

  #recordEstimate(status: StepStatus): void {
    const { request, endpoint } = this.#attempt;
    const output = likelyTokens(this.#watch?.outputBytes ?? 0);
    const block = this.#watch?.partialBlock(output) ?? null;
    const called = this.#callId(this.#watch?.id ?? null);
    if (block !== null) {
      const told = { usageFormat: endpoint.usageFormat, providerUsage: block };
      this.#record({ status, completeness: "partial", ...told, ...called });
      return;
    }
    const usage = {
      input_uncached: likelyInputTokens(request.body, request.bytes),
      output_text: output,
    };
    const model = this.#watch?.model ?? null;
    const served = model === null ? {} : { model };
    this.#record({ status, completeness: "estimated", usage, ...served, ...called });
  }

  /** Under this id other witnesses know the call, and the server counts it once. */
  #callId(id: string | null): Pick<StepFacts, "callId"> {
    return id === null ? {} : { callId: `${this.#attempt.endpoint.provider}:${id}` };
  }

  #record(facts: Partial<StepFacts>): void {
    const { id, run, parentStep, endpoint, request } = this.#attempt;
    const { provider, shape } = endpoint;
    const kind = shape === "embeddings" ? "embedding" : "model";
    const model = request.model === null ? {} : { model: request.model };
    const cause = parentStep === null ? {} : { parentStep };
    const { attempt } = request;
    run.record(id, { kind, provider, ...model, attempt, ...cause, ...facts }, this.#occurredAt);
    this.#onRecorded();
  }
}

function statusOf(end: StreamEnd, signal: AbortSignal | null): StepStatus {
  if (end === "complete") return "ok";
  return end === "broken" && signal?.aborted !== true ? "error" : "aborted";
}

/** OpenAI says `x-request-id`, Anthropic `request-id`. */
function requestIdOf(headers: Headers): string | null {
  return headers.get("x-request-id") ?? headers.get("request-id");
}
