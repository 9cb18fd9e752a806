/**
 * Statements that write different tables, sent as one. Of a unit of few events each statement costs
 * the driver and the server more than its rows: messages to bind, describe and end it, its locks,
 * its snapshot, its answers. So they become parts of one, which the server carries out as of one
 * snapshot; that they are of different tables makes their order mean nothing
 * (docs/decisions/0142-a-small-unit-is-one-statement.md).
 */
import { BUNDLES_MAX_COUNT } from "../../domain/database-limits.ts";
import type { Parameter, Queries } from "./connection.ts";
import { rowsOf } from "./connection.ts";
import type { Answered, Query } from "./driver.ts";

const TABLE = /^(?:INSERT INTO|UPDATE|DELETE FROM) (\w+)/;
const PLACE = /\$(\d+)/g;
/** SQLSTATE of what a server cannot do, as one that distributes tables may not write several. */
const NOT_SUPPORTED = "0A000";

/** What was made of which texts, for one database. Few different ones come together. */
export class Bundles {
  readonly #made = new Map<string, string>();
  #isRefused = false;

  /** Null: they go one by one, since two are of one table, or there are too many combinations. */
  togetherOf(texts: readonly string[]): string | null {
    if (texts.length < 2 || this.#isRefused) return null;
    const key = texts.join("\n");
    const known = this.#made.get(key);
    if (known !== undefined) return known;
    const tables = new Set(texts.map((text) => TABLE.exec(text)?.[1]));
    const isApart = tables.size === texts.length && !tables.has(undefined);
    if (!isApart || this.#made.size >= BUNDLES_MAX_COUNT) return null;
    const text = joined(texts);
    this.#made.set(key, text);
    return text;
  }

  /** Its unit is rolled back and may be sent again; from now on statements go one by one. */
  refusedWith(error: unknown): void {
    const cause = error instanceof Error ? error.cause : undefined;
    if (cause instanceof Error && "code" in cause && cause.code === NOT_SUPPORTED) {
      this.#isRefused = true;
    }
  }
}

/** The first place is the workspace in each of them, and stays; all others follow one another. */
function joined(texts: readonly string[]): string {
  let behind = 0;
  const parts = texts.map((text) => {
    let most = 1;
    const own = text.replace(PLACE, (place, digits: string) => {
      const no = Number(digits);
      most = Math.max(most, no);
      return no === 1 ? place : `$${no + behind}`;
    });
    behind += most - 1;
    return own;
  });
  const last = parts.pop();
  return `WITH ${parts.map((part, at) => `part_${at} AS (${part})`).join(", ")} ${last}`;
}

interface Collected {
  readonly query: Query;
  readonly answer: PromiseWithResolvers<Answered | Answered[]>;
}

/** Collects statements on one workspace, whose number is the first value of each. */
export class Bundle implements Queries {
  readonly #queries: Queries;
  readonly #bundles: Bundles;
  readonly #collected: Collected[] = [];

  constructor(queries: Queries, bundles: Bundles) {
    this.#queries = queries;
    this.#bundles = bundles;
  }

  query(query: Query): Promise<Answered | Answered[]> {
    const answer = Promise.withResolvers<Answered | Answered[]>();
    this.#collected.push({ query, answer });
    return answer.promise;
  }

  /** Sends what was collected: all of it as one, or one behind the other. */
  send(): void {
    const all = this.#collected.splice(0);
    const text = this.#bundles.togetherOf(all.map(({ query }) => query.text));
    if (text === null) {
      for (const { query, answer } of all) answer.resolve(this.#queries.query(query));
      return;
    }
    const values = all.flatMap(({ query: { values: own = [] } }, at) =>
      at === 0 ? own : own.slice(1),
    );
    const sent = rowsOf(this.#queries, text, values as Parameter[]).then(
      (rows) => ({ rows, command: "WITH" }),
      (error: unknown) => {
        this.#bundles.refusedWith(error);
        throw error;
      },
    );
    for (const { answer } of all) answer.resolve(sent);
  }
}
