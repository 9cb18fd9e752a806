/** What all use cases of one engine share: ports, what is kept ready, the commit loop. */
import { Alarm } from "./alerts/alarm.ts";
import { MovedCustomers } from "./alerts/moved-customers.ts";
import { BudgetBooks } from "./budget-books.ts";
import { commitWork } from "./commit-events.ts";
import { CommitLoop } from "./commit-loop.ts";
import type { EngineContext } from "./context.ts";
import { CreditDues } from "./credit-dues.ts";
import { EntitlementBooks } from "./entitlements.ts";
import { LiveFeed } from "./live-feed.ts";
import { PolicyBooks } from "./policy-books.ts";
import { readRunState } from "./read-budgets.ts";
import { WaitingRuns } from "./waiting-runs.ts";
import { WorkspaceClocks } from "./workspace-clocks.ts";

/** The ports that a context is made of. */
export type ContextParts = Pick<EngineContext, "store" | "clock" | "ids" | "digest" | "tariffs">;

/** Puts them together. Nobody asks yet: `actor` is null. */
export function contextOf(parts: ContextParts): EngineContext {
  const clocks = new WorkspaceClocks(parts.store, parts.clock);
  const budgets = new BudgetBooks(parts.store);
  const entitlements = new EntitlementBooks(parts.store);
  const dues = new CreditDues(parts.store);
  const policies = new PolicyBooks(parts.store);
  const live = new LiveFeed();
  const alarm = new Alarm();
  const moved = new MovedCustomers();
  const books = { dues, budgets, entitlements, policies };
  const kept = { ...books, live, alarm, moved, actor: null };
  const loop = new CommitLoop(async (workspace, work) => {
    const clock = await clocks.of(workspace);
    const committed = await commitWork({ ...parts, ...kept, clock }, workspace, work);
    waiting.look(workspace);
    alarm.look(workspace);
    return committed;
  });
  const reading = { store: parts.store, tariffs: parts.tariffs, budgets, clocks };
  const waiting = new WaitingRuns((workspace, run) => readRunState(reading, workspace, run));
  return { ...parts, ...kept, clocks, loop, waiting };
}
