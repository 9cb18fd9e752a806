/** Goes through the outbox a page at a time. */
import type { ExportLine } from "../../domain/export/export-line.ts";
import { PAGE_MAX_ROWS } from "../../domain/limits.ts";
import type { ExportContext, OpenTarget } from "./export-context.ts";
import type { LineFilter, LinePlace } from "./export-ports.ts";

/** Pages of lines, none twice even where what is done to them takes them out of the filter. */
export async function* pagesOf(
  { outbox }: Pick<ExportContext, "outbox">,
  workspace: string,
  filter: Omit<LineFilter, "limit" | "after">,
): AsyncGenerator<readonly ExportLine[]> {
  let after: LinePlace | undefined;
  for (;;) {
    const from = after === undefined ? {} : { after };
    const page = await outbox.lines(workspace, { ...filter, ...from, limit: PAGE_MAX_ROWS });
    if (page.length > 0) yield page;
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE_MAX_ROWS) return;
    after = { customer: last.customer, item: last.item, no: last.no };
  }
}

/** All lines of a customer's item, oldest first. */
export async function linesOfItem(
  context: Pick<ExportContext, "outbox">,
  { workspace, target }: Pick<OpenTarget, "workspace" | "target">,
  { customer, item }: Pick<ExportLine, "customer" | "item">,
): Promise<ExportLine[]> {
  const found: ExportLine[] = [];
  for await (const page of pagesOf(context, workspace, { target: target.id, customer, item })) {
    found.push(...page);
  }
  return found;
}

/** All lines of a line's customer, item and window, oldest first. */
export async function linesOfWindow(
  context: Pick<ExportContext, "outbox">,
  open: Pick<OpenTarget, "workspace" | "target">,
  line: ExportLine,
): Promise<ExportLine[]> {
  const all = await linesOfItem(context, open, line);
  return all.filter(({ window }) => window.startMs === line.window.startMs);
}
