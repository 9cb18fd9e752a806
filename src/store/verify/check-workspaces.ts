/** What workspaces are and where their clocks stand: acts of the journal alone say so. */
import { WORKSPACE_SUBJECT } from "../../engine/workspaces/workspace-settings.ts";
import type { Acts } from "./acts.ts";
import type { DataFile } from "./data-file.ts";
import { keyText } from "./findings.ts";

/** Checks that no workspace changed its kind, and that no clock ran in production or backwards. */
export function checkWorkspaces(file: DataFile, acts: Acts): void {
  for (const { ws, seq, document } of acts.all("workspace.saved")) {
    const key = keyText(file.workspace(ws), seq);
    const isSame = document.kind === kindOf(acts, ws);
    file.findings.expect(isSame, ["journal", key, "makes the workspace another kind"]);
  }
  let before = { ws: 0, nowMs: 0 };
  for (const { ws, seq, document } of acts.all("clock.advanced")) {
    const key = keyText(file.workspace(ws), seq);
    const isSandbox = kindOf(acts, ws) === "sandbox";
    file.findings.expect(isSandbox, ["journal", key, "moves the clock of a production workspace"]);
    const nowMs = document.nowMs as number;
    const isForward = before.ws !== ws || before.nowMs <= nowMs;
    file.findings.expect(isForward, ["journal", key, "moves the clock back"]);
    before = { ws, nowMs };
  }
}

/** What kind a workspace is. */
export function kindOf(acts: Acts, ws: number): unknown {
  const [first] = acts.of("workspace.saved", ws, WORKSPACE_SUBJECT);
  return first?.document.kind ?? "production";
}
