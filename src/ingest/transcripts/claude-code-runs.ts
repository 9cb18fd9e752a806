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
  /** Kind of the subagent, where the call that started it names one. */
  readonly agent: string | null;
}

/** Tells the run of a line of the log it was made for. */
export type RunOf = (line: LogLine) => LineRun;

/** Prepares the lookup for one log. */
export function runsOf(lines: readonly LogLine[]): RunOf {
  const byUuid = new Map(lines.map((line) => [line.uuid, line]));
  const kinds = subagentKinds(lines);
  const roots = new Map<string, string>();
  return (line) => {
    if (!line.sidechain) return { run: line.session, parentRun: null, agent: null };
    const subagent = line.subagent ?? rootOf(line, byUuid, roots);
    const agent = kinds.get(subagent) ?? null;
    return { run: `${line.session}:${subagent}`, parentRun: line.session, agent };
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

/** Kinds of subagents by their id: the call names the kind, its result names the id. */
function subagentKinds(lines: readonly LogLine[]): Map<string, string> {
  const kindByCall = new Map<string, string>();
  const kinds = new Map<string, string>();
  for (const line of lines) {
    for (const entry of line.content) {
      const started = textOf(entry.id);
      const kind = textOf((entry.input as { subagent_type?: unknown } | null)?.subagent_type);
      if (started !== null && kind !== null) kindByCall.set(started, kind);
      const kindOfCall = kindByCall.get(textOf(entry.tool_use_id) ?? "");
      const subagent = textOf(line.toolResult.agentId);
      if (kindOfCall !== undefined && subagent !== null) kinds.set(subagent, kindOfCall);
    }
  }
  return kinds;
}
