/** Changes as people read them: one line each, and below it what differs. */
import { printable } from "./styles.ts";

/** A change as the server tells it. */
export interface AuditView {
  readonly seq: number;
  readonly at: string;
  readonly kind: string;
  readonly subject: string;
  readonly by: string | null;
  readonly key: string | null;
  readonly reason: string | null;
  readonly before: unknown;
  readonly after: unknown;
}

const SECONDS_CHARS = "2026-11-26T17:57:00".length;
const VALUE_MAX_CHARS = 70;
/** Of a pause: a level in the measure's own scale, and a number that nobody gives a budget. */
const NOT_FOR_PEOPLE: ReadonlySet<string> = new Set(["budget.free", "budget.budgetId"]);
/** Lines of one change; all of it is in the JSON. */
const LINES_MAX_COUNT = 12;

/** Changes, as they are given. */
export function renderAudit(entries: readonly AuditView[]): string[] {
  if (entries.length === 0) return ["Nothing was changed."];
  return entries.flatMap((entry, index) => [...(index === 0 ? [] : [""]), ...changeLines(entry)]);
}

function changeLines({ at, kind, subject, by, reason, before, after }: AuditView): string[] {
  const when = at.slice(0, SECONDS_CHARS).replace("T", " ");
  const who = by === null ? "" : `  by ${by}`;
  const why = reason === null ? "" : `: ${reason}`;
  const differences = differencesOf(before, after).map((line) => `  ${printable(line)}`);
  const shown = differences.slice(0, LINES_MAX_COUNT);
  const left = differences.length - shown.length;
  return [
    printable(`${when}  ${kind}  ${subject}${who}${why}`),
    ...shown,
    ...(left === 0 ? [] : [`  and ${left} more`]),
  ];
}

/** What differs, by the path of each value. */
function differencesOf(before: unknown, after: unknown): string[] {
  const [was, is] = [leavesOf(before), leavesOf(after)];
  const paths = [...new Set([...was.keys(), ...is.keys()])];
  return paths.flatMap((path) => {
    const [former, now] = [was.get(path), is.get(path)];
    if (former === now) return [];
    const name = path === "" ? "" : `${path}: `;
    if (former === undefined) return [`+ ${name}${now}`];
    return now === undefined ? [`- ${name}${former}`] : [`~ ${name}${former} → ${now}`];
  });
}

function leavesOf(value: unknown): ReadonlyMap<string, string> {
  const leaves = new Map<string, string>();
  const add = (path: string, one: unknown): void => {
    if (one === null || one === undefined) return;
    if (typeof one !== "object") {
      if (NOT_FOR_PEOPLE.has(path)) return;
      // A duration is never as long as the time since 2000.
      const isTime = path.endsWith("Ms") && typeof one === "number" && one >= Date.UTC(2000);
      const text = isTime ? new Date(one).toISOString() : String(one);
      const isLong = text.length > VALUE_MAX_CHARS;
      leaves.set(path, isLong ? `${text.slice(0, VALUE_MAX_CHARS)}…` : text);
      return;
    }
    for (const [name, inner] of Object.entries(one))
      add(path === "" ? name : `${path}.${name}`, inner);
  };
  add("", value);
  return leaves;
}
