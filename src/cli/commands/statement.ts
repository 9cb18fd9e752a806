import { writeFile } from "node:fs/promises";
import { allPages } from "../all-pages.ts";
import { AS_OF_OPTION, asOfFields } from "../as-of-option.ts";
import { decidedBy } from "../by-hand-options.ts";
import {
  type Arguments,
  type Command,
  JSON_OPTION,
  print,
  SERVER_OPTIONS,
  type Surroundings,
  textOption,
} from "../command.ts";
import { type NoteView, renderNotesOf } from "../render/credit-notes.ts";
import { formatMoney } from "../render/money.ts";
import { periodText } from "../render/period.ts";
import { ProgressBar } from "../render/progress-bar.ts";
import { renderLateLimits, renderStatement, type StatementView } from "../render/statement.ts";
import { renderTable } from "../render/table.ts";
import { type Session, withSession } from "../session.ts";
import { requireForm } from "../verbs.ts";
import { showLine } from "./statement-line.ts";

/** A statement as listings show it. */
export interface StatementSummary {
  readonly id: string;
  readonly customer: string;
  readonly period: string;
  readonly currency: string;
  readonly closedAt: string;
  readonly total: string;
  /** The statement that stands in the place of a voided one. */
  readonly replacedBy: string | null;
}

const FORMS = ["list", "show ID", "page ID", "close PERIOD", "reissue ID"] as const;

/** Closes periods and shows statements. */
export const statement: Command = {
  name: "statement",
  summary: "Close a period into statements, list them, show one",
  positionals: "list | [show] ID | page ID | close PERIOD | reissue ID",
  options: {
    customer: { type: "string", value: "ID", meaning: "only this customer's" },
    early: { type: "boolean", meaning: "close before the period has ended" },
    line: { type: "string", value: "N", meaning: "what is behind this line of the statement" },
    out: { type: "string", value: "FILE", meaning: "file for the page (default: ID.html)" },
    reason: { type: "string", value: "TEXT", meaning: "reissue: why" },
    by: { type: "string", value: "NAME", meaning: "reissue: who decided it" },
    ...AS_OF_OPTION,
    ...JSON_OPTION,
    ...SERVER_OPTIONS,
  },
  run: (args, here) => {
    const [first = ""] = args.positionals;
    // An id alone is shown.
    const words = first.startsWith("st_") ? ["show", ...args.positionals] : args.positionals;
    const [verb, ...rest] = requireForm("statement", FORMS, words);
    const asked = { ...args, positionals: [verb, ...rest] };
    return withSession(asked, here, (session) =>
      VERBS[verb as keyof typeof VERBS](session, asked, here),
    );
  },
};

const VERBS = {
  list,
  show: (session: Session, args: Arguments, here: Surroundings) =>
    (textOption(args, "line") === undefined ? show : showLine)(session, args, here),
  page,
  close,
  reissue: async (session: Session, args: Arguments, here: Surroundings) => {
    const path = `/v1/statements/${encodeURIComponent(args.positionals[1] ?? "")}/reissue`;
    return showList([await session.post(path, decidedBy(args))], args, here);
  },
} as const;

async function list(session: Session, args: Arguments, here: Surroundings): Promise<number> {
  const customer = textOption(args, "customer");
  const query = { ...(customer && { customer }), ...asOfFields(args) };
  const all = { path: "/v1/statements", query, field: "statements" };
  return showList(await allPages<StatementSummary>(session, all), args, here);
}

/** Periods closed by one request: enough to be quick, few enough to show how far it is. */
const PERIODS_A_REQUEST = 50;

interface ClosedView {
  readonly statements: readonly StatementSummary[];
  readonly done: number;
  readonly total: number;
  readonly waiting: number;
  readonly next: string | null;
}

/** Asks again until all is closed. What a failure leaves open, the same command closes. */
async function close(session: Session, args: Arguments, here: Surroundings): Promise<number> {
  const customer = textOption(args, "customer");
  const request = {
    period: args.positionals[1],
    early: args.options.early === true,
    limit: PERIODS_A_REQUEST,
    ...(customer === undefined ? {} : { customer }),
  };
  const bar = new ProgressBar(here.err);
  const statements: StatementSummary[] = [];
  let waiting = 0;
  let cursor: string | null = null;
  try {
    do {
      const body: object = { ...request, cursor };
      const closed: ClosedView = await session.post("/v1/periods/close", body);
      statements.push(...closed.statements);
      waiting += closed.waiting;
      cursor = closed.next;
      const note = `${statements.length} closed`;
      bar.show({ label: "periods", done: closed.done, total: closed.total, note });
    } while (cursor !== null);
  } finally {
    bar.clear();
  }
  if (waiting === 1) print(here.err, "1 period has not ended yet and stays open.");
  if (waiting > 1) print(here.err, `${waiting} periods have not ended yet and stay open.`);
  const isNothing = statements.length === 0 && args.options.json !== true;
  if (!isNothing) return showList(statements, args, here);
  const starting = `starts in ${args.positionals[1]}`;
  if (waiting === 0) print(here.out, `Nothing is left to close: no open period that ${starting}.`);
  return 0;
}

function showList(
  statements: readonly StatementSummary[],
  args: Arguments,
  { out, styles }: Surroundings,
): number {
  if (args.options.json === true) {
    print(out, JSON.stringify(statements, null, 2));
    return 0;
  }
  if (statements.length === 0) {
    print(out, "There are no statements that match.");
    return 0;
  }
  const rows = statements.map((one) => [
    one.id,
    one.customer,
    one.period,
    one.closedAt.slice(0, 10),
    `${formatMoney(one.total, one.currency)} ${one.currency}`,
    one.replacedBy === null ? "" : { text: `voided: ${one.replacedBy}`, style: styles.red },
  ]);
  const left = (title: string) => ({ title, align: "left" as const });
  const columns = [
    ...[left("statement"), left("customer"), left("period"), left("closed")],
    { title: "total", align: "right" as const },
    left(""),
  ];
  print(out, ...renderTable({ columns, rows }, styles));
  return 0;
}

async function show(session: Session, args: Arguments, here: Surroundings): Promise<number> {
  const id = encodeURIComponent(args.positionals[1] ?? "");
  const one = await session.get<StatementView>(`/v1/statements/${id}`);
  if (args.options.json === true) print(here.out, JSON.stringify(one, null, 2));
  else {
    print(here.out, `Statement ${one.id}: ${one.customer}, ${periodText(one.document)}`, "");
    const { replacedBy = null } = one;
    const voided = `This statement was voided. Statement ${replacedBy} stands in its place.`;
    if (replacedBy !== null) print(here.out, here.styles.red(voided), "");
    const path = `/v1/statements/${id}/credit-notes`;
    const { creditNotes } = await session.get<{ creditNotes: readonly NoteView[] }>(path);
    const notes = renderNotesOf(creditNotes, here.styles);
    const late = renderLateLimits(one.lateLimits);
    const lines = renderStatement(one, here.styles, here.out.columns);
    print(here.out, ...lines, ...notes, ...late);
  }
  return 0;
}

/** Writes the page, for a browser to show and print. */
async function page(session: Session, args: Arguments, here: Surroundings): Promise<number> {
  const id = args.positionals[1] ?? "";
  const text = await session.text(`/v1/statements/${encodeURIComponent(id)}.html`);
  const path = textOption(args, "out") ?? `${id}.html`;
  await writeFile(path, text);
  print(here.out, `Written to ${path}.`);
  return 0;
}
