import { DOCUMENT_MAX_BYTES } from "../../domain/limits.ts";
import { allPages } from "../all-pages.ts";
import { DECIDED_OPTIONS, decidedBy, requiredOptions } from "../by-hand-options.ts";
import { textOption } from "../command.ts";
import { textUpTo } from "../file-text.ts";
import { formatMoney } from "../render/money.ts";
import { renderTable } from "../render/table.ts";
import { commandOfVerbs, type Scene, told } from "../verbs.ts";

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
  readonly invoicedElsewhere: string;
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
export const invoice = commandOfVerbs({
  name: "invoice",
  summary: "Import a provider's invoice, compare it with recorded cost, book the difference",
  options: {
    currency: { type: "string", value: "CODE", meaning: "import: where the file names none" },
    ...DECIDED_OPTIONS,
    id: { type: "string", value: "ID", meaning: "import: the provider's number of the invoice" },
  },
  verbs: [
    { form: "list", run: list },
    { form: "import FILE", run: (scene, [file = ""]) => importFile(scene, file) },
    {
      form: "reconcile ID",
      run: async (scene, [id]) =>
        show(scene, await scene.session.get<ReconciliationView>(`${pathOf(id)}/reconciliation`)),
    },
    {
      form: "trueup ID",
      run: async (scene, [id]) => {
        const path = `${pathOf(id)}/true-up`;
        return show(
          scene,
          await scene.session.post<ReconciliationView>(path, decidedBy(scene.args)),
        );
      },
    },
  ],
});

function pathOf(id = ""): string {
  return `/v1/invoices/${encodeURIComponent(id)}`;
}

async function importFile(scene: Scene, file: string): Promise<number> {
  const { args, here, session } = scene;
  const { id } = requiredOptions(args, ["id"]);
  const { currency, rows } = await here.product.readInvoice(
    await textUpTo(file, DOCUMENT_MAX_BYTES),
  );
  const body = { id, currency: currency ?? textOption(args, "currency") ?? "USD", rows };
  const made = await session.post<InvoiceView>("/v1/invoices", body);
  return told(scene, made, () => [`Invoice ${made.id}: ${totalOf(made)}.`]);
}

async function list(scene: Scene): Promise<number> {
  const all = { path: "/v1/invoices", field: "invoices" };
  const invoices = await allPages<InvoiceView>(scene.session, all);
  if (invoices.length === 0) return told(scene, invoices, () => ["There are no invoices."]);
  const rows = invoices.map((one) => [one.id, totalOf(one), String(one.rows)]);
  const columns = [
    { title: "invoice", align: "left" as const },
    ...["total", "rows"].map((title) => ({ title, align: "right" as const })),
  ];
  return told(scene, invoices, () => renderTable({ columns, rows }, scene.here.styles));
}

function totalOf({ total, currency }: InvoiceView): string {
  return `${formatMoney(total, currency)} ${currency}`;
}

function show(scene: Scene, answer: ReconciliationView): number {
  const { currency } = answer.invoice;
  // Most invoices are the only one of their days.
  const isShared = answer.rows.some(({ invoicedElsewhere }) => invoicedElsewhere !== "0");
  const sides = (of: Sides) => {
    const elsewhere = isShared ? [of.invoicedElsewhere] : [];
    const amounts = [of.recorded, of.truedUp, of.invoiced, ...elsewhere, of.difference];
    return amounts.map((amount) => formatMoney(amount, currency));
  };
  const rows = answer.rows.map((row) => [row.provider, row.model, row.day, ...sides(row)]);
  const left = (title: string) => ({ title, align: "left" as const });
  const point = (title: string) => ({ title, align: "point" as const });
  const columns = [
    ...[left("provider"), left("model"), left("day (UTC)"), point("recorded")],
    ...[point("trued up"), point("invoiced"), ...(isShared ? [point("by other invoices")] : [])],
    point("difference"),
  ];
  const totals = ["Total", "", "", ...sides(answer)];
  const table = { columns, rows: [...rows, "rule" as const, totals] };
  return told(scene, answer, () => renderTable(table, scene.here.styles));
}
