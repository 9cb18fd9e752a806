/**
 * An application that ends as soon as it can: it records steps and never waits for Tollgate.
 * Arguments: the server's address, and how it ends.
 */
import { Tollgate } from "../src/index.ts";

const [url = "", end = "idle"] = process.argv.slice(2);
const tollgate = new Tollgate({
  ...{ url, key: "tg_test", guard: false, flushOnSignals: ["SIGTERM"] },
  buffer: { intervalMs: 60_000, firstRetryMs: 10 },
  onProblem: (problem) => console.log(JSON.stringify(problem)),
});
const run = tollgate.open({ customer: "acme", agent: "support", id: end });
for (let index = 0; index < 20; index += 1) {
  run.step({ kind: "tool", tool: "search", id: `step-${index}`, usage: { requests: 1 } });
}
run.close();
if (end === "exit") process.exit();
if (end === "signal") {
  setInterval(() => {}, 1000);
  console.log("ready");
}
