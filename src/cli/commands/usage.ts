import { AS_OF_OPTION, asOfQuery } from "../as-of-option.ts";
import { type Command, JSON_OPTION, print, SERVER_OPTIONS, textOption } from "../command.ts";
import { chargeColumn } from "../render/charge-column.ts";
import { formatMoney, groupDigits } from "../render/money.ts";
import type { Styles } from "../render/styles.ts";
import { renderTable } from "../render/table.ts";
import { withSession } from "../session.ts";

interface UsageAnswer {
  readonly costCurrency: string;
  readonly rows: readonly {
    readonly group: Readonly<Record<string, string>>;
    readonly steps: number;
    readonly unpriced: number;
    readonly inputTokens: string;
    readonly outputTokens: string;
    readonly cost: string;
    readonly charge: string;
    readonly accrued: string;
    readonly chargeCurrency: string | null;
  }[];
}

/** Sums usage by any dimensions. */
export const usage: Command = {
  name: "usage",
  summary: "Sum usage, cost and charge by customer, agent, model, tool, period, …",
  positionals: "",
  options: {
    by: {
      type: "string",
      value: "LIST",
      meaning: "customer, endUser, period, agent, kind, provider, model, tool (default: customer)",
    },
    customer: { type: "string", value: "ID", meaning: "only this customer's" },
    agent: { type: "string", value: "ID", meaning: "only this agent's" },
    "end-user": { type: "string", value: "ID", meaning: "only this end user's" },
    period: {
      type: "string",
      value: "DATE",
      meaning: "only periods that start on this date or in this month",
    },
    ...AS_OF_OPTION,
    ...JSON_OPTION,
    ...SERVER_OPTIONS,
  },
  run: (args, here) =>
    withSession(args, here, async (session) => {
      const by = (textOption(args, "by") ?? "customer").split(",").map((name) => name.trim());
      const wanted: Record<string, string> = { groupBy: by.join(",") };
      for (const name of ["customer", "agent", "period"]) {
        const value = textOption(args, name);
        if (value !== undefined) wanted[name] = value;
      }
      const endUser = textOption(args, "end-user");
      if (endUser !== undefined) wanted.endUser = endUser;
      const answer = await session.get<UsageAnswer>(`/v1/usage${asOfQuery(args, wanted)}`);
      if (args.options.json === true) print(here.out, JSON.stringify(answer, null, 2));
      else print(here.out, ...renderUsage(answer, by, here.styles));
      return 0;
    }),
};

/** A table with a column for each dimension. */
function renderUsage(answer: UsageAnswer, by: readonly string[], styles: Styles): string[] {
  if (answer.rows.length === 0) return ["There is no usage that matches."];
  const isWaiting = answer.rows.some(({ accrued }) => accrued !== "0");
  const charge = chargeColumn(answer.rows);
  const rows = answer.rows.map((row) => [
    ...by.map((name) => row.group[name] || "–"),
    groupDigits(String(row.steps)),
    groupDigits(row.inputTokens),
    groupDigits(row.outputTokens),
    `${row.unpriced > 0 ? "≥" : ""}${formatMoney(row.cost)}`,
    ...charge.cellsOf(row),
    ...(isWaiting ? [formatMoney(row.accrued, row.chargeCurrency)] : []),
    row.unpriced === 0 ? "" : { text: `${row.unpriced} UNPRICED`, style: styles.yellow },
  ]);
  const right = (title: string) => ({ title, align: "right" as const });
  const point = (title: string) => ({ title, align: "point" as const });
  const columns = [
    ...by.map((title) => ({ title, align: "left" as const })),
    ...[right("steps"), right("tokens in"), right("tokens out")],
    point(`cost ${answer.costCurrency}`),
    ...charge.columns,
    ...(isWaiting ? [point("accrued")] : []),
    { title: "", align: "left" as const },
  ];
  return renderTable({ columns, rows }, styles);
}
