/** Reads an untrusted budget and writes it again. Every problem is named with its path. */
import type { Problem } from "../errors.ts";
import { isUsageName } from "../event/usage.ts";
import {
  AMOUNT_SCALE,
  BUDGET_LIMIT_MAX_UNITS,
  FACTOR_SCALE,
  LABELS_MAX_COUNT,
  PRICE_SCALE,
  QUANTITY_SCALE,
  STAGE_DELAY_MAX_MS,
  STAGE_PERCENT_MAX,
  STAGES_PER_BUDGET_MAX_COUNT,
  WHERE_VALUES_MAX_COUNT,
} from "../limits.ts";
import { COST_CURRENCY, currencyDecimals } from "../money/currency.ts";
import { type Factor, formatScaled } from "../money/decimal.ts";
import { isTimeZone } from "../period/billing-period.ts";
import { Place } from "../rating/document-place.ts";
import { readKey, readName } from "../rating/parse-charge.ts";
import {
  ACTIONS,
  type Budget,
  type BudgetWhere,
  countsRuns,
  EACH,
  isMoney,
  isPrepaid,
  NAMED_MEASURES,
  SPANS,
  type Stage,
  scaleOf,
  stageLevel,
  UNPRICED,
} from "./budget.ts";

export type ParsedBudget = { readonly budget: Budget } | { readonly problems: readonly Problem[] };

const FIELDS = ["key", "name", "each", "where", "measure", "currency", "limit", "per", "timeZone"];
const TERMS = ["anchorDay", "enforcement", "stages", "reserve", "unpriced", "undecided"];
const LABEL_PREFIX = "label:";
const STAGE_DELAY_MS = 1_000;

/** Reads a budget. `key` is that of its address. Codes: `budget.invalid`, `field.unknown`. */
export function parseBudget(document: unknown, key: string): ParsedBudget {
  const problems: Problem[] = [];
  const root = new Place(document, "", problems);
  if (root.isObject()) root.allowOnly([...FIELDS, ...TERMS]);
  const named = readKey(root, key);
  const measure = readMeasure(root.at("measure"));
  const each = readEach(root.at("each"));
  const limit = readLevel(root.at("limit"), measure);
  const enforcement = optional(root.at("enforcement"), ["hard", "soft"] as const);
  const budget: Budget = {
    key: named,
    name: readName(root, named),
    ...each,
    where: readWhere(root.at("where")),
    measure,
    currency: readCurrency(root.at("currency"), measure),
    limit,
    per: readSpan(root.at("per"), { each: each.each, measure }),
    ...readCalendar(root),
    enforcement,
    stages: readStages(root.at("stages"), { measure, limit, enforcement }),
    reserve: readLevel(root.at("reserve"), measure) ?? 0n,
    unpriced: optional(root.at("unpriced"), UNPRICED),
    undecided: optional(
      root.at("undecided"),
      enforcement === "hard" ? (["closed", "open"] as const) : (["open", "closed"] as const),
    ),
  };
  if (limit !== null && budget.reserve > limit) root.at("reserve").refuse("exceeds the limit");
  if (isPrepaid(measure)) requirePrepaid(root, budget);
  if (each.each === "run" && (measure === "credits" || countsRuns(measure))) {
    const instead = measure === "credits" ? "limit its charge" : "limit those of its customer";
    root.at("measure").refuse(`has no balance of a run: ${instead}`);
  }
  return problems.length === 0 ? { budget } : { problems: problems.map(ofBudget) };
}

/** Credit is the limit of such a budget, and it stops or waits where that is used up. */
function requirePrepaid(root: Place, { each, where, limit, enforcement, stages }: Budget): void {
  if (where.card !== undefined) root.at("where").refuse("names customers, whatever their card");
  if (each !== "customer") root.at("each").refuse("is customer: credit is a customer's");
  if (limit !== null) root.at("limit").refuse("is the customer's credit: leave it out");
  if (enforcement !== "hard") root.at("enforcement").refuse("is hard");
  const isEnd = ({ at, action }: Stage) =>
    "percent" in at && at.percent === WHOLE && (action === "pause" || action === "block");
  if (!stages.every(isEnd)) root.at("stages").refuse('begin at "100%", and pause or block');
}

/** Places refuse as parts of rate cards do. */
function ofBudget(problem: Problem): Problem {
  return problem.code === "ratecard.invalid" ? { ...problem, code: "budget.invalid" } : problem;
}

/** One of the choices; the first of them where none is given. */
function optional<T extends string>(place: Place, choices: readonly [T, ...T[]]): T {
  return place.isAbsent ? choices[0] : (place.choice(choices) ?? choices[0]);
}

