/** Steps as rows: enumerations as small integers, repeated texts by their number. */
import { present } from "../../domain/assert.ts";
import type { Completeness, Payer, Role, StepKind, StepStatus } from "../../domain/event/event.ts";
import {
  COMPLETENESS,
  PAYERS,
  ROLES,
  STEP_KINDS,
  STEP_STATUSES,
} from "../../domain/event/event.ts";
import type { ChargeShare, CostStatus, Step } from "../../domain/event/step.ts";
import type { Usage } from "../../domain/event/usage.ts";
import { usageOf } from "../../domain/event/usage.ts";
import type { Amount, Quantity } from "../../domain/money/decimal.ts";
import {
  formatAmount,
  formatQuantity,
  parseAmount,
  parseQuantity,
  ZERO_AMOUNT,
} from "../../domain/money/decimal.ts";
import type { Names } from "./names.ts";

const COST_STATUSES: readonly CostStatus[] = ["priced", "partial", "unpriced", "none"];

/** Columns of `steps` and `former_steps`, in binding order. */
export const STEP_COLUMNS = [
  "run_no",
  "source_no",
  "id",
  "seq",
  "revision",
  "voided",
  "amended_by",
  "content_hash",
  "agent_no",
  "parent_step",
  "call_id",
  "hold",
  "occurred_at",
  "received_at",
  "rated_at",
  "period",
  "kind",
  "status",
  "completeness",
  "attempt",
  "payer",
  "role",
  "provider_no",
  "model_no",
  "tool_no",
  "tier_no",
  "labels",
  "usage",
  "card_version",
  "price_version",
  "cost",
  "cost_status",
  "shares",
  "checksum",
] as const;

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** An id as it is stored: 16 bytes for a lower-case UUID, else its text. */
export function encodeId(id: string): string | Uint8Array {
  if (id.length !== 36 || !UUID.test(id)) return id;
  return Buffer.from(id.replaceAll("-", ""), "hex");
}

export function decodeId(stored: unknown): string {
  if (typeof stored === "string") return stored;
  const hex = Buffer.from(stored as Uint8Array).toString("hex");
  const at = (from: number, to?: number): string => hex.slice(from, to);
  return `${at(0, 8)}-${at(8, 12)}-${at(12, 16)}-${at(16, 20)}-${at(20)}`;
}

export type Bound = string | number | null | Uint8Array;

export function encodeStep(step: Step, runNo: number, tools: RowTools): Bound[] {
  const { names } = tools;
  const optional = (text: string | null) => (text === null ? null : names.numberOf(text));
  return [
    runNo,
    names.numberOf(step.source),
    encodeId(step.id),
    step.seq,
    step.revision,
    step.voided ? 1 : 0,
    step.amendedBy,
    step.contentHash,
    optional(step.agent),
    step.parentStep,
    step.callId,
    step.hold,
    step.occurredAtMs,
    step.receivedAtMs,
    step.ratedAtMs === step.occurredAtMs ? null : step.ratedAtMs,
    encodePeriod(step.period),
    STEP_KINDS.indexOf(step.kind),
    STEP_STATUSES.indexOf(step.status),
    COMPLETENESS.indexOf(step.completeness),
    step.attempt,
    PAYERS.indexOf(step.payer),
    ROLES.indexOf(step.role),
    optional(step.provider),
    optional(step.model),
    optional(step.tool),
    names.numberOf(step.tier),
    step.labels === null ? null : JSON.stringify(step.labels),
    encodeUsage(step.usage, names),
    step.cardVersionId,
    step.priceVersionId,
    formatAmount(step.cost),
    COST_STATUSES.indexOf(step.costStatus),
    encodeShares(step.shares, names),
    tools.checksum(step),
  ];
}

export interface RowTools {
  readonly names: Names;
  checksum(step: Step): number;
}

