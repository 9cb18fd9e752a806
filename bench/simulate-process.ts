/** One measurement of the bench `simulate`, in a process of its own; prints it as JSON. */
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { tuneHeap } from "../src/compose.ts";
import { BENCH_WORKSPACE, benchCard, OTHER_CARD, openBench } from "./simulate.ts";

// Simulations run in a server, whose memory it is.
tuneHeap();
const [what = "", dataDir = ""] = process.argv.slice(2);
const MIB = 1024 * 1024;

const measured = what === "baseline" ? readRows(dataDir) : await simulate(dataDir);
const rssMiB = process.resourceUsage().maxRSS / 1024;
process.stdout.write(JSON.stringify({ ...measured, rssMiB: Math.round(rssMiB) }));

/** How long it took, and how long processors worked on it, all threads together. */
interface Taken {
  readonly steps: number;
  readonly seconds: number;
  readonly cpuSeconds: number;
}

function cpuSecondsSince(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

async function simulate(folder: string): Promise<Taken> {
  const { store, engine } = openBench(folder);
  const { steps } = await store.size();
  const cards = [benchCard(OTHER_CARD)];
  const [startedMs, before] = [performance.now(), process.cpuUsage()];
  const total = await engine.simulate(BENCH_WORKSPACE, {
    request: { cards, customers: null, from: null, to: null },
    listener: {
      onProgress: () => {},
      onCustomer: async () => {},
      signal: new AbortController().signal,
    },
  });
  const seconds = (performance.now() - startedMs) / 1_000;
  const cpuSeconds = cpuSecondsSince(before);
  if (total.cards[0]?.revenue === 0n) throw new Error("The simulation came to nothing.");
  await store.close();
  return { steps, seconds, cpuSeconds };
}

/** Reads every row and adds up how long the bodies are. */
function readRows(folder: string): Taken {
  const db = new DatabaseSync(join(folder, "tollgate.db"), { readOnly: true });
  db.exec(`PRAGMA cache_size = -${16 * (MIB / 1024)}`);
  const rows = db.prepare("SELECT * FROM steps WHERE step_no > ? ORDER BY step_no LIMIT 1000");
  const [startedMs, before] = [performance.now(), process.cpuUsage()];
  let [steps, chars, after] = [0, 0, 0];
  for (;;) {
    const page = rows.all(after);
    for (const row of page) chars += (row.body as string).length;
    steps += page.length;
    const last = page.at(-1);
    if (last === undefined) break;
    after = last.step_no as number;
  }
  const seconds = (performance.now() - startedMs) / 1_000;
  const cpuSeconds = cpuSecondsSince(before);
  if (chars === 0) throw new Error("There was nothing to read.");
  return { steps, seconds, cpuSeconds };
}
