/** For tests that count what PostgreSQL is asked: every statement that this process sends. */
import pg from "pg";

/** A statement, and the values of its parameters. */
export interface SentStatement {
  readonly text: string;
  readonly values: readonly unknown[];
}

/** The statements that are sent while it works, of whatever connection, in their order. */
export async function sentIn(work: () => Promise<void>): Promise<SentStatement[]> {
  const sent: SentStatement[] = [];
  const { query } = pg.Client.prototype;
  pg.Client.prototype.query = function (this: pg.Client, ...words: unknown[]): never {
    const [first] = words;
    const { text = "", values = [] } =
      typeof first === "string" ? { text: first } : (first as Partial<SentStatement>);
    sent.push({ text, values });
    return Reflect.apply(query, this, words) as never;
  } as typeof query;
  try {
    await work();
  } finally {
    pg.Client.prototype.query = query;
  }
  return sent;
}
