import { TollgateError } from "../../domain/errors.ts";
import { AS_OF_OPTION, asOfQuery } from "../as-of-option.ts";
import { type Command, JSON_OPTION, print, SERVER_OPTIONS } from "../command.ts";
import { type CommitmentView, renderCommitments } from "../render/commitments.ts";
import { formatMoney } from "../render/money.ts";
import { type PeriodView, periodText } from "../render/period.ts";
import { renderTable } from "../render/table.ts";
import { withSession } from "../session.ts";

interface ProjectionView extends PeriodView {
  readonly customer: string;
  readonly currency: string;
  readonly now: string;
  readonly currentExact: string;
  readonly accruedExact: string;
  readonly elapsedShare: string;
  readonly projectedTotal: string | null;
  readonly commitments: readonly CommitmentView[];
}

/** What a customer's period comes to so far, and at its end if it goes on like this. */
export const projection: Command = {
  name: "projection",
  summary: "Show what a customer's period comes to, and is expected to come to",
  positionals: "CUSTOMER",
  options: { ...AS_OF_OPTION, ...JSON_OPTION, ...SERVER_OPTIONS },
  run: (args, here) => {
    const [customer] = args.positionals;
    if (customer === undefined) {
      throw new TollgateError("cli.usage", "Which customer? Give its id.", "CUSTOMER");
    }
    return withSession(args, here, async (session) => {
      const path = `/v1/customers/${encodeURIComponent(customer)}/projection${asOfQuery(args)}`;
      const answer = await session.get<ProjectionView>(path);
      if (args.options.json === true) print(here.out, JSON.stringify(answer, null, 2));
      else print(here.out, ...lines(answer));
      return 0;
    });
  },
};

function lines(answer: ProjectionView): string[] {
  const { customer, currency, now, currentExact, elapsedShare, projectedTotal } = answer;
  const { accruedExact } = answer;
  const total = projectedTotal === null ? "–" : formatMoney(projectedTotal, currency);
  const rows = [
    ["elapsed share of the period", elapsedShare],
    ["so far, exact", formatMoney(currentExact, currency)],
    ...(accruedExact === "0"
      ? []
      : [["not owed yet: waits to be final", formatMoney(accruedExact, currency)]]),
    ["expected total (linear)", total],
  ];
  const columns = [
    { title: "", align: "left" as const },
    { title: currency, align: "point" as const },
  ];
  const head = `${customer}, ${periodText(answer)}, at ${now.slice(0, 16).replace("T", " ")} UTC`;
  const { commitments } = answer;
  const committed = commitments.length === 0 ? [] : ["", ...renderCommitments(commitments)];
  return [head, "", ...renderTable({ columns, rows }), ...committed];
}
