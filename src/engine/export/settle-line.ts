/** What people decide about a line: to try it again, or to leave it out. */
import { assert } from "../../domain/assert.ts";
import { TollgateError } from "../../domain/errors.ts";
import type { ExportLine } from "../../domain/export/export-line.ts";
import type { ExportWindow } from "../../domain/export/export-window.ts";
import {
  dueNow,
  isSafeToResend,
  plannedAnew,
  sentAgain,
  supersededBy,
  voidedByHand,
} from "../../domain/export/outbox.ts";
import { placeIn, windowFor } from "../../domain/export/plan-account.ts";
import { hasLaterTotal } from "../../domain/export/resolve-window.ts";
import type { ExportContext, OpenTarget } from "./export-context.ts";
import { linesOfItem, linesOfWindow } from "./outbox-pages.ts";
import { accountPeriods, accountTerms, earlierLines, frozen } from "./plan-export.ts";
import { isTakingBack } from "./take-back.ts";

/** A line by its key. Throws `export.line_not_found`. */
export async function findLine(
  { outbox }: Pick<ExportContext, "outbox">,
  workspace: string,
  key: string,
): Promise<ExportLine> {
  const line = await outbox.line(workspace, key);
  if (line !== undefined) return line;
  throw new TollgateError("export.line_not_found", `There is no line "${key}".`, "key");
}

/**
 * Tries a line again: one that waits is due at once; one that was refused gets a revision with a
 * key and bytes of its own, by the names and settings of now, because what was refused under a key
 * may be refused for ever. Returns the line that stands for it, or itself. Throws
 * `export.line_state`.
 */
export async function retryLine(
  context: ExportContext,
  open: OpenTarget,
  line: ExportLine,
): Promise<ExportLine> {
  if (line.state === "rejected" && !line.isUnclear) return reviseLine(context, open, line);
  const capability = open.connector.capability(open.target);
  if (!["ready", "unknown", "rejected"].includes(line.state)) throw wrongState(line, "tried again");
  const nowMs = context.clock.nowMs();
  const isBlind = !isSafeToResend(line, capability, nowMs);
  if (isBlind && capability.readBack.kind === "none") {
    const detail = `Nobody knows whether "${line.key}" arrived, and its target cannot be asked.`;
    throw new TollgateError("export.line_state", `${detail} Void it, or settle it there.`, "key");
  }
  // One that was refused after it may have arrived keeps its key: another would be a second line.
  const now = line.state === "rejected" ? sentAgain(line, nowMs) : dueNow(line, nowMs);
  await mustWrite(context, open, { added: [], changed: [now] });
  return now;
}

/**
 * Puts another revision in the place of a refused line, in its own window; where that is too old
 * for the target and another is open, the next plan tells what it said. So it does where it is too
 * late to take a line back. Throws `export.line_state` where its window is in doubt.
 */
async function reviseLine(
  context: ExportContext,
  open: OpenTarget,
  line: ExportLine,
): Promise<ExportLine> {
  if (await isOver(context, open, line)) {
    const now = await givenUp(context, open, line);
    if (now === null) throw inDoubt(line);
    await mustWrite(context, open, { added: [], changed: [now] });
    return now;
  }
  const told = await linesOfItem(context, open, line);
  const { revision, windowTotal } = placeIn(line.window, told);
  const newest = told.findLast((one) => one.period === line.period);
  assert(newest !== undefined, "a line's period has a newest line");
  // It says what it said, behind all that was told since: the next one goes on from there.
  const content = { ...line, revision, windowTotal, evidence: newest.evidence };
  const no = told.reduce((most, one) => Math.max(most, one.no), 0) + 1;
  const { periodTotal } = newest;
  const others = told.filter(({ key }) => key !== line.key);
  const earlier = earlierLines(open.connector.capability(open.target), content, others);
  const revised = frozen(context, open, { content, no, periodTotal, earlier, takesBack: null });
  const change = { added: [revised], changed: [supersededBy(line, revised.key)] };
  await mustWrite(context, open, change);
  return revised;
}

/**
 * Gives up a line that is too late for its own window, so that the next plan tells what it said in
 * an open one; false: none is open yet, its window is in doubt, or another sender was faster.
 */
export async function giveUpLate(
  context: ExportContext,
  open: OpenTarget,
  line: ExportLine,
): Promise<boolean> {
  if (!(await isOver(context, open, line))) return false;
  const now = await givenUp(context, open, line);
  return now !== null && context.outbox.write(open.workspace, { added: [], changed: [now] });
}

/** Whether a line cannot be told in its own window any more, and can in another one. */
async function isOver(
  context: ExportContext,
  open: OpenTarget,
  line: ExportLine,
): Promise<boolean> {
  if (isTakingBack(line, open.connector.capability(open.target))) return true;
  const window = await openWindow(context, open, line);
  return window !== null && window.startMs !== line.window.startMs;
}

/** A line that is given up; where a later total of its window has it, it counts. Null: in doubt. */
async function givenUp(
  context: ExportContext,
  open: OpenTarget,
  line: ExportLine,
): Promise<ExportLine | null> {
  if (open.connector.capability(open.target).values === "delta") return plannedAnew(line);
  const isTold = hasLaterTotal(line, await linesOfWindow(context, open, line));
  if (isTold === null) return null;
  return isTold ? voidedByHand(line, "a later total of its window has it") : plannedAnew(line);
}

/** The window that what a line says can be told in now; null: none. */
async function openWindow(
  context: ExportContext,
  open: OpenTarget,
  line: ExportLine,
): Promise<ExportWindow | null> {
  const { workspace, target } = open;
  const { customer, item } = line;
  const { pastMaxMs } = open.connector.capability(target);
  const agoMs = (await context.ledger.nowMs(workspace)) - line.window.endMs;
  if (pastMaxMs === null || agoMs <= pastMaxMs) return line.window;
  const told = await linesOfItem(context, open, line);
  const of = { customer, mode: target.mode, since: target.since, told };
  const entries = (await context.ledger.entries(workspace, of)).filter((one) => one.item === item);
  const periods = accountPeriods(entries, told, true);
  const at = periods.find(({ period }) => period.key === line.period);
  if (at === undefined) return null;
  return windowFor(at, periods, await accountTerms(context, open, customer));
}

/** Leaves a line out for good: whoever decides that settles it elsewhere. */
export async function voidLine(
  context: ExportContext,
  open: OpenTarget,
  { line, reason }: { readonly line: ExportLine; readonly reason: string },
): Promise<ExportLine> {
  if (!["ready", "rejected", "unknown"].includes(line.state)) throw wrongState(line, "left out");
  const now = voidedByHand(line, reason);
  await mustWrite(context, open, { added: [], changed: [now] });
  return now;
}

async function mustWrite(
  { outbox }: ExportContext,
  { workspace }: OpenTarget,
  change: Parameters<ExportContext["outbox"]["write"]>[1],
): Promise<void> {
  if (await outbox.write(workspace, change)) return;
  const detail = "The line changed meanwhile: a sender is at work. Look at it again.";
  throw new TollgateError("export.line_state", detail, "key");
}

function inDoubt({ key }: ExportLine): TollgateError {
  const detail = `Other lines of the window of "${key}" are in doubt. Try again when they are not.`;
  return new TollgateError("export.line_state", detail, "key");
}

function wrongState({ key, state }: ExportLine, verb: string): TollgateError {
  const detail = `Line "${key}" is ${state} and cannot be ${verb}.`;
  return new TollgateError("export.line_state", detail, "key");
}
