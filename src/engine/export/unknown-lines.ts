/**
 * Lines that a target holds and that these books do not know as sent. There are none, unless the
 * books lost what they knew: a copy from before is restored, and what was exported since is in no
 * outbox. Such a copy would tell all of it again, under other keys.
 */
import { TollgateError } from "../../domain/errors.ts";
import { type ExportLine, formatValue } from "../../domain/export/export-line.ts";
import { HELD_PAGES_MAX_COUNT, PAGE_MAX_ROWS } from "../../domain/limits.ts";
import type { HeldLine } from "./connector-port.ts";
import type { ExportContext, OpenTarget } from "./export-context.ts";
import { hasSums, type Surplus, surpluses } from "./held-sums.ts";

/** A line of theirs that is not as these books have it, or what a sum of theirs is too much. */
export interface UnknownLine extends Omit<HeldLine, "key"> {
  /** Null: it is of a sum. */
  readonly key: string | null;
  /** What these books have of it. */
  readonly note: string;
}

/** What to look for. */
export interface UnknownAsked {
  /** Null: of all customers. */
  readonly customer: string | null;
  /** Null: however old. */
  readonly sinceMs: number | null;
}

const KEYS_AT_ONCE = 16;

function asUnknown({ customer, item, unit, span, value }: Surplus): UnknownLine {
  const [from, to] = [span.startMs, span.endMs].map((ms) => new Date(ms).toISOString());
  const said = { customer, item, unit, value };
  return { key: null, place: `${from}/${to}`, said, note: "more than these books sent" };
}

/**
 * Those lines, or what sums are too much, however old; null: the target neither lists nor adds up
 * what it holds. Throws `export.unlisted`.
 */
export async function unknownLines(
  context: ExportContext,
  open: OpenTarget,
  { customer, sinceMs }: UnknownAsked,
): Promise<readonly UnknownLine[] | null> {
  const { workspace, connector, session } = open;
  if (hasSums(open)) return (await surpluses(context, open, customer)).map(asUnknown);
  if (connector.held === undefined) return null;
  const { outbox } = context;
  const found = new Map<string, UnknownLine>();
  let pages = 0;
  for await (const page of connector.held(session, sinceMs)) {
    pages += 1;
    if (pages > HELD_PAGES_MAX_COUNT) {
      throw new TollgateError("export.unlisted", `Their list has no end in ${pages} pages.`);
    }
    const asked = page.filter(({ said }) => isOf(said, customer));
    for (let at = 0; at < asked.length; at += KEYS_AT_ONCE) {
      const some = asked.slice(at, at + KEYS_AT_ONCE);
      // They are asked first: what another sender sends meanwhile is in the outbox before.
      const known = await Promise.all(some.map(({ key }) => outbox.line(workspace, key)));
      for (const [index, line] of some.entries()) {
        const note = differing(line, known[index]);
        // What moves while it is listed may be told twice.
        if (note !== null) found.set(line.key, { ...line, note });
      }
    }
  }
  return [...found.values()];
}

/** One that tells its key alone may be of anybody. */
function isOf(said: HeldLine["said"], customer: string | null): boolean {
  return customer === null || said === null || said.customer === customer;
}

function differing({ said, isEditable }: HeldLine, line: ExportLine | undefined): string | null {
  if (line === undefined) return "not in these books";
  if (line.firstSentAtMs === null) return "not sent by these books";
  if (said === null || isEditable === true || said.value === line.value) return null;
  return `${formatValue(line.value)} in these books`;
}

/**
 * Refuses to go on where a target holds lines that these books do not know: what they owe cannot be
 * told from what they have. Looks at what was written since they last sent something, for what was
 * lost was sent after that. Sums are looked at before lines are sent (held-sums.ts). Throws
 * `export.unknown_lines`, `export.unlisted`.
 */
export async function assertAllKnown(context: ExportContext, open: OpenTarget): Promise<void> {
  if (hasSums(open)) return;
  const sinceMs = await lastSendMs(context, open);
  const unknown = await toldBy(unknownLines(context, open, { customer: null, sinceMs }));
  if (unknown === null || unknown.length === 0) return;
  const detail = `"${open.target.id}" holds ${unknown.length} lines that these books do not know.`;
  throw new TollgateError("export.unknown_lines", detail);
}

/** Null also where they refuse to list at all: it would stop every run, and reconciling says so. */
async function toldBy(
  asked: Promise<readonly UnknownLine[] | null>,
): Promise<readonly UnknownLine[] | null> {
  try {
    return await asked;
  } catch (error) {
    const isRefused = error instanceof TollgateError && error.field === "query";
    if (!isRefused) throw error;
    return null;
  }
}

/** When the newest attempt began that is kept; null: there is none. */
async function lastSendMs(
  { outbox }: Pick<ExportContext, "outbox">,
  { workspace, target }: OpenTarget,
): Promise<number | null> {
  const filter = { target: target.id, limit: PAGE_MAX_ROWS };
  for (let page = await outbox.attempts(workspace, filter); ; ) {
    const send = page.find(({ purpose }) => purpose === "send");
    if (send !== undefined) return send.atMs;
    const after = page.at(-1);
    if (after === undefined) return null;
    page = await outbox.attempts(workspace, { ...filter, after });
  }
}
