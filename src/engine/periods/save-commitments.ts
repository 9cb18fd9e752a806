/** Sets what a customer has agreed to use up. What closed statements have drawn stays as it is. */
import { canonicalJson } from "../../domain/canonical-json.ts";
import { type Problem, TollgateError } from "../../domain/errors.ts";
import {
  type Commitment,
  commitmentDocument,
  datedCommitment,
  holdsIn,
} from "../../domain/period/commitment.ts";
import type { CommitmentInput } from "../../domain/period/commitment-draw.ts";
import { cardKeyAt } from "../../domain/period/customer-cards.ts";
import { parseCommitments } from "../../domain/period/parse-commitments.ts";
import { unknownCharge } from "../cards/known-keys.ts";
import { runAct } from "../commit/act.ts";
import type { EngineContext } from "../context.ts";
import type { Customer } from "../ports.ts";
import { currencyOfCard, currencyProblems } from "./commitment-currency.ts";
import { commitmentInput } from "./commitments.ts";

/** A customer's commitments, all of them. */
export interface NewCommitments {
  readonly customer: string;
  /** As sent: `{ "commitments": […] }`. */
  readonly document: unknown;
}

/** What came of it: either all problems of the document, or the commitments as they are now. */
export type SavedOrRefused =
  | { readonly commitments: readonly Commitment[] }
  | { readonly problems: readonly Problem[] };

/**
 * Sets the commitments in place of those before; the same again changes nothing. Throws
 * `customer.not_found`, `commitment.invalid`, `commitment.backdated`, `commitment.fixed`.
 */
export function saveCommitments(
  context: EngineContext,
  workspace: string,
  { customer: id, document }: NewCommitments,
): Promise<SavedOrRefused> {
  return runAct(context, workspace, async ({ unit, state, journal }) => {
    const [customer] = await unit.customers([id]);
    if (customer === undefined) {
      throw new TollgateError("customer.not_found", `There is no customer "${id}".`);
    }
    const cardKey = cardKeyAt(customer, state.receivedAtMs);
    const billedIn = currencyOfCard(await context.store.cards(workspace), cardKey);
    const parsed = parseCommitments(document, billedIn ?? "USD");
    if ("problems" in parsed) return parsed;
    const { commitments } = parsed;
    const problems = currencyProblems(commitments, billedIn);
    if (problems.length > 0) return { problems };
    const known = await commitmentInput(context.store, workspace, { customer, replaces: null });
    if (textOf(commitments) === textOf(known.commitments)) return { commitments };
    await requireCharges(context, workspace, { commitments, known });
    const closed = new Set((await unit.periodsOf(id)).map(({ period }) => period));
    requireAllowed({ customer, commitments, known, closed });
    const saved = { customer: id, commitments: commitments.map(commitmentDocument) };
    journal("commitments.saved", id, saved);
    return { commitments };
  });
}

/** What is on record already stays as it is: its charges may have had other names. */
async function requireCharges(
  { store }: Pick<EngineContext, "store">,
  workspace: string,
  { commitments, known }: Pick<Change, "commitments" | "known">,
): Promise<void> {
  for (const [index, { key, charges }] of commitments.entries()) {
    const former = known.commitments.find((one) => one.key === key)?.charges;
    if (charges === null || canonicalJson(former ?? null) === canonicalJson(charges)) continue;
    const found = await unknownCharge(store, workspace, { charges, withFees: false });
    if (found === null) continue;
    const path = `commitments[${index}].charges[${found.at}]`;
    throw new TollgateError("commitment.invalid", found.detail, path);
  }
}

function textOf(commitments: readonly Commitment[]): string {
  return canonicalJson(commitments.map(commitmentDocument));
}

interface Change {
  readonly customer: Customer;
  readonly commitments: readonly Commitment[];
  readonly known: CommitmentInput;
  readonly closed: ReadonlySet<string>;
}

function requireAllowed({ customer, commitments, known, closed }: Change): void {
  const drawn = new Set(known.before.map(({ key }) => key));
  for (const [index, one] of commitments.entries()) {
    const path = `commitments[${index}]`;
    const { lastPeriod } = datedCommitment(one, customer);
    if (lastPeriod !== null && lastPeriod < one.from) {
      const time = `${one.from} to ${one.until}`;
      const detail = `No billing period of "${customer.id}" starts from ${time}.`;
      throw new TollgateError("commitment.invalid", detail, `${path}.until`);
    }
    if (drawn.has(one.key)) continue;
    const late = [...closed].find((period) => holdsIn(one, period));
    if (late === undefined) continue;
    const detail = `"${one.key}" begins on ${one.from}, and the period ${late} is closed.`;
    throw new TollgateError("commitment.backdated", detail, `${path}.from`);
  }
  for (const former of known.commitments) {
    if (!drawn.has(former.key)) continue;
    const index = commitments.findIndex(({ key }) => key === former.key);
    requireUnchanged(former, commitments[index], { index, customer, closed });
  }
}

/** A commitment that was drawn may get another name and, while it lasts, another end. */
function requireUnchanged(
  former: Commitment,
  now: Commitment | undefined,
  at: { readonly index: number } & Pick<Change, "customer" | "closed">,
): void {
  if (now === undefined) {
    const detail = `"${former.key}" is drawn by a closed statement: end it instead.`;
    throw new TollgateError("commitment.fixed", detail, "commitments");
  }
  const path = `commitments[${at.index}]`;
  const [before, after] = [former, now].map(commitmentDocument);
  const isFree = (field: string) => field === "name" || field === "until";
  for (const [field, value] of Object.entries(before ?? {})) {
    const stated = (after as unknown as Record<string, unknown>)[field];
    if (isFree(field) || canonicalJson(value) === canonicalJson(stated)) continue;
    const detail = `"${former.key}" is drawn by a closed statement: its ${field} stays.`;
    throw new TollgateError("commitment.fixed", detail, `${path}.${field}`);
  }
  if (former.until === now.until) return;
  const ends = [former, now].map((one) => datedCommitment(one, at.customer).lastPeriod);
  const isEnd = (period: string) => former.per === "contract" && ends.includes(period);
  const settled = [...at.closed].find(
    (period) => holdsIn(former, period) !== holdsIn(now, period) || isEnd(period),
  );
  if (settled === undefined) return;
  const detail = `"${former.key}" cannot end so: the period ${settled} is closed.`;
  throw new TollgateError("commitment.fixed", detail, `${path}.until`);
}
