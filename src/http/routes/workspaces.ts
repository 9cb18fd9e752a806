/** The workspace of the key, its sandboxes, and a sandbox's clock. */
import { TollgateError } from "../../domain/errors.ts";
import { GRACE_MAX_HOURS } from "../../domain/limits.ts";
import type { Engine } from "../../engine/engine.ts";
import type { WorkspaceChange } from "../../engine/workspaces/save-workspace.ts";
import type { ClockMove } from "../../engine/workspaces/test-clock.ts";
import { instantOf, optionalInstant, timeText } from "../instant.ts";
import { json, ok, route } from "../route.ts";
import { closed, described, type JsonSchema, named, nullable, TIME_SENT } from "../schema.ts";
import { FORMS } from "../text-forms.ts";
import { keyView } from "../views/key-view.ts";

const readWorkspace = route({
  method: "GET",
  path: "/v1/workspace",
  operationId: "readWorkspace",
  summary: "Read the settings of the key's workspace.",
  scope: "read",
  answers: { 200: json("The workspace.", named("Workspace")) },
  handle: async ({ engine }, { workspace }) => ok(await workspaceView(engine, workspace)),
});

const saveWorkspace = route<unknown, unknown, WorkspaceChange>({
  method: "PUT",
  path: "/v1/workspace",
  operationId: "saveWorkspace",
  summary: "Change the settings of the key's workspace; what is left out keeps its value.",
  scope: "admin",
  body: {
    schema: closed({
      "graceHours?": {
        type: "integer",
        minimum: 0,
        maximum: GRACE_MAX_HOURS,
        description: "Hours after its end before a period may be closed.",
      },
    }),
  },
  answers: { 200: json("The workspace as it is now.", named("Workspace")) },
  handle: async ({ engine }, { workspace, body }) => {
    await engine.saveWorkspace(workspace, body);
    return ok(await workspaceView(engine, workspace));
  },
});

/** Below the id of the workspace that makes it. */
const SANDBOX_NAME: JsonSchema = {
  type: "string",
  pattern: FORMS.sandboxName.pattern,
  description: "Lower-case letters, digits and hyphens; its id is <workspace>/<name>.",
};

interface NewWorkspaceBody {
  readonly name: string;
  readonly startAt?: string | null;
}

const createWorkspace = route<unknown, unknown, NewWorkspaceBody>({
  method: "POST",
  path: "/v1/workspaces",
  operationId: "createSandbox",
  summary: "Make a sandbox: a workspace whose clock moves only when told, with an admin key.",
  scope: "admin",
  body: {
    schema: closed({
      name: SANDBOX_NAME,
      "startAt?": described(nullable(TIME_SENT), "Where its clock begins. (Default: now.)"),
    }),
  },
  answers: { 201: json("The workspace, and a key for it.", named("NewWorkspace")) },
  errors: ["workspace.exists"],
  handle: async ({ engine, prepareWorkspace }, { workspace, body: { name, startAt } }) => {
    const startMs = optionalInstant(startAt, "startAt");
    const id = await engine.createSandbox(workspace, { name, startMs });
    await prepareWorkspace(id);
    const wanted = { scopes: ["admin"], label: "first admin key" } as const;
    const { key, secret } = await engine.createKey(id, wanted);
    const made = { workspace: await workspaceView(engine, id), key: keyView(key), secret };
    return { status: 201, body: made };
  },
});

const readClock = route({
  method: "GET",
  path: "/v1/clock",
  operationId: "readClock",
  summary: "Read the workspace's time.",
  scope: "read",
  answers: { 200: json("The time.", named("Clock")) },
  handle: async ({ engine }, { workspace }) => {
    const { kind } = await engine.workspace(workspace);
    const now = timeText(await engine.nowMs(workspace));
    return ok({ now, isTest: kind === "sandbox" });
  },
});

interface AdvanceBody {
  readonly by?: string;
  readonly to?: string;
}

const advanceClock = route<unknown, unknown, AdvanceBody>({
  method: "POST",
  path: "/v1/clock/advance",
  operationId: "advanceClock",
  summary: "Move a sandbox's clock forward, by a duration or to an instant.",
  scope: "admin",
  body: {
    schema: closed({
      "by?": {
        type: "string",
        maxLength: 40,
        description: "ISO 8601 duration, such as P1M, P1DT12H or PT90M, in the calendar of UTC.",
      },
      "to?": TIME_SENT,
    }),
  },
  answers: { 200: json("The new time.", named("AdvancedClock")) },
  errors: ["workspace.not_sandbox", "clock.backward"],
  handle: async ({ engine }, { workspace, body }) => {
    const { nowMs, ...done } = await engine.advanceClock(workspace, moveOf(body));
    return ok({ now: timeText(nowMs), isTest: true, ...done });
  },
});

function moveOf({ by, to }: AdvanceBody): ClockMove {
  if ((by === undefined) === (to === undefined)) {
    const detail = 'Give either "by", a duration, or "to", an instant.';
    throw new TollgateError("field.invalid", detail, by === undefined ? "by" : "to");
  }
  if (to !== undefined) return { toMs: instantOf(to, "to") };
  return { by: durationOf(by ?? "") };
}

function durationOf(text: string): Temporal.Duration {
  try {
    return Temporal.Duration.from(text);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    const detail = `${JSON.stringify(text)} is no ISO 8601 duration such as P1M or PT90M.`;
    throw new TollgateError("field.invalid", detail, "by");
  }
}

async function workspaceView(engine: Engine, id: string): Promise<object> {
  const { kind, graceHours } = await engine.workspace(id);
  return { workspace: id, kind, graceHours, now: timeText(await engine.nowMs(id)) };
}

/** Workspaces and clocks. */
export const WORKSPACE_ROUTES = [
  readWorkspace,
  saveWorkspace,
  createWorkspace,
  readClock,
  advanceClock,
];
