/** Statements on one connection. Whatever the driver throws is told as an unknown outcome. */
import type { Bound, Row } from "../stored-rows.ts";
import { unknownOutcome } from "../unknown-outcome.ts";
import type { Answered, Client, Connected, Query } from "./driver.ts";

/** A value of a statement: one, or a list of them for `ANY` and `unnest`. */
export type Parameter = Bound | boolean | readonly (Bound | boolean)[];

/** Runs statements; both a pool and one of its connections do. */
export interface Queries extends Connected {
  query(query: Query): Promise<Answered | Answered[]>;
}

const names = new Map<string, string>();

/** Statements are prepared under a number; their texts are few and fixed. */
function nameOf(text: string): string {
  const known = names.get(text);
  if (known !== undefined) return known;
  const name = `tollgate_${names.size + 1}`;
  names.set(text, name);
  return name;
}

/** Rows of a prepared statement. Throws `store.unknown`. */
export async function rowsOf(
  queries: Queries,
  text: string,
  values: readonly Parameter[],
): Promise<Row[]> {
  const { rows } = await last(queries, { name: nameOf(text), text, values });
  return rows;
}

/** Statements without values, as one message: answers the last one. Throws `store.unknown`. */
export function control(client: Client, text: string): Promise<Answered> {
  return last(client, { text });
}

async function last(queries: Queries, query: Query): Promise<Answered> {
  try {
    const answered = await queries.query(query);
    const answer = Array.isArray(answered) ? answered.at(-1) : answered;
    if (answer === undefined) throw unknownOutcome("the server answered nothing");
    return answer;
  } catch (error) {
    throw unknownOutcome(error);
  }
}