/** A row of `steps` joined with its run's id and customer. */
export function decodeStep(row: Record<string, unknown>, names: Names): Step {
  const text = (name: string) => row[name] as string;
  const optional = (name: string) => row[name] as string | null;
  const number = (name: string) => row[name] as number;
  const named = (name: string) => (row[name] === null ? null : names.textOf(row[name] as number));
  const shares = decodeShares(text("shares"), names);
  return {
    run: text("run"),
    source: names.textOf(number("source_no")),
    id: decodeId(row.id),
    seq: number("seq"),
    revision: number("revision"),
    voided: row.voided === 1,
    amendedBy: optional("amended_by"),
    contentHash: text("content_hash"),
    customer: text("customer"),
    agent: named("agent_no"),
    parentStep: optional("parent_step"),
    callId: optional("call_id"),
    hold: optional("hold"),
    occurredAtMs: number("occurred_at"),
    receivedAtMs: number("received_at"),
    ratedAtMs: (row.rated_at as number | null) ?? number("occurred_at"),
    period: decodePeriod(number("period")),
    kind: listed<StepKind>(STEP_KINDS, number("kind")),
    status: listed<StepStatus>(STEP_STATUSES, number("status")),
    completeness: listed<Completeness>(COMPLETENESS, number("completeness")),
    attempt: number("attempt"),
    payer: listed<Payer>(PAYERS, number("payer")),
    role: listed<Role>(ROLES, number("role")),
    provider: named("provider_no"),
    model: named("model_no"),
    tool: named("tool_no"),
    tier: names.textOf(number("tier_no")),
    labels: row.labels === null ? null : JSON.parse(text("labels")),
    usage: decodeUsage(text("usage"), names),
    cardVersionId: row.card_version as number | null,
    priceVersionId: row.price_version as number | null,
    cost: amountOf(text("cost")),
    costStatus: listed<CostStatus>(COST_STATUSES, number("cost_status")),
    charge: shares.reduce((sum, share) => (sum + share.amount) as Amount, ZERO_AMOUNT),
    shares,
  };
}

function listed<T>(values: readonly T[], index: number): T {
  return present(values[index], `value ${index}`);
}

export function amountOf(text: string): Amount {
  return present(parseAmount(text), `amount "${text}"`);
}

export function quantityOf(text: string): Quantity {
  return present(parseQuantity(text), `quantity "${text}"`);
}

function encodePeriod(period: string): number {
  return Number(period.replaceAll("-", ""));
}

function decodePeriod(stored: number): string {
  const text = String(stored);
  return `${text.slice(0, 4)}-${text.slice(4, 6)}-${text.slice(6)}`;
}

function encodeUsage(usage: Usage, names: Names): string {
  let text = "";
  for (const [name, quantity] of usage) {
    text += `${text === "" ? "" : ","}${names.numberOf(name)}=${formatQuantity(quantity)}`;
  }
  return text;
}

function decodeUsage(text: string, names: Names): Usage {
  if (text === "") return new Map();
  return usageOf(
    text.split(",").map((pair) => {
      const [name = "", quantity = ""] = pair.split("=");
      return [names.textOf(Number(name)), quantityOf(quantity)] as const;
    }),
  );
}

function encodeShares(shares: readonly ChargeShare[], names: Names): string {
  let text = "";
  for (const { chargeKey, cell, amount } of shares) {
    const where = `${names.numberOf(chargeKey)}${cell === "" ? "" : `:${names.numberOf(cell)}`}`;
    text += `${text === "" ? "" : ","}${where}=${formatAmount(amount)}`;
  }
  return text;
}

function decodeShares(text: string, names: Names): ChargeShare[] {
  if (text === "") return [];
  return text.split(",").map((pair) => {
    const [where = "", amount = ""] = pair.split("=");
    const [charge = "", cell] = where.split(":");
    return {
      chargeKey: names.textOf(Number(charge)),
      cell: cell === undefined ? "" : names.textOf(Number(cell)),
      amount: amountOf(amount),
    };
  });
}
