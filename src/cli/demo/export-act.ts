/** The end of the demo: the bills go to a billing system, and an answer gets lost on the way. */
import { assert } from "../../domain/assert.ts";
import { DEMO_API_KEY } from "../fake-stripe/demo-internet.ts";
import { renderDrifts } from "../render/export.ts";
import { formatMoney } from "../render/money.ts";
import type { StatementView } from "../render/statement.ts";
import { renderTable } from "../render/table.ts";
import { type DemoWorld, heading, say } from "./demo-world.ts";
import { showOtherTargets } from "./other-targets.ts";

const TARGET = "billing";
const WHO = { reason: "the bills go there", by: "anna" };
/** Their id of a customer of ours, as an operator would map them. */
const CUSTOMERS = ["acme", "globex", "initech", "umbrella"];

/** Their ids by our names: the demo's account has these customers. */
export const DEMO_CUSTOMERS: Readonly<Record<string, string>> = Object.fromEntries(
  CUSTOMERS.map((name) => [name, `cus_${name}`]),
);

/** Exports the closed statements to Stripe, then shows what other systems would be sent. */
export async function exportBills(
  world: DemoWorld,
  statements: readonly StatementView[],
): Promise<void> {
  const since = statements.map(({ period }) => period).sort()[0] ?? "2026-01-01";
  heading(
    world,
    "9  The bills go to Stripe (an account in this process, as its API is documented)",
  );
  await setUp(world, since);
  await sendLosingAnAnswer(world);
  await reconcile(world, statements);
  heading(world, "10 The same statement, as other systems would be sent it (nothing is)");
  await showOtherTargets(world, { customer: "acme", since });
}

async function setUp({ api }: DemoWorld, since: string): Promise<void> {
  const names = Object.fromEntries(
    Object.entries(DEMO_CUSTOMERS).map(([ours, id]) => [ours, { id }]),
  );
  const document = {
    ...{ connector: "stripe", account: "acct_demo", mode: "statement", since },
    customers: { names, others: "refuse" },
    settings: { currency: "usd" },
  };
  await api.saveTarget(TARGET, { document, ...WHO });
  await api.saveTargetSecret(TARGET, "api_key", DEMO_API_KEY);
}

/** The second item of acme's invoice arrives, and nobody is told so. */
async function sendLosingAnAnswer(world: DemoWorld): Promise<void> {
  const { api, internet, styles } = world;
  let items = 0;
  internet.loseAnswerTo(({ url, body }) => {
    const isItem = url.endsWith("/v1/invoiceitems") && String(body).includes("cus_acme");
    if (isItem) items += 1;
    return isItem && items === 2;
  });
  await api.runExport(TARGET);
  const { lines } = await api.exportLines(TARGET, "unknown");
  const [lost] = lines;
  assert(lost !== undefined && lines.length === 1, "one answer was lost");
  say(
    world,
    styles.cyan("   tollgate export run billing"),
    `An answer was lost: ${styles.yellow(lost.state)} ${lost.customer}, "${lost.note}".`,
    "Nobody knows whether it arrived, so it is not sent again blindly: what is there is read,",
    "and only what is missing is added, under the same keys.",
    styles.cyan(
      `   tollgate export retry billing ${lost.key} --reason "network is back" --by anna`,
    ),
    styles.cyan("   tollgate export run billing"),
  );
  await api.retryLine(TARGET, lost.key, { reason: "network is back", by: "anna" });
  await api.runExport(TARGET);
}

async function reconcile(world: DemoWorld, statements: readonly StatementView[]): Promise<void> {
  const { api, internet, styles } = world;
  const { drifts, looked } = await api.reconcileExport(TARGET);
  assert(drifts.length === 0, "what Stripe has is what was sent");
  say(world, styles.cyan("   tollgate export reconcile billing"));
  say(
    world,
    ...renderDrifts({ looked, drifts, unknown: null }, styles),
    `Lines read back: ${looked}.`,
  );
  const rows = statements.flatMap(({ customer, total }) => {
    const invoices = internet.stripe.invoices.invoices();
    const own = invoices.filter((one) => one.customer === DEMO_CUSTOMERS[customer]);
    return own.map(({ id, status, items }) => {
      const cents = items.reduce((sum, { amount }) => sum + amount, 0);
      const there = centsText(cents);
      assert(centsText(centsOf(total)) === there, `${id} bills what ${customer}'s statement does`);
      return [customer, formatMoney(total), id, status, String(items.length), there];
    });
  });
  assert(rows.length === statements.length, "each bill is one invoice");
  const columns = [
    { title: "customer", align: "left" as const },
    { title: "our statement", align: "point" as const },
    { title: "invoice", align: "left" as const },
    { title: "", align: "left" as const },
    { title: "items", align: "right" as const },
    { title: "bills", align: "point" as const },
  ];
  say(world, ...renderTable({ columns, rows }, styles));
}

const CENTS = 100;

function centsOf(total: string): number {
  return Math.round(Number(total) * CENTS);
}

function centsText(cents: number): string {
  return formatMoney((cents / CENTS).toFixed(2));
}
