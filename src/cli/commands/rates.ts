import { readFile } from "node:fs/promises";
import { TollgateError } from "../../domain/errors.ts";
import { type Command, JSON_OPTION, print, SERVER_OPTIONS } from "../command.ts";
import { renderTable } from "../render/table.ts";
import { withSession } from "../session.ts";

interface RateView {
  readonly from: string;
  readonly to: string;
  readonly rate: string;
  readonly effectiveFrom: string;
}

/** Dated rates between currencies. */
export const rates: Command = {
  name: "rates",
  summary: "Import dated rates between currencies from a JSON file, list them",
  positionals: "list | import FILE",
  options: { ...JSON_OPTION, ...SERVER_OPTIONS },
  run: (args, here) => {
    const [verb = "list", path] = args.positionals;
    if (verb !== "list" && (verb !== "import" || path === undefined)) {
      throw new TollgateError("cli.usage", "tollgate rates list, or import FILE.");
    }
    return withSession(args, here, async (session) => {
      const answer =
        verb === "import" && path !== undefined
          ? await session.post<{ readonly rates: readonly RateView[] }>(
              "/v1/rates",
              await readFile(path, "utf8"),
            )
          : await session.get<{ readonly rates: readonly RateView[] }>("/v1/rates");
      if (args.options.json === true) print(here.out, JSON.stringify(answer.rates, null, 2));
      else {
        const rows = answer.rates.map((one) => [one.from, one.to, one.rate, one.effectiveFrom]);
        const titles = ["from", "to", "rate", "in force from"];
        const columns = titles.map((title) => ({ title, align: "left" as const }));
        print(here.out, ...renderTable({ columns, rows }, here.styles));
      }
      return 0;
    });
  },
};
