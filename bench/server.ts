/** The product under load: `server.ts FOLDER [budgets]`. Prints `URL KEY`. */
import { startBenchServer } from "./bench-server.ts";

const [dataDir = "bench-data", withBudgets] = process.argv.slice(2);
const { server, key } = await startBenchServer(dataDir, withBudgets === "budgets");
console.log(`${server.url} ${key}`);
process.once("SIGTERM", () => void server.stop());
