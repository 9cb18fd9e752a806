/** How a transaction that was given up ends. */
import { TollgateError } from "../../domain/errors.ts";
import { control } from "./connection.ts";
import type { Client } from "./driver.ts";

/**
 * A unit that was given up leaves its connection as good as new; after one that the server or the
 * network failed nobody knows, so that connection is closed, and the server rolls back.
 */
export async function rollBack(client: Client, cause: unknown): Promise<void> {
  if (cause instanceof TollgateError && cause.code === "store.unknown") {
    client.release(true);
    return;
  }
  try {
    await control(client, "ROLLBACK");
    client.release();
  } catch {
    client.release(true);
  }
}
