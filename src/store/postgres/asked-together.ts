/**
 * What callers ask for one by one in the same turn of the event loop becomes one statement. A unit
 * of work looks at the margins of up to twenty customers at once, and each look asked for its own
 * rows: 120 statements, while everybody else waited for the workspace
 * (docs/decisions/0215-looks-at-once-ask-together.md).
 */
import type { Row } from "../stored-rows.ts";

/** A key: the values of its columns, in the order of the statement. */
type Key = readonly (string | number)[];
/** Keys as lists of their columns. */
type Columns = readonly Key[];

interface Asked {
  readonly key: Key;
  readonly rows: PromiseWithResolvers<readonly Row[]>;
}

/** Collects keys of one statement until everybody who can ask now has asked. */
export class AskedTogether {
  readonly #ask: (columns: Columns) => Promise<Row[]>;
  #collected: Asked[] = [];

  /** `ask`: each row says by `asked` which key it is of, from 1 on. */
  constructor(ask: (columns: Columns) => Promise<Row[]>) {
    this.#ask = ask;
  }

  /** Rows of one key, in the order of the statement. */
  rows(...key: Key): Promise<readonly Row[]> {
    // Behind all promises that have been kept: whoever goes on with them asks before it is sent.
    if (this.#collected.length === 0) process.nextTick(() => void this.#send());
    const rows = Promise.withResolvers<readonly Row[]>();
    this.#collected.push({ key, rows });
    return rows.promise;
  }

  async #send(): Promise<void> {
    const collected = this.#collected;
    this.#collected = [];
    const [first] = collected;
    const columns = (first?.key ?? []).map((_, at) => collected.map(({ key }) => key[at] ?? ""));
    try {
      const byKey = Map.groupBy(await this.#ask(columns), ({ asked }) => Number(asked));
      for (const [at, { rows }] of collected.entries()) rows.resolve(byKey.get(at + 1) ?? []);
    } catch (error) {
      for (const { rows } of collected) rows.reject(error);
    }
  }
}

/** The same of many workspaces. Nothing of a workspace is kept once its statement is sent. */
export class AskedOfWorkspaces {
  readonly #ask: (workspace: string, columns: Columns) => Promise<Row[]>;
  readonly #asked = new Map<string, AskedTogether>();

  constructor(ask: (workspace: string, columns: Columns) => Promise<Row[]>) {
    this.#ask = ask;
  }

  /** Rows of one key of a workspace, in the order of the statement. */
  rows(workspace: string, ...key: Key): Promise<readonly Row[]> {
    const known = this.#asked.get(workspace);
    if (known !== undefined) return known.rows(...key);
    const asked = new AskedTogether((columns) => {
      this.#asked.delete(workspace);
      return this.#ask(workspace, columns);
    });
    this.#asked.set(workspace, asked);
    return asked.rows(...key);
  }
}

/**
 * One look-up by keys whose rows say whose they are: `select` finds those of the key `k`. `columns`
 * and the reason for "OFFSET 0" as in `keyed-rows.ts`.
 */
export function ofKeysAsked(columns: string, select: string, order: string): string {
  const keys = columns.split(" ").map((word) => word.split(":"));
  const lists = keys.map(([, type = "text"], index) => `$${index + 2}::${type}[]`);
  const names = keys.map(([name]) => name).join(", ");
  const ordered = order.split(" ").map((name) => `t.${name}`);
  return `SELECT k.asked, t.* FROM unnest(${lists.join(", ")})
      WITH ORDINALITY AS k (${names}, asked)
    CROSS JOIN LATERAL (${select} OFFSET 0) AS t ORDER BY k.asked, ${ordered.join(", ")}`;
}