function readMeasure(place: Place): string {
  const measure = place.text();
  const isNamed = NAMED_MEASURES.some((name) => name === measure);
  if (measure !== "" && !isNamed && !isUsageName(measure)) {
    place.refuse(`is none of ${NAMED_MEASURES.join(", ")}, nor the name of a bucket or unit`);
  }
  return measure;
}

function readEach(place: Place): Pick<Budget, "each" | "label"> {
  const { value } = place;
  if (typeof value === "string" && value.startsWith(LABEL_PREFIX)) {
    const label = value.slice(LABEL_PREFIX.length);
    if (label === "") place.refuse("names no label: write label:team");
    return { each: "label", label };
  }
  const plain = EACH.filter((each) => each !== "label");
  // The name of a label was read above: it stands here for who misspells another.
  const each = place.choice([...plain, `${LABEL_PREFIX}NAME`]);
  return { each: plain.find((one) => one === each) ?? "workspace", label: null };
}

function readWhere(place: Place): BudgetWhere {
  if (place.isAbsent || !place.isObject()) return {};
  place.allowOnly(["customer", "agent", "label", "card"]);
  const [customer, agent, label] = [place.at("customer"), place.at("agent"), place.at("label")];
  const card = place.at("card");
  const labels = label.isAbsent ? [] : label.entries(LABELS_MAX_COUNT);
  return {
    ...(customer.isAbsent ? {} : { customer: texts(customer) }),
    ...(agent.isAbsent ? {} : { agent: texts(agent) }),
    ...(label.isAbsent
      ? {}
      : { label: Object.fromEntries(labels.map(([name, values]) => [name, texts(values)])) }),
    ...(card.isAbsent ? {} : { card: texts(card) }),
  };
}

function texts(place: Place): string[] {
  if (typeof place.value === "string") return [place.text()];
  return place.items(WHERE_VALUES_MAX_COUNT).map((item) => item.text());
}

function readCurrency(place: Place, measure: string): string | null {
  if (measure === "credits") {
    if (place.isAbsent) place.refuse("is missing: name the credit of a rate card");
    return place.isAbsent ? null : place.text();
  }
  if (!isMoney(measure)) {
    if (!place.isAbsent) place.refuse(`has no meaning for ${measure}`);
    return null;
  }
  if (place.isAbsent) return COST_CURRENCY;
  const currency = place.text();
  if (currencyDecimals(currency) === undefined)
    place.refuse(`"${currency}" is no ISO 4217 code such as USD`);
  else if (measure === "cost" && currency !== COST_CURRENCY) {
    place.refuse(`costs are in ${COST_CURRENCY}`);
  }
  return currency;
}

/** A level or limit of a measure; null where it is left out. */
export function readLevel(place: Place, measure: string): bigint | null {
  if (place.isAbsent) return null;
  const isAmount = scaleOf(measure) === AMOUNT_SCALE;
  const places = isAmount ? PRICE_SCALE : QUANTITY_SCALE;
  const level = place.decimal({ scale: places, maxUnits: BUDGET_LIMIT_MAX_UNITS });
  return isAmount ? level * 10n ** BigInt(AMOUNT_SCALE - PRICE_SCALE) : level;
}

function readSpan(place: Place, of: Pick<Budget, "each" | "measure">): Budget["per"] {
  const isWhole = of.each === "run" || of.measure === "parallel_runs" || isPrepaid(of.measure);
  if (place.isAbsent) {
    if (!isWhole) place.refuse(`is missing; it is one of ${SPANS.join(", ")}`);
    return "lifetime";
  }
  const per = place.choice(SPANS) ?? "lifetime";
  if (isWhole && per !== "lifetime") {
    const what = of.each === "run" ? "a run's budget" : `a budget of ${of.measure}`;
    place.refuse(`${what} is for its lifetime`);
  }
  return per;
}

function readCalendar(root: Place): Pick<Budget, "timeZone" | "anchorDay"> {
  const [zone, anchor] = [root.at("timeZone"), root.at("anchorDay")];
  const timeZone = zone.isAbsent ? "UTC" : zone.text();
  if (timeZone !== "" && !isTimeZone(timeZone)) zone.refuse(`"${timeZone}" is no time zone`);
  const most = root.at("per").value === "week" ? 7 : 31;
  const anchorDay = anchor.isAbsent ? 1 : Number(anchor.decimal({ scale: 0, maxUnits: 31n }));
  if (anchorDay < 1 || anchorDay > most) anchor.refuse(`is no day from 1 to ${most}`);
  return { timeZone: isTimeZone(timeZone) ? timeZone : "UTC", anchorDay };
}

