/** Alerts in words and in the form in which they are told. */
import type { Alert } from "../../domain/alert/alert.ts";
import { ALERT_TYPES } from "../../domain/alert/alert.ts";
import type { Digest } from "../ports.ts";
import type { AlertMessage, ToldAlert } from "./alert-ports.ts";

/** The id of an alert: it follows from the entry that the alert is, so it never changes. */
export function alertId(digest: Pick<Digest, "content">, workspace: string, seq: number): string {
  return `alert_${digest.content(JSON.stringify(["alert", workspace, seq]))}`;
}

type Facts = Readonly<Record<string, unknown>>;

const said = (facts: Facts, name: string): string => String(facts[name] ?? "");
const about = (facts: Facts): string =>
  facts.of === "workspace" ? "All work" : `The ${said(facts, "of")} "${said(facts, "id")}"`;
/** What a level is in; entries of older versions do not say. A credit's name says what it is. */
const unitOf = ({ currency, measure }: Facts): string =>
  [currency, measure === "credits" && currency !== null ? "" : measure]
    .filter(Boolean)
    .map((text) => ` ${text}`)
    .join("");
const stage = (facts: Facts): string => {
  const scope = said(facts, "scope") === "" ? "" : ` for "${said(facts, "scope")}"`;
  const limit = facts.limit === null ? "" : ` of ${said(facts, "limit")}`;
  const level = `${said(facts, "level")}${limit}${unitOf(facts)}`;
  return `budget "${said(facts, "budget")}"${scope} stands at ${level}`;
};
const beyond = (facts: Facts): string =>
  `run "${said(facts, "run")}" is beyond policy "${said(facts, "policy")}": ` +
  `${said(facts, "rule")} ${said(facts, "level")}, more than ${said(facts, "moreThan")}`;
const because = (facts: Facts): string =>
  said(facts, "reason") === "" ? "" : `: ${said(facts, "reason")}`;
const money = (facts: Facts, name: string): string =>
  `${said(facts, name)} ${said(facts, "currency")}`;
const commitment = (facts: Facts): string =>
  `Commitment "${said(facts, "commitment")}" of "${said(facts, "customer")}" ` +
  `(${money(facts, "amount")}, ends ${said(facts, "endsAt").slice(0, 10)}) is used up`;

const WORDS: Partial<Record<Alert["type"], (facts: Facts) => string>> = {
  "budget.notify": (facts) => `A stage is reached: ${stage(facts)}`,
  "budget.throttle": (facts) => `Work is slowed down: ${stage(facts)}`,
  "budget.pause": (facts) => `Work waits: ${stage(facts)}`,
  "budget.block": (facts) => `Work is stopped: ${stage(facts)}`,
  "run.paused": (facts) => `${about(facts)} is paused${because(facts)}`,
  "run.blocked": (facts) => `${about(facts)} is stopped${because(facts)}`,
  "run.resumed": (facts) => `${about(facts)} goes on${because(facts)}`,
  "policy.notify": (facts) => `A rule is reached: ${beyond(facts)}`,
  "policy.throttle": (facts) => `Slowed down: ${beyond(facts)}`,
  "policy.pause": (facts) => `Paused: ${beyond(facts)}`,
  "policy.block": (facts) => `Stopped: ${beyond(facts)}`,
  "credit.low": (facts) =>
    `Credit of "${said(facts, "customer")}" is low: ${money(facts, "balance")} left`,
  "credit.empty": (facts) =>
    `Credit of "${said(facts, "customer")}" is used up` +
    (said(facts, "owed") === "0" ? "" : `: ${money(facts, "owed")} owed`),
  "commit.overrun_projected": (facts) =>
    `${commitment(facts)} on ${said(facts, "projectedDate").slice(0, 10)} at this pace, ` +
    `which brings ${money(facts, "trueUp")} beyond it`,
  "commit.exceeded": (facts) =>
    `${commitment(facts)}, ${money(facts, "overage")} beyond it; ` +
    `${money(facts, "trueUp")} by its end at this pace`,
  "margin.negative": (facts) =>
    `"${said(facts, "customer")}" costs ${money(facts, "cost")} and is charged ` +
    `${money(facts, "charge")} in ${said(facts, "period")}`,
  "price.unknown": (facts) => {
    const named = [said(facts, "provider"), said(facts, "subject")].filter(Boolean).join(" ");
    if (named !== "") return `No price for ${named}`;
    const step = `a ${said(facts, "kind")} step of run "${said(facts, "run")}"`;
    return `No price for ${step}, which names no provider and no model`;
  },
  "conflict.found": (facts) =>
    `Step "${said(facts, "id")}" of run "${said(facts, "run")}" came with other content`,
};

