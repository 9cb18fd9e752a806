import { readFile } from "node:fs/promises";
import { TollgateError } from "../../domain/errors.ts";
import { BY_HAND_OPTIONS, byHandOf } from "../by-hand-options.ts";
import {
  type Arguments,
  type Command,
  JSON_OPTION,
  print,
  SERVER_OPTIONS,
  type Surroundings,
} from "../command.ts";
import { type BalanceView, renderBalances, unitOf } from "../render/budgets.ts";
import { renderTable } from "../render/table.ts";
import { type Session, withSession } from "../session.ts";

const { reason, by } = BY_HAND_OPTIONS;

/** Sets, lists and retires budgets, gives scopes limits of their own, shows what they stand at. */
export const budget: Command = {
  name: "budget",
  summary: "Set limits on what runs, customers and agents may spend; show what they stand at",
  positionals:
    "list | set FILE | limit KEY SCOPE LIMIT | retire KEY | show KEY | of run|customer ID",
  options: {
    ...(reason === undefined || by === undefined ? {} : { reason, by }),
    ...JSON_OPTION,
    ...SERVER_OPTIONS,
  },
  run: (args, here) => {
    const [verb = "list", ...rest] = args.positionals;
    const act = VERBS[verb];
    if (act === undefined) throw usageError();
    return act(args, here, rest);
  },
};

type Verb = (args: Arguments, here: Surroundings, rest: readonly string[]) => Promise<number>;

const VERBS: Readonly<Record<string, Verb>> = {
  list: (args, here) =>
    withSession(args, here, async (session) => {
      const { budgets } = await session.get<{ budgets: readonly BudgetView[] }>("/v1/budgets");
      return show(budgets, args, here);
    }),
  set: async (args, here, [file]) => {
    if (file === undefined) throw usageError();
    const document = await here.product.readCardFile(await readFile(file, "utf8"));
    const all = (Array.isArray(document) ? document : [document]) as readonly { key?: unknown }[];
    return withSession(args, here, async (session) => {
      const saved: BudgetView[] = [];
      for (const one of all) saved.push(await save(session, one, decidedBy(args)));
      return show(saved, args, here);
    });
  },
  limit: (args, here, [key, scope, limit]) => {
    if (key === undefined || scope === undefined || limit === undefined) throw usageError();
    const body = { scope, limit: limit === "none" ? null : limit, ...decidedBy(args) };
    return withSession(args, here, async (session) => {
      const set = await session.put<LimitView>(`${pathOf(key)}/limits`, body);
      if (args.options.json === true) print(here.out, JSON.stringify(set, null, 2));
      else
        print(here.out, `${set.budget} of ${set.scope}: the limit is ${set.limit ?? "none"} now.`);
      return 0;
    });
  },
  retire: (args, here, [key]) => {
    if (key === undefined) throw usageError();
    return withSession(args, here, async (session) => {
      const retired = await session.post<BudgetView>(`${pathOf(key)}/retire`, decidedBy(args));
      return show([retired], args, here);
    });
  },
  show: (args, here, [key]) => {
    if (key === undefined) throw usageError();
    return withSession(args, here, async (session) => {
      const page = await session.get<{ balances: readonly BalanceView[] }>(
        `${pathOf(key)}/balances?limit=1000`,
      );
      return showBalances(page.balances, args, here);
    });
  },
  of: (args, here, [what, id]) => {
    if (id === undefined || (what !== "run" && what !== "customer")) throw usageError();
    const path = `/v1/${what}s/${encodeURIComponent(id)}/budgets`;
    return withSession(args, here, async (session) => {
      const { budgets } = await session.get<{ budgets: readonly BalanceView[] }>(path);
      return showBalances(budgets, args, here);
    });
  },
};

interface BudgetView {
  readonly key: string;
  readonly each: string;
  readonly measure: string;
  readonly currency: string | null;
  readonly limit: string | null;
  readonly per: string;
  readonly enforcement: string;
  readonly stages: readonly { readonly at: string; readonly do: string }[];
}

interface LimitView {
  readonly budget: string;
  readonly scope: string;
  readonly limit: string | null;
}

function usageError(): TollgateError {
  return new TollgateError("cli.usage", `tollgate budget ${budget.positionals}.`);
}

function pathOf(key: string): string {
  return `/v1/budgets/${encodeURIComponent(key)}`;
}

/** Why and by whom; a budget's history says both. */
function decidedBy(args: Arguments) {
  const { reason: why, by: who } = byHandOf(args);
  return { reason: why, by: who };
}

function save(
  session: Session,
  document: { readonly key?: unknown },
  decided: object,
): Promise<BudgetView> {
  if (typeof document.key !== "string" || document.key === "") {
    throw new TollgateError("cli.usage", 'A budget in the file has no "key".', "FILE");
  }
  return session.put<BudgetView>(pathOf(document.key), { budget: document, ...decided });
}

function show(budgets: readonly BudgetView[], args: Arguments, here: Surroundings): number {
  if (args.options.json === true) print(here.out, JSON.stringify(budgets, null, 2));
  else if (budgets.length === 0) print(here.out, "There are no budgets.");
  else print(here.out, ...renderBudgets(budgets, here));
  return 0;
}

function renderBudgets(budgets: readonly BudgetView[], { styles }: Surroundings): string[] {
  const titles = ["budget", "each", "limit", "of", "per", "", "stages"];
  const columns = titles.map((title) => ({ title, align: "left" as const }));
  const rows = budgets.map((one) => [
    ...[one.key, one.each, one.limit ?? "–"],
    unitOf(one),
    ...[one.per.replaceAll("_", " "), one.enforcement],
    one.stages.map((stage) => `${stage.do} at ${stage.at}`).join(", "),
  ]);
  return renderTable({ columns, rows }, styles);
}

function showBalances(
  balances: readonly BalanceView[],
  args: Arguments,
  here: Surroundings,
): number {
  if (args.options.json === true) print(here.out, JSON.stringify(balances, null, 2));
  else print(here.out, ...renderBalances(balances, here.styles));
  return 0;
}
