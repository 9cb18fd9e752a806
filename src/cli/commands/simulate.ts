import { writeFile } from "node:fs/promises";
import { present } from "../../domain/assert.ts";
import { TollgateError } from "../../domain/errors.ts";
import { type Amount, parseAmount } from "../../domain/money/decimal.ts";
import {
  CONDITION_METRICS,
  type Condition,
  conditionHolds,
  parseCondition,
} from "../../domain/simulation/condition.ts";
import {
  type Arguments,
  type Command,
  JSON_OPTION,
  listOption,
  print,
  SERVER_OPTIONS,
  type Surroundings,
  textOption,
} from "../command.ts";
import { readDocument } from "../document-file.ts";
import { wholeOption } from "../number-option.ts";
import { ProgressBar } from "../render/progress-bar.ts";
import { renderSimulation } from "../render/simulation.ts";
import { simulationChart } from "../render/simulation-chart.ts";
import { simulationCsv } from "../render/simulation-csv.ts";
import { type Session, withSession } from "../session.ts";
import { simulatePolicies } from "../simulate-policies.ts";
import {
  type BillView,
  cardTitles,
  gathered,
  type LineView,
  type SimulationView,
} from "../simulation-view.ts";

/** What a command exits with where a condition of `--fail-if` holds. */
const CONDITION_EXIT_CODE = 3;
const TOP_DEFAULT = 20;
const TOP_MAX = 1_000_000;
const CURRENT = "current";

/** Rates real history by other cards, side by side. */
export const simulate: Command = {
  name: "simulate",
  summary: "Rate real history by other cards, side by side; nothing is written",
  positionals: "",
  options: {
    card: {
      type: "string",
      multiple: true,
      value: "FILE",
      meaning: "a card, or `current` for those in force; give it once for each card",
    },
    policies: {
      type: "string",
      multiple: true,
      value: "FILE",
      meaning: "policies to play history again under, or `default`; in place of cards",
    },
    customers: { type: "string", value: "IDS", meaning: "only these, with commas between" },
    from: { type: "string", value: "DATE", meaning: "first period: 2026-11-01, 2026-11 or 2026" },
    to: { type: "string", value: "DATE", meaning: "last period" },
    top: { type: "string", value: "N", meaning: `customers to show (default: ${TOP_DEFAULT})` },
    csv: { type: "string", value: "FILE", meaning: "write every customer as CSV" },
    chart: { type: "string", value: "FILE", meaning: "draw each customer's change (SVG)" },
    "fail-if": {
      type: "string",
      multiple: true,
      value: "CONDITION",
      meaning: `exit with ${CONDITION_EXIT_CODE} where the change is so: "revenue < -2%"`,
    },
    ...JSON_OPTION,
    ...SERVER_OPTIONS,
  },
  run: async (args, here) => {
    const conditions = listOption(args, "fail-if").map(readCondition);
    const top = wholeOption(textOption(args, "top"), "--top", TOP_MAX) ?? TOP_DEFAULT;
    const files = listOption(args, "policies");
    if (files.length > 0) {
      return simulatePolicies(args, here, { files, customers: customersOf(args), top });
    }
    const body = await requestOf(args, here);
    return withSession(args, here, async (session) => {
      const simulation = await ask(session, here, body);
      if (args.options.json === true) print(here.out, JSON.stringify(simulation, null, 2));
      else print(here.out, ...renderSimulation(simulation, { top, styles: here.styles }));
      await writeFiles(args, here, simulation);
      return tellFailures(simulation, conditions, here) ? CONDITION_EXIT_CODE : 0;
    });
  },
};

function readCondition(text: string): Condition {
  const condition = parseCondition(text);
  if (condition !== undefined) return condition;
  const metrics = CONDITION_METRICS.join("|");
  const form = `${metrics}, then <, <=, > or >=, then a number or percentage`;
  const detail = `"${text}" is no condition. It is: ${form}.`;
  throw new TollgateError("cli.usage", detail, "--fail-if");
}

async function requestOf(args: Arguments, here: Surroundings): Promise<object> {
  const named = listOption(args, "card");
  if (named.length === 0) {
    throw new TollgateError(
      "cli.usage",
      "Which card? Give --card FILE, or --policies FILE.",
      "--card",
    );
  }
  const cards: unknown[] = [];
  for (const name of named) cards.push(await readCardOf(name, here));
  const [from, to] = [textOption(args, "from"), textOption(args, "to")];
  return { cards, customers: customersOf(args), from: from ?? null, to: to ?? null };
}

function customersOf(args: Arguments): readonly string[] | null {
  const named = textOption(args, "customers")?.split(",");
  return named?.map((id) => id.trim()).filter((id) => id !== "") ?? null;
}

/** The document of a card file, or the word for the cards in force. */
export async function readCardOf(name: string, here: Surroundings): Promise<unknown> {
  return name === CURRENT ? CURRENT : readDocument(name, here);
}

async function ask(session: Session, here: Surroundings, body: object): Promise<SimulationView> {
  const bar = new ProgressBar(here.err);
  let customers = 0;
  let read = { done: 0, total: 0 };
  try {
    return await gathered(session.postLines<LineView>("/v1/simulations", body), (line) => {
      if (line.type === "progress") read = line;
      if (line.type === "customer") customers += 1;
      const note = customers === 0 ? "" : `${customers} customers billed`;
      bar.show({ label: "simulating", ...read, note });
    });
  } finally {
    bar.clear();
  }
}

async function writeFiles(
  args: Arguments,
  here: Surroundings,
  simulation: SimulationView,
): Promise<void> {
  const [csv, chart] = [textOption(args, "csv"), textOption(args, "chart")];
  if (csv !== undefined) {
    await writeFile(csv, simulationCsv(simulation));
    print(here.err, `${simulation.customers.length} customers written to ${csv}.`);
  }
  if (chart !== undefined) {
    await writeFile(chart, simulationChart(simulation));
    print(here.err, `The chart is in ${chart}.`);
  }
}

/** Tells which conditions hold, of any card. */
function tellFailures(
  { total }: SimulationView,
  conditions: readonly Condition[],
  { err, styles }: Surroundings,
): boolean {
  const titles = cardTitles(total);
  const failures = total.cards.flatMap((card, at) =>
    conditions
      .filter((condition) => {
        const of = (bill: BillView) => metricOf(condition, bill, total.cost);
        return conditionHolds(condition, { before: of(total.charged), after: of(card) });
      })
      .map(({ text }) => `${styles.red("condition holds")}: ${titles[at]}: ${text}`),
  );
  if (failures.length > 0) print(err, ...failures);
  return failures.length > 0;
}

function metricOf({ metric }: Condition, { revenue, margin }: BillView, cost: string): Amount {
  const text = { revenue, margin, cost }[metric];
  if (text === null) {
    const detail = "Costs and revenue are in two currencies: there is no margin to compare.";
    throw new TollgateError("cli.usage", detail, "--fail-if");
  }
  return present(parseAmount(text), `the amount ${text}`);
}
