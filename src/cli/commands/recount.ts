import { DECIDED_OPTIONS, decidedBy } from "../by-hand-options.ts";
import { type Command, JSON_OPTION, placeOf, print } from "../command.ts";
import { ProgressBar } from "../render/progress-bar.ts";
import { renderTable } from "../render/table.ts";

/** Sets balances of budgets to what their steps say. */
export const recount: Command = {
  name: "recount",
  summary:
    "Count balances of budgets again by their steps; without --apply, only tell what differs",
  positionals: "",
  options: {
    apply: { type: "boolean", meaning: "set them; wants --reason and --by" },
    data: { type: "string", value: "DIR", meaning: "data folder (default: tollgate-data)" },
    ...DECIDED_OPTIONS,
    ...JSON_OPTION,
  },
  run: async (args, here) => {
    const { out, err, styles, product } = here;
    const isApplied = args.options.apply === true;
    const apply = isApplied ? decidedBy(args) : null;
    const bar = new ProgressBar(err);
    const found = await product.recount(placeOf(args, here), apply, (done, total) => {
      bar.show({ label: "recount", done, total, note: "" });
    });
    bar.clear();
    if (args.options.json === true) {
      print(out, JSON.stringify({ isApplied, balances: found }, null, 2));
      return 0;
    }
    if (found.length === 0) {
      print(out, "Every balance is what its steps say.");
      return 0;
    }
    const left = ["workspace", "budget", "scope", "window"];
    const columns = [
      ...left.map((title) => ({ title, align: "left" as const })),
      ...["difference", "overruns"].map((title) => ({ title, align: "right" as const })),
    ];
    const rows = found.map(({ workspace, budget, scope, window, difference, overruns }) => {
      return [workspace, budget, scope, window, difference, overruns];
    });
    print(out, ...renderTable({ columns, rows }, styles), "");
    const counted = `${found.length} ${found.length === 1 ? "balance" : "balances"}`;
    print(
      out,
      isApplied
        ? `${counted} set. Check: tollgate verify`
        : `${counted} would be set: tollgate recount --apply --reason TEXT --by NAME`,
    );
    return 0;
  },
};
