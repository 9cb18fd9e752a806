/** Sandboxes and their clock: a year of billing is tried in as long as its events take. */
import { TollgateError } from "../../domain/errors.ts";
import { ID_MAX_CHARS, OCCURRED_AT_MAX_MS } from "../../domain/limits.ts";
import { settleOutcomes } from "../booking/settle-outcomes.ts";
import { runAct } from "../commit/act.ts";
import type { EngineContext } from "../context.ts";
import { endQuarantine, Quarantine } from "../limits/end-quarantine.ts";
import { abandonSilentRuns } from "../runs/abandon-runs.ts";
import type { ClockReading } from "./workspace-clocks.ts";
import { readWorkspace, WORKSPACE_SUBJECT, type WorkspaceSettings } from "./workspace-settings.ts";

/** A sandbox to make. */
export interface NewSandbox {
  /** Its name below the workspace that makes it. */
  readonly name: string;
  /** Where its clock begins; null: now. */
  readonly startMs: number | null;
}

/**
 * Makes a workspace with a clock of its own and returns its id, `<owner>/<name>`: no workspace can
 * find out by a name whether another one has it. A creation that was cut off may be repeated.
 * Throws `workspace.exists`.
 */
export async function createSandbox(
  context: EngineContext,
  owner: string,
  { name, startMs }: NewSandbox,
): Promise<string> {
  const id = `${owner}/${name}`;
  if (id.length > ID_MAX_CHARS) {
    const detail = `The id "${id}" would be longer than ${ID_MAX_CHARS} characters.`;
    throw new TollgateError("field.out_of_range", detail, "name");
  }
  await context.store.createWorkspace(id);
  const nowMs = startMs ?? context.clock.nowMs();
  // Its very first act is already dated by the clock that the act starts.
  const clocks = { of: async () => ({ nowMs: () => nowMs }), forget: () => undefined };
  await runAct({ ...context, clocks }, id, async ({ state, journal }) => {
    if (state.lastSeq > 0) {
      throw new TollgateError("workspace.exists", `There is a workspace "${id}".`, "name");
    }
    const nothing = { graceHours: 0, paymentUrl: null, approvalFrom: null };
    const settings: WorkspaceSettings = { kind: "sandbox", ...nothing };
    journal("workspace.saved", WORKSPACE_SUBJECT, settings);
    journal("clock.advanced", WORKSPACE_SUBJECT, { nowMs } satisfies ClockReading);
  });
  context.clocks.forget(id);
  return id;
}

/** Where a clock is to go: an instant, or a stretch of time from where it stands. */
export type ClockMove = { readonly toMs: number } | { readonly by: Temporal.Duration };

/**
 * Moves a sandbox's clock forward and does what falls due by then. Returns the new time, and how
 * many runs were abandoned and outcomes became final. Throws `workspace.not_sandbox`,
 * `clock.backward`.
 */
export async function advanceClock(
  context: EngineContext,
  workspace: string,
  move: ClockMove,
): Promise<ClockReading & { readonly abandonedRuns: number; readonly settledOutcomes: number }> {
  const { kind } = await readWorkspace(context.store, workspace);
  if (kind !== "sandbox") {
    const detail = "This workspace is in production: its clock is that of the machine.";
    throw new TollgateError("workspace.not_sandbox", detail);
  }
  const nowMs = await runAct(context, workspace, async ({ state, journal }) => {
    const toMs = targetOf(move, state.receivedAtMs);
    if (toMs < state.receivedAtMs) {
      const [to, now] = [toMs, state.receivedAtMs].map((atMs) => new Date(atMs).toISOString());
      throw new TollgateError("clock.backward", `The clock is at ${now} already, after ${to}.`);
    }
    journal("clock.advanced", WORKSPACE_SUBJECT, { nowMs: toMs } satisfies ClockReading);
    return toMs;
  });
  const settledOutcomes = await settleOutcomes(context, workspace);
  // Before runs are found silent: an estimate is a sign of life.
  await endQuarantine(context, workspace, { quarantine: new Quarantine() });
  // A window may have begun.
  context.waiting.look(workspace);
  return { nowMs, abandonedRuns: await abandonSilentRuns(context, workspace), settledOutcomes };
}

/** Months and days are those of the calendar in UTC. Throws `field.out_of_range`. */
function targetOf(move: ClockMove, nowMs: number): number {
  const toMs = "toMs" in move ? move.toMs : addedMs(nowMs, move.by);
  if (toMs < OCCURRED_AT_MAX_MS) return toMs;
  throw new TollgateError("field.out_of_range", "A clock ends with the year 2199.", "by");
}

function addedMs(nowMs: number, by: Temporal.Duration): number {
  const now = Temporal.Instant.fromEpochMilliseconds(nowMs).toZonedDateTimeISO("UTC");
  try {
    return now.add(by).epochMilliseconds;
  } catch (error) {
    if (error instanceof RangeError) return OCCURRED_AT_MAX_MS;
    throw error;
  }
}
