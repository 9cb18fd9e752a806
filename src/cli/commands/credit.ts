import { TollgateError } from "../../domain/errors.ts";
import { AS_OF_OPTION, asOfQuery } from "../as-of-option.ts";
import { BY_HAND_OPTIONS, byHandOf, requiredOptions } from "../by-hand-options.ts";
import type { Arguments } from "../command.ts";
import { type NoteView, parentOf } from "../render/credit-notes.ts";
import { formatMoney } from "../render/money.ts";
import { renderTable } from "../render/table.ts";
import { commandOfVerbs, type Scene, told } from "../verbs.ts";

/** Issues credit notes on lines of a statement, takes them back, and lists them. */
export const credit = commandOfVerbs({
  name: "credit",
  summary: "Issue a credit note on lines of a closed statement, take one back, list them",
  options: {
    lines: {
      type: "string",
      value: "LIST",
      meaning: "issue: lines, such as 1,3=0.50 (without an amount: all that is left of it)",
    },
    ...BY_HAND_OPTIONS,
    ...AS_OF_OPTION,
  },
  verbs: [
    {
      form: "list STATEMENT",
      run: async (scene, [statement]) => {
        const path = `${pathOf(statement)}${asOfQuery(scene.args)}`;
        const page = await scene.session.get<{ creditNotes: readonly NoteView[] }>(path);
        return show(scene, page.creditNotes);
      },
    },
    {
      form: "issue STATEMENT",
      run: async (scene, [statement]) => {
        const body = noteOf(scene.args);
        return show(scene, [await scene.session.post<NoteView>(pathOf(statement), body)]);
      },
    },
    {
      form: "void NOTE",
      run: async (scene, [note = ""]) => {
        requiredOptions(scene.args, ["reason", "by"]);
        const path = `/v1/credit-notes/${encodeURIComponent(note)}/void`;
        return show(scene, [await scene.session.post<NoteView>(path, byHandOf(scene.args))]);
      },
    },
  ],
});

function pathOf(statement = ""): string {
  return `/v1/statements/${encodeURIComponent(statement)}/credit-notes`;
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

function show(scene: Scene, all: readonly NoteView[]): number {
  const rows = all.map((note) => [
    note.id,
    note.issuedAt.slice(0, 10),
    note.lines.map((line) => line.line).join(", "),
    `${formatMoney(note.total, note.currency)} ${note.currency}`,
    note.by,
    note.reason,
  ]);
  const titles = ["credit note", "issued", "lines", "total", "by", "reason"];
  const columns = titles.map((title) => ({ title, align: "left" as const }));
  if (rows.length === 0) return told(scene, all, () => ["It has no credit notes."]);
  return told(scene, all, () => [
    ...renderTable({ columns, rows }, scene.here.styles),
    ...parentOf(all),
  ]);
}
