import type { EngineContext } from "../context.ts";

/** True while the workspace holds no usage. */
export async function isUnused(context: EngineContext, workspace: string): Promise<boolean> {
  return (await context.store.listRuns(workspace, { limit: 1 })).length === 0;
}
