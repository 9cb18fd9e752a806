/** What is behind one line of a statement, as a table. */
import { asOfQuery } from "../as-of-option.ts";
import { type Arguments, print, type Surroundings, textOption } from "../command.ts";
import { formatMoney, groupDigits } from "../render/money.ts";
import { renderTable } from "../render/table.ts";
import type { Session } from "../session.ts";

interface ItemView {
  readonly kind: string;
  readonly run: string | null;
  readonly source: string | null;
  readonly id: string | null;
  readonly occurredAt: string | null;
  readonly quantity: string | null;
  readonly amount: string;
  readonly changedAfterClose: boolean;
  readonly reason: string | null;
}

interface PageView {
  readonly currency: string;
  readonly items: readonly ItemView[];
  readonly next: string | null;
}

const ITEMS_A_REQUEST = "500";
/** Of one charge or of the whole statement: what is included in a charge has nothing either. */
const NOTHING = "Nothing is behind this line: it follows from the terms and from other lines.";

/** Prints all pages: one line an item, or one table where it fits in one page. */
export async function showLine(
  session: Session,
  args: Arguments,
  here: Surroundings,
): Promise<number> {
  const id = args.positionals.at(-1) ?? "";
  const line = textOption(args, "line") ?? "";
  const path = `/v1/statements/${encodeURIComponent(id)}/lines/${encodeURIComponent(line)}/steps`;
  let count = 0;
  let cursor: string | null = null;
  do {
    const query = asOfQuery(args, { limit: ITEMS_A_REQUEST, ...(cursor && { cursor }) });
    const page: PageView = await session.get(`${path}${query}`);
    count += page.items.length;
    if (args.options.json === true) {
      for (const item of page.items) print(here.out, JSON.stringify(item));
    } else if (page.items.length > 0) {
      print(here.out, ...tableOf(page, here));
    }
    cursor = page.next;
  } while (cursor !== null);
  if (count === 0) print(here.err, NOTHING);
  return 0;
}

function tableOf({ items, currency }: PageView, { styles }: Surroundings): string[] {
  const rows = items.map((item) => [
    item.kind,
    item.run ?? "",
    item.id ?? "",
    (item.occurredAt ?? "").slice(0, 19).replace("T", " "),
    item.quantity === null ? "" : groupDigits(item.quantity),
    formatMoney(item.amount, currency),
    item.changedAfterClose
      ? { text: "changed later", style: styles.yellow }
      : (item.reason ?? "").replaceAll("_", " "),
  ]);
  const left = (title: string) => ({ title, align: "left" as const });
  const point = (title: string) => ({ title, align: "point" as const });
  const columns = [
    ...[left("what"), left("run"), left("id"), left("at (UTC)")],
    ...[point("quantity"), point(`amount ${currency}`), left("")],
  ];
  return renderTable({ columns, rows }, styles);
}
