/** A call of the application's own, from permission to record: tools, computing, retrieval. */
import { callHashOf } from "./call-hash.ts";
import type { Labels, StepFacts, StepStatus, Usage } from "./events.ts";
import type { HoldRequest } from "./holds.ts";
import { newId } from "./new-id.ts";
import type { RecordedRun } from "./run-place.ts";
import type { Workshop } from "./workshop.ts";

/** What every call may be given. */
export interface CallOptions {
  /** A stable id, where the work may be done again after a crash. (Default: a new one) */
  readonly id?: string;
  readonly provider?: string;
  readonly model?: string;
  readonly agent?: string;
  readonly payer?: "us" | "customer";
  readonly labels?: Labels;
  readonly parentStep?: string;
  /** False: no hold is asked for. (Default: as the run is) */
  readonly guard?: boolean;
  /** The caller's own worst case, where the price book knows no price: exact decimal text. */
  readonly cost?: string;
  /** May use the reserve that is kept to deliver a result. */
  readonly wrapUp?: boolean;
  /**
   * What is called with: a digest of it is sent, by which policies see that a call repeats. It
   * never leaves this process. What JSON cannot say counts as absent.
   */
  readonly arguments?: unknown;
}

/** What the work can say of itself. */
export interface MeasuredCall {
  /** Id of the step that will be recorded. */
  readonly id: string;
  /** What was really used, in place of the upper bound. Of several, the last one stands. */
  use(usage: Usage): void;
  /** The id by which whoever was called knows the call: `tavily:req_1`. */
  identify(callId: string): void;
}

/** A call to make: usage is its upper bound. */
export interface CallPlan {
  readonly run: RecordedRun;
  readonly facts: StepFacts & CallOptions & { readonly isTimed?: boolean };
}

/** Holds, works, records. Throws what the work throws, or the refusal, before any work. */
export async function performCall<Result>(
  workshop: Workshop,
  { run, facts: plan }: CallPlan,
  work: (call: MeasuredCall) => Promise<Result> | Result,
): Promise<Result> {
  const { id = `${plan.kind}-${newId()}`, guard, cost, wrapUp, isTimed, usage, ...rest } = plan;
  const { arguments: given, ...named } = rest;
  const callHash = given === undefined ? undefined : await callHashOf(given);
  const facts = callHash === undefined ? named : { ...named, callHash };
  const isGuarded = guard ?? run.place.isGuarded;
  await workshop.buffer.room();
  const asked = { ...(usage && { usage }), ...(cost && { cost }), ...(wrapUp && { wrapUp }) };
  const hold = { id, ...holdFacts(facts), ...asked };
  const stopRenewal = isGuarded ? await admit(workshop, run, hold) : () => {};
  const record = new Recorder(id);
  const place = workshop.context.place;
  const parentStep = facts.parentStep ?? (place?.run === run ? place.parentStep : null);
  const occurredAt = new Date().toISOString();
  const startMs = performance.now();
  const finish = (status: StepStatus) => {
    stopRenewal();
    const seconds = ((performance.now() - startMs) / 1000).toFixed(3);
    const planned = status === "ok" ? usage : undefined;
    const used = record.usage ?? (isTimed === true ? { seconds } : planned);
    const { callId } = record;
    const about = { ...(used && { usage: used }), ...(callId !== null && { callId }) };
    const cause = parentStep === null ? {} : { parentStep };
    run.record(id, { ...facts, ...cause, ...about, status }, occurredAt);
  };
  try {
    const result = await workshop.context.run({ run, parentStep: id }, () => work(record));
    finish("ok");
    return result;
  } catch (error) {
    finish(isAbort(error) ? "aborted" : "error");
    throw error;
  }
}

/** Asks for a hold, after the runs above are known to the server. Gives what ends its renewal. */
async function admit(
  workshop: Workshop,
  run: RecordedRun,
  hold: Omit<HoldRequest, "source" | "ttlMs">,
) {
  const { settings, guard } = workshop;
  await run.openAbove();
  const { holdTtlMs: ttlMs } = settings.guard;
  const whole = { source: settings.source, ttlMs, ...hold };
  const { isHeld } = await guard.admit({ run, hold: whole, signal: null });
  return isHeld ? guard.keep(run.id, whole) : () => {};
}

function holdFacts(facts: StepFacts) {
  const { kind, provider, model, tool, tier, agent, payer, labels, callHash } = facts;
  return {
    kind,
    ...(provider && { provider }),
    ...(model && { model }),
    ...(tool && { tool }),
    ...(tier && { tier }),
    ...(agent && { agent }),
    ...(payer && { payer }),
    ...(labels && { labels }),
    ...(callHash && { callHash }),
  };
}

/** Whether an error says that somebody gave up, rather than that something failed. */
export function isAbort(error: unknown): boolean {
  const { name } = Object(error) as { readonly name?: unknown };
  return (
    name === "AbortError" || (error instanceof Error && /UserAbort/.test(error.constructor.name))
  );
}

class Recorder implements MeasuredCall {
  readonly id: string;
  usage: Usage | null = null;
  callId: string | null = null;

  constructor(id: string) {
    this.id = id;
  }

  use(usage: Usage): void {
    this.usage = usage;
  }

  identify(callId: string): void {
    this.callId = callId;
  }
}
