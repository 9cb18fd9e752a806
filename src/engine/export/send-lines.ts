/**
 * Sends lines. Each is claimed first, by compare-and-set with a lease, and that is on disk before
 * a byte leaves; the answer is written only over the claim that sent it. Whoever stops in between,
 * at any point, leaves a line that may have been sent, and such a line is not sent blindly.
 */

import { backoffMs } from "../../domain/export/backoff.ts";
import type { Capability, Outcome } from "../../domain/export/capability.ts";
import type { ExportLine } from "../../domain/export/export-line.ts";
import { answered, claimed } from "../../domain/export/outbox.ts";
import { EXPORT_LEASE_MS, EXPORT_TIMEOUT_MS } from "../../domain/limits.ts";
import type { Session } from "./connector-port.ts";
import type { ExportContext, OpenTarget } from "./export-context.ts";
import { Recording } from "./recording.ts";

/** What became of a batch: lines as they are now; empty: another sender was faster. */
export type SentBatch = readonly ExportLine[];

/** Claims, sends and books one batch; all lines are `ready`, or `unknown` and safe to resend. */
export async function sendBatch(
  context: ExportContext,
  open: OpenTarget,
  lines: readonly ExportLine[],
): Promise<SentBatch> {
  const { workspace, target, connector, session } = open;
  const capability = connector.capability(target);
  const hidden = await open.hidden();
  const claim = context.ids.random();
  const held = lines.map((line) =>
    claimed(line, { claim, nowMs: context.clock.nowMs(), leaseMs: EXPORT_LEASE_MS }),
  );
  if (!(await context.outbox.write(workspace, { added: [], changed: held }))) return [];
  const untilMs = Math.min(...held.map(({ dueAtMs }) => dueAtMs)) - EXPORT_TIMEOUT_MS;
  const recording = new Recording(context, { session: until(session, untilMs), hidden });
  const said = await outcomesOf(held, () => connector.send(held, recording.session));
  const outcomes = held.map((_, at) => {
    const outcome = said[at] ?? silent;
    return { ...outcome, note: recording.note(outcome.note) };
  });
  const now = held.map((line, at) => {
    const waitMs = backoffMs(line.attempts, context.chance());
    const judging = { capability, nowMs: context.clock.nowMs(), waitMs };
    return answered(line, outcomes[at] ?? silent, judging);
  });
  const attempted = held.map(({ key }, at) => ({ key, said: (outcomes[at] ?? silent).class }));
  const attempts = [recording.attempt({ id: claim, purpose: "send", lines: attempted })];
  if (await context.outbox.write(workspace, { added: [], changed: now, attempts })) return now;
  // Another sender has taken the lines up: what this one did is just what one wants to see then.
  await context.outbox.write(workspace, { added: [], changed: [], attempts });
  return [];
}

/**
 * A session in which nothing leaves once the claim is nearly over: a sender that slept on its way,
 * or has a long batch, must not send what another one has taken up meanwhile.
 */
function until(session: Session, untilMs: number): Session {
  const http: Session["http"] = {
    send: async (request, limits) => {
      if (session.nowMs() < untilMs) return session.http.send(request, limits);
      return { kind: "not_sent", reason: "the claim ran out before it was sent" };
    },
  };
  return { ...session, http };
}

/** A connector that says nothing of a line leaves it unknown. */
const silent: Outcome = {
  class: "unknown_outcome",
  note: "the connector told nothing of this line",
  retryAfterMs: null,
};

async function outcomesOf(
  lines: readonly ExportLine[],
  send: () => Promise<readonly Outcome[]>,
): Promise<readonly Outcome[]> {
  try {
    return await send();
  } catch (error) {
    // A connector throws before its first request; whether this one kept to that is not known.
    const note = String(error);
    const isOurs = error instanceof Error && error.name === "TollgateError";
    const outcome = isOurs ? ("auth" as const) : ("unknown_outcome" as const);
    return lines.map(() => ({ class: outcome, note, retryAfterMs: null }));
  }
}

/** Lines in waves of batches: those of one wave may be sent at the same time. */
export function wavesOf(
  lines: readonly ExportLine[],
  { pace, batchMaxCount, batchMaxBytes }: Capability,
): ExportLine[][][] {
  if (pace.perEntityConcurrency === null) return [batchesOf(lines, batchMaxCount, batchMaxBytes)];
  const entities = [...Map.groupBy(lines, entityOf).values()];
  const longest = entities.reduce((most, own) => Math.max(most, own.length), 0);
  return Array.from({ length: longest }, (_, at) => {
    const wave = entities.flatMap((own) => own.slice(at, at + 1));
    return batchesOf(wave, batchMaxCount, batchMaxBytes);
  });
}

const encoder = new TextEncoder();

/** A customer's item, as one text. */
export function entityOf({ customer, item }: Pick<ExportLine, "customer" | "item">): string {
  return JSON.stringify([customer, item]);
}

function batchesOf(
  lines: readonly ExportLine[],
  maxCount: number,
  maxBytes: number,
): ExportLine[][] {
  const batches: ExportLine[][] = [];
  let bytes = 0;
  for (const line of lines) {
    const size = encoder.encode(line.body).length;
    const current = batches.at(-1);
    if (current !== undefined && current.length < maxCount && bytes + size <= maxBytes) {
      current.push(line);
      bytes += size;
    } else {
      batches.push([line]);
      bytes = size;
    }
  }
  return batches;
}
