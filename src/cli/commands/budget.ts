import { TollgateError } from "../../domain/errors.ts";
import { allPages } from "../all-pages.ts";
import { DECIDED_OPTIONS, decidedBy } from "../by-hand-options.ts";
import { type Command, print, type Surroundings } from "../command.ts";
import { readDocument } from "../document-file.ts";
import { askSpelling } from "../on-record.ts";
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
    const decided = decidedBy(scene.args);
    const document = await readDocument(file, scene.here, "budget.invalid");
    const all = (Array.isArray(document) ? document : [document]).map(withKey);
    const saved: BudgetView[] = [];
    for (const one of all) {
      try {
        saved.push(await scene.session.put(pathOf(one.key), { budget: one, ...decided }));
      } catch (error) {
        if (all.length > 1) print(scene.here.err, ...setSoFar(all, saved.length));
        throw error;
      }
    }
    return show(scene, saved);
  },
};

const limit: Verb = {
  form: "limit KEY SCOPE LIMIT",
  run: async (scene, [key = "", scope, most]) => {
    const body = { scope, limit: most === "none" ? null : most, ...decidedBy(scene.args) };
    const { session, here } = scene;
    const now = await session.put<LimitView>(`${pathOf(key)}/limits`, body);
    const { budgets } = await session.get<{ budgets: readonly BudgetView[] }>("/v1/budgets");
    const of = budgets.find((one) => one.key === key)?.each ?? "";
    const doubts = await askSpelling(session, { of, id: now.scope });
    if (doubts.length > 0) print(here.err, ...doubts);
    return told(scene, now, () => [
      `${now.budget} of ${now.scope || "everything"}: the limit is ${now.limit ?? "none"} now.`,
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
    const { session, here } = scene;
    const kept = { path: `${pathOf(key)}/balances`, field: "balances" };
    const found = await allPages<BalanceView>(session, kept);
    const none = found.length > 0 ? "" : await withoutBalances(session, key);
    return told(scene, found, () => renderBalances(found, here.styles, none));
  },
};

/** What is said of a budget that has no balances: one of credit has them in the wallets. */
async function withoutBalances(session: Session, key: string): Promise<string> {
  const { budgets } = await session.get<{ budgets: readonly BudgetView[] }>("/v1/budgets");
  const isPrepaid = budgets.find((one) => one.key === key)?.measure === "prepaid";
  if (!isPrepaid) return `The budget "${key}" has no balances so far.`;
  return `The balances of "${key}" are credit: tollgate budget of customer ID shows one.`;
}

const of: Verb = {
  form: "of run|customer ID",
  run: async (scene, [what, id = ""]) => {
    if (what !== "run" && what !== "customer") {
      const detail = `Budgets are shown of a run or a customer, not of "${what ?? ""}".`;
      throw new TollgateError("cli.usage", `${detail} Of all others: tollgate budget show KEY.`);
    }
    const path = `/v1/${what}s/${encodeURIComponent(id)}/budgets`;
    const { budgets } = await scene.session.get<{ budgets: readonly BalanceView[] }>(path);
    const { styles } = scene.here;
    const none = `No budget limits the ${what} "${id}".`;
    return told(scene, budgets, () => renderBalances(budgets, styles, none));
  },
};

/** Sets, lists and retires budgets, gives scopes limits of their own, shows what they stand at. */
export const budget: Command = commandOfVerbs({
  name: "budget",
  summary: "Set limits on what runs, customers and agents may spend; show what they stand at",
  options: DECIDED_OPTIONS,
  verbs: [list, set, limit, retire, balances, of],
});

type Values = readonly string[];

interface BudgetView {
  readonly key: string;
  readonly each: string;
  readonly where: Readonly<Record<string, Values | Readonly<Record<string, Values>>>>;
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

interface Keyed {
  readonly key: string;
}

/** A budget of a file. Throws `cli.usage` where it has no key: nothing of the file is set then. */
function withKey(document: unknown, at: number): Keyed {
  const { key } = Object(document) as { readonly key?: unknown };
  if (typeof key === "string" && key !== "") return document as Keyed;
  const detail = `Budget ${at + 1} of the file has no "key", such as key: run-cap.`;
  throw new TollgateError("cli.usage", detail, "FILE");
}

/** Budgets are set one by one: who has to correct one should know about the others. */
function setSoFar(all: readonly Keyed[], count: number): string[] {
  const keys = all.map(({ key }) => key);
  const done = count === 0 ? [] : [`Set already: ${keys.slice(0, count).join(", ")}.`];
  return [...done, `Not set: ${keys.slice(count).join(", ")}. Wrong is ${keys[count] ?? ""}:`];
}

function show(scene: Scene, budgets: readonly BudgetView[]): number {
  return told(scene, budgets, () =>
    budgets.length === 0 ? ["There are no budgets."] : renderBudgets(budgets, scene.here),
  );
}

function renderBudgets(budgets: readonly BudgetView[], { styles }: Surroundings): string[] {
  const isOfSome = budgets.some(({ where }) => forText(where) !== "");
  const whom = isOfSome ? ["for"] : [];
  const titles = ["budget", "each", ...whom, "limit", "of", "per", "", "stages"];
  const columns = titles.map((title) => ({ title, align: "left" as const }));
  const rows = budgets.map((one) => [
    ...[one.key, one.each, ...(isOfSome ? [forText(one.where) || "all"] : [])],
    one.limit ?? "–",
    unitOf(one),
    ...[one.per.replaceAll("_", " "), one.enforcement],
    one.stages.map((stage) => `${stage.do} at ${stage.at}`).join(", "),
  ]);
  return renderTable({ columns, rows }, styles);
}

/** What it selects: `agent support|research, label team a|b`; "" is everything. */
function forText(where: BudgetView["where"]): string {
  const lists = Object.entries(where).flatMap(([name, values]): [string, Values][] => {
    if (isList(values)) return [[name, values]];
    return Object.entries(values).map(([label, of]) => [`${name} ${label}`, of]);
  });
  return lists.map(([name, values]) => `${name} ${values.join("|")}`).join(", ");
}

function isList(values: object): values is Values {
  return Array.isArray(values);
}
