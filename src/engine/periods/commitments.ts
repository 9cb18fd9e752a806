/**
 * A customer's commitments: the newest act of the journal that set them, and what the statements
 * in force have drawn. There are no rows of their own that could differ from either.
 */
import { present } from "../../domain/assert.ts";
import { parseAmount } from "../../domain/money/decimal.ts";
import { type Commitment, datedCommitment } from "../../domain/period/commitment.ts";
import type { CommitmentInput, DrawnBefore } from "../../domain/period/commitment-draw.ts";
import { parseCommitments } from "../../domain/period/parse-commitments.ts";
import type { StatementRecord } from "../../domain/period/records.ts";
import type { DrawdownDocument } from "../../domain/period/statement-document.ts";
import { recordedAct } from "../acts/recorded-acts.ts";
import type { BillReads } from "../context.ts";
import type { Customer } from "../ports.ts";

/** What an act that sets commitments records. */
export interface SavedCommitments {
  readonly customer: string;
  readonly commitments: readonly object[];
}

/** The commitments as an act recorded them. */
export function commitmentsIn({ customer, commitments }: SavedCommitments): readonly Commitment[] {
  const parsed = parseCommitments({ commitments }, "");
  return present(
    "commitments" in parsed ? parsed.commitments : undefined,
    `commitments of "${customer}" that can be read`,
  );
}

/** The commitments of a customer, in the order in which usage draws them. */
async function readCommitments(
  store: BillReads,
  workspace: string,
  customer: string,
): Promise<readonly Commitment[]> {
  const wanted = { kind: "commitments.saved", subject: customer } as const;
  const saved = await recordedAct<SavedCommitments>(store, workspace, wanted);
  return saved === undefined ? [] : commitmentsIn(saved);
}

/** What a bill needs to know of commitments. */
export interface CommitmentQuery {
  readonly customer: Customer;
  /** A statement that is voided by the one to come; null: none is. */
  readonly replaces: string | null;
}

/** Commitments with all that statements in force have drawn, in every currency. */
export async function commitmentInput(
  store: BillReads,
  workspace: string,
  { customer, replaces }: CommitmentQuery,
): Promise<CommitmentInput> {
  const commitments = await readCommitments(store, workspace, customer.id);
  if (commitments.length === 0) return { commitments: [], before: [], closed: new Set() };
  const periods = await store.periodsOf(workspace, customer.id);
  const inForce = new Set(periods.map(({ statementId }) => statementId));
  const statements = await store.listStatements(workspace, customer.id);
  return {
    commitments: commitments.map((one) => datedCommitment(one, customer)),
    before: statements.filter(({ id }) => inForce.has(id) && id !== replaces).flatMap(drawnBy),
    closed: new Set(periods.map(({ period }) => period)),
  };
}

/** What one statement carries of commitments. */
function drawnBy({ document, period: statementPeriod }: StatementRecord): DrawnBefore[] {
  const read = JSON.parse(document) as { readonly commitments?: readonly DrawdownDocument[] };
  return (read.commitments ?? []).map(({ key, period, usage, drawn, trueUp }) => ({
    ...{ key, period, statementPeriod },
    usage: present(parseAmount(usage), "usage of a statement"),
    drawn: present(parseAmount(drawn), "drawdown of a statement"),
    trueUp: present(parseAmount(trueUp), "true-up of a statement"),
  }));
}

/** Those that a statement in this currency draws. */
export function inCurrency(input: CommitmentInput, currency: string): CommitmentInput {
  return {
    ...input,
    commitments: input.commitments.filter((one) => one.currency === currency),
  };
}
