/** Names that may be meant before they are seen, or misspelt. */
import { TollgateError } from "../domain/errors.ts";
import type { Session } from "./session.ts";

/** What somebody named. */
interface Named {
  readonly of: string;
  readonly id: string;
}

/** What to say of a customer or agent that nothing is on record of; none where something is. */
export async function askSpelling(session: Session, named: Named): Promise<string[]> {
  if (await isOnRecord(session, named)) return [];
  return [`Nothing is on record of the ${named.of} "${named.id}" so far: is it spelt so?`];
}

async function isOnRecord(session: Session, { of, id }: Named): Promise<boolean> {
  const name = encodeURIComponent(id);
  if (of === "agent") {
    const path = `/v1/runs?agent=${name}&limit=1`;
    return (await session.get<{ runs: readonly unknown[] }>(path)).runs.length > 0;
  }
  if (of !== "customer") return true;
  try {
    await session.get(`/v1/customers/${name}`);
    return true;
  } catch (error) {
    if (error instanceof TollgateError && error.code === "customer.not_found") return false;
    throw error;
  }
}
