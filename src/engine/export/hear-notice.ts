/** Takes what a target tells of its own accord: what it refused after taking it, or has by now. */
import { TollgateError } from "../../domain/errors.ts";
import type { ExportLine } from "../../domain/export/export-line.ts";
import { lookedUp } from "../../domain/export/outbox.ts";
import type { Heard, Notice } from "./connector-port.ts";
import type { ExportContext, OpenTarget } from "./export-context.ts";
import { Recording } from "./recording.ts";

const ATTEMPTS_MAX_COUNT = 5;

/**
 * Books what a notice says of lines that were accepted or are in doubt; returns how many. What is
 * lost, or comes while a line is being sent, is found by reading back. Throws `notice.refused`
 * where the message is not the target's, or its connector hears nothing.
 */
export async function hearNotice(
  context: ExportContext,
  open: OpenTarget,
  notice: Notice,
): Promise<number> {
  const recording = new Recording(context, { ...open, hidden: await open.hidden() });
  const heard = (await open.connector.hear?.(notice, recording.session)) ?? null;
  if (heard === null) {
    throw new TollgateError("notice.refused", "Nobody sends this.");
  }
  let count = 0;
  for (const one of heard) {
    const told = { ...one, note: recording.note(one.note) };
    if (await isBooked(context, open, told)) count += 1;
  }
  return count;
}

async function isBooked(
  context: ExportContext,
  { workspace, target, connector }: OpenTarget,
  { key, found, note }: Heard,
): Promise<boolean> {
  const isReadable = connector.capability(target).readBack.kind !== "none";
  for (let attempt = 0; attempt < ATTEMPTS_MAX_COUNT; attempt += 1) {
    const line = await context.outbox.line(workspace, key);
    if (line === undefined || line.target !== target.id || !isOpen(line)) return false;
    // Of a line that was sent twice, the second copy may be refused and the first one counted.
    if (found === "refused" && line.attempts > 1 && isReadable) return false;
    const at = { nowMs: context.clock.nowMs(), waitMs: 0 };
    const now = lookedUp(line, found, { ...at, note });
    if (await context.outbox.write(workspace, { added: [], changed: [now] })) return true;
  }
  return false;
}

function isOpen({ state }: ExportLine): boolean {
  return state === "accepted" || state === "unknown";
}
