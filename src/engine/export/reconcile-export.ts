/**
 * Reads back what a target has, settles lines that were accepted or in doubt by it, and tells where
 * they and we differ. Nothing is sent.
 */
import { backoffMs } from "../../domain/export/backoff.ts";
import type { Capability } from "../../domain/export/capability.ts";
import { type ExportLine, type LineState, parseValue } from "../../domain/export/export-line.ts";
import {
  type Found,
  isSafeToResend,
  type LookedUpAt,
  lookedUp,
} from "../../domain/export/outbox.ts";
import { resolveWindow, type Summing } from "../../domain/export/resolve-window.ts";
import type { LookUp, Session } from "./connector-port.ts";
import type { ExportContext, OpenTarget } from "./export-context.ts";
import { linesOfWindow, pagesOf } from "./outbox-pages.ts";
import { Pacer } from "./pacer.ts";
import { Recording } from "./recording.ts";
import { isTakenBack } from "./take-back.ts";

/** Which lines to look at. */
export interface Reconciling {
  /** Null: all customers. */
  readonly customer: string | null;
  readonly states: readonly LineState[];
  /** Also before they are due. (Default: false.) */
  readonly isForced?: boolean;
  /** Only those that are not just sent again as they are. (Default: false.) */
  readonly isSparing?: boolean;
}

/** Where they and we differ. */
export interface Drift {
  readonly customer: string;
  readonly item: string;
  readonly windowStartMs: number;
  readonly windowEndMs: number;
  /** Theirs less ours; positive: they have too much. Null: they do not say. */
  readonly drift: bigint | null;
  readonly note: string;
}

/** What a reconciliation came to. */
export interface Reconciled {
  /** Lines that were looked at. */
  readonly looked: number;
  readonly confirmed: number;
  readonly drifts: readonly Drift[];
}

/** Reads back lines of the states asked for, and books what was found. */
export async function reconcileLines(
  context: ExportContext,
  open: OpenTarget,
  request: Reconciling,
): Promise<Reconciled> {
  const { workspace, target, connector } = open;
  const capability = connector.capability(target);
  const { readBack, pace } = capability;
  if (readBack.kind === "none") return { looked: 0, confirmed: 0, drifts: [] };
  const nowMs = context.clock.nowMs();
  const due = request.isForced === true ? {} : { dueByMs: nowMs };
  const own = request.customer === null ? {} : { customer: request.customer };
  const filter = { target: target.id, states: request.states, ...due, ...own };
  const pacer = new Pacer(context, pace);
  const total = { looked: 0, confirmed: 0, drifts: [] as Drift[] };
  const seen = new Set<string>();
  const isWanted = (line: ExportLine) =>
    request.isSparing !== true || isAsked(line, capability, nowMs);
  for await (const all of pagesOf(context, workspace, filter)) {
    const page = all.filter(isWanted);
    const jobs =
      readBack.kind === "line"
        ? groupsOf(page, readBack.atOnceMaxCount ?? 1)
        : windowsIn(page, seen);
    await pacer.all(jobs, async (lines) => {
      const result = await lookAt(context, open, lines);
      total.looked += lines.length;
      total.confirmed += result.confirmed;
      total.drifts.push(...result.drifts);
    });
  }
  return total;
}

const REFUSALS: ReadonlySet<string | null> = new Set([
  ...(["permanent_data", "permanent_config", "closed_period"] as const),
]);

/** In doubt, and sending it again is not safe any more, or was refused. */
function isAsked(line: ExportLine, capability: Capability, nowMs: number): boolean {
  return REFUSALS.has(line.outcome) || !isSafeToResend(line, capability, nowMs);
}

interface Looked {
  readonly confirmed: number;
  readonly drifts: readonly Drift[];
}

async function lookAt(
  context: ExportContext,
  open: OpenTarget,
  lines: readonly ExportLine[],
): Promise<Looked> {
  const { kind } = open.connector.capability(open.target).readBack;
  const [first] = lines;
  if (first === undefined) return { confirmed: 0, drifts: [] };
  return kind === "line" ? lookAtLines(context, open, lines) : lookAtWindow(context, open, first);
}

