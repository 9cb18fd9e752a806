/**
 * Ports that `fetch` and browsers speak to on no machine, as other protocols listen there (Fetch
 * Standard, "port blocking": 6000 of X11, 6667 of IRC, …). The list is not copied: fetch is asked.
 */

import { TollgateError } from "../domain/errors.ts";

/**
 * Whether fetch refuses a port: whether it does not even begin to connect. Nothing is sent, since
 * what would carry the request goes nowhere.
 */
export async function isBlockedPort(port: number | string): Promise<boolean> {
  let hasBegun = false;
  const dispatcher = {
    dispatch: () => {
      hasBegun = true;
      throw new TollgateError("cli.usage", "Nothing is sent.");
    },
  };
  const init: object = { dispatcher };
  await fetch(`http://127.0.0.1:${port}`, init as RequestInit).catch(() => undefined);
  return !hasBegun;
}
