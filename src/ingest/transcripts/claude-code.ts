/**
 * Session logs of Claude Code: JSON lines, one a content block, so that one response stands on
 * several lines which repeat its usage, the early ones with a partial output count. A response is
 * (message id, request id); of its lines the largest count of each field stands.
 *
 * Every step carries the response id or tool call id as its call id: a log that was copied by a
 * resumed session, or a call that was also seen by another source, is counted once.
 */
import type { Problem } from "../../domain/errors.ts";
import { formatQuantity } from "../../domain/money/decimal.ts";
import { mapProviderUsage } from "../provider-response/map.ts";
import type { MappedStep } from "../provider-response/mapped-step.ts";
import type { LogLine } from "./claude-code-log.ts";
import { readLog } from "./claude-code-log.ts";
import type { Call, Response } from "./claude-code-responses.ts";
import { collect } from "./claude-code-responses.ts";
import type { RunOf } from "./claude-code-runs.ts";
import { calledAgents, runsOf } from "./claude-code-runs.ts";

const SOURCE = "claude-code";

/** An event as POST /v1/events takes it. */
export type WireEvent = Readonly<Record<string, unknown>>;

/** What the log does not tell. */
export interface TranscriptContext {
  readonly customer?: string;
  /** (Default: `claude-code`) */
  readonly agent?: string;
}

/** A log as events. */
export interface Transcript {
  /** Runs first, then their steps in the order of the log. */
  readonly events: readonly WireEvent[];
  /** Lines that are no JSON object, counted from 1: torn by a crash or cut off at the end. */
  readonly tornLines: readonly number[];
  /** Responses whose usage contradicts itself, by response id. */
  readonly problems: readonly { readonly response: string; readonly problem: Problem }[];
}

/** Reads a whole log. Reading a longer copy of it gives the same ids again. */
export function readClaudeCode(text: string, context: TranscriptContext = {}): Transcript {
  const { lines, tornLines } = readLog(text);
  const runOf = runsOf(lines);
  const { responses, calls } = collect(lines);
  const problems: { response: string; problem: Problem }[] = [];
  const steps = responses.flatMap((response) => {
    const mapped = mapProviderUsage("anthropic.messages", response.body, { field: "usage" });
    if ("problem" in mapped) {
      problems.push({ response: response.id, problem: mapped.problem });
      return [];
    }
    return mapped.steps.map((step) => modelEvent(response, step, runOf));
  });
  const runs = openedEvents(lines, runOf, context);
  return {
    events: [...runs, ...steps, ...calls.map((call) => toolEvent(call, runOf))],
    tornLines,
    problems,
  };
}

function modelEvent(response: Response, step: MappedStep, runOf: RunOf): WireEvent {
  const usage = Object.fromEntries([...step.usage].map(([name, n]) => [name, formatQuantity(n)]));
  return {
    type: "step",
    id: step.suffix === "" ? response.id : `${response.id}#${step.suffix}`,
    source: SOURCE,
    run: runOf(response.line).run,
    occurredAt: response.line.timestamp,
    kind: step.kind,
    provider: step.provider,
    model: step.model,
    tier: step.tier,
    completeness: response.ended ? step.completeness : "partial",
    callId: step.callId ?? `anthropic:${response.id}`,
    usage,
  };
}

function toolEvent(call: Call, runOf: RunOf): WireEvent {
  const base = {
    type: "step",
    id: call.id,
    source: SOURCE,
    run: runOf(call.line).run,
    occurredAt: call.line.timestamp,
    kind: "tool",
    tool: call.tool,
    status: call.failed ? "error" : "ok",
    callId: `anthropic:${call.id}`,
    parentStep: call.response,
    // It still runs, or nobody will know: what a longer log tells of it takes its place.
    ...(call.answered ? {} : { completeness: "partial" }),
  };
  return call.seconds === null ? base : { ...base, usage: { seconds: call.seconds } };
}

/**
 * One opening a run, at its first line; subagents open below their session. A log grows, and a
 * subagent's lines stand in a file of their own, so the same opening is the same however much is
 * read. The kind of a subagent is told by another one, at the call: of two, the earlier stands.
 */
function openedEvents(
  lines: readonly LogLine[],
  runOf: RunOf,
  context: TranscriptContext,
): WireEvent[] {
  const agent = context.agent ?? SOURCE;
  const opened = new Map<string, Opening>();
  for (const line of lines) {
    const { run, parentRun } = runOf(line);
    if (opened.has(run)) continue;
    opened.set(run, { run, parentRun, agent, timestamp: line.timestamp });
  }
  return [
    ...[...opened.values()].map((opening) => openedEvent("opened", opening, context)),
    ...calledAgents(lines).map((called) => openedEvent("called", called, context)),
  ];
}

interface Opening {
  readonly run: string;
  readonly parentRun: string | null;
  readonly agent: string;
  readonly timestamp: string;
}

function openedEvent(
  how: string,
  { run, parentRun, agent, timestamp }: Opening,
  { customer }: TranscriptContext,
): WireEvent {
  return {
    type: "run.opened",
    id: `${run}:${how}`,
    source: SOURCE,
    run,
    occurredAt: timestamp,
    agent,
    ...(customer === undefined ? {} : { customer }),
    ...(parentRun === null ? {} : { parentRun }),
  };
}
