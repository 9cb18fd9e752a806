/** What is behind a line of a statement. */
import { TollgateError } from "../../domain/errors.ts";
import {
  type Amount,
  formatAmount,
  formatQuantity,
  type Quantity,
} from "../../domain/money/decimal.ts";
import { COST_MEASURE } from "../../domain/rating/meter-fields.ts";
import type { LineCursor, LineItem } from "../../engine/periods/line-page.ts";
import { AS_OF_ERRORS, asOfMs } from "../as-of.ts";
import { timeTextOrNull } from "../instant.ts";
import { json, ok, route } from "../route.ts";
import { ANY_TEXT, AS_OF, closed, described, ID, LIMIT, named } from "../schema.ts";
import { FORMS } from "../text-forms.ts";
import { textsOf } from "../texts-of-cursor.ts";

interface LineParams {
  readonly id: string;
  readonly line: string;
}

interface LineQuery {
  readonly limit: number;
  readonly cursor?: string;
  readonly asOf?: string;
}

const readLine = route<LineParams, LineQuery>({
  method: "GET",
  path: "/v1/statements/{id}/lines/{line}/steps",
  operationId: "readStatementLine",
  summary: "List the steps, runs, outcomes or bookings behind a line of a statement.",
  scope: "read",
  params: closed({
    id: ID,
    line: { type: "string", pattern: FORMS.line.pattern, description: "1 is the first line." },
  }),
  query: closed({
    "limit?": LIMIT,
    "cursor?": described(ANY_TEXT, "`next` of the page before."),
    "asOf?": AS_OF,
  }),
  answers: { 200: json("A page; it may be short before the end.", named("StatementLinePage")) },
  errors: ["statement.not_found", "statement.line_not_found", ...AS_OF_ERRORS],
  handle: async ({ engine }, { workspace, params, query: { limit, cursor, asOf } }) => {
    const line = Number(params.line);
    const from = cursor === undefined ? null : cursorOf(cursor);
    const reads = await engine.readsAt(workspace, asOfMs(asOf));
    const wanted = { statement: params.id, line, limit, cursor: from };
    const page = await engine.readLine(workspace, wanted, reads);
    return ok({
      statement: params.id,
      line,
      currency: page.currency,
      items: page.items.map((item) => itemView(item, page.line.measure)),
      next: page.next === null ? null : cursorText(page.next),
    });
  },
});

function cursorText({ run, afterSeq, afterStep }: LineCursor): string {
  const seq = afterSeq ?? "end";
  if (afterStep === undefined) return `${seq} ${run}`;
  const step = afterStep === null ? [] : [afterStep.source, afterStep.id];
  return `${seq}+ ${JSON.stringify([run, ...step])}`;
}

const CURSOR = /^(end|\d{1,15})(\+?) (.*)$/s;

/** Throws `field.invalid` for what is no `next` of ours. */
function cursorOf(text: string): LineCursor {
  const [whole, seq = "", isLong = "", rest = ""] = CURSOR.exec(text) ?? [];
  const afterSeq = seq === "end" ? null : Number(seq);
  if (whole !== undefined && isLong === "") return { run: rest, afterSeq };
  const [run, source, id] = whole === undefined ? [] : textsOf(rest);
  if (run === undefined || (source === undefined) !== (id === undefined)) {
    throw new TollgateError("field.invalid", "The cursor is no `next` of a page.", "cursor");
  }
  const isStep = source !== undefined && id !== undefined;
  return { run, afterSeq, afterStep: isStep ? { source, id } : null };
}

function itemView(item: LineItem, measure: string | null): object {
  const { kind, run, source, id, occurredAtMs, quantity, changedAfterClose, reason } = item;
  return {
    kind,
    run: run === "" ? null : run,
    source: source === "" ? null : source,
    id: id === "" ? null : id,
    occurredAt: timeTextOrNull(occurredAtMs),
    quantity: quantity === null ? null : quantityText(quantity, measure),
    amount: formatAmount(item.amount),
    changedAfterClose,
    reason,
  };
}

function quantityText(quantity: bigint, measure: string | null): string {
  const isCost = measure === COST_MEASURE;
  return isCost ? formatAmount(quantity as Amount) : formatQuantity(quantity as Quantity);
}

/** Lines of statements. */
export const STATEMENT_LINE_ROUTES = [readLine];
