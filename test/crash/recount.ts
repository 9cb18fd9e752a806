/**
 * Adds everything up again, with arithmetic of its own: what the API tells of runs and steps, what
 * the file holds of counters, and what was sent. All three must agree to the last digit.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { HttpClient } from "./http-client.ts";
import { CountsByPeriod, exact } from "./rate-again.ts";
import type { World } from "./world.ts";

const STANDING = "~standing:";

/** The one charge of the card that outcomes move. */
const OUTCOME_CHARGE = "done";

interface TotalsText {
  readonly steps: number;
  readonly unpriced: number;
  readonly cost: string;
  readonly charge: string;
}

interface ShareText {
  readonly charge: string;
  readonly cell: string;
  readonly amount: string;
}

interface RunText {
  readonly run: string;
  readonly customer: string | null;
  readonly parentRun: string | null;
  readonly openedAt: string;
  readonly suspended: number;
  readonly totals: { readonly own: TotalsText; readonly tree: TotalsText };
  readonly charges: readonly ShareText[];
}

interface StepText {
  readonly source: string;
  readonly id: string;
  readonly callId: string | null;
  readonly kind: string;
  readonly occurredAt: string;
  readonly role: string;
  readonly voided: boolean;
  readonly cost: string;
  readonly costStatus: string;
  readonly charge: string;
  readonly charges: readonly ShareText[];
}

interface TreeText extends RunText {
  readonly steps: readonly StepText[];
  readonly outcomes: readonly { readonly occurredAt: string; readonly charge: string }[];
  readonly children: readonly TreeText[];
}

/** Sums of what totals total. */
interface Sums {
  steps: bigint;
  unpriced: bigint;
  cost: bigint;
  charge: bigint;
}

const none = (): Sums => ({ steps: 0n, unpriced: 0n, cost: 0n, charge: 0n });

function add(sum: Sums, more: Sums): void {
  sum.steps += more.steps;
  sum.unpriced += more.unpriced;
  sum.cost += more.cost;
  sum.charge += more.charge;
}

function stated({ steps, unpriced, cost, charge }: TotalsText): Sums {
  const counts = { steps: BigInt(steps), unpriced: BigInt(unpriced) };
  return { ...counts, cost: exact(cost), charge: exact(charge) };
}

function sumOfShares(shares: readonly ShareText[]): bigint {
  return shares.reduce((sum, { amount }) => sum + exact(amount), 0n);
}

/** What one recount has seen, for the sums above single runs. */
export class Recount {
  /** Steps by run, source and id: each stands in one tree, once. */
  readonly identities = new Set<string>();
  readonly byCustomer = new Map<string, Sums>();
  /** Shares by customer and charge: what counters must hold. */
  readonly shares = new Map<string, bigint>();
  readonly counts = new CountsByPeriod();
  /** Runs with events that wait for a customer, and what is known of it. */
  readonly waiting: { readonly run: string; readonly customer: string | null }[] = [];

  /** Recounts a tree. Returns its sums. */
  tree(tree: TreeText): Sums {
    const own = this.#own(tree);
    assert.deepEqual(stated(tree.totals.own), own, `own totals of ${tree.run}`);
    const all = { ...own };
    for (const child of tree.children) {
      assert.equal(child.parentRun, tree.run);
      add(all, this.tree(child));
    }
    assert.deepEqual(stated(tree.totals.tree), all, `tree totals of ${tree.run}`);
    if (tree.suspended > 0) this.waiting.push({ run: tree.run, customer: tree.customer });
    const customer = tree.customer ?? "";
    const sum = this.byCustomer.get(customer) ?? none();
    add(sum, own);
    this.byCustomer.set(customer, sum);
    return all;
  }

  #own(tree: TreeText): Sums {
    const own = { ...none(), charge: sumOfShares(tree.charges) };
    const customer = tree.customer ?? "";
    this.#share(customer, tree.charges);
    if (tree.parentRun === null && !tree.run.startsWith(STANDING)) {
      this.counts.at(customer, tree.openedAt).runs += 1n;
    }
    for (const { charge: amount, occurredAt } of tree.outcomes) {
      own.charge += exact(amount);
      this.#share(customer, [{ charge: OUTCOME_CHARGE, cell: "", amount }]);
      this.counts.at(customer, occurredAt).outcomes += 1n;
    }
    for (const step of tree.steps) add(own, this.#step(tree, step));
    return own;
  }

