import { readFile } from "node:fs/promises";
import { TollgateError } from "../../domain/errors.ts";
import { DECIDED_OPTIONS, decidedBy } from "../by-hand-options.ts";
import type { Command, Surroundings } from "../command.ts";
import { type BalanceView, renderBalances, unitOf } from "../render/budgets.ts";
import { renderTable } from "../render/table.ts";
import type { Session } from "../session.ts";
import { commandOfVerbs, type Scene, told, type Verb } from "../verbs.ts";

const list: Verb = {
  form: "list",
  run: async (scene) => {
    const { budgets } = await scene.session.get<{ budgets: readonly BudgetView[] }>("/v1/budgets");
    return show(scene, budgets);
  },
};

const set: Verb = {
  form: "set FILE",
  run: async (scene, [file = ""]) => {
    const document = await scene.here.product.readCardFile(await readFile(file, "utf8"));
    const all = (Array.isArray(document) ? document : [document]) as readonly { key?: unknown }[];
    const saved: BudgetView[] = [];
    for (const one of all) saved.push(await save(scene.session, one, decidedBy(scene.args)));
    return show(scene, saved);
  },
};

const limit: Verb = {
  form: "limit KEY SCOPE LIMIT",
  run: async (scene, [key = "", scope, most]) => {
    const body = { scope, limit: most === "none" ? null : most, ...decidedBy(scene.args) };
    const now = await scene.session.put<LimitView>(`${pathOf(key)}/limits`, body);
    return told(scene, now, () => [
      `${now.budget} of ${now.scope}: the limit is ${now.limit ?? "none"} now.`,
    ]);
  },
};

const retire: Verb = {
  form: "retire KEY",
  run: async (scene, [key = ""]) => {
    const path = `${pathOf(key)}/retire`;
    return show(scene, [await scene.session.post<BudgetView>(path, decidedBy(scene.args))]);
  },
};

const balances: Verb = {
  form: "show KEY",
  run: async (scene, [key = ""]) => {
    const path = `${pathOf(key)}/balances?limit=1000`;
    const page = await scene.session.get<{ balances: readonly BalanceView[] }>(path);
    return told(scene, page.balances, () => renderBalances(page.balances, scene.here.styles));
  },
};

const of: Verb = {
  form: "of run|customer ID",
  run: async (scene, [what, id = ""]) => {
    if (what !== "run" && what !== "customer") return scene.refuse();
    const path = `/v1/${what}s/${encodeURIComponent(id)}/budgets`;
    const { budgets } = await scene.session.get<{ budgets: readonly BalanceView[] }>(path);
    return told(scene, budgets, () => renderBalances(budgets, scene.here.styles));
  },
};

/** Sets, lists and retires budgets, gives scopes limits of their own, shows what they stand at. */
export const budget: Command = commandOfVerbs({
  name: "budget",
  summary: "Set limits on what runs, customers and agents may spend; show what they stand at",
  options: DECIDED_OPTIONS,
  verbs: [list, set, limit, retire, balances, of],
});

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

function pathOf(key: string): string {
  return `/v1/budgets/${encodeURIComponent(key)}`;
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

function show(scene: Scene, budgets: readonly BudgetView[]): number {
  return told(scene, budgets, () =>
    budgets.length === 0 ? ["There are no budgets."] : renderBudgets(budgets, scene.here),
  );
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
