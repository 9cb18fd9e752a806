/**
 * Which run a line belongs to. A session is a run. A subagent is a run below it: its lines are
 * marked as a sidechain, and either name the subagent or hang on a first line of their own.
 */
import type { LogLine } from "./claude-code-log.ts";
import { textOf } from "./claude-code-log.ts";

/** The run of a line. */
export interface LineRun {
  readonly run: string;
  readonly parentRun: string | null;
}

/** Tells the run of a line of the log it was made for. */
export type RunOf = (line: LogLine) => LineRun;

/** Prepares the lookup for one log. */
export function runsOf(lines: readonly LogLine[]): RunOf {
  const byUuid = new Map(lines.map((line) => [line.uuid, line]));
  const roots = new Map<string, string>();
  return (line) => {
    if (!line.sidechain) return { run: line.session, parentRun: null };
    const subagent = line.subagent ?? rootOf(line, byUuid, roots);
    return { run: `${line.session}:${subagent}`, parentRun: line.session };
  };
}

/** The first line of the chain that a line hangs on, within the sidechain. */
function rootOf(
  line: LogLine,
  byUuid: ReadonlyMap<string, LogLine>,
  roots: Map<string, string>,
): string {
  const passed: string[] = [];
  let at = line;
  while (!roots.has(at.uuid)) {
    passed.push(at.uuid);
    const parent = at.parentUuid === null ? undefined : byUuid.get(at.parentUuid);
    // A torn log may lack the parent; a damaged one may even lead back to a line passed before.
    if (parent?.sidechain !== true || passed.includes(parent.uuid)) break;
    at = parent;
  }
  const root = roots.get(at.uuid) ?? at.uuid;
  for (const uuid of passed) roots.set(uuid, root);
  return root;
}

/** A subagent that the log shows being called, whoever holds its lines. */
export interface CalledAgent {
  readonly run: string;
  readonly parentRun: string;
  /** Kind of the subagent, as the call names it. */
  readonly agent: string;
  /** When it was called, which is before its own first line. */
  readonly timestamp: string;
}

/** The call names the kind of a subagent, its result the id, often while it still works. */
export function calledAgents(lines: readonly LogLine[]): CalledAgent[] {
  const calls = new Map<string, { readonly agent: string; readonly timestamp: string }>();
  const called = new Map<string, CalledAgent>();
  for (const line of lines) {
    const { session, timestamp } = line;
    const subagent = textOf(line.toolResult.agentId);
    for (const entry of line.content) {
      const id = textOf(entry.id);
      const agent = textOf((entry.input as { subagent_type?: unknown } | null)?.subagent_type);
      if (id !== null && agent !== null && !calls.has(id)) calls.set(id, { agent, timestamp });
      const call = calls.get(textOf(entry.tool_use_id) ?? "");
      if (call === undefined || subagent === null) continue;
      const run = `${session}:${subagent}`;
      if (!called.has(run)) called.set(run, { run, parentRun: session, ...call });
    }
  }
  return [...called.values()];
}
