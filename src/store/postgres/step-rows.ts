/** Steps as rows of plain columns. */
import { decodeUsage, encodeUsage } from "../../domain/event/codec.ts";
import type { Step } from "../../domain/event/step.ts";
import { formatAmount } from "../../domain/money/decimal.ts";
import { amountOf } from "../stored-decimal.ts";
import { type Bound, decodeShares, encodeShares, type Row } from "../stored-rows.ts";

/** Values in the order of the table `steps`, without `ws`. */
export function encodeStep(step: Step, checksum: number): Bound[] {
  return [
    step.customer,
    step.run,
    step.source,
    step.id,
    step.revision,
    step.seq,
    step.voided ? 1 : 0,
    step.amendedBy,
    step.contentHash,
    step.agent,
    step.parentStep,
    step.callId,
    step.hold,
    step.occurredAtMs,
    step.receivedAtMs,
    step.ratedAtMs,
    step.period,
    step.kind,
    step.status,
    step.completeness,
    step.attempt,
    step.payer,
    step.role,
    step.provider,
    step.model,
    step.tool,
    step.tier,
    step.labels === null ? null : JSON.stringify(step.labels),
    encodeUsage(step.usage),
    step.cardVersionId,
    step.priceVersionId,
    formatAmount(step.cost),
    step.costStatus,
    formatAmount(step.charge),
    encodeShares(step.shares),
    checksum,
    step.callHash ?? null,
  ];
}

/** Reads a row of `steps` or `former_steps`. */
export function decodeStep(row: Row): Step {
  const text = <T extends string>(name: string) => row[name] as T;
  const optional = (name: string) => row[name] as string | null;
  const number = (name: string) => row[name] as number;
  return {
    run: text("run"),
    source: text("source"),
    id: text("id"),
    seq: number("seq"),
    revision: number("revision"),
    voided: row.voided === true,
    amendedBy: optional("amended_by"),
    contentHash: text("content_hash"),
    customer: text("customer"),
    agent: optional("agent"),
    parentStep: optional("parent_step"),
    callId: optional("call_id"),
    hold: optional("hold"),
    ...(row.call_hash === null ? {} : { callHash: text("call_hash") }),
    occurredAtMs: number("occurred_at"),
    receivedAtMs: number("received_at"),
    ratedAtMs: number("rated_at"),
    period: text("period"),
    kind: text<Step["kind"]>("kind"),
    status: text<Step["status"]>("status"),
    completeness: text<Step["completeness"]>("completeness"),
    attempt: number("attempt"),
    payer: text<Step["payer"]>("payer"),
    role: text<Step["role"]>("role"),
    provider: optional("provider"),
    model: optional("model"),
    tool: optional("tool"),
    tier: text("tier"),
    labels: row.labels === null ? null : JSON.parse(text("labels")),
    usage: decodeUsage(text("usage")),
    cardVersionId: row.card_version as number | null,
    priceVersionId: row.price_version as number | null,
    cost: amountOf(text("cost")),
    costStatus: text<Step["costStatus"]>("cost_status"),
    charge: amountOf(text("charge")),
    shares: decodeShares(text("shares")),
  };
}
