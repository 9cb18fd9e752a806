/**
 * Changes that wait for a second key. Where a workspace wants it, a change of a card or budget that
 * moves an amount from its threshold on is put on record as it was sent, not carried out. Another
 * key does that, or rejects it. What was proposed and decided is in the journal alone.
 */

import { changedAmount } from "../../domain/approval.ts";
import type { BudgetRecord } from "../../domain/budget/budget.ts";
import { TollgateError } from "../../domain/errors.ts";
import { type Amount, parseAmount } from "../../domain/money/decimal.ts";
import type { RateCardVersion } from "../../domain/rating/rate-card.ts";
import type { Actor } from "../actor.ts";
import { runAct } from "../commit/act.ts";
import type { EngineContext } from "../context.ts";
import { readWorkspace } from "../workspaces/workspace-settings.ts";
import { type ActPage, type ActPageQuery, actPage } from "./act-page.ts";
import { recordedAct } from "./recorded-acts.ts";

/** A request as it was sent. */
export interface SentChange {
  readonly operation: string;
  readonly params: unknown;
  readonly query: unknown;
  /** Of the body, as sent; null: there was none. */
  readonly body: string | null;
}

/** A change on record. */
export interface Change extends SentChange {
  readonly id: string;
  readonly proposedBy: Actor;
  readonly proposedAtMs: number;
  readonly state: "proposed" | "approved" | "rejected";
  /** Null: nobody has decided. */
  readonly decidedBy: Actor | null;
}

type Proposed = Omit<Change, "state" | "decidedBy">;
type Decided = Pick<Change, "state"> & { readonly id: string; readonly decidedBy: Actor };

/** How large a change is: an amount, `any` where it is above every threshold; null: no money. */
export type ChangeSize = Amount | "any" | null;

/**
 * Throws `change.unapproved` where a change must wait for a second key, unless it is carried out in
 * the name of one on record that this key may approve. Every act that moves such amounts asks this
 * in its own unit of work, so nothing that calls the engine goes around it.
 */
export async function requireApproved(
  context: EngineContext,
  workspace: string,
  size: ChangeSize,
): Promise<void> {
  const { approvalFrom } = await readWorkspace(context.store, workspace);
  if (approvalFrom === null || size === null) return;
  if (size !== "any" && size < (parseAmount(approvalFrom) ?? 0n)) return;
  const { approving } = context;
  if (approving === null) {
    const detail = `Changes that move ${approvalFrom} or more want a second key.`;
    throw new TollgateError("change.unapproved", detail);
  }
  await requireOpen(context, workspace, { id: approving, isApproval: true });
}

/** Puts a change on record. Returns its id. */
export async function proposeChange(
  context: EngineContext,
  workspace: string,
  sent: SentChange,
): Promise<string> {
  const proposedBy = requireActor(context);
  const id = `chg_${context.ids.random()}`;
  await runAct(context, workspace, async ({ journal, state }) => {
    const change: Proposed = { ...sent, id, proposedBy, proposedAtMs: state.receivedAtMs };
    journal("change.proposed", id, change);
  });
  return id;
}

function requireActor({ actor }: EngineContext): Actor {
  if (actor !== null) return actor;
  throw new TollgateError("auth.forbidden", "Only a key proposes and decides changes.");
}

/** A change. Throws `change.not_found`. */
export async function findChange(
  { store }: EngineContext,
  workspace: string,
  id: string,
): Promise<Change> {
  const known = await recordedAct<Proposed>(store, workspace, {
    kind: "change.proposed",
    subject: id,
  });
  if (known === undefined) {
    throw new TollgateError("change.not_found", `There is no change "${id}".`, "id");
  }
  const decided = await recordedAct<Decided>(store, workspace, {
    kind: "change.decided",
    subject: id,
  });
  return { ...known, state: decided?.state ?? "proposed", decidedBy: decided?.decidedBy ?? null };
}

/** Changes that requests are kept with: they are read a few at a time. */
const CHANGES_AT_A_TIME = 10;

/** Changes of a page, oldest first. */
export function listChanges(
  context: EngineContext,
  workspace: string,
  page: Pick<ActPageQuery<Change>, "afterSeq" | "limit">,
): Promise<ActPage<Change>> {
  return actPage<Change>(context.store, workspace, {
    ...{ kind: "change.proposed", ...page, atATime: CHANGES_AT_A_TIME },
    shown: (document) => findChange(context, workspace, (JSON.parse(document) as Proposed).id),
  });
}

/**
 * A change that this key may approve. Throws `change.not_found`, `change.settled`,
 * `change.same_key`: who proposes it does not approve it.
 */
export async function requireOpen(
  context: EngineContext,
  workspace: string,
  { id, isApproval }: { readonly id: string; readonly isApproval: boolean },
): Promise<Change> {
  const change = await findChange(context, workspace, id);
  if (change.state !== "proposed") {
    throw new TollgateError("change.settled", `"${id}" was ${change.state} before.`, "id");
  }
  if (isApproval && change.proposedBy.key === requireActor(context).key) {
    throw new TollgateError("change.same_key", `"${id}" was proposed by this key.`, "id");
  }
  return change;
}

/** Puts on record how a change ended. What is approved was carried out before. */
export async function decideChange(
  context: EngineContext,
  workspace: string,
  { id, state }: { readonly id: string; readonly state: Decided["state"] },
): Promise<void> {
  const decidedBy = requireActor(context);
  await runAct(context, workspace, async ({ journal }) => {
    await requireOpen(context, workspace, { id, isApproval: state === "approved" });
    const decided: Decided = { id, state, decidedBy };
    journal("change.decided", id, decided);
  });
}

/** How large a new version of a card is, against the newest one. */
export function sizeOfCard(latest: RateCardVersion | undefined, document: unknown): ChangeSize {
  const text = latest?.override?.document ?? latest?.document ?? "null";
  return changedAmount(JSON.parse(text), document);
}

const isMoneyMeasure = (measure: unknown): boolean => measure === "cost" || measure === "charge";

/** How large a change of a budget is: a limit of money that comes, goes or differs. */
export function sizeOfBudget(record: BudgetRecord | undefined, after: unknown): ChangeSize {
  const known = record?.budget;
  const sent = (after ?? {}) as { readonly measure?: unknown; readonly limit?: unknown };
  const isMoney = [known?.measure, sent.measure].some(isMoneyMeasure);
  if (!isMoney) return null;
  const before = known?.limit ?? null;
  const isUnlimited = after !== null && (sent.limit === undefined || sent.limit === null);
  if (isUnlimited) return "any";
  const now = typeof sent.limit === "string" ? (parseAmount(sent.limit) ?? null) : null;
  if (before === now) return null;
  const [was, is] = [before ?? 0n, now ?? 0n];
  return (was > is ? was : is) as Amount;
}
