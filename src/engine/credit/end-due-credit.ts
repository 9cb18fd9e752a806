/** Ends grants whose time is over, before anything else of that time or later is booked. */

import { settleDueOutcomes } from "../booking/settle-due-outcomes.ts";
import { carryOut } from "../commit/carry-out.ts";
import type { RuledContext } from "../context.ts";
import { CreditDesk } from "./credit-desk.ts";

const BOOKS_PER_UNIT_MAX_COUNT = 100;

/**
 * Ends what is due, one end after the other: each pays for outcomes that were final by then, and
 * for none that became so later. Nearly always nothing is due, which is known without reading.
 */
export async function endDueCredit(context: RuledContext, workspace: string): Promise<void> {
  const { dues, clock, store, seen } = context;
  const nowMs = clock.nowMs();
  let atMs = await dues.of(workspace, seen);
  for (; atMs <= nowMs; atMs = await dues.of(workspace)) {
    await settleUntil(context, workspace, atMs);
    // The first end changes the rules, and its caller begins anew by those.
    await carryOut(context, workspace, async (act) => {
      const books = await store.credit.booksDue(workspace, atMs, BOOKS_PER_UNIT_MAX_COUNT);
      const desk = new CreditDesk(context, act);
      for (const { customer } of books) await desk.endDue(await desk.open(customer), atMs);
      desk.save();
    });
  }
}

async function settleUntil(context: RuledContext, workspace: string, atMs: number): Promise<void> {
  if (!(await context.tariffs.of(workspace)).settlesOutcomes) return;
  const settle = () => carryOut(context, workspace, (act) => settleDueOutcomes(act, atMs));
  while ((await settle()).hasMore);
}
