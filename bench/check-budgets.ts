/** What budgets came to must be exactly what the recorded steps cost, with nothing held. */
import type { Target } from "./measured.ts";

interface Page {
  readonly balances: readonly { readonly settled: string; readonly held: string }[];
  readonly next: string | null;
}

/** Adds up the balances of all runs and the cost of all usage. */
export async function checkBudgets({ url, key }: Target) {
  const read = async <T>(path: string): Promise<T> => {
    const headers = { authorization: `Bearer ${key}` };
    return (await (await fetch(`${url}${path}`, { headers })).json()) as T;
  };
  let settled = 0n;
  let held = 0n;
  let cursor = "";
  do {
    const after = cursor === "" ? "" : `&cursor=${encodeURIComponent(cursor)}`;
    const page = await read<Page>(`/v1/budgets/run-cost/balances?limit=1000${after}`);
    for (const balance of page.balances) {
      settled += unitsOf(balance.settled);
      held += unitsOf(balance.held);
    }
    cursor = page.next ?? "";
  } while (cursor !== "");
  const { rows } = await read<{ rows: { cost: string }[] }>("/v1/usage?groupBy=period");
  const cost = rows.reduce((sum, row) => sum + unitsOf(row.cost), 0n);
  return { sumsAreExact: settled === cost && held === 0n && cost > 0n };
}

const PLACES = 33;

/** A decimal as a whole number of its 33rd places. */
function unitsOf(text: string): bigint {
  const [whole = "0", fraction = ""] = text.split(".");
  return BigInt(whole + fraction.padEnd(PLACES, "0"));
}
