/**
 * Whether those who look on are felt by ingest: events at half of what the machine sustains, in
 * turns with nobody and with a thousand readers of live views beside it.
 */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ReadersAnswer, ReadersAsk } from "./live-readers.ts";
import * as measured from "./measured.ts";

const { median, rounded, sendRound } = measured;

const READERS = 1_000;
/** Of these, so many read everything; the others a customer each. */
const READERS_OF_EVERYTHING = 50;
const EVENTS_PER_REQUEST = 100;
const SENDERS = 16;
const SATURATING_REQUESTS = 400;
const ROUNDS = 5;

/** Options of the bench. */
export interface LiveOptions {
  /** Events of one round. */
  readonly steps: number;
}

/** Runs it and returns what `--json` prints. */
export async function benchLive({ steps }: LiveOptions): Promise<object> {
  const folder = mkdtempSync(join(tmpdir(), "tollgate-bench-"));
  const product = await measured.startServer("server.ts", [join(folder, "data"), "budgets"]);
  const load = measured.startLoad();
  let readers: Readers | null = null;
  try {
    const half = Math.floor((await sustained(load, product)) / 2);
    const plan = { load, product, perSecond: half / EVENTS_PER_REQUEST, steps };
    const alone = new Rounds();
    const beside = new Rounds();
    const told = { messages: 0, bytes: 0, lost: 0, seconds: 0, open: 0 };
    for (let round = 1; round <= ROUNDS; round += 1) {
      process.stderr.write(`half load: round ${round} of ${ROUNDS}, nobody looks on\n`);
      alone.add(await paced(plan));
      process.stderr.write(`half load: round ${round} of ${ROUNDS}, ${READERS} look on\n`);
      readers = await Readers.open(product);
      const figures = await paced(plan);
      beside.add(figures);
      const { open, messages, bytes, lost } = await readers.count();
      told.open = open;
      told.messages += messages;
      told.bytes += bytes;
      told.lost += lost;
      told.seconds += figures.seconds;
      await readers.close();
      readers = null;
    }
    return {
      ...measured.aboutThis(),
      ...{ bench: "live", rounds: ROUNDS, readers: READERS, readersOpen: told.open },
      eventsPerSecondDue: half,
      alone: alone.figures(),
      beside: beside.figures(),
      rateRatio: rounded(median(beside.rates) / median(alone.rates), 4),
      messagesPerSecond: rounded(told.messages / told.seconds),
      mebibytesPerSecond: rounded(told.bytes / told.seconds / 2 ** 20, 1),
      readersLost: told.lost,
    };
  } finally {
    await readers?.close();
    for (const child of [product.child, load]) child.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  }
}

const CONTENT = {
  of: "events",
  workload: "product",
  eventsPerRequest: EVENTS_PER_REQUEST,
} as const;

/** Events a second as fast as they are taken, once the code is compiled. */
async function sustained(load: ChildProcess, product: measured.Target): Promise<number> {
  const rates: number[] = [];
  for (let round = 0; round < 4; round += 1) {
    process.stderr.write("what can be sustained\n");
    const shape = { content: CONTENT, connections: SENDERS, requests: SATURATING_REQUESTS };
    const { requests, seconds } = await sendRound(load, product, shape);
    rates.push((EVENTS_PER_REQUEST * requests) / seconds);
  }
  return median(rates.slice(1));
}

interface Plan {
  readonly load: ChildProcess;
  readonly product: measured.Target;
  readonly perSecond: number;
  readonly steps: number;
}

interface Figures {
  readonly rate: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly cpuMicros: number;
  readonly seconds: number;
}

/** One round of events at a steady rate. */
async function paced({ load, product, perSecond, steps }: Plan): Promise<Figures> {
  const requests = Math.ceil(steps / EVENTS_PER_REQUEST);
  const before = measured.cpuMsOf(product.child) ?? 0;
  const shape = { content: CONTENT, connections: SENDERS, requests, perSecond };
  const { seconds, p50Ms, p99Ms } = await sendRound(load, product, shape);
  const events = requests * EVENTS_PER_REQUEST;
  const took = (measured.cpuMsOf(product.child) ?? 0) - before;
  return { rate: events / seconds, p50Ms, p99Ms, cpuMicros: (1_000 * took) / events, seconds };
}

/** What several rounds came to. */
class Rounds {
  readonly rates: number[] = [];
  readonly #p50: number[] = [];
  readonly #p99: number[] = [];
  readonly #cpu: number[] = [];

  add({ rate, p50Ms, p99Ms, cpuMicros }: Figures): void {
    this.rates.push(rate);
    this.#p50.push(p50Ms);
    this.#p99.push(p99Ms);
    this.#cpu.push(cpuMicros);
  }

  figures() {
    return {
      eventsPerSecond: rounded(median(this.rates)),
      ackP50Ms: rounded(median(this.#p50), 2),
      ackP99Ms: rounded(median(this.#p99), 2),
      ackP99LeastMs: rounded(Math.min(...this.#p99), 2),
      ackP99MostMs: rounded(Math.max(...this.#p99), 2),
      cpuMicrosPerEvent: rounded(median(this.#cpu), 1),
    };
  }
}

/** The process of those who look on. */
class Readers {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  /** Opens them; resolves once each has been told the whole of its view. */
  static async open({ url, key }: measured.Target): Promise<Readers> {
    const child = fork(join(import.meta.dirname, "live-readers.ts"), { stdio: "inherit" });
    const readers = new Readers(child);
    const paths = Array.from({ length: READERS }, (_, at) => {
      if (at < READERS_OF_EVERYTHING) return "/v1/live";
      return `/v1/customers/customer-${String(at).padStart(4, "0")}/live`;
    });
    await readers.#ask({ do: "open", url, key: key ?? "", paths });
    return readers;
  }

  count(): Promise<ReadersAnswer> {
    return this.#ask({ do: "count" });
  }

  async #ask(ask: ReadersAsk): Promise<ReadersAnswer> {
    this.#child.send(ask);
    const [answer] = (await once(this.#child, "message")) as [ReadersAnswer];
    return answer;
  }

  async close(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.kill("SIGKILL");
    await once(this.#child, "exit");
  }
}
