/** What people decide about a line: to try it again, or to leave it out. */
import { assert } from "../../domain/assert.ts";
import { TollgateError } from "../../domain/errors.ts";
import type { ExportLine } from "../../domain/export/export-line.ts";
import type { ExportWindow } from "../../domain/export/export-window.ts";
import {
  dueNow,
  isSafeToResend,
  sentAgain,
  supersededBy,
  voidedByHand,
} from "../../domain/export/outbox.ts";
import { placeIn, windowFor } from "../../domain/export/plan-account.ts";
import type { ExportContext, OpenTarget } from "./export-context.ts";
import { linesOfWindow } from "./outbox-pages.ts";
import { earlierLines, frozen, termsOf } from "./plan-export.ts";
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
 * may be refused for ever. Returns the line that stands for it. Throws `export.line_state`.
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

/** Puts another revision in the place of a refused line, in the window that is open for it now. */
async function reviseLine(
  context: ExportContext,
  open: OpenTarget,
  line: ExportLine,
): Promise<ExportLine> {
  const place = await placeForRevision(context, open, line);
  return revisedTo(context, open, { line, place, window: place.window ?? line.window });
}

/**
 * Tells a line that is too late for its own window in the newest one, and leaves alone what it is
 * too late to take back; false: there is no window yet, or another sender was faster.
 */
export async function reviseLate(
  context: ExportContext,
  open: OpenTarget,
  line: ExportLine,
): Promise<boolean> {
  const place = await placeForRevision(context, open, line);
  const isBack = isTakingBack(line, open.connector.capability(open.target));
  const window = isBack ? line.window : place.window;
  if (window === null || (window.startMs === line.window.startMs && !isBack)) return false;
  try {
    await revisedTo(context, open, { line, place, window });
    return true;
  } catch (error) {
    const isLeft = error instanceof TollgateError && LEFT_AS_IT_IS.includes(error.code);
    if (isLeft) return false;
    throw error;
  }
}

/** Another sender was faster, or names and settings do not allow it now. */
const LEFT_AS_IT_IS: readonly string[] = ["export.line_state", "target.invalid"];

interface RevisionPlace {
  /** The newest lines of the item, one a period. */
  readonly own: readonly ExportLine[];
  /** Null: no window is open for it. */
  readonly window: ExportWindow | null;
}

async function placeForRevision(
  context: ExportContext,
  open: OpenTarget,
  line: ExportLine,
): Promise<RevisionPlace> {
  const { workspace, target } = open;
  const { customer, item } = line;
  const last = await context.outbox.lastLines(workspace, target.id, customer);
  const own = last.filter((one) => one.item === item);
  const of = { customer, mode: target.mode, since: target.since };
  const entries = (await context.ledger.entries(workspace, of)).filter((one) => one.item === item);
  const periods = entries.map(({ period }) => ({
    period,
    last: own.find((one) => one.period === period.key) ?? null,
  }));
  const at = periods.find(({ period }) => period.key === line.period);
  if (at === undefined || (await isCoveredLater(context, open, line))) return { own, window: null };
  return { own, window: windowFor(at, periods, termsOf(open, context.clock.nowMs())) };
}

async function revisedTo(
  context: ExportContext,
  open: OpenTarget,
  to: {
    readonly line: ExportLine;
    readonly place: RevisionPlace;
    readonly window: ExportWindow;
  },
): Promise<ExportLine> {
  const { line, place, window } = to;
  if (isTakingBack(line, open.connector.capability(open.target))) {
    return leftAlone(context, open, { line, place });
  }
  const { revision, windowTotal } = placeIn(window, place.own);
  const isSameWindow = window.startMs === line.window.startMs;
  const content = {
    ...line,
    ...{ window, revision, windowTotal: windowTotal + (isSameWindow ? 0n : line.value) },
  };
  const no = place.own.reduce((most, one) => Math.max(most, one.no), 0) + 1;
  const newest = place.own.find((one) => one.period === line.period);
  assert(newest !== undefined, "a line's period has a newest line");
  const { periodTotal } = newest;
  const earlier = (await earlierLines(context, open, content)).filter(
    ({ key }) => key !== line.key,
  );
  const revised = frozen(context, open, { content, no, periodTotal, earlier, takesBack: null });
  const change = { added: [revised], changed: [supersededBy(line, revised.key)] };
  await mustWrite(context, open, change);
  return revised;
}

/**
 * A line that was to be taken back and cannot be any more stays what it is: the line that stands
 * for the taking back says nothing and is sent to nobody, and what was too much is carried.
 */
async function leftAlone(
  context: ExportContext,
  open: OpenTarget,
  { line, place }: { readonly line: ExportLine; readonly place: RevisionPlace },
): Promise<ExportLine> {
  const { revision, windowTotal } = placeIn(line.window, place.own);
  const content = { ...line, value: 0n, revision, windowTotal: windowTotal - line.value };
  const no = place.own.reduce((most, one) => Math.max(most, one.no), 0) + 1;
  const newest = place.own.find((one) => one.period === line.period);
  assert(newest !== undefined, "a line's period has a newest line");
  const periodTotal = newest.periodTotal - line.value;
  const made = frozen(context, open, { content, no, periodTotal, earlier: [], takesBack: null });
  const note = "it was too late to take it back";
  const instead: ExportLine = { ...made, state: "voided", note };
  await mustWrite(context, open, { added: [instead], changed: [supersededBy(line, made.key)] });
  return instead;
}

/** Whether a later total of the window, which says this line's value too, has been sent. */
async function isCoveredLater(
  context: ExportContext,
  { workspace, target, connector }: OpenTarget,
  line: ExportLine,
): Promise<boolean> {
  if (connector.capability(target).values === "delta") return false;
  const all = await linesOfWindow(context, workspace, line);
  return all.some(({ no, firstSentAtMs }) => no > line.no && firstSentAtMs !== null);
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

function wrongState({ key, state }: ExportLine, verb: string): TollgateError {
  const detail = `Line "${key}" is ${state} and cannot be ${verb}.`;
  return new TollgateError("export.line_state", detail, "key");
}
