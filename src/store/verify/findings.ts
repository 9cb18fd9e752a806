/** What a verification found, bounded: a broken file may have more faults than anyone reads. */

/** One row, or one total, that is not what the other rows say it must be. */
export interface Finding {
  readonly table: string;
  /** The row's key: workspace first, parts joined by slashes. */
  readonly key: string;
  readonly problem: string;
}

/** Findings kept a table; beyond it they are counted. */
const FINDINGS_PER_TABLE_MAX_COUNT = 200;

/** A key as people read it: absent parts are shown as "-". */
export function keyText(...parts: readonly (string | number | null)[]): string {
  return parts.map((part) => (part === null ? "-" : String(part))).join("/");
}

/** What was found, bounded for each table. */
export class Findings {
  readonly #found: Finding[] = [];
  readonly #known = new Set<string>();
  readonly #counts = new Map<string, number>();

  /** Adds a finding; the same one again changes nothing. */
  add(table: string, key: string, problem: string): void {
    const count = this.#counts.get(table) ?? 0;
    if (count >= FINDINGS_PER_TABLE_MAX_COUNT) {
      this.#counts.set(table, count + 1);
      return;
    }
    const text = `${table}\u001f${key}\u001f${problem}`;
    if (this.#known.has(text)) return;
    this.#known.add(text);
    this.#counts.set(table, count + 1);
    this.#found.push({ table, key, problem });
  }

  /** Adds a finding where a condition that must hold does not. */
  expect(holds: boolean, [table, key, problem]: readonly [string, string, string]): void {
    if (!holds) this.add(table, key, problem);
  }

  all(): Finding[] {
    const more = [...this.#counts].flatMap(([table, count]) => {
      const left = count - FINDINGS_PER_TABLE_MAX_COUNT;
      return left > 0 ? [{ table, key: "…", problem: `and ${left} more` }] : [];
    });
    return [...this.#found, ...more];
  }
}
