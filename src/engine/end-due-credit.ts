/** Ends grants whose time is over, before anything else of that time or later is booked. */

import { carryOut } from "./carry-out.ts";
import type { EngineContext } from "./context.ts";
import { CreditDesk } from "./credit-desk.ts";

const BOOKS_PER_UNIT_MAX_COUNT = 100;

/** Ends what is due. Nearly always nothing is, which is known without reading. */
export async function endDueCredit(
  context: Omit<EngineContext, "loop" | "clocks">,
  workspace: string,
): Promise<void> {
  const { dues, clock, store } = context;
  const nowMs = clock.nowMs();
  if (nowMs < (dues.known(workspace) ?? Number.NEGATIVE_INFINITY)) return;
  while ((await dues.of(workspace)) <= nowMs) {
    await carryOut(context, workspace, async (act) => {
      const books = await store.credit.booksDue(workspace, nowMs, BOOKS_PER_UNIT_MAX_COUNT);
      const desk = new CreditDesk(context, act);
      for (const { customer } of books) await desk.endDue(await desk.open(customer), nowMs);
      desk.save();
    });
  }
}
