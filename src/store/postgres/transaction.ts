/** Beginning, ending and undoing transactions of a connection. */
import { unknownOutcome } from "../unknown-outcome.ts";
import type { Client } from "./driver.ts";

/** A statement of the transaction itself. Returns what the server did. */
export async function control(client: Client, text: string): Promise<string | undefined> {
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