  #step(tree: TreeText, step: StepText): Sums {
    const key = `${tree.run} ${step.callId ?? `${step.source} ${step.id}`}`;
    assert.ok(!this.identities.has(key), `${key} is counted once`);
    this.identities.add(key);
    assert.equal(exact(step.charge), sumOfShares(step.charges), `charge of ${key}`);
    const customer = tree.customer ?? "";
    this.#share(customer, step.charges);
    const charge = exact(step.charge);
    if (step.voided || step.role !== "bill") return { ...none(), charge };
    const isUnpriced = step.costStatus === "unpriced" || step.costStatus === "partial";
    const counts = this.counts.at(customer, step.occurredAt);
    counts.steps += 1n;
    if (step.kind === "tool") counts.tools += 1n;
    counts.cost += exact(step.cost);
    return { steps: 1n, unpriced: isUnpriced ? 1n : 0n, cost: exact(step.cost), charge };
  }

  #share(customer: string, shares: readonly ShareText[]): void {
    for (const { charge, amount } of shares) {
      const key = `${customer} ${charge}`;
      this.shares.set(key, (this.shares.get(key) ?? 0n) + exact(amount));
    }
  }
}

interface RunPage {
  readonly runs: readonly RunText[];
  readonly next: string | null;
}

/** Every run that has no parent. */
export async function listRoots(client: HttpClient): Promise<RunText[]> {
  const roots: RunText[] = [];
  let cursor = "";
  for (;;) {
    const { status, body } = await client.get<RunPage>(`/v1/runs?roots=true&limit=500${cursor}`);
    assert.equal(status, 200);
    roots.push(...body.runs);
    if (body.next === null) return roots;
    cursor = `&cursor=${encodeURIComponent(body.next)}`;
  }
}

/** Recounts trees from their steps. `isWanted` leaves some out. (Default: all.) */
export async function recountTrees(
  client: HttpClient,
  isWanted: (run: string) => boolean = () => true,
): Promise<Recount> {
  const recount = new Recount();
  for (const { run } of await listRoots(client)) {
    if (!isWanted(run)) continue;
    const path = `/v1/runs/${encodeURIComponent(run)}`;
    const { status, body } = await client.get<TreeText>(path);
    assert.equal(status, 200);
    recount.tree(body);
  }
  return recount;
}

interface UsageText {
  readonly rows: readonly (TotalsText & {
    readonly group: { readonly customer: string };
    readonly inputTokens: string;
    readonly outputTokens: string;
  })[];
}

/** Holds usage by customer against what was sent: steps and tokens, each counted once. */
export async function assertUsageIsWhatWasSent(client: HttpClient, world: World): Promise<void> {
  const { status, body } = await client.get<UsageText>("/v1/usage?groupBy=customer");
  assert.equal(status, 200);
  const found = body.rows.map(({ group, steps, inputTokens, outputTokens }) => [
    group.customer,
    { steps, inputTokens: BigInt(inputTokens), outputTokens: BigInt(outputTokens) },
  ]);
  assert.deepEqual(new Map(found as never), world.sums());
}

/** Holds usage by customer and the file's counters against the recounted trees. */
export async function assertTotalsAreTheSums(
  client: HttpClient,
  recount: Recount,
  dataDir: string,
): Promise<void> {
  assert.deepEqual(recount.waiting, [], "nothing waits once everything was sent");
  const { body } = await client.get<UsageText>("/v1/usage?groupBy=customer");
  const usage = new Map(body.rows.map((row) => [row.group.customer, stated(row)]));
  assert.deepEqual(usage, recount.byCustomer, "usage by customer is the sum of its runs");
  const charged = nonZero(recount.shares);
  assert.deepEqual(charged, nonZero(recount.counts.amounts()), "charges follow from the counts");
  assert.deepEqual(countersInFile(dataDir), charged, "counters are the sums of their shares");
}

/** Amounts of the counters in the file, by customer and charge. */
function countersInFile(dataDir: string): Map<string, bigint> {
  const db = new DatabaseSync(join(dataDir, "tollgate.db"), { readOnly: true });
  try {
    const sums = new Map<string, bigint>();
    for (const row of db.prepare("SELECT * FROM counters").all()) {
      const key = `${row.customer} ${row.charge_key}`;
      sums.set(key, (sums.get(key) ?? 0n) + exact(String(row.amount)));
    }
    return nonZero(sums);
  } finally {
    db.close();
  }
}

function nonZero(sums: Map<string, bigint>): Map<string, bigint> {
  return new Map([...sums].filter(([, sum]) => sum !== 0n).sort(([a], [b]) => (a < b ? -1 : 1)));
}