type StageContext = Pick<Budget, "measure" | "limit" | "enforcement">;

function readStages(place: Place, context: StageContext): readonly Stage[] {
  if (place.isAbsent) {
    const action = context.enforcement === "hard" ? "block" : "notify";
    return [{ at: { percent: WHOLE }, action, delayMs: 0 }];
  }
  const stages = place.items(STAGES_PER_BUDGET_MAX_COUNT).map((item) => {
    if (item.isObject()) item.allowOnly(["at", "do", "delayMs"]);
    const action = item.at("do").choice(ACTIONS) ?? "notify";
    return {
      at: readStart(item.at("at"), context.measure),
      action,
      delayMs: readDelay(item.at("delayMs"), action),
    };
  });
  const start = (stage: Stage) => stageLevel(stage, context.limit ?? SAMPLE_LIMIT) ?? 0n;
  return stages.toSorted((a, b) => (start(a) < start(b) ? -1 : start(a) > start(b) ? 1 : 0));
}

const WHOLE = (10n ** BigInt(FACTOR_SCALE)) as Factor;
/** Shares order themselves alike under any limit. */
const SAMPLE_LIMIT = 10n ** 40n;

function readStart(place: Place, measure: string): Stage["at"] {
  const { value } = place;
  if (typeof value === "string" && value.endsWith("%")) {
    const share = new Place(value.slice(0, -1), place.path, []);
    const rule = { scale: FACTOR_SCALE - 2, maxUnits: STAGE_PERCENT_MAX, isPositive: true };
    const problems: Problem[] = [];
    const percent = new Place(share.value, place.path, problems).decimal(rule) as Factor;
    for (const { detail } of problems) place.refuse(detail);
    return { percent };
  }
  const level = readLevel(place, measure);
  if (level === null) place.refuse('is missing: write "80%" or a level such as "5.00"');
  return { level: level ?? 0n };
}

function readDelay(place: Place, action: Stage["action"]): number {
  if (place.isAbsent) return action === "throttle" ? STAGE_DELAY_MS : 0;
  if (action !== "throttle") place.refuse("has a meaning where a stage throttles only");
  return Number(place.decimal({ scale: 0, maxUnits: BigInt(STAGE_DELAY_MAX_MS) }));
}

/** A level as its shortest decimal text. */
export function formatLevel(level: bigint, measure: string): string {
  return formatScaled(level, scaleOf(measure));
}

/** A budget as `parseBudget` reads it, every field stated. */
export function budgetDocument(budget: Budget): Record<string, unknown> {
  const { each, label, measure, limit, stages, reserve, ...rest } = budget;
  return {
    ...rest,
    each: each === "label" ? `${LABEL_PREFIX}${label}` : each,
    measure,
    limit: limit === null ? null : formatLevel(limit, measure),
    stages: stages.map(({ at, action, delayMs }) => ({
      at: "level" in at ? formatLevel(at.level, measure) : percentText(at.percent),
      do: action,
      ...(action === "throttle" ? { delayMs } : {}),
    })),
    reserve: formatLevel(reserve, measure),
  };
}

function percentText(percent: Factor): string {
  return `${formatScaled(percent, FACTOR_SCALE - 2)}%`;
}

/**
 * A budget by billing periods is of one customer's calendar each time. Where customers share a
 * balance, those of each first day would have the whole limit. Of what is sent: budgets on record
 * stay in force.
 */
export function mixedPeriods({ each, per, where }: Budget): Problem[] {
  const isOfOne = each === "customer" || each === "customer_agent" || where.customer?.length === 1;
  if (per !== "billing_period" || isOfOne) return [];
  const detail =
    "billing_period is of each customer's own calendar, which customers who share a balance do " +
    "not have in common: take month, with a timeZone, or each: customer, or name one customer";
  return [{ code: "budget.invalid", detail, field: "per" }];
}

/**
 * Whether two budgets count the same work in the same balances: limits and stages aside. One of
 * credit counts nothing: whomever it selects, what its holds set aside stays set aside.
 */
export function countsAlike(a: Budget, b: Budget): boolean {
  if (isPrepaid(a.measure) && isPrepaid(b.measure)) return a.currency === b.currency;
  const counted = ({ each, label, where, measure, currency, per, timeZone, anchorDay }: Budget) =>
    JSON.stringify([each, label, where, measure, currency, per, timeZone, anchorDay]);
  return counted(a) === counted(b);
}
