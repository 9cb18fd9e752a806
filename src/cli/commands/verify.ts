import { type Command, JSON_OPTION, placeOf, print } from "../command.ts";
import { ProgressBar } from "../render/progress-bar.ts";
import { renderTable } from "../render/table.ts";

/** Rebuilds every total from the steps by independent code and compares. */
export const verify: Command = {
  name: "verify",
  summary:
    "Check a data folder or database: hash chain, checksums, and every total against its steps",
  positionals: "",
  options: {
    data: { type: "string", value: "DIR", meaning: "data folder (default: tollgate-data)" },
    ...JSON_OPTION,
  },
  run: async (args, here) => {
    const { out, err, styles, product } = here;
    const bar = new ProgressBar(err);
    const report = await product.verify(placeOf(args, here), (done, total) => {
      bar.show({ label: "verify", done, total, note: "" });
    });
    bar.clear();
    if (args.options.json === true) print(out, JSON.stringify(report, null, 2));
    else {
      const rows = Object.entries(report.checked).map(([table, count]) => [table, String(count)]);
      const columns = [
        { title: "table", align: "left" as const },
        { title: "rows checked", align: "right" as const },
      ];
      print(out, ...renderTable({ columns, rows }, styles), "");
      for (const { table, key, problem } of report.findings) {
        print(out, styles.red(`${table} ${key}: ${problem}`));
      }
      const { runs, steps } = report.removed;
      if (runs > 0) {
        print(out, `The ${steps} steps of ${runs} runs were removed: they count by what was`);
        print(out, "recorded of them, and none of them can be worked out again.");
      }
      const { length } = report.findings;
      print(out, length === 0 ? "All of it adds up." : `${length} findings.`);
    }
    return report.findings.length === 0 ? 0 : 1;
  },
};
