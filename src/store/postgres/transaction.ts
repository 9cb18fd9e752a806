/** How a transaction that was given up ends. */
import { TollgateError } from "../../domain/errors.ts";
import { control } from "./connection.ts";
import type { Client } from "./driver.ts";

/** Whether an error leaves it open what became of the work. */
export function isUnknown(error: unknown): boolean {
  return error instanceof TollgateError && error.code === "store.unknown";
}

/**
 * A unit that was given up leaves its connection as good as new; after one that the server or the
 * network failed nobody knows, so that connection is closed, and the server rolls back.
 */
export async function rollBack(client: Client, cause: unknown): Promise<void> {
  if (isUnknown(cause)) {
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
