/** The product under load: a fresh data folder with the bench card. Prints `URL KEY`. */
import { startTollgate } from "../src/compose.ts";
import { BENCH_CARD } from "./workload.ts";

const server = await startTollgate({ dataDir: process.argv[2] ?? "bench-data", port: 0 });
const key = server.passingKey(["ingest", "read", "admin"]);
const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
const applied = await fetch(`${server.url}/v1/rate-cards?effectiveFrom=2026-01-01T00:00:00Z`, {
  method: "POST",
  headers,
  body: JSON.stringify(BENCH_CARD),
});
if (applied.status !== 201) throw new Error(`the card was not applied: ${await applied.text()}`);
console.log(`${server.url} ${key}`);
process.once("SIGTERM", () => void server.stop());
