/** Issues a run's receipt: gathers what it says, and signs it. */

import type { Hold } from "../../domain/budget/hold.ts";
import { TollgateError } from "../../domain/errors.ts";
import type { ChargeShare, Step } from "../../domain/event/step.ts";
import { pricedCell } from "../../domain/event/trial-cell.ts";
import { PAGE_MAX_ROWS } from "../../domain/limits.ts";
import type { MeteredQuantity } from "../../domain/rating/meter.ts";
import { sealReceipt } from "../../domain/receipt/receipt.ts";
import {
  type CardRef,
  type ChargedBy,
  type ReceiptOverrun,
  type ReceiptRun,
  type ReceiptStep,
  receiptLines,
} from "../../domain/receipt/receipt-lines.ts";
import { sharesOfRating } from "../../domain/run/rating-charges.ts";
import { isUnfinished, type Run } from "../../domain/run/run.ts";
import { joinShares } from "../booking/shares.ts";
import type { Tariff } from "../cards/tariff.ts";
import { finishThese } from "../commit/finish-runs.ts";
import type { EngineContext } from "../context.ts";
import type { Signatures } from "../key-ports.ts";
import { currencyOfCard } from "../periods/commitment-currency.ts";
import { type CondensedDocument, entriesOf, mayBeCondensed } from "../retention/condensed-runs.ts";
import { type RunTree, readRunTree } from "../runs/read-run.ts";
import { signerOf } from "./signing-keys.ts";

/** What issuing a receipt works with. */
export type Issuing = EngineContext & { readonly signatures: Signatures };

/** What a receipt is asked for. */
export interface ReceiptRequest {
  readonly run: string;
  /** Name and version of what issues it. */
  readonly issuer: string;
}

/**
 * The receipt of a run and everything below it, as lines of JSON. Throws `run.not_found`,
 * `receipt.no_root` where the run is below another: a receipt is of a whole tree; `steps.removed`;
 * `run.too_large`.
 */
export async function issueReceipt(
  context: Issuing,
  workspace: string,
  { run: id, issuer }: ReceiptRequest,
): Promise<string> {
  const tree = await readRestated(context, workspace, id);
  requireRoot(tree.run);
  const tariff = await context.tariffs.of(workspace);
  const runs: ReceiptRun[] = [];
  await gather(context, workspace, { tree, tariff, runs });
  await requireAllSteps(context, workspace, runs);
  const bodies = receiptLines({
    workspace,
    issuer,
    issuedAtMs: (await context.clocks.of(workspace)).nowMs(),
    chargeCurrency: await currencyOf(context, workspace, { tariff, run: tree.run }),
    runs,
    overruns: await overrunsOf(context, workspace, runs),
  });
  const signer = await signerOf(context);
  return sealReceipt(bodies, { sha256: (text) => context.digest.sha256(text), signer });
}

/** A receipt is for ever: what a late opening states of steps is so for all of them first. */
async function readRestated(context: Issuing, workspace: string, id: string): Promise<RunTree> {
  for (;;) {
    const tree = await readRunTree(context, workspace, id);
    const left = unfinishedIn(tree);
    if (left.length === 0) return tree;
    await finishThese(context, workspace, left);
  }
}

function unfinishedIn({ run, children }: RunTree): Run[] {
  return [...(isUnfinished(run) ? [run] : []), ...children.flatMap(unfinishedIn)];
}

interface Gathering {
  readonly tree: RunTree;
  readonly tariff: Tariff;
  readonly runs: ReceiptRun[];
}

async function gather(
  context: Issuing,
  workspace: string,
  { tree, tariff, runs }: Gathering,
): Promise<void> {
  const { run, steps, outcomes, children } = tree;
  const holds = await holdsOf(context, workspace, run.id);
  const { rating } = run;
  const metered = rating === null ? [] : tariff.cardById(rating.cardVersionId).meterRun(rating);
  runs.push({
    run,
    steps: steps.map((step) => receiptStep(tariff, step)),
    outcomes,
    holds,
    charges: charged(tariff, rating?.cardVersionId ?? null, {
      shares: joinShares(sharesOfRating(rating)),
      metered,
    }),
    card: cardRef(tariff, rating?.cardVersionId ?? null),
  });
  for (const child of children) await gather(context, workspace, { tree: child, tariff, runs });
}