function groupsOf(lines: readonly ExportLine[], maxCount: number): ExportLine[][] {
  const count = Math.ceil(lines.length / maxCount);
  return Array.from({ length: count }, (_, at) => lines.slice(at * maxCount, (at + 1) * maxCount));
}

/** One line of each customer, item and window that is not looked at yet. */
function windowsIn(page: readonly ExportLine[], seen: Set<string>): ExportLine[][] {
  return page.flatMap((line) => {
    const { customer, item, window } = line;
    const place = JSON.stringify([customer, item, window.startMs]);
    if (seen.has(place)) return [];
    seen.add(place);
    return [[line]];
  });
}

async function lookAtLines(
  context: ExportContext,
  open: OpenTarget,
  lines: readonly ExportLine[],
): Promise<Looked> {
  const capability = open.connector.capability(open.target);
  const nowMs = context.clock.nowMs();
  const moving = lines.map((line) => isUnderWay(line, nowMs, capability));
  const recording = new Recording(context, { ...open, hidden: await open.hidden() });
  const told = await lookUpAll(open, recording.session, lines);
  const answers = lines.map((_, at) => {
    const answer = stillMoving(told[at] ?? NO_LOOK_UP, moving[at] ?? true);
    return { ...answer, note: recording.note(answer.note) };
  });
  const said = lines.map(({ key }, at) => ({ key, said: (answers[at] ?? NO_LOOK_UP).found }));
  const { attempts, named } = recording.readBack(context.ids.random(), said);
  const total = { confirmed: 0, drifts: [] as Drift[] };
  for (const [at, line] of lines.entries()) {
    const answer = answers[at] ?? NO_LOOK_UP;
    total.drifts.push(...(await driftOfLine(context, open, { line, answer })));
    if (line.state !== "accepted" && line.state !== "unknown") continue;
    const now = settled(context, line, { ...answer, ...named });
    // Each by itself: one that another sender has changed meanwhile holds up no other.
    const change = { added: [], changed: [now], attempts };
    const isWritten = await context.outbox.write(open.workspace, change);
    if (isWritten && now.state === "confirmed") total.confirmed += 1;
  }
  if (total.drifts.length > 0) {
    await context.outbox.write(open.workspace, { added: [], changed: [], attempts });
  }
  return total;
}

/** What is still under way may arrive after it was not found. */
function stillMoving(answer: LookUp, isMoving: boolean): LookUp {
  const isNotThere = answer.found === "absent" || answer.found === "dropped";
  return isMoving && isNotThere ? { ...answer, found: "unclear" } : answer;
}

const NO_LOOK_UP: LookUp = { found: "unclear", note: "no look-up" };

async function lookUpAll(
  { connector }: OpenTarget,
  session: Session,
  lines: readonly ExportLine[],
): Promise<readonly LookUp[]> {
  try {
    if (connector.lookUpAll !== undefined) return await connector.lookUpAll(lines, session);
    const each = lines.map((line) => connector.lookUp?.(line, session) ?? NO_LOOK_UP);
    return await Promise.all(each);
  } catch (error) {
    return lines.map(() => ({ found: "unclear", note: String(error) }));
  }
}

async function driftOfLine(
  context: ExportContext,
  open: OpenTarget,
  { line, answer: { found, note, value } }: { readonly line: ExportLine; readonly answer: LookUp },
): Promise<Drift[]> {
  // What was there once and cannot be asked about now is no good news.
  if (line.state === "confirmed" && found === "unclear") {
    return [{ ...placeOf(line), drift: null, note }];
  }
  const isOurs = line.state === "confirmed" || line.state === "accepted";
  const { connector } = open;
  const capability = connector.capability(open.target);
  const isMissing = isOurs && (found === "absent" || found === "refused");
  const isGone =
    isMissing &&
    (connector.canTakeBack === undefined ||
      !isTakenBack(line, await linesOfWindow(context, open, line), capability));
  const isExtra = found === "present" && ["rejected", "superseded"].includes(line.state);
  const isOther = found === "present" && value !== undefined && value !== line.value;
  if (!isGone && !isExtra && !isOther) return [];
  const theirs = isGone ? 0n : (value ?? line.value);
  return [{ ...placeOf(line), drift: isExtra ? theirs : theirs - line.value, note }];
}

