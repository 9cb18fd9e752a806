/** Limits: an agent in a loop is stopped at its cap, another one waits until its cap is raised. */
import { execFile } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { assert, present } from "../../domain/assert.ts";
import { type BalanceView, renderBalances } from "../render/budgets.ts";
import { formatMoney } from "../render/money.ts";
import { runSupportAgent, type SupportTask } from "./agent/support-agent.ts";
import { type DemoWorld, heading, meteringFor, perform, say } from "./demo-world.ts";

const LOOP: SupportTask = {
  scenario: "loop",
  question: "Is a bag that I bought from a reseller under warranty?",
  maxTurns: 40,
  isStreaming: true,
};
const QUESTION: SupportTask = {
  scenario: "question",
  question: "Can I get the money for a voucher instead?",
  maxTurns: 4,
  isStreaming: true,
};
/** Answered next to the agent in the loop, under caps of their own. */
const OTHERS = ["initech-question-a", "initech-question-b"];

const DECIDED = { reason: "demo", by: "tollgate demo" };
const STOPPING = {
  each: "run",
  where: { customer: ["globex", "initech"] },
  measure: "cost",
  limit: "0.03",
  stages: [
    { at: "80%", do: "notify" },
    { at: "100%", do: "block" },
  ],
};
const WAITING = {
  ...STOPPING,
  where: { customer: ["umbrella"] },
  limit: "0.006",
  stages: [{ at: "100%", do: "pause" }],
};
const RAISED = "0.02";

/** One agent repeats itself and is stopped; those beside it go on. */
export async function stopAtCap(world: DemoWorld): Promise<void> {
  await world.api.saveBudget("run-cap", STOPPING, DECIDED);
  const cap = formatMoney(STOPPING.limit);
  heading(world, `4  Agents ask before each call; each run may cost ${cap}. One runs in circles`);
  const run = "globex-ticket-1";
  const others = OTHERS.map((other) => answer(world, other));
  const { end, view } = await perform(world, {
    ...{ run, customer: "globex", task: LOOP, isGuarded: true },
  });
  await Promise.all(others);
  assert(typeof end !== "string", "an agent in a loop is stopped by its cap");
  const { decision } = end.refused;
  const { remaining, settled } = await balanceOf(world, run);
  const { red, dim } = world.styles;
  const spent = formatMoney(view.totals.tree.cost);
  assert(spent === formatMoney(settled), "the budget and the run say the same");
  say(
    world,
    `${red(decision)}: ${run} has spent ${spent}, and ${formatMoney(remaining ?? "0")} ` +
      "of its cap does not cover the next call.",
    "The others went on:",
    ...renderBalances(await balances(world, [run, ...OTHERS]), world.styles),
    dim("Nothing was spent beyond a cap: what a call may cost is set aside before it is made."),
  );
}

/** A run waits at its cap, somebody raises it from a terminal, and the run finishes. */
export async function raiseCap(world: DemoWorld): Promise<void> {
  await world.api.saveBudget("patient-cap", WAITING, DECIDED);
  heading(world, "5  Another run pauses at its cap, and goes on when somebody raises it");
  const run = "umbrella-question-1";
  const [{ end }, told] = await Promise.all([
    perform(world, { run, customer: "umbrella", task: QUESTION, isGuarded: true }),
    raiseOncePaused(world, run),
  ]);
  assert(end === "answered", "a run whose cap is raised finishes");
  const alerts = await world.api.alerts("umbrella");
  say(
    world,
    ...told,
    "It went on where it had stopped:",
    ...renderBalances(await balances(world, [run]), world.styles),
    "Alerts say so to whoever must hear of it, by webhook, chat or mail (tollgate alerts):",
    ...alerts.map(({ type, summary }) => `   ${type}  ${summary}`).reverse(),
  );
}

const LOOK_EVERY_MS = 20;

/** What somebody does who is told that a run waits; gives what was seen and typed. */
async function raiseOncePaused(world: DemoWorld, run: string): Promise<string[]> {
  const isTold = async () => {
    const alerts = await world.api.alerts("umbrella");
    return alerts.some(({ type }) => type === "run.paused");
  };
  while (!(await isTold())) await sleep(LOOK_EVERY_MS);
  const { remaining, limit } = await balanceOf(world, run);
  const left = `${formatMoney(remaining ?? "0")} of ${formatMoney(limit ?? "0")} is left`;
  const waits = `${world.styles.yellow("pause")}: ${left}, and ${run} waits. In a terminal:`;
  return [waits, ...(await raise(world, run))];
}

/** The command that a person would type, as a process of its own. */
async function raise(world: DemoWorld, run: string): Promise<string[]> {
  const words = ["resume", run, "--raise", `patient-cap=${RAISED}`];
  const why = ["--reason", "worth it", "--by", "anna"];
  const program = fileURLToPath(new URL("../../../bin/tollgate.js", import.meta.url));
  const env = { ...process.env, TOLLGATE_URL: world.baseUrl, TOLLGATE_KEY: world.key };
  const { stdout } = await promisify(execFile)(process.execPath, [program, ...words, ...why], {
    env,
  });
  const typed = `tollgate ${words.join(" ")} --reason "worth it" --by anna`;
  return [world.styles.cyan(`   ${typed}`), `   ${stdout.trim()}`];
}

async function answer(world: DemoWorld, run: string): Promise<void> {
  const { services } = world;
  const metering = meteringFor(world, { isGuarded: true });
  const task = { ...QUESTION, isStreaming: false };
  const end = await runSupportAgent({ services, metering }, { run, customer: "initech" }, task);
  await metering.close();
  assert(end === "answered", `${run} is answered`);
  world.runs.push(await world.api.run(run));
}

/** The one budget of a run. */
async function balanceOf({ api }: DemoWorld, run: string): Promise<BalanceView> {
  const [balance] = await api.runBudgets(run);
  return present(balance, `a budget of ${run}`);
}

async function balances({ api }: DemoWorld, runs: readonly string[]): Promise<BalanceView[]> {
  return (await Promise.all(runs.map((run) => api.runBudgets(run)))).flat();
}
