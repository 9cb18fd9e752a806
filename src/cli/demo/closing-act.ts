/** The period is closed, its statements are printed and written to files. */

import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { periodText } from "../render/period.ts";
import type { RunView } from "../render/run-view.ts";
import { renderStatement, type StatementView } from "../render/statement.ts";
import { cardPath, SECOND_CARD } from "./card-files.ts";
import { type DemoWorld, heading, say } from "./demo-world.ts";
import type { ExportForm } from "./tollgate-api.ts";

const FORMS: readonly ExportForm[] = ["csv", "ndjson"];

/** Closes every period that the demo's runs touched, writes the files, gives the statements. */
export async function closePeriod(
  world: DemoWorld,
  dataDir: string,
): Promise<readonly StatementView[]> {
  heading(world, "8  The period is closed: statements that never change from here on");
  const months = new Set(world.runs.flatMap(monthsOf));
  const statements: StatementView[] = [];
  for (const month of [...months].sort()) statements.push(...(await world.api.closePeriods(month)));
  const files: string[] = [];
  for (const statement of statements) {
    const { customer, digest, document } = statement;
    say(world, "", `${world.styles.bold(customer)}, ${periodText(document)}`);
    say(world, ...renderStatement(statement, world.styles));
    say(world, world.styles.dim(`${statement.id}  sha256 ${digest}`));
    files.push(...(await exportFiles(world, statement, dataDir)));
  }
  say(world, "", "Export files:", ...files.map((file) => `  ${file}`));
  return statements;
}

/** The months in which a run's tree has steps, as `2026-11`. */
function monthsOf(run: RunView): string[] {
  const own = run.steps.map(({ occurredAt }) => occurredAt.slice(0, "2026-11".length));
  return [...own, ...run.children.flatMap(monthsOf)];
}

async function exportFiles(
  { api }: DemoWorld,
  { id, customer, period }: StatementView,
  dataDir: string,
): Promise<string[]> {
  const folder = join(dataDir, "exports");
  await mkdir(folder, { recursive: true });
  return Promise.all(
    FORMS.map(async (form) => {
      const file = join(folder, `${customer}-${period}.${form}`);
      await writeFile(file, await api.statementExport(id, form));
      return file;
    }),
  );
}

/** What to do next, as commands that work on the server which stays up. */
export function sayNextSteps(world: DemoWorld): void {
  const { baseUrl, key, styles } = world;
  const auth = '-H "authorization: Bearer $TOLLGATE_KEY"';
  const get = (path: string) => styles.cyan(`   curl -s ${auth} "${new URL(path, baseUrl)}"`);
  const post = (path: string, data: string) =>
    styles.cyan(`   curl -s ${auth} --json ${data} "${new URL(path, baseUrl)}"`);
  const card = cardPath(SECOND_CARD);
  const run = { run: "my-run", customer: "my-customer", agent: "support" };
  heading(world, "The server stays up. Three things to try next, from another terminal:");
  say(
    world,
    `   export TOLLGATE_KEY=${key}`,
    "",
    "a  Send a step of your own, then the same again: it counts once.",
    post("/v1/events", `'[${JSON.stringify(sampleStep())}]'`),
    "b  See what everything cost, by customer and model:",
    get("/v1/usage?groupBy=customer,model"),
    `c  Change a price in ${card}, apply it and open a run under it:`,
    post("/v1/rate-cards?effective=now", `@${card}`),
    post("/v1/runs", `'${JSON.stringify(run)}'`),
    "",
  );
}

/** What is left of a demo whose server ends with it, as commands that look at its data folder. */
export function sayWhatStays(world: DemoWorld, dataDir: string): void {
  const quoted = `'${dataDir.replaceAll("'", "'\\''")}'`;
  const folder = /^[\w./\\:-]+$/.test(dataDir) ? dataDir : quoted;
  const command = (words: string) => world.styles.cyan(`   tollgate ${words} --data ${folder}`);
  heading(world, "The server ends here. What it recorded stays:");
  say(world, command("runs"), command("usage"), command("verify"), "");
}

/** A model call as anyone would report it, for a customer whose period is open. */
function sampleStep(): object {
  return {
    id: "e1",
    customer: "my-customer",
    kind: "model",
    provider: "openai",
    model: "gpt-5.1",
    occurredAt: new Date().toISOString(),
    usage: { input_uncached: 1200, cache_read: 1024, output_text: 340 },
  };
}
