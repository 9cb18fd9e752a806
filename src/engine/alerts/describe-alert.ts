/** Alerts in words and in the form in which they are told. */
import type { Alert } from "../../domain/alert/alert.ts";
import { ALERT_TYPES } from "../../domain/alert/alert.ts";
import type { Digest } from "../ports.ts";
import type { ToldAlert } from "./alert-ports.ts";

/** The id of an alert: it follows from the entry that the alert is, so it never changes. */
export function alertId(digest: Pick<Digest, "content">, workspace: string, seq: number): string {
  return `alert_${digest.content(JSON.stringify(["alert", workspace, seq]))}`;
}

type Facts = Readonly<Record<string, unknown>>;

const said = (facts: Facts, name: string): string => String(facts[name] ?? "");
const about = (facts: Facts): string =>
  facts.of === "workspace" ? "all work" : `the ${said(facts, "of")} "${said(facts, "id")}"`;
const stage = (facts: Facts): string => {
  const scope = said(facts, "scope") === "" ? "" : ` for "${said(facts, "scope")}"`;
  const limit = facts.limit === null ? "" : ` of ${said(facts, "limit")}`;
  return `budget "${said(facts, "budget")}"${scope} stands at ${said(facts, "level")}${limit}`;
};
const because = (facts: Facts): string =>
  said(facts, "reason") === "" ? "" : `: ${said(facts, "reason")}`;
const money = (facts: Facts, name: string): string =>
  `${said(facts, name)} ${said(facts, "currency")}`;

const WORDS: Partial<Record<Alert["type"], (facts: Facts) => string>> = {
  "budget.notify": (facts) => `A stage is reached: ${stage(facts)}`,
  "budget.throttle": (facts) => `Work is slowed down: ${stage(facts)}`,
  "budget.pause": (facts) => `Work waits: ${stage(facts)}`,
  "budget.block": (facts) => `Work is stopped: ${stage(facts)}`,
  "run.paused": (facts) => `Paused is ${about(facts)}${because(facts)}`,
  "run.blocked": (facts) => `Stopped is ${about(facts)}${because(facts)}`,
  "run.resumed": (facts) => `Going on is ${about(facts)}${because(facts)}`,
  "credit.low": (facts) =>
    `Credit of "${said(facts, "customer")}" is low: ${money(facts, "balance")} left`,
  "credit.empty": (facts) =>
    `Credit of "${said(facts, "customer")}" is used up: ${money(facts, "owed")} owed`,
  "commit.overrun_projected": (facts) =>
    `Commitment "${said(facts, "commitment")}" of "${said(facts, "customer")}" is used up on ` +
    `${said(facts, "projectedDate").slice(0, 10)} at this pace`,
  "commit.exceeded": (facts) =>
    `Commitment "${said(facts, "commitment")}" of "${said(facts, "customer")}" is used up, ` +
    `${money(facts, "overage")} beyond it`,
  "margin.negative": (facts) =>
    `"${said(facts, "customer")}" costs ${money(facts, "cost")} and is charged ` +
    `${money(facts, "charge")} in ${said(facts, "period")}`,
  "price.unknown": (facts) =>
    `No price for ${said(facts, "provider")} ${said(facts, "subject")}`.trim(),
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
