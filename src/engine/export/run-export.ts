/**
 * One run of a target: plans what is owed, deals with lines that may have been sent, sends what is
 * ready, and confirms what was taken. It may stop anywhere and be run again, by several senders at
 * once.
 */
import { assert } from "../../domain/assert.ts";
import { TollgateError } from "../../domain/errors.ts";
import { formatValue, type LineState } from "../../domain/export/export-line.ts";
import { abandoned } from "../../domain/export/outbox.ts";
import type { Missing } from "../../domain/export/target.ts";
import type { ExportContext, OpenTarget } from "./export-context.ts";
import { heldBack, type Surplus } from "./held-sums.ts";
import { pagesOf } from "./outbox-pages.ts";
import { customersOf, writePlan } from "./plan-export.ts";
import { reconcileLines } from "./reconcile-export.ts";
import { type RunProgress, SendingRun } from "./sending-run.ts";
import { giveUpLate } from "./settle-line.ts";
import { isTakingBack } from "./take-back.ts";

/** What a run is about. */
export interface RunRequest {
  /** Null: all. */
  readonly customer: string | null;
  /** Told now and then how far it is. */
  readonly onProgress?: (progress: RunProgress) => void;
}

/** What a run came to. */
export interface RunTotal {
  readonly planned: number;
  /** Lines by what the answer made of them. */
  readonly sent: Readonly<Partial<Record<LineState, number>>>;
  readonly confirmed: number;
  /** Names and settings that must be set first; their customers were left out. */
  readonly missing: readonly Missing[];
  /** Why sending stopped before its end; null: it did not. */
  readonly stopped: string | null;
}

/**
 * Runs a target once. Nothing is sent while its own settings are incomplete. Throws
 * `export.unknown_lines`, once it is done, where sums there are more than these books sent: of
 * such customers' items nothing was.
 */
export async function runExport(
  context: ExportContext,
  open: OpenTarget,
  { customer, onProgress = () => undefined }: RunRequest,
): Promise<RunTotal> {
  const incomplete = open.connector.check(open.target);
  if (incomplete.length > 0) {
    return { planned: 0, sent: {}, confirmed: 0, missing: incomplete, stopped: "incomplete" };
  }
  await takeUpAbandoned(context, open);
  await reconcileLines(context, open, { customer, states: ["unknown"], isSparing: true });
  await giveUpLateLines(context, open);
  const { planned, missing } = await planAll(context, open, { customer, onProgress });
  const { surplus, entities } = await heldBack(context, open, customer);
  const sending = new SendingRun(context, open, { onProgress, heldBack: entities });
  const { counts, stopped } = await sending.all(customer);
  const { confirmed } = await reconcileLines(context, open, { customer, states: ["accepted"] });
  if (surplus.length > 0) throw tooMuch(open, surplus);
  const waits = entities.size === 0 ? null : `${entities.size} sums there cannot be read now`;
  return { planned, sent: counts, confirmed, missing, stopped: stopped ?? waits };
}

/** All others are told; of these, whoever looks at the target first has to say what is right. */
function tooMuch({ target }: OpenTarget, surplus: readonly Surplus[]): TollgateError {
  const [first] = surplus;
  assert(first !== undefined, "something is too much");
  const { customer, item, value } = first;
  const more = surplus.length === 1 ? "" : `, and so of ${surplus.length - 1} others`;
  const what = `${formatValue(value)} of "${item}" of "${customer}"`;
  const detail = `"${target.id}" holds ${what} that these books do not know${more}.`;
  return new TollgateError("export.unknown_lines", detail);
}

async function planAll(
  context: ExportContext,
  open: OpenTarget,
  { customer, onProgress }: Required<RunRequest>,
): Promise<{ readonly planned: number; readonly missing: readonly Missing[] }> {
  const places = new Map<string, Missing>();
  let [planned, done] = [0, 0];
  for await (const one of customersOf(context, open.workspace, customer)) {
    const plan = await writePlan(context, open, one);
    planned += plan.lines.length;
    for (const name of plan.missing) places.set(name.place, name);
    done += 1;
    onProgress({ phase: "planning", done });
  }
  return { planned, missing: [...places.values()] };
}

/**
 * Lines that are too old for the target, and certainly not there, are given up: the plan that
 * follows tells what they said in a window that is open. So are those that were to take another
 * one back and cannot any more.
 */
async function giveUpLateLines(context: ExportContext, open: OpenTarget): Promise<void> {
  const capability = open.connector.capability(open.target);
  if (capability.pastMaxMs === null && open.connector.canTakeBack === undefined) return;
  const filter = { target: open.target.id, states: ["ready", "rejected"] as const };
  for await (const page of pagesOf(context, open.workspace, filter)) {
    for (const line of page) {
      const isLate = isTakingBack(line, capability)
        ? line.state === "rejected"
        : line.state === "ready" || line.outcome === "closed_period";
      if (isLate && !line.isUnclear) await giveUpLate(context, open, line);
    }
  }
}

/** Claims that ran out are of senders that did not come back. */
async function takeUpAbandoned(context: ExportContext, open: OpenTarget): Promise<void> {
  const { settlesAfterMs } = open.connector.capability(open.target);
  const nowMs = context.clock.nowMs();
  const filter = { target: open.target.id, states: ["in_flight"] as const, dueByMs: nowMs };
  for await (const page of pagesOf(context, open.workspace, filter)) {
    for (const line of page) {
      const changed = [abandoned(line, nowMs, settlesAfterMs)];
      await context.outbox.write(open.workspace, { added: [], changed });
    }
  }
}
