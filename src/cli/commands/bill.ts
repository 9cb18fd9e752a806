import { TollgateError } from "../../domain/errors.ts";
import { AS_OF_OPTION, asOfQuery } from "../as-of-option.ts";
import {
  type Command,
  JSON_OPTION,
  print,
  SERVER_OPTIONS,
  type Surroundings,
  textOption,
} from "../command.ts";
import { type NoteView, renderNotesOf } from "../render/credit-notes.ts";
import { type PeriodView, periodText } from "../render/period.ts";
import {
  type LateLimitsView,
  renderLateLimits,
  renderStatement,
  type StatementLineView,
} from "../render/statement.ts";
import { type Session, withSession } from "../session.ts";

interface BillView {
  readonly customer: string;
  readonly period: string;
  readonly now: string;
  readonly statement: string | null;
  readonly lateLimits?: readonly LateLimitsView[];
  readonly document: PeriodView & {
    readonly currency: string;
    readonly total: string;
    readonly lines: readonly StatementLineView[];
  };
}

/** The bill of a period, open or closed, as it is or as it was known to be. */
export const bill: Command = {
  name: "bill",
  summary: "Show the bill of a period: its statement, or what closing it would leave",
  positionals: "CUSTOMER",
  options: {
    period: {
      type: "string",
      value: "DATE",
      meaning: "start date, or month (default: the one under way)",
    },
    ...AS_OF_OPTION,
    ...JSON_OPTION,
    ...SERVER_OPTIONS,
  },
  run: (args, here) => {
    const [customer] = args.positionals;
    if (customer === undefined) {
      throw new TollgateError("cli.usage", "Which customer? Give its id.", "CUSTOMER");
    }
    return withSession(args, here, async (session) => {
      const period = textOption(args, "period");
      const query = asOfQuery(args, period === undefined ? {} : { period });
      const path = `/v1/customers/${encodeURIComponent(customer)}/bill${query}`;
      const answer = await session.get<BillView>(path);
      if (args.options.json === true) print(here.out, JSON.stringify(answer, null, 2));
      else {
        const { statement } = answer;
        const notes = statement === null ? [] : await notesOf(session, statement, asOfQuery(args));
        print(here.out, headOf(answer), "", ...linesOf(answer, notes, here));
      }
      return 0;
    });
  },
};

async function notesOf(session: Session, statement: string, query: string) {
  const path = `/v1/statements/${encodeURIComponent(statement)}/credit-notes${query}`;
  return (await session.get<{ creditNotes: readonly NoteView[] }>(path)).creditNotes;
}

function linesOf(
  { document, lateLimits }: BillView,
  notes: readonly NoteView[],
  { out, styles }: Surroundings,
): string[] {
  const lines = renderStatement({ ...document, document }, styles, out.columns);
  return [...lines, ...renderNotesOf(notes, styles), ...renderLateLimits(lateLimits)];
}

function headOf({ customer, now, statement, document }: BillView): string {
  const state = statement === null ? "open" : `closed as ${statement}`;
  const at = `${now.slice(0, 19).replace("T", " ")} UTC`;
  return `${customer}, ${periodText(document)}, ${state}, at ${at}`;
}
