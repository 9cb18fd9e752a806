/** How a transaction begins and ends. */
import { unknownOutcome } from "../unknown-outcome.ts";
import type { Client } from "./driver.ts";

/** Acknowledged means flushed, whatever the server's default is. */
const BEGIN = "BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL synchronous_commit = on";

/** Begins one. Throws `store.unknown`. */
export async function begin(client: Client): Promise<void> {
  await control(client, BEGIN);
}

/** Ends one; it is on disk then. Throws `store.unknown`. */
export async function commit(client: Client): Promise<void> {
  const ended = await control(client, "COMMIT");
  if (ended !== "COMMIT") throw unknownOutcome(`the server answered COMMIT with ${ended}`);
}

/** Undoes one; its connection is as good as before. Throws `store.unknown`. */
export async function undo(client: Client): Promise<void> {
  await control(client, "ROLLBACK");
}

/** A statement of the transaction itself. Returns what the server did. */
async function control(client: Client, text: string): Promise<string | undefined> {
  try {
    const answered = await client.query({ text });
    return answered.command;
  } catch (error) {
    throw unknownOutcome(error);
  }
}

/** A connection that cannot even roll back is closed; the server rolls back then. */
export async function rollBack(client: Client): Promise<void> {
  try {
    await client.query({ text: "ROLLBACK" });
    client.release();
  } catch (error) {
    client.release(error instanceof Error ? error : undefined);
  }
}
