/** Sets and reads what a customer may use. */

import {
  type Entitlements,
  EVERYTHING,
  entitlementsDocument,
  entitlementsOf,
  type OwnEntitlements,
  parseOwnEntitlements,
  unmatchablePatterns,
} from "../../domain/budget/entitlements.ts";
import { canonicalJson } from "../../domain/canonical-json.ts";
import { type Problem, TollgateError } from "../../domain/errors.ts";
import { ONE_UNIT } from "../../domain/money/decimal.ts";
import { Place } from "../../domain/rating/document-place.ts";
import { runAct } from "../commit/act.ts";
import type { EngineContext } from "../context.ts";
import type { Customer } from "../ports.ts";
import { countParallelRuns } from "./count-parallel-runs.ts";
import { cardEntitlements, PARALLEL_RUNS_KEY } from "./entitlements.ts";
import type { Decided } from "./save-budget.ts";

/** A customer's own terms, all of them; an empty document is the card's again. */
export interface NewEntitlements extends Decided {
  readonly customer: string;
  /** As sent: `{ "agents", "models", "tools", "parallelRuns" }`, each of which may be left out. */
  readonly document: unknown;
}

/** What a customer may use, and who says so. */
export interface CustomerEntitlements {
  readonly customer: string;
  readonly now: Entitlements;
  readonly card: Entitlements;
  readonly own: OwnEntitlements;
  /** Root runs that are open; null: nobody counts them. */
  readonly openRuns: number | null;
}

/** Sets the terms, for the next hold. Throws `customer.not_found`, `entitlement.invalid`. */
export async function saveEntitlements(
  context: EngineContext,
  workspace: string,
  { customer, document, reason, by }: NewEntitlements,
): Promise<CustomerEntitlements> {
  const own = read(document);
  await runAct(context, workspace, async (act) => {
    const [known] = await act.unit.customers([customer]);
    if (known === undefined) throw noCustomer(customer);
    if (typeof own.parallelRuns === "bigint") await countParallelRuns(context, act);
    const before = (await context.entitlements.of(workspace)).get(customer) ?? {};
    const [was, is] = [before, own].map(entitlementsDocument);
    if (canonicalJson(was ?? {}) === canonicalJson(is ?? {})) return;
    const saved = { customer, entitlements: is, before: was, reason, by };
    act.journal("entitlements.saved", customer, saved);
  });
  context.entitlements.forget(workspace);
  context.budgets.forget(workspace);
  return readEntitlements(context, workspace, customer);
}

function read(document: unknown): OwnEntitlements {
  const problems: Problem[] = [];
  const own = parseOwnEntitlements(new Place(document, "entitlements", problems));
  const [problem] = [...problems, ...unmatchablePatterns(own, "entitlements")];
  if (problem === undefined) return own;
  const { code, detail, field } = problem;
  const isForm = code === "ratecard.invalid";
  throw new TollgateError(isForm ? "entitlement.invalid" : code, `${field} ${detail}.`, field);
}

/** What a customer may use now. Throws `customer.not_found`. */
export async function readEntitlements(
  context: EngineContext,
  workspace: string,
  id: string,
): Promise<CustomerEntitlements> {
  const customer = await context.store.customer(workspace, id);
  if (customer === undefined) throw noCustomer(id);
  const nowMs = (await context.clocks.of(workspace)).nowMs();
  const tariff = await context.tariffs.of(workspace);
  const card = cardEntitlements(tariff, customer, nowMs);
  const own = (await context.entitlements.of(workspace)).get(id) ?? {};
  return {
    customer: id,
    now: entitlementsOf(card, own),
    card: card ?? EVERYTHING,
    own,
    openRuns: await openRunsOf(context, workspace, customer),
  };
}

async function openRunsOf(
  { budgets, store }: EngineContext,
  workspace: string,
  { id: scope }: Customer,
): Promise<number | null> {
  const { records } = await budgets.of(workspace);
  const counting = records.find(({ budget }) => budget.key === PARALLEL_RUNS_KEY);
  if (counting === undefined) return null;
  const key = { budgetId: counting.id, scope, window: "" };
  const [balance] = await store.spending.balances(workspace, [key]);
  return Number((balance?.settled ?? 0n) / ONE_UNIT);
}

function noCustomer(id: string): TollgateError {
  return new TollgateError("customer.not_found", `There is no customer "${id}".`, "customer");
}
