import { type Command, JSON_OPTION, print, SERVER_OPTIONS, textOption } from "../command.ts";
import { chargeColumn } from "../render/charge-column.ts";
import { formatMoney } from "../render/money.ts";
import type { Styles } from "../render/styles.ts";
import { renderTable } from "../render/table.ts";
import { withSession } from "../session.ts";

interface RunSummary {
  readonly run: string;
  readonly customer: string | null;
  readonly agent: string | null;
  readonly status: string;
  readonly openedAt: string;
  readonly parentRun: string | null;
  readonly costCurrency: string;
  readonly chargeCurrency: string | null;
  readonly totals: {
    readonly tree: { readonly steps: number; readonly unpriced: number } & Money;
  };
}

interface Money {
  readonly cost: string;
  readonly charge: string;
}

/** Lists runs, newest first. */
export const runs: Command = {
  name: "runs",
  summary: "List runs, newest first, with steps, cost and charge of their trees",
  positionals: "",
  options: {
    customer: { type: "string", value: "ID", meaning: "only this customer's" },
    agent: { type: "string", value: "ID", meaning: "only this agent's" },
    "end-user": { type: "string", value: "ID", meaning: "only this end user's" },
    status: { type: "string", value: "STATUS", meaning: "open, completed, failed, …" },
    limit: { type: "string", value: "N", meaning: "how many (default: 20)" },
    all: { type: "boolean", meaning: "child runs too" },
    ...JSON_OPTION,
    ...SERVER_OPTIONS,
  },
  run: (args, here) =>
    withSession(args, here, async (session) => {
      const query = new URLSearchParams({ limit: textOption(args, "limit") ?? "20" });
      for (const name of ["customer", "agent", "status"]) {
        const value = textOption(args, name);
        if (value !== undefined) query.set(name, value);
      }
      const endUser = textOption(args, "end-user");
      if (endUser !== undefined) query.set("endUser", endUser);
      if (args.options.all !== true) query.set("roots", "true");
      const page = await session.get<{ readonly runs: readonly RunSummary[] }>(`/v1/runs?${query}`);
      if (args.options.json === true) print(here.out, JSON.stringify(page, null, 2));
      else print(here.out, ...renderRuns(page.runs, here.styles));
      return 0;
    }),
};

/** A table of runs; where none is, a sentence. */
function renderRuns(list: readonly RunSummary[], styles: Styles): string[] {
  if (list.length === 0) return ["There are no runs that match."];
  const shown = chargeColumn(
    list.map(({ totals, chargeCurrency }) => ({ charge: totals.tree.charge, chargeCurrency })),
  );
  const rows = list.map((run) => {
    const { steps, unpriced, cost, charge } = run.totals.tree;
    return [
      run.openedAt.slice(0, 19).replace("T", " "),
      run.run,
      run.customer ?? "(not known)",
      run.agent ?? "",
      run.status,
      String(steps),
      `${unpriced > 0 ? "≥" : ""}${formatMoney(cost)}`,
      ...shown.cellsOf({ charge, chargeCurrency: run.chargeCurrency }),
      unpriced === 0 ? "" : { text: `${unpriced} UNPRICED`, style: styles.yellow },
    ];
  });
  const left = (title: string) => ({ title, align: "left" as const });
  const point = (title: string) => ({ title, align: "point" as const });
  const columns = [
    ...[left("opened (UTC)"), left("run"), left("customer"), left("agent"), left("status")],
    ...[{ title: "steps", align: "right" as const }, point(`cost ${list[0]?.costCurrency}`)],
    ...shown.columns,
    left(""),
  ];
  return renderTable({ columns, rows }, styles);
}
