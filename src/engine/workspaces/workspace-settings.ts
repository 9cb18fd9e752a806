/**
 * Settings of a workspace. They are acts of the journal, and the newest one holds: no row of their
 * own can differ from what was recorded.
 */
import type { Store } from "../ports.ts";

/** What a workspace is and how it bills. */
export interface WorkspaceSettings {
  /** A sandbox has a clock of its own, which moves only when told. Never changes. */
  readonly kind: "production" | "sandbox";
  /** How long after its end a period waits for late events before it may be closed. */
  readonly graceHours: number;
  /** Where payments of credit are asked for; null: nowhere. */
  readonly paymentUrl: string | null;
  /** From this amount on, changes of cards and budgets want a second key; null: none does. */
  readonly approvalFrom: string | null;
}

/** Subject of the acts that concern the workspace itself. */
export const WORKSPACE_SUBJECT = "workspace";

const DEFAULTS: WorkspaceSettings = {
  ...{ kind: "production", graceHours: 0 },
  ...{ paymentUrl: null, approvalFrom: null },
};

/** The settings as they are now. */
export async function readWorkspace(store: Store, workspace: string): Promise<WorkspaceSettings> {
  const act = await store.lastAct(workspace, "workspace.saved", WORKSPACE_SUBJECT);
  return act === undefined ? DEFAULTS : { ...DEFAULTS, ...JSON.parse(act.document) };
}
