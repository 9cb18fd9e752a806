/** A server over a fresh data folder, with the card of the bars and, if wanted, their budgets. */
import { type Running, startTollgate } from "../src/compose.ts";
import { BENCH_BUDGETS } from "./hold-workload.ts";
import { BENCH_CARD } from "./workload.ts";

/**
 * Starts it on a data folder, or on a database where `place` is the URL of one, which another node
 * may have prepared already; `key` may do everything.
 */
export async function startBenchServer(
  place: string,
  withBudgets: boolean,
): Promise<{ readonly server: Running; readonly key: string }> {
  const isDatabase = place.startsWith("postgresql://");
  const where = isDatabase ? { dataDir: "", databaseUrl: place } : { dataDir: place };
  const server = await startTollgate({ ...where, port: 0 });
  const key = server.passingKey(["ingest", "read", "admin"]);
  const send = async (method: "POST" | "PUT", path: string, document: object): Promise<void> => {
    const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
    const body = JSON.stringify(document);
    const answer = await fetch(`${server.url}${path}`, { method, headers, body });
    if (!answer.ok) throw new Error(`${method} ${path}: ${await answer.text()}`);
  };
  await send("POST", "/v1/rate-cards?effectiveFrom=2026-01-01T00:00:00Z", BENCH_CARD);
  for (const [name, budget] of Object.entries(withBudgets ? BENCH_BUDGETS : {})) {
    await send("PUT", `/v1/budgets/${name}`, { budget, reason: "bench", by: "bench" });
  }
  return { server, key };
}