function placeOf({ customer, item, window }: ExportLine) {
  return { customer, item, windowStartMs: window.startMs, windowEndMs: window.endMs };
}

function settled(
  context: ExportContext,
  line: ExportLine,
  { found, note, ...named }: { readonly found: Found } & Pick<LookedUpAt, "note" | "attempt">,
): ExportLine {
  const nowMs = context.clock.nowMs();
  const waitMs = backoffMs(line.attempts, context.chance());
  return lookedUp(line, found, { nowMs, waitMs, note, ...named });
}

async function lookAtWindow(
  context: ExportContext,
  open: OpenTarget,
  one: ExportLine,
): Promise<Looked> {
  const lines = await linesOfWindow(context, open, one);
  const nowMs = context.clock.nowMs();
  const capability = open.connector.capability(open.target);
  const isSending = lines.some(({ state }) => state === "in_flight");
  const recording = new Recording(context, { ...open, hidden: await open.hidden() });
  const theirs = isSending ? null : await totalOf(open, recording.session, lines);
  const isMoving = lines.some((line) => isUnderWay(line, nowMs, capability));
  const { found, drift, note } = judged(lines, theirs, {
    ...{ values: capability.values, isMoving },
    ...(open.connector.told === undefined ? {} : { told: open.connector.told }),
  });
  const said = [...found].map(([key, one]) => ({ key, said: one }));
  const { attempts, named } = recording.readBack(context.ids.random(), said);
  const changed = lines.flatMap((line) => {
    const what = found.get(line.key);
    return what === undefined ? [] : [settled(context, line, { found: what, note, ...named })];
  });
  const isKept = changed.length > 0 || drift !== 0n;
  const change = { added: [], changed, ...(isKept ? { attempts } : {}) };
  const isWritten = await context.outbox.write(open.workspace, change);
  const confirmed = changed.filter(({ state }) => state === "confirmed").length;
  const drifts = drift === 0n ? [] : [{ ...placeOf(one), drift, note }];
  return { confirmed: isWritten ? confirmed : 0, drifts };
}

/**
 * Whether a line may still turn up: a request is carried out some time after its sender gave up,
 * and what is carried out is seen some time after that. Until then, absence proves nothing.
 */
function isUnderWay(
  { state, lastSentAtMs }: ExportLine,
  nowMs: number,
  { settlesAfterMs, readBack }: Pick<Capability, "settlesAfterMs" | "readBack">,
): boolean {
  if (lastSentAtMs === null) return false;
  const lagMs = readBack.kind === "none" ? 0 : readBack.lagMs;
  if (state === "accepted") return nowMs - lastSentAtMs < lagMs;
  return state === "unknown" && nowMs - lastSentAtMs < settlesAfterMs + lagMs;
}

function judged(
  lines: readonly ExportLine[],
  theirs: bigint | null,
  { isMoving, ...summing }: Summing & { readonly isMoving: boolean },
): { readonly found: ReadonlyMap<string, Found>; readonly drift: bigint | null; note: string } {
  const read = theirs === null ? null : resolveWindow(lines, theirs, summing);
  const isWhole = read !== null && [...read.found.values()].every((one) => one === "present");
  if (read !== null && (isWhole || !isMoving)) return { ...read, note: "read back" };
  const doubtful = lines.filter(({ state }) => state === "accepted" || state === "unknown");
  const found = new Map(doubtful.map(({ key }) => [key, "unclear" as const]));
  return { found, drift: doubtful.length === 0 ? 0n : null, note: "they cannot tell yet" };
}

async function totalOf(
  { connector }: OpenTarget,
  session: Session,
  lines: readonly ExportLine[],
): Promise<bigint | null> {
  try {
    const text = await connector.total?.(lines, session);
    return text === undefined || text === null ? null : (parseValue(text) ?? null);
  } catch {
    return null;
  }
}
