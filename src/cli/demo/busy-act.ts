/** Many agents at once, for several customers: the work behind a statement. */
import { sumAmounts } from "../render/amounts.ts";
import { formatMoney, groupDigits } from "../render/money.ts";
import { ProgressBar } from "../render/progress-bar.ts";
import type { RunView } from "../render/run-view.ts";
import { renderTable } from "../render/table.ts";
import { runSupportAgent, type SupportTask } from "./agent/support-agent.ts";
import { type DemoWorld, heading, meteringFor, say } from "./demo-world.ts";
import type { Metering } from "./metering.ts";

const CUSTOMERS = ["acme", "globex", "initech"];
const RUNS_PER_CUSTOMER = 12;
const AGENTS_AT_ONCE = 6;

const QUESTION: SupportTask = {
  scenario: "question",
  question: "Can I get the money for a voucher instead?",
  maxTurns: 4,
  isStreaming: false,
};

interface Job {
  readonly run: string;
  readonly customer: string;
}

/** Answers small questions, a few agents at a time, and sums up by customer. */
export async function answerQuestions(world: DemoWorld): Promise<void> {
  const jobs = Array.from({ length: RUNS_PER_CUSTOMER }, (_, index) =>
    CUSTOMERS.map((customer): Job => ({ run: `${customer}-question-${index + 1}`, customer })),
  ).flat();
  const together = `${AGENTS_AT_ONCE} agents answer ${jobs.length} questions at the same time`;
  heading(world, `6  ${together}`);
  const views = await workOff(world, jobs);
  world.runs.push(...views);
  const columns = [
    { title: "customer", align: "left" as const },
    { title: "runs", align: "right" as const },
    { title: "steps", align: "right" as const },
    { title: "our cost", align: "point" as const },
    { title: "charged", align: "point" as const },
  ];
  const rows = CUSTOMERS.map((customer) => {
    return [customer, ...totals(views.filter((view) => view.customer === customer))];
  });
  say(world, ...renderTable({ columns, rows }, world.styles));
}

function totals(views: readonly RunView[]): string[] {
  const trees = views.map((view) => view.totals.tree);
  const steps = trees.reduce((sum, tree) => sum + tree.steps, 0);
  const cost = sumAmounts(trees.map((tree) => tree.cost));
  const charge = sumAmounts(trees.map((tree) => tree.charge));
  return [
    ...[views.length, steps].map((n) => groupDigits(String(n))),
    ...[cost, charge].map((amount) => formatMoney(amount)),
  ];
}

/** Runs the jobs with one client for all agents, so that their events travel together. */
async function workOff(world: DemoWorld, jobs: readonly Job[]): Promise<RunView[]> {
  const metering = meteringFor(world, { isGuarded: false });
  const bar = new ProgressBar(world.progress);
  const waiting = [...jobs];
  const views: RunView[] = [];
  const worker = async () => {
    for (let job = waiting.shift(); job !== undefined; job = waiting.shift()) {
      views.push(await doJob(world, metering, job));
      const cost = formatMoney(sumAmounts(views.map((view) => view.totals.tree.cost)));
      bar.show({ label: "runs", done: views.length, total: jobs.length, note: `cost ${cost}` });
    }
  };
  await Promise.all(Array.from({ length: AGENTS_AT_ONCE }, worker));
  bar.clear();
  await metering.close();
  return views;
}

async function doJob(world: DemoWorld, metering: Metering, job: Job): Promise<RunView> {
  await runSupportAgent({ services: world.services, metering }, job, QUESTION);
  return world.api.run(job.run);
}