/**
 * Throws `steps.removed` where a run of them has lost its steps. Totals tell nothing of steps that
 * were voided or shadows, which a receipt has as well: what the run was condensed to does.
 */
async function requireAllSteps(
  { loop, store }: Issuing,
  workspace: string,
  runs: readonly ReceiptRun[],
): Promise<void> {
  const empty = runs.filter(({ run, steps }) => steps.length === 0 && mayBeCondensed(run));
  if (empty.length === 0) return;
  const read = () =>
    store.transact(workspace, (unit) =>
      entriesOf(
        unit,
        empty.map(({ run }) => run),
      ),
    );
  const entries = await loop.exclusively(async () => read(), workspace);
  const lost = entries.find(({ document }) => (JSON.parse(document) as CondensedDocument).marks);
  if (lost === undefined) return;
  const detail = `The steps of run "${lost.run}" were removed; a receipt would lack them.`;
  throw new TollgateError("steps.removed", detail);
}

/** All holds of a run, however many. */
async function holdsOf({ store }: Issuing, workspace: string, run: string): Promise<Hold[]> {
  const holds: Hold[] = [];
  for (;;) {
    const after = holds.at(-1);
    const page = { limit: PAGE_MAX_ROWS, ...(after && { after }) };
    const found = await store.spending.holdsOfRun(workspace, run, page);
    holds.push(...found);
    if (found.length < PAGE_MAX_ROWS) return holds;
  }
}

/** Prices may have been corrected without a re-rate: lines that come to another cost are none. */
function receiptStep(tariff: Tariff, step: Step): ReceiptStep {
  const { cardVersionId } = step;
  const explained = tariff.explainCost(step, step.ratedAtMs);
  const metered = cardVersionId === null ? [] : tariff.cardById(cardVersionId).meterStep(step);
  return {
    step,
    costLines: explained.cost === step.cost ? explained.lines : null,
    charges: charged(tariff, cardVersionId, { shares: step.shares, metered }),
    card: cardRef(tariff, cardVersionId),
  };
}

function charged(
  tariff: Tariff,
  cardVersionId: number | null,
  {
    shares,
    metered,
  }: {
    readonly shares: readonly ChargeShare[];
    readonly metered: readonly MeteredQuantity[];
  },
): ChargedBy[] {
  if (cardVersionId === null) return [];
  const card = tariff.cardById(cardVersionId);
  return shares.map((share) => {
    const priced = pricedCell(share.cell);
    const item = metered.find(
      ({ chargeKey, cell }) => chargeKey === share.chargeKey && cell === priced,
    );
    const { measure } = card.segmentPrice(share.chargeKey, priced);
    return { share, counted: item?.quantity ?? null, measure };
  });
}

function cardRef(tariff: Tariff, cardVersionId: number | null): CardRef | null {
  if (cardVersionId === null) return null;
  const { card, version } = tariff.versionById(cardVersionId);
  return { card: card.key, version };
}

async function currencyOf(
  { store }: Issuing,
  workspace: string,
  { tariff, run }: { readonly tariff: Tariff; readonly run: Run },
): Promise<string | null> {
  const customer =
    run.customer === null ? undefined : await store.customer(workspace, run.customer);
  if (customer === undefined) return null;
  const inForce = tariff.cardFor(customer, run.openedAtMs);
  // What a run was charged since may be by a card that was not there yet when it opened.
  return inForce?.currency ?? currencyOfCard(await store.cards(workspace), customer.cardKey);
}

/** What the run's own budgets were overrun by, and by which step. */
async function overrunsOf(
  { store, budgets }: Issuing,
  workspace: string,
  runs: readonly ReceiptRun[],
): Promise<ReceiptOverrun[]> {
  const { records } = await budgets.of(workspace);
  const found: ReceiptOverrun[] = [];
  for (const record of records) {
    if (record.budget.each !== "run") continue;
    for (const { run } of runs) {
      const key = { budgetId: record.id, scope: run.id, window: "" };
      const overruns = await store.spending.overrunsOf(workspace, key, PAGE_MAX_ROWS);
      found.push(...overruns.map((overrun) => ({ record, overrun })));
    }
  }
  return found;
}

function requireRoot(run: Run): void {
  if (run.parent === null) return;
  const detail = `Run "${run.id}" is below "${run.parent}": the receipt is of the whole tree.`;
  throw new TollgateError("receipt.no_root", detail, "run");
}
