/** Reads an untrusted policy and writes it again. Every problem is named with its path. */
import { ACTIONS } from "../budget/budget.ts";
import type { Problem } from "../errors.ts";
import {
  AMOUNT_SCALE,
  POLICY_RULES_MAX_COUNT,
  POLICY_WINDOW_MAX_STEPS,
  PRICE_MAX_UNITS,
  PRICE_SCALE,
  STAGE_DELAY_MAX_MS,
  WHERE_VALUES_MAX_COUNT,
} from "../limits.ts";
import { COST_CURRENCY, currencyDecimals } from "../money/currency.ts";
import { Place } from "../rating/document-place.ts";
import { readKey, readName } from "../rating/parse-charge.ts";
import { patternsAmong, patternsIn } from "../rating/whole-names.ts";
import {
  formatRuleLevel,
  POLICY_MODES,
  type Policy,
  type PolicyRule,
  type PolicyWhere,
  RULE_KINDS,
  type RuleKind,
} from "./policy.ts";

export type ParsedPolicy = { readonly policy: Policy } | { readonly problems: readonly Problem[] };

const FIELDS = ["key", "name", "mode", "where", "except", "rules"];
const COUNT_MAX = 1_000_000_000n;
const MINUTE_MS = 60_000n;
const MINUTES_MAX = 527_040n;
const DELAY_MS = 1_000;

/** What each kind of rule may say beside its bound and what to do. */
const OWN_FIELDS: Readonly<Record<RuleKind, readonly string[]>> = {
  steps: [],
  depth: [],
  fan_out: [],
  wall_time: [],
  spend_per_minute: ["measure", "currency"],
  repeated_call: ["within", "exceptTools"],
  context_growth: ["within", "rises"],
  error_storm: ["within"],
};

/** How many of the last steps a rule looks at where it does not say. */
const WITHIN: Readonly<Partial<Record<RuleKind, number>>> = {
  repeated_call: 50,
  context_growth: 100,
  error_storm: 20,
};
const RISES = 10;

/** Reads a policy that is sent: names are whole. Codes: `policy.invalid`, `field.unknown`. */
export function parseSentPolicy(document: unknown, key: string): ParsedPolicy {
  const parsed = parsePolicy(document, key);
  if ("problems" in parsed) return parsed;
  const { where, except, rules } = parsed.policy;
  const problems = [
    ...patternsIn(where, "where", "policy.invalid"),
    ...patternsIn(except, "except", "policy.invalid"),
    ...rules.flatMap(({ exceptTools }, at) =>
      patternsAmong(exceptTools, `rules[${at}].exceptTools`, "policy.invalid"),
    ),
  ];
  return problems.length > 0 ? { problems } : parsed;
}

/**
 * Reads a policy, which may be one on record. `key` is that of its address. Codes:
 * `policy.invalid`, `field.unknown`.
 */
export function parsePolicy(document: unknown, key: string): ParsedPolicy {
  const problems: Problem[] = [];
  const root = new Place(document, "", problems);
  if (root.isObject()) root.allowOnly(FIELDS);
  const named = readKey(root, key);
  const mode = root.at("mode");
  const policy: Policy = {
    key: named,
    name: readName(root, named),
    mode: mode.isAbsent ? "enforce" : (mode.choice(POLICY_MODES) ?? "enforce"),
    where: readWhere(root.at("where")),
    except: readWhere(root.at("except")),
    rules: root.at("rules").items(POLICY_RULES_MAX_COUNT).map(readRule),
  };
  return problems.length === 0 ? { policy } : { problems: problems.map(ofPolicy) };
}

/** Places refuse as parts of rate cards do. */
function ofPolicy(problem: Problem): Problem {
  return problem.code === "ratecard.invalid" ? { ...problem, code: "policy.invalid" } : problem;
}

function readWhere(place: Place): PolicyWhere {
  if (place.isAbsent || !place.isObject()) return {};
  const names = ["customer", "agent", "card"] as const;
  place.allowOnly(names);
  const stated = names.filter((name) => !place.at(name).isAbsent);
  return Object.fromEntries(stated.map((name) => [name, readTexts(place.at(name))]));
}

