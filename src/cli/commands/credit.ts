import { TollgateError } from "../../domain/errors.ts";
import { AS_OF_OPTION, asOfQuery } from "../as-of-option.ts";
import { BY_HAND_OPTIONS, byHandOf, requiredOptions } from "../by-hand-options.ts";
import {
  type Arguments,
  type Command,
  JSON_OPTION,
  print,
  SERVER_OPTIONS,
  type Surroundings,
} from "../command.ts";
import { formatMoney } from "../render/money.ts";
import { renderTable } from "../render/table.ts";
import { type Session, withSession } from "../session.ts";

interface NoteView {
  readonly id: string;
  readonly currency: string;
  readonly total: string;
  readonly lines: readonly { readonly line: number; readonly amount: string }[];
  readonly issuedAt: string;
  readonly reason: string;
  readonly by: string;
}

/** Issues credit notes on lines of a statement, and lists them. */
export const credit: Command = {
  name: "credit",
  summary: "Issue a credit note on lines of a closed statement; list its credit notes",
  positionals: "list STATEMENT | issue STATEMENT",
  options: {
    lines: {
      type: "string",
      value: "LIST",
      meaning: "issue: lines, such as 1,3=0.50 (without an amount: all that is left of it)",
    },
    ...BY_HAND_OPTIONS,
    ...AS_OF_OPTION,
    ...JSON_OPTION,
    ...SERVER_OPTIONS,
  },
  run: (args, here) => {
    const [verb, statement] = args.positionals;
    if ((verb !== "list" && verb !== "issue") || statement === undefined) {
      throw new TollgateError("cli.usage", "tollgate credit list STATEMENT, or issue STATEMENT.");
    }
    const path = `/v1/statements/${encodeURIComponent(statement)}/credit-notes`;
    const body = verb === "list" ? null : noteOf(args);
    return withSession(args, here, async (session) =>
      show(
        body === null
          ? await list(session, `${path}${asOfQuery(args)}`)
          : [await session.post(path, body)],
        args,
        here,
      ),
    );
  },
};

async function list(session: Session, path: string): Promise<readonly NoteView[]> {
  return (await session.get<{ readonly creditNotes: readonly NoteView[] }>(path)).creditNotes;
}

const LINE = /^(\d{1,6})(?:=(.+))?$/;

function noteOf(args: Arguments): object {
  const { lines } = requiredOptions(args, ["lines", "reason", "by"]);
  return { lines: linesOf(lines), ...byHandOf(args) };
}

function linesOf(text: string): object[] {
  return text.split(",").map((part) => {
    const [whole, line, amount] = LINE.exec(part.trim()) ?? [];
    if (whole !== undefined) return { line: Number(line), ...(amount && { amount }) };
    throw new TollgateError("cli.usage", `--lines is a list such as 1,3=0.50.`, "--lines");
  });
}

function show(all: readonly NoteView[], args: Arguments, here: Surroundings): number {
  if (args.options.json === true) {
    print(here.out, JSON.stringify(all, null, 2));
    return 0;
  }
  const rows = all.map((note) => [
    note.id,
    note.issuedAt.slice(0, 10),
    note.lines.map((line) => line.line).join(", "),
    `${formatMoney(note.total)} ${note.currency}`,
    note.by,
    note.reason,
  ]);
  const titles = ["credit note", "issued", "lines", "total", "by", "reason"];
  const columns = titles.map((title) => ({ title, align: "left" as const }));
  print(here.out, ...renderTable({ columns, rows }, here.styles));
  return 0;
}
