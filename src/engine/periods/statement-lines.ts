/** Lines of a statement's document, as far as acts and reports look into them. */
import { TollgateError } from "../../domain/errors.ts";
import type { StatementRecord } from "../../domain/period/records.ts";
import type { LineKind } from "../../domain/period/statement-line.ts";
import type { Reads } from "../ports.ts";

/** A line as the document keeps it; amounts are decimal text. */
export interface DocumentLine {
  readonly kind: LineKind;
  readonly cardKey: string;
  readonly chargeKey: string;
  readonly cell: string;
  readonly description: string;
  readonly measure: string | null;
  readonly originPeriod: string | null;
  /** Where it is in credits: what it is in these, and which they are if not the statement's. */
  readonly credits?: string;
  readonly credit?: { readonly name: string };
  readonly amountRounded: string;
}

/** A statement by its id. Throws `statement.not_found`. */
export async function findStatement(
  store: Pick<Reads, "statement">,
  workspace: string,
  id: string,
): Promise<StatementRecord> {
  const statement = await store.statement(workspace, id);
  if (statement !== undefined) return statement;
  throw new TollgateError("statement.not_found", `There is no statement "${id}".`);
}

/** The lines of a statement, read for who looks at many of them. */
export function linesOf({ document }: StatementRecord): readonly DocumentLine[] {
  return (JSON.parse(document) as { readonly lines: readonly DocumentLine[] }).lines;
}

/** The credit that lines are of which name none; undefined: the statement has none. */
export function ownCreditOf({ document }: StatementRecord): string | undefined {
  return (JSON.parse(document) as { readonly credit?: { readonly name: string } }).credit?.name;
}

/** The name of the credit that a line is in, `own` where it names none; null: it is in money. */
export function creditNameOf(line: DocumentLine, own: string | undefined): string | null {
  return line.credits === undefined ? null : (line.credit?.name ?? own ?? null);
}

/**
 * What the charge of a line was priced in, where it has a line for each: the name of a credit, or
 * null for money. Undefined: the line is of all that its charge counted.
 */
export function pricedInBy(
  statement: StatementRecord,
): (line: DocumentLine) => string | null | undefined {
  const own = ownCreditOf(statement);
  const names = new Map<string, Set<string | null>>();
  const keyOf = ({ cardKey, chargeKey, cell }: DocumentLine) =>
    JSON.stringify([cardKey, chargeKey, cell]);
  for (const line of linesOf(statement)) {
    if (line.kind !== "charge") continue;
    const key = keyOf(line);
    names.set(key, (names.get(key) ?? new Set()).add(creditNameOf(line, own)));
  }
  return (line) => {
    const isOfCharge = line.kind === "charge" || line.kind === "tier_correction";
    const isShared = isOfCharge && (names.get(keyOf(line))?.size ?? 0) > 1;
    return isShared ? creditNameOf(line, own) : undefined;
  };
}

/** A line by its number, 1 being the first. Throws `statement.line_not_found`. */
export function lineOf(
  statement: StatementRecord,
  number: number,
  lines = linesOf(statement),
): DocumentLine {
  const line = lines[number - 1];
  if (line !== undefined) return line;
  const detail = `Statement ${statement.id} has ${lines.length} lines, none is ${number}.`;
  throw new TollgateError("statement.line_not_found", detail, "line");
}

/** What texts call an outcome. */
export function outcomeName({ run, outcome }: { readonly run: string; readonly outcome: string }) {
  return `Outcome ${outcome} of run ${run}`;
}
