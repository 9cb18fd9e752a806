/** An engine's context for tests that record acts, and nothing else, on a store. */
import assert from "node:assert/strict";
import { nodeDigest } from "../../src/compose.ts";
import { Alarm } from "../../src/engine/alerts/alarm.ts";
import { MovedCustomers } from "../../src/engine/alerts/moved-customers.ts";
import { AffairTeller } from "../../src/engine/alerts/tell-affairs.ts";
import { storedTariffs } from "../../src/engine/cards/workspace-tariff.ts";
import { CommitLoop } from "../../src/engine/commit/commit-loop.ts";
import { KnownRules } from "../../src/engine/commit/rules.ts";
import { Turns } from "../../src/engine/commit/turns.ts";
import type { EngineContext } from "../../src/engine/context.ts";
import { CreditDues } from "../../src/engine/credit/credit-dues.ts";
import { BudgetBooks } from "../../src/engine/limits/budget-books.ts";
import { EntitlementBooks } from "../../src/engine/limits/entitlements.ts";
import { WaitingRuns } from "../../src/engine/limits/waiting-runs.ts";
import { LiveTelling } from "../../src/engine/live/live-elsewhere.ts";
import { LiveFeed } from "../../src/engine/live/live-feed.ts";
import { PolicyBooks } from "../../src/engine/policies/policy-books.ts";
import type { Clock, Store } from "../../src/engine/ports.ts";

/** A context whose every workspace has this clock. Nothing is ingested by it. */
export function actContext(store: Store, clock: Clock): EngineContext {
  return {
    ...{ store, clock, digest: nodeDigest, tariffs: storedTariffs(store) },
    ids: { random: () => "id" },
    rules: new KnownRules(store),
    dues: new CreditDues(store),
    budgets: new BudgetBooks(store),
    entitlements: new EntitlementBooks(store),
    actor: null,
    approving: null,
    alarm: new Alarm(),
    moved: new MovedCustomers(),
    recoveries: new Turns(),
    affairs: new AffairTeller(store),
    policies: new PolicyBooks(store),
    live: new LiveFeed(),
    telling: new LiveTelling({ store, clock, budgets: new BudgetBooks(store) }, new LiveFeed(), ""),
    waiting: new WaitingRuns(async () => assert.fail("nobody waits")),
    clocks: { of: async () => clock, forget: () => undefined },
    loop: new CommitLoop(async () => assert.fail("nothing is ingested")),
  };
}
