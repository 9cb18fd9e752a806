import { allPages } from "../all-pages.ts";
import { AS_OF_OPTION, asOfFields } from "../as-of-option.ts";
import { BY_HAND_OPTIONS, byHandOf } from "../by-hand-options.ts";
import { formatMoney } from "../render/money.ts";
import { renderTable } from "../render/table.ts";
import { commandOfVerbs, type Scene, told } from "../verbs.ts";

interface GoodwillView {
  readonly id: string;
  readonly customer: string;
  readonly period: string;
  readonly currency: string;
  readonly amount: string;
  readonly reason: string;
  readonly by: string;
}

/** Gives credits by hand and lists them. */
export const goodwill = commandOfVerbs({
  name: "goodwill",
  summary: "Give a customer a credit in the open period; list credits",
  options: { ...BY_HAND_OPTIONS, ...AS_OF_OPTION },
  verbs: [
    {
      form: "list",
      run: async (scene) => {
        const query = asOfFields(scene.args);
        const all = { path: "/v1/goodwill", query, field: "goodwill" };
        return show(scene, await allPages<GoodwillView>(scene.session, all));
      },
    },
    {
      form: "give CUSTOMER AMOUNT",
      run: async (scene, [customer, amount]) => {
        const body = { customer, amount, ...byHandOf(scene.args) };
        return show(scene, [await scene.session.post<GoodwillView>("/v1/goodwill", body)]);
      },
    },
  ],
});

function show(scene: Scene, all: readonly GoodwillView[]): number {
  const rows = all.map((one) => [
    ...[
      one.id,
      one.customer,
      one.period,
      `${formatMoney(one.amount, one.currency)} ${one.currency}`,
    ],
    ...[one.by, one.reason],
  ]);
  const titles = ["goodwill", "customer", "period", "given", "by", "reason"];
  const columns = titles.map((title) => ({ title, align: "left" as const }));
  if (rows.length === 0) return told(scene, all, () => ["No goodwill was given."]);
  return told(scene, all, () => renderTable({ columns, rows }, scene.here.styles));
}