function readTexts(place: Place): string[] {
  if (typeof place.value === "string") return [place.text()];
  return place.items(WHERE_VALUES_MAX_COUNT).map((item) => item.text());
}

function readRule(place: Place): PolicyRule {
  place.isObject();
  const kind = place.at("rule").choice(RULE_KINDS) ?? "steps";
  place.allowOnly(["rule", "moreThan", "do", "delayMs", ...OWN_FIELDS[kind]]);
  const action = place.at("do").choice(ACTIONS) ?? "notify";
  return {
    kind,
    moreThan: readBound(place.at("moreThan"), kind),
    action,
    delayMs: readDelay(place.at("delayMs"), action),
    within: readWithin(place.at("within"), kind),
    rises: kind === "context_growth" ? readCount(place.at("rises"), RISES) : 0,
    ...readMeasure(place, kind),
    exceptTools: readTools(place.at("exceptTools")),
  };
}

function readBound(place: Place, kind: RuleKind): bigint {
  if (kind === "spend_per_minute") {
    const amount = place.decimal({ scale: PRICE_SCALE, maxUnits: PRICE_MAX_UNITS });
    return amount * 10n ** BigInt(AMOUNT_SCALE - PRICE_SCALE);
  }
  if (kind !== "wall_time") return place.decimal({ scale: 0, maxUnits: COUNT_MAX });
  return place.decimal({ scale: 0, maxUnits: MINUTES_MAX }) * MINUTE_MS;
}

function readDelay(place: Place, action: PolicyRule["action"]): number {
  if (place.isAbsent) return action === "throttle" ? DELAY_MS : 0;
  if (action !== "throttle") place.refuse("only a throttle has a delay");
  const most = BigInt(STAGE_DELAY_MAX_MS);
  return Number(place.decimal({ scale: 0, maxUnits: most, isPositive: true }));
}

function readWithin(place: Place, kind: RuleKind): number {
  const otherwise = WITHIN[kind];
  return otherwise === undefined ? 0 : readCount(place, otherwise);
}

function readCount(place: Place, otherwise: number): number {
  if (place.isAbsent) return otherwise;
  const maxUnits = BigInt(POLICY_WINDOW_MAX_STEPS);
  return Number(place.decimal({ scale: 0, maxUnits, isPositive: true }));
}

function readMeasure(place: Place, kind: RuleKind): Pick<PolicyRule, "measure" | "currency"> {
  if (kind !== "spend_per_minute") return { measure: "cost", currency: null };
  const stated = place.at("measure");
  const measure = stated.isAbsent ? "cost" : (stated.choice(["cost", "charge"] as const) ?? "cost");
  const currency = place.at("currency");
  if (measure === "cost") {
    if (!currency.isAbsent) currency.refuse(`costs are in ${COST_CURRENCY}`);
    return { measure, currency: null };
  }
  const named = currency.isAbsent ? COST_CURRENCY : currency.text();
  if (currencyDecimals(named) === undefined)
    currency.refuse(`"${named}" is no ISO 4217 code such as USD`);
  return { measure, currency: named };
}

function readTools(place: Place): readonly string[] {
  return place.isAbsent ? [] : readTexts(place);
}

/** A policy as a document; reading it gives it back. */
export function policyDocument(policy: Policy): Record<string, unknown> {
  const { key, name, mode, where, except, rules } = policy;
  return { key, name, mode, where, except, rules: rules.map(ruleDocument) };
}

function ruleDocument(rule: PolicyRule): Record<string, unknown> {
  const { kind, moreThan, action, delayMs, within, rises, measure, currency } = rule;
  const own = new Set(OWN_FIELDS[kind]);
  return {
    rule: kind,
    moreThan: formatRuleLevel(kind, moreThan),
    do: action,
    ...(action === "throttle" ? { delayMs } : {}),
    ...(own.has("within") ? { within } : {}),
    ...(own.has("rises") ? { rises } : {}),
    ...(own.has("measure") ? { measure } : {}),
    ...(currency === null ? {} : { currency }),
    ...(rule.exceptTools.length > 0 ? { exceptTools: rule.exceptTools } : {}),
  };
}
