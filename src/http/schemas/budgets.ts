/** Documents of budgets, holds and stops. */
import { ACTIONS, SPANS, UNPRICED } from "../../domain/budget/budget.ts";
import { STOP_MODES, STOP_SCOPES } from "../../domain/budget/stop.ts";
import {
  ANY_TEXT,
  COUNT,
  CURRENCY,
  closed,
  DECIMAL,
  described,
  FLAG,
  listOf,
  mapOf,
  named,
  nullable,
  oneOf,
  TIME,
} from "../schema.ts";

const TEXT_OR_NULL = nullable(ANY_TEXT);
const LEVEL = described(DECIMAL, "In the budget's measure.");
const ENFORCEMENTS = ["hard", "soft"];
const UNDECIDED = described(
  oneOf(["closed", "open"]),
  "What a caller should do when it gets no decision.",
);

const stage = closed({ at: ANY_TEXT, do: oneOf(ACTIONS), "delayMs?": COUNT });

/** What a balance is of and stands at. */
const balance = closed({
  budget: ANY_TEXT,
  each: ANY_TEXT,
  scope: described(ANY_TEXT, "Customer, agent, run or label value; empty for the workspace."),
  measure: ANY_TEXT,
  currency: nullable(CURRENCY),
  limit: nullable(LEVEL),
  settled: LEVEL,
  held: LEVEL,
  remaining: nullable(described(DECIMAL, "limit − settled − held; negative when overrun.")),
  reserve: LEVEL,
  window: nullable(closed({ from: nullable(TIME), to: nullable(TIME) })),
  enforcement: oneOf(ENFORCEMENTS),
  undecided: UNDECIDED,
  stage: nullable(closed({ at: LEVEL, do: oneOf(ACTIONS) })),
});

const stop = closed({
  of: oneOf(STOP_SCOPES),
  id: ANY_TEXT,
  mode: oneOf(STOP_MODES),
  byBudget: described(FLAG, "A budget paused it: it ends as soon as there is room again."),
  reason: ANY_TEXT,
  by: ANY_TEXT,
  at: TIME,
  policy: described(nullable(named("StoppingRule")), "The rule that stopped it; null: none."),
});

const reserved = closed({ cost: DECIMAL, charge: DECIMAL, currency: nullable(CURRENCY) });
const reservedByDecision = closed({
  ...{ cost: DECIMAL, charge: DECIMAL, currency: nullable(CURRENCY) },
  "costStatus?": described(
    oneOf(["stated", "unpriced"]),
    "stated: the price book does not know the cost, the hold said it. unpriced: nobody knows it, " +
      "and nothing is set aside. Left out where the price book knows it.",
  ),
});
const identity = closed({ run: ANY_TEXT, source: ANY_TEXT, id: ANY_TEXT });
const MAX_OUTPUT = described(nullable(COUNT), "Most output tokens that are held for; apply it.");

const REASONS = [
  ...["budget", "held_by_others", "pace", "unpriced"],
  ...["paused", "stopped", "run_ended", "not_entitled", "policy"],
];

const decision = closed({
  source: ANY_TEXT,
  id: ANY_TEXT,
  decision: described(
    oneOf(["allow", "throttle", "pause", "block", "settled", "conflict", "invalid"]),
    "settled: the step is recorded already, do not make it again.",
  ),
  "hold?": ANY_TEXT,
  "expiresAt?": TIME,
  "maxOutputTokens?": MAX_OUTPUT,
  "isClamped?": FLAG,
  "reserved?": reservedByDecision,
  "reason?": oneOf(REASONS),
  "decidedBy?": nullable(named("Balance")),
  "stop?": nullable(named("Stop")),
  "notEntitled?": nullable(
    closed({
      what: oneOf(["agent", "model", "tool", "parallel_runs"]),
      name: described(TEXT_OR_NULL, "What was asked for; null: no name was given."),
    }),
  ),
  "policy?": described(nullable(named("StoppingRule")), "The rule that refuses; null: none."),
  "policies?": described(
    listOf(named("PolicyHit")),
    "Rules that the run, or one above it, is beyond; left out where there are none.",
  ),
  "retryAfterMs?": nullable(COUNT),
  "waitAt?": ANY_TEXT,
  "resume?": ANY_TEXT,
  "error?": named("EventProblem"),
  "budgets?": listOf(named("Balance")),
});

