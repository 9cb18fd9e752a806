import { allPages } from "../all-pages.ts";
import { AS_OF_OPTION, asOfFields } from "../as-of-option.ts";
import { BY_HAND_OPTIONS, byHandOf, requiredOptions } from "../by-hand-options.ts";
import { type Arguments, textOption } from "../command.ts";
import { wholeOption } from "../number-option.ts";
import { formatMoney } from "../render/money.ts";
import { renderTable } from "../render/table.ts";
import { commandOfVerbs, type Scene, told } from "../verbs.ts";

interface DisputeView {
  readonly id: string;
  readonly customer: string;
  readonly period: string;
  readonly currency: string;
  readonly amount: string;
  readonly statement: string | null;
  readonly line: number | null;
  readonly run: string | null;
  readonly outcome: string | null;
  readonly reason: string;
  readonly resolution: { readonly favor: string; readonly by: string } | null;
}

const LINES_MAX = 999_999;

/** Holds what a customer contests out of the next statement, until it is decided. */
export const dispute = commandOfVerbs({
  name: "dispute",
  summary: "Hold a line or an outcome's charge out of the next statement until it is decided",
  options: {
    statement: { type: "string", value: "ID", meaning: "open: statement of the line" },
    line: { type: "string", value: "N", meaning: "open: number of the line" },
    run: { type: "string", value: "ID", meaning: "open: run of the outcome" },
    outcome: { type: "string", value: "KEY", meaning: "open: key of the outcome" },
    amount: { type: "string", value: "AMOUNT", meaning: "open: (default: all that is left of it)" },
    favor: { type: "string", value: "WHOM", meaning: "resolve: customer or us" },
    ...BY_HAND_OPTIONS,
    ...AS_OF_OPTION,
  },
  verbs: [
    {
      form: "list",
      run: async (scene) => {
        const query = asOfFields(scene.args);
        const all = { path: "/v1/disputes", query, field: "disputes" };
        return show(scene, await allPages<DisputeView>(scene.session, all));
      },
    },
    {
      form: "open",
      run: async (scene) =>
        show(scene, [await scene.session.post("/v1/disputes", opening(scene.args))]),
    },
    {
      form: "resolve ID",
      run: async (scene, [id = ""]) => {
        const path = `/v1/disputes/${encodeURIComponent(id)}/resolve`;
        const body = requiredOptions(scene.args, ["favor", "reason", "by"]);
        return show(scene, [await scene.session.post(path, body)]);
      },
    },
  ],
});

function opening(args: Arguments): object {
  const line = wholeOption(textOption(args, "line"), "--line", LINES_MAX);
  const names = ["statement", "run", "outcome", "amount"];
  const given = names.flatMap((name) => {
    const value = textOption(args, name);
    return value === undefined ? [] : [[name, value]];
  });
  const about = Object.fromEntries(given);
  return { ...about, ...(line === undefined ? {} : { line }), ...byHandOf(args) };
}

function show(scene: Scene, all: readonly DisputeView[]): number {
  const rows = all.map((one) => [
    one.id,
    one.customer,
    one.statement === null
      ? `outcome ${one.outcome} of ${one.run}`
      : `line ${one.line} of ${one.statement}`,
    one.period,
    `${formatMoney(one.amount, one.currency)} ${one.currency}`,
    one.resolution === null ? "open" : `for ${one.resolution.favor} by ${one.resolution.by}`,
    one.reason,
  ]);
  const titles = ["dispute", "customer", "of", "held out of", "amount", "state", "reason"];
  const columns = titles.map((title) => ({ title, align: "left" as const }));
  if (rows.length === 0) return told(scene, all, () => ["There are no disputes."]);
  return told(scene, all, () => renderTable({ columns, rows }, scene.here.styles));
}
