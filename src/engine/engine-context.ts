/** What all use cases of one engine share: ports, what is kept ready, the commit loop. */
import { Alarm } from "./alerts/alarm.ts";
import { MovedCustomers } from "./alerts/moved-customers.ts";
import { AffairTeller } from "./alerts/tell-affairs.ts";
import { BudgetBooks } from "./budget-books.ts";
import { commitWork } from "./commit-events.ts";
import { CommitLoop, type CommitWork } from "./commit-loop.ts";
import type { EngineContext } from "./context.ts";
import { CreditDues } from "./credit-dues.ts";
import { EntitlementBooks } from "./entitlements.ts";
import { Finishing } from "./finish-runs.ts";
import { KeptRoom } from "./kept-runs.ts";
import { LiveTelling } from "./live-elsewhere.ts";
import { LiveFeed } from "./live-feed.ts";
import { PolicyBooks } from "./policy-books.ts";
import { readRunState } from "./read-budgets.ts";
import { KnownRules } from "./rules.ts";
import { Turns } from "./turns.ts";
import { WaitingRuns } from "./waiting-runs.ts";
import { WorkspaceClocks } from "./workspace-clocks.ts";

/** The ports that a context is made of. */
export interface ContextParts
  extends Pick<EngineContext, "store" | "clock" | "ids" | "digest" | "tariffs"> {
  /** How much of rules of a kind is kept. (Default: RULES_MEMORY_MAX_BYTES.) */
  readonly rulesMaxBytes?: number | undefined;
}

/** Puts them together. Nobody asks yet: `actor` is null. */
export function contextOf({ rulesMaxBytes, ...parts }: ContextParts): EngineContext {
  const clocks = new WorkspaceClocks(parts.store, parts.clock);
  const budgets = new BudgetBooks(parts.store, rulesMaxBytes);
  const entitlements = new EntitlementBooks(parts.store, rulesMaxBytes);
  const dues = new CreditDues(parts.store, rulesMaxBytes);
  const policies = new PolicyBooks(parts.store, new KeptRoom(), rulesMaxBytes);
  const live = new LiveFeed();
  const telling = new LiveTelling({ ...parts, budgets }, live, parts.ids.random());
  const alarm = new Alarm();
  const moved = new MovedCustomers();
  const affairs = new AffairTeller(parts.store, moved);
  const recoveries = new Turns();
  const books = { dues, budgets, entitlements, policies, recoveries };
  const kept = { ...books, live, telling, alarm, moved, affairs, actor: null, approving: null };
  const rules = new KnownRules(parts.store);
  const commit: CommitWork = async (workspace, work) => {
    const committed = await rules.decideBy(workspace, async (seen) => {
      const clock = await clocks.of(workspace);
      return commitWork({ ...parts, ...kept, clock, seen }, workspace, work);
    });
    waiting.look(workspace);
    alarm.look(workspace);
    return committed;
  };
  const { isShared } = parts.store;
  const finishing = new Finishing(() => context);
  const finish = finishing.finish.bind(finishing);
  const loop = new CommitLoop(commit, { hasLanes: isShared, finish });
  const reading = { store: parts.store, tariffs: parts.tariffs, budgets, clocks };
  const waiting = new WaitingRuns(
    (workspace, run) => readRunState(reading, workspace, run),
    isShared ? async (workspace) => parts.store.commits(workspace) : null,
  );
  const context: EngineContext = { ...parts, ...kept, rules, clocks, loop, waiting };
  return context;
}