/** Facts that a message need not repeat. */
const TOLD_ELSEWHERE = new Set(["type", "customer", "state"]);

/** An alert as it is told to somebody. */
export function toldAlert(
  digest: Pick<Digest, "content">,
  workspace: string,
  { type, customer, seq, raisedAtMs, data }: Alert,
): ToldAlert {
  const { team, meaning } = ALERT_TYPES[type];
  const facts = Object.entries(data).filter(([name]) => !TOLD_ELSEWHERE.has(name));
  return {
    ...{ id: alertId(digest, workspace, seq), type, team, customer },
    raisedAt: new Date(raisedAtMs).toISOString(),
    summary: WORDS[type]?.({ ...data, customer }) ?? meaning,
    data: Object.fromEntries(facts),
  };
}

/** The type of a message that tells several alerts. */
const GATHERED = "alert.digest";

/** A message as JSON: the envelope of Standard Webhooks. It follows from the alerts alone. */
export function messageBody({ workspace, alerts, more }: AlertMessage): object {
  const [first] = alerts;
  const timestamp = first?.raisedAt ?? new Date(0).toISOString();
  if (first !== undefined && alerts.length === 1 && more === 0) {
    const { type, raisedAt: _, ...data } = first;
    return { type, timestamp, data: { workspace, ...data } };
  }
  const count = alerts.length + more;
  const whole = { type: GATHERED, timestamp, data: { workspace, count, more, alerts } };
  if (JSON.stringify(whole).length <= GATHERED_MAX_CHARS) return whole;
  // Long ids of many alerts: their facts stand in the list.
  const short = alerts.map((alert) => ({
    ...alert,
    summary: alert.summary.slice(0, 100),
    data: {},
  }));
  return { ...whole, data: { ...whole.data, alerts: short } };
}

/** Receivers take 20 kB; a character of an id has up to three bytes. */
const GATHERED_MAX_CHARS = 15_000;

/** What a message is about, in one line without line breaks. */
export function messageSubject({ workspace, alerts, more }: AlertMessage): string {
  const [first] = alerts;
  const count = alerts.length + more;
  const about = count === 1 && first !== undefined ? first.summary : `${count} alerts`;
  return `[Tollgate ${workspace}] ${oneLine(about)}`;
}

/** A message in lines for people. */
export function messageLines(message: AlertMessage): string[] {
  const { alerts, more, id } = message;
  const lines = [messageSubject(message), ""];
  for (const { type, raisedAt, summary, data, id: alert } of alerts) {
    lines.push(`${raisedAt}  ${type}  ${oneLine(summary)}`);
    if (typeof data.link === "string") lines.push(`  ${oneLine(data.link)}`);
    lines.push(`  ${alert}`);
  }
  if (more > 0) lines.push(`and ${more} more: see the list of alerts.`);
  return [...lines, "", `Message ${id}`];
}

/** Ids of tenants may hold anything: no line break, no other sign that a terminal obeys. */
function oneLine(text: string): string {
  return text.replaceAll(/[\p{Cc}\u2028\u2029]+/gu, " ");
}
