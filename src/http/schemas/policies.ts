/** Documents of policies and of live views. */
import { ACTIONS } from "../../domain/budget/budget.ts";
import { POLICY_MODES, RULE_KINDS } from "../../domain/policy/policy.ts";
import {
  ANY_TEXT,
  COUNT,
  CURRENCY,
  closed,
  DECIMAL,
  described,
  listOf,
  mapOf,
  named,
  nullable,
  oneOf,
  TIME,
} from "../schema.ts";

const BOUND = described(DECIMAL, "Minutes of wall_time, money of spend_per_minute, else a count.");

const where = closed({
  "customer?": listOf(ANY_TEXT),
  "agent?": listOf(ANY_TEXT),
  "card?": listOf(ANY_TEXT),
});

const rule = closed({
  rule: oneOf(RULE_KINDS),
  moreThan: BOUND,
  do: oneOf(ACTIONS),
  "delayMs?": COUNT,
  "within?": described(COUNT, "Last steps of the run that it looks at."),
  "rises?": COUNT,
  "measure?": oneOf(["cost", "charge"]),
  "currency?": CURRENCY,
  "exceptTools?": listOf(ANY_TEXT),
});

const hit = {
  policy: ANY_TEXT,
  rule: oneOf(RULE_KINDS),
  do: oneOf(ACTIONS),
  mode: described(oneOf(POLICY_MODES), "observe: it is put on record, and does nothing."),
  run: described(ANY_TEXT, "What the rule looked at: it acts on it and all below it."),
  level: BOUND,
  moreThan: BOUND,
};

const TEXT_OR_NULL = nullable(ANY_TEXT);

const replayed = {
  run: ANY_TEXT,
  root: ANY_TEXT,
  customer: TEXT_OR_NULL,
  agent: TEXT_OR_NULL,
  policy: ANY_TEXT,
  rule: oneOf(RULE_KINDS),
  do: oneOf(ACTIONS),
  level: BOUND,
  moreThan: BOUND,
  atStep: described(COUNT, "Steps of the run when it was beyond the rule."),
  atTreeStep: described(COUNT, "The same of its whole tree."),
  at: TIME,
  savedSteps: described(COUNT, "What the run and all below it did afterwards."),
  savedCost: DECIMAL,
  savedCharge: DECIMAL,
  currency: described(nullable(CURRENCY), "Of the charge; null: no card charges the run."),
};

const simulated = {
  trees: COUNT,
  runs: COUNT,
  steps: COUNT,
  notified: described(COUNT, "Runs by the strictest thing that rules would have done to them."),
  throttled: COUNT,
  paused: COUNT,
  blocked: COUNT,
  savedSteps: COUNT,
  savedCost: DECIMAL,
  savedCharge: mapOf(DECIMAL, "By currency."),
};

/** Named schemas of this part. */
export const POLICY_SCHEMAS = {
  Policy: closed({
    key: ANY_TEXT,
    name: ANY_TEXT,
    mode: oneOf(POLICY_MODES),
    where,
    except: where,
    rules: listOf(rule),
  }),
  PolicyList: closed({ policies: listOf(named("Policy")) }),
  PolicyHit: closed(hit),
  StoppingRule: closed({
    policy: ANY_TEXT,
    rule: oneOf(RULE_KINDS),
    level: BOUND,
    moreThan: BOUND,
  }),
  PolicySimulationLine: {
    anyOf: [
      closed({ type: { const: "progress" }, done: COUNT, total: COUNT }),
      closed({ type: { const: "run" }, ...replayed }),
      closed({ type: { const: "total" }, ...simulated }),
      closed({ type: { const: "problem" }, code: ANY_TEXT, detail: ANY_TEXT }),
    ],
  },
  ReachedRules: closed({
    run: ANY_TEXT,
    reached: listOf(
      closed({
        ...hit,
        cause: described(oneOf(["event", "ask"]), "ask: a step that was asked for."),
        customer: TEXT_OR_NULL,
        agent: TEXT_OR_NULL,
        root: ANY_TEXT,
        seq: COUNT,
        at: TIME,
      }),
    ),
  }),
};