const hold = closed({
  source: ANY_TEXT,
  id: ANY_TEXT,
  hold: ANY_TEXT,
  state: oneOf(["open", "quarantined", "settled", "released"]),
  grantedAt: TIME,
  expiresAt: TIME,
  maxOutputTokens: MAX_OUTPUT,
  isClamped: FLAG,
  reserved,
  settledBy: nullable(identity),
});

const budget = closed({
  key: ANY_TEXT,
  name: ANY_TEXT,
  each: ANY_TEXT,
  where: closed({
    "customer?": listOf(ANY_TEXT),
    "agent?": listOf(ANY_TEXT),
    "label?": mapOf(listOf(ANY_TEXT)),
    "card?": listOf(ANY_TEXT),
  }),
  measure: ANY_TEXT,
  currency: nullable(CURRENCY),
  limit: nullable(LEVEL),
  per: oneOf(SPANS),
  timeZone: ANY_TEXT,
  anchorDay: COUNT,
  enforcement: oneOf(ENFORCEMENTS),
  stages: listOf(stage),
  reserve: LEVEL,
  unpriced: oneOf(UNPRICED),
  undecided: UNDECIDED,
  countsFrom: TIME,
});

const NAMES = nullable(
  described(listOf(ANY_TEXT), "Names; `gpt-5*` stands for all that begin so. Null: everything."),
);
const RUNS = nullable(described(DECIMAL, "Root runs that are open at once. Null: any number."));
const allowed = { agents: NAMES, models: NAMES, tools: NAMES, parallelRuns: RUNS };

/** What a customer may use. */
const entitlements = closed({
  customer: ANY_TEXT,
  ...allowed,
  card: described(closed(allowed), "What its card allows."),
  own: described(
    closed(Object.fromEntries(Object.entries(allowed).map(([name, one]) => [`${name}?`, one]))),
    "Its own terms: what they state stands in place of the card's.",
  ),
  openRuns: described(nullable(COUNT), "Root runs that are open; null: nobody counts them."),
});

/** Named schemas of this part. */
export const BUDGET_SCHEMAS = {
  Balance: balance,
  Stop: stop,
  Entitlements: entitlements,
  HoldDecision: decision,
  Hold: hold,
  Budget: budget,
  HoldsAnswer: closed({
    run: ANY_TEXT,
    opened: nullable(named("EventResult")),
    decisions: listOf(named("HoldDecision")),
  }),
  HoldList: closed({ run: ANY_TEXT, holds: listOf(named("Hold")) }),
  HoldPage: closed({
    run: ANY_TEXT,
    holds: listOf(named("Hold")),
    next: described(TEXT_OR_NULL, "Where to go on; null: that was all."),
  }),
  RunState: closed({
    run: ANY_TEXT,
    state: oneOf(["running", "paused", "stopped", "ended"]),
    stop: nullable(named("Stop")),
    left: described(
      listOf(
        closed({
          ...{ measure: ANY_TEXT, currency: TEXT_OR_NULL, amount: LEVEL },
          ...{ budget: ANY_TEXT, scope: ANY_TEXT },
        }),
      ),
      "What the next hold may set aside: of each measure the least that a hard budget leaves.",
    ),
    budgets: listOf(named("Balance")),
  }),
  BudgetList: closed({ budgets: listOf(named("Budget")) }),
  BalancePage: closed({ balances: listOf(named("Balance")), next: TEXT_OR_NULL }),
  Balances: closed({ budgets: listOf(named("Balance")) }),
  LimitSet: closed({ budget: ANY_TEXT, scope: ANY_TEXT, limit: nullable(LEVEL) }),
  StopList: closed({ stops: listOf(named("Stop")), next: TEXT_OR_NULL }),
  Resumed: closed({
    lifted: nullable(named("Stop")),
    short: described(
      nullable(named("Balance")),
      "A balance that pauses or blocks the run again with its next hold.",
    ),
  }),
};
