/** Changes the settings of a workspace; what kind it is was decided when it was made. */

import { requireApproved } from "../acts/changes.ts";
import { runAct } from "../commit/act.ts";
import type { EngineContext } from "../context.ts";
import { readWorkspace, WORKSPACE_SUBJECT, type WorkspaceSettings } from "./workspace-settings.ts";

/** What may be set; a field that is left out keeps its value. */
export type WorkspaceChange = Partial<Omit<WorkspaceSettings, "kind">>;

/** Records the settings that hold from now on. */
export function saveWorkspace(
  context: EngineContext,
  workspace: string,
  change: WorkspaceChange,
): Promise<WorkspaceSettings> {
  return runAct(context, workspace, async ({ journal }) => {
    // Whether a second key is wanted is itself above every amount.
    if (change.approvalFrom !== undefined) await requireApproved(context, workspace, "any");
    const settings = { ...(await readWorkspace(context.store, workspace)), ...change };
    journal("workspace.saved", WORKSPACE_SUBJECT, settings);
    return settings;
  });
}
