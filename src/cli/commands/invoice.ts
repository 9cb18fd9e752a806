import { readFile } from "node:fs/promises";
import { TollgateError } from "../../domain/errors.ts";
import { DECIDED_OPTIONS, decidedBy, requiredOptions } from "../by-hand-options.ts";
import {
  type Arguments,
  type Command,
  JSON_OPTION,
  print,
  SERVER_OPTIONS,
  type Surroundings,
  textOption,
} from "../command.ts";
import { formatMoney } from "../render/money.ts";
import { renderTable } from "../render/table.ts";
import { withSession } from "../session.ts";

interface InvoiceView {
  readonly id: string;
  readonly currency: string;
  readonly total: string;
  readonly rows: number;
}

interface Sides {
  readonly recorded: string;
  readonly truedUp: string;
  readonly invoiced: string;
  readonly difference: string;
}

interface ReconciliationView extends Sides {
  readonly invoice: InvoiceView;
  readonly rows: readonly (Sides & {
    readonly provider: string;
    readonly model: string;
    readonly day: string;
  })[];
}

/** Holds a provider's own invoice against recorded cost. */
export const invoice: Command = {
  name: "invoice",
  summary: "Import a provider's invoice, compare it with recorded cost, book the difference",
  positionals: "list | import FILE | reconcile ID | trueup ID",
  options: {
    currency: { type: "string", value: "CODE", meaning: "import: where the file names none" },
    ...DECIDED_OPTIONS,
    id: { type: "string", value: "ID", meaning: "import: the provider's number of the invoice" },
    ...JSON_OPTION,
    ...SERVER_OPTIONS,
  },
  run: async (args, here) => {
    const [verb = "list", subject] = args.positionals;
    if (verb === "list") return list(args, here);
    if (subject === undefined || !["import", "reconcile", "trueup"].includes(verb)) {
      const detail = "tollgate invoice list, import FILE, reconcile ID, or trueup ID.";
      throw new TollgateError("cli.usage", detail);
    }
    if (verb === "import") return importFile(args, here, subject);
    const path = `/v1/invoices/${encodeURIComponent(subject)}`;
    const who = verb === "trueup" ? decidedBy(args) : null;
    return withSession(args, here, async (session) =>
      show(
        who === null
          ? await session.get<ReconciliationView>(`${path}/reconciliation`)
          : await session.post<ReconciliationView>(`${path}/true-up`, who),
        args,
        here,
      ),
    );
  },
};

async function importFile(args: Arguments, here: Surroundings, path: string): Promise<number> {
  const { id } = requiredOptions(args, ["id"]);
  const { currency, rows } = await here.product.readInvoice(await readFile(path, "utf8"));
  const body = { id, currency: currency ?? textOption(args, "currency") ?? "USD", rows };
  return withSession(args, here, async (session) => {
    const made = await session.post<InvoiceView>("/v1/invoices", body);
    if (args.options.json === true) print(here.out, JSON.stringify(made));
    else
      print(
        here.out,
        `Invoice ${made.id}: ${formatMoney(made.total, made.currency)} ${made.currency}.`,
      );
    return 0;
  });
}

function list(args: Arguments, here: Surroundings): Promise<number> {
  return withSession(args, here, async (session) => {
    const page = await session.get<{ readonly invoices: readonly InvoiceView[] }>("/v1/invoices");
    if (args.options.json === true) print(here.out, JSON.stringify(page.invoices, null, 2));
    for (const one of args.options.json === true ? [] : page.invoices) {
      print(
        here.out,
        `${one.id}  ${formatMoney(one.total, one.currency)} ${one.currency}  ${one.rows} rows`,
      );
    }
    return 0;
  });
}

function show(answer: ReconciliationView, args: Arguments, here: Surroundings): number {
  if (args.options.json === true) {
    print(here.out, JSON.stringify(answer, null, 2));
    return 0;
  }
  const sides = (of: Sides) =>
    [of.recorded, of.truedUp, of.invoiced, of.difference].map((amount) =>
      formatMoney(amount, answer.invoice.currency),
    );
  const rows = answer.rows.map((row) => [row.provider, row.model, row.day, ...sides(row)]);
  const left = (title: string) => ({ title, align: "left" as const });
  const point = (title: string) => ({ title, align: "point" as const });
  const columns = [
    ...[left("provider"), left("model"), left("day (UTC)"), point("recorded")],
    ...[point("trued up"), point("invoiced"), point("difference")],
  ];
  const totals = ["Total", "", "", ...sides(answer)];
  print(here.out, ...renderTable({ columns, rows: [...rows, "rule", totals] }, here.styles));
  return 0;
}
