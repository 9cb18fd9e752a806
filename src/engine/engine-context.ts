/** What all use cases of one engine share: ports, what is kept ready, the commit loop. */
import { Alarm } from "./alerts/alarm.ts";
import { MovedCustomers } from "./alerts/moved-customers.ts";
import { AffairTeller } from "./alerts/tell-affairs.ts";
import { commitWork } from "./commit/commit-events.ts";
import { CommitLoop, type CommitWork } from "./commit/commit-loop.ts";
import { Finishing } from "./commit/finish-runs.ts";
import { KnownRules } from "./commit/rules.ts";
import { Turns } from "./commit/turns.ts";
import type { EngineContext } from "./context.ts";
import { CreditDues } from "./credit/credit-dues.ts";
import { BudgetBooks } from "./limits/budget-books.ts";
import { EntitlementBooks } from "./limits/entitlements.ts";
import { readRunStates } from "./limits/read-run-states.ts";
import { WaitingRuns } from "./limits/waiting-runs.ts";
import { LiveTelling } from "./live/live-elsewhere.ts";
import { LiveFeed } from "./live/live-feed.ts";
import { KeptRoom } from "./policies/kept-runs.ts";
import { PolicyBooks } from "./policies/policy-books.ts";
import { WorkspaceClocks } from "./workspaces/workspace-clocks.ts";

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
    (workspace, runs) => readRunStates(reading, workspace, runs),
    isShared ? async (workspace) => parts.store.commits(workspace) : null,
  );
  const context: EngineContext = { ...parts, ...kept, rules, clocks, loop, waiting };
  return context;
}
