/** Lists that a server answers by pages, read to their end. */
import type { Session } from "./session.ts";

const ROWS_A_REQUEST = "1000";

/** Which list. */
export interface PagedList {
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  /** The field of a page that has its rows. */
  readonly field: string;
}

/** All rows of a list. */
export async function allPages<T>(
  session: Pick<Session, "get">,
  { path, query = {}, field }: PagedList,
): Promise<T[]> {
  const rows: T[] = [];
  let cursor: string | number | null = null;
  do {
    const from: Record<string, string> = cursor === null ? {} : { cursor: `${cursor}` };
    const asked = new URLSearchParams({ ...query, limit: ROWS_A_REQUEST, ...from });
    const page: Readonly<Record<string, unknown>> = await session.get(`${path}?${asked}`);
    rows.push(...(page[field] as readonly T[]));
    cursor = page.next as string | number | null;
  } while (cursor !== null);
  return rows;
}
