/**
 * Lines a second from the books to a billing system on this machine, over HTTP and with the
 * embedded store: in batches, as most systems take them, and one a request. Memory is sampled while
 * it goes on: it must not grow with the number of lines.
 */
import { createHash, randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { nodeDigest } from "../src/compose.ts";
import { outcomeOfSilence, outcomeOfStatus } from "../src/connectors/outcome-of-status.ts";
import { connectorHttp } from "../src/connectors/outgoing-http/connector-http.ts";
import type { Capability } from "../src/domain/export/capability.ts";
import { formatValue, parseValue } from "../src/domain/export/export-line.ts";
import type { ExportTarget } from "../src/domain/export/target.ts";
import type { BillingPeriod } from "../src/domain/period/billing-period.ts";
import type { Connector } from "../src/engine/export/connector-port.ts";
import { type ExportContext, TargetOpener } from "../src/engine/export/export-context.ts";
import type { ExportLedger } from "../src/engine/export/export-ports.ts";
import { runExport } from "../src/engine/export/run-export.ts";
import { openSqliteStore } from "../src/store/sqlite/sqlite-store.ts";
import { threadWriter } from "../src/store/sqlite/writer.ts";

const WORKSPACE = "default";
const ITEMS_A_CUSTOMER = 100;
const BATCH_MAX_COUNT = 500;
const SINGLES_MAX_COUNT = 5_000;
const SAMPLE_EVERY_MS = 250;
const MIB = 2 ** 20;
const UNIT = 10n ** 33n;
const PERIOD: BillingPeriod = {
  ...{ key: "2026-11-01", startMs: Date.UTC(2026, 10, 1), endMs: Date.UTC(2026, 11, 1) },
};

/** What was measured. */
export interface ExportReport {
  readonly lines: number;
  readonly batched: ExportFigures;
  readonly single: ExportFigures;
}

interface ExportFigures {
  readonly lines: number;
  readonly batch: number;
  readonly linesPerSecond: number;
  /** Resident memory in MiB: when a tenth was sent, and the most from then on. */
  readonly rssMiBAtTenth: number;
  readonly rssMiBMost: number;
  /** Whether what arrived is what the books say. */
  readonly isExact: boolean;
}

/** Measures both ways; `steps` is how many lines there are. */
export async function benchExport({ steps }: { readonly steps: number }): Promise<ExportReport> {
  const batched = await measured(steps, BATCH_MAX_COUNT);
  const single = await measured(Math.min(steps, SINGLES_MAX_COUNT), 1);
  return { lines: steps, batched, single };
}

async function measured(wanted: number, batch: number): Promise<ExportFigures> {
  const customers = Math.max(1, Math.round(wanted / ITEMS_A_CUSTOMER));
  const lines = customers * ITEMS_A_CUSTOMER;
  const dataDir = mkdtempSync(join(tmpdir(), "tollgate-bench-export-"));
  const receiver = new Receiver();
  const url = await receiver.listen();
  const store = openSqliteStore({ dataDir, digest: nodeDigest, writer: threadWriter });
  await store.createWorkspace(WORKSPACE);
  const connector = batchConnector(url, batch);
  const context: ExportContext = {
    ...{ outbox: store.outbox, ledger: ledgerOf(customers), clock: { nowMs: () => PERIOD.endMs } },
    connectors: new Map([[connector.name, connector]]),
    http: connectorHttp({ privateRanges: ["127.0.0.1"] }),
    secrets: { seal: () => ({ keyId: "", sealed: "" }), open: () => "" },
    digest: { sha256: (text) => createHash("sha256").update(text).digest("hex") },
    ids: { random: () => randomUUID() },
    ...{ chance: Math.random, wait: async () => undefined },
  };
  const memory = new MemorySampler(() => receiver.count >= lines / 10);
  const startMs = performance.now();
  const open = new TargetOpener(context).open(WORKSPACE, TARGET);
  await runExport(context, open, {
    customer: null,
    onProgress: ({ phase, done }) => {
      if (done % 10_000 === 0) process.stderr.write(`${phase} ${done}\n`);
    },
  });
  const tookMs = performance.now() - startMs;
  const { tenth, most } = memory.stop();
  await store.close();
  receiver.close();
  rmSync(dataDir, { recursive: true, force: true });
  return {
    ...{ lines, batch, linesPerSecond: Math.round((lines / tookMs) * 1000) },
    ...{ rssMiBAtTenth: tenth, rssMiBMost: most },
    isExact: receiver.count === lines && receiver.sum === BigInt(lines) * UNIT,
  };
}

const TARGET: ExportTarget = {
  ...{ id: "bench", connector: "bench", account: "live", mode: "usage", window: "day" },
  ...{ timeZone: "UTC", since: "2026-11-01", settings: {} },
  customers: { names: {}, others: "same" },
  items: { names: {}, others: "same" },
};

/** Books in which each item of each customer came to one. */
function ledgerOf(count: number): ExportLedger {
  const ids = Array.from({ length: count }, (_, at) => `customer-${String(at).padStart(7, "0")}`);
  const entries = Array.from({ length: ITEMS_A_CUSTOMER }, (_, at) => ({
    ...{ item: `item-${at}`, period: PERIOD, value: UNIT, unit: "steps" },
    ...{ description: `item ${at}`, parts: [], source: "card versions 1" },
  }));
  return {
    customers: (_workspace, after, limit) => {
      const from = after === "" ? 0 : ids.indexOf(after) + 1;
      return ids.slice(from, from + limit);
    },
    entries: () => entries,
    nowMs: () => PERIOD.endMs,
    openPeriod: () => PERIOD,
    partsOf: () => [],
  };
}

function batchConnector(url: string, batch: number): Connector {
  const capability: Omit<Capability, "mode"> = {
    ...{ batchMaxCount: batch, batchMaxBytes: 4 * MIB, dedup: { windowMs: null }, values: "delta" },
    ...{ numbers: { scale: 9, significantDigits: null, negative: true }, pastMaxMs: null },
    ...{ validation: "sync", readBack: { kind: "none" }, settlesAfterMs: 60_000 },
    pace: { concurrency: 8, perEntityConcurrency: null, perSecond: null },
  };
  const requestOf = (bodies: readonly string[]) =>
    ({ method: "POST", url, headers: {}, body: `[${bodies.join(",")}]` }) as const;
  return {
    ...{ name: "bench", modes: ["usage"], secrets: [], check: () => [] },
    capability: ({ mode }) => ({ ...capability, mode }),
    freeze: ({ key, customer, item, value }) =>
      JSON.stringify({ key, customer, item, value: formatValue(value) }),
    preview: (lines) => [requestOf(lines.map(({ body }) => body))],
    send: async (lines, session) => {
      const request = requestOf(lines.map(({ body }) => body));
      const sent = await session.http.send(request, { hosts: "public" });
      const what = sent.kind === "answered" ? outcomeOfStatus(sent.answer) : outcomeOfSilence(sent);
      return lines.map(() => what);
    },
  };
}

/** Counts what arrives. */
class Receiver {
  count = 0;
  sum = 0n;
  readonly #server: Server;

  constructor() {
    this.#server = createServer(async (request, response) => {
      let text = "";
      for await (const part of request.setEncoding("utf8")) text += part;
      for (const { value } of JSON.parse(text)) {
        this.count += 1;
        this.sum += parseValue(value) ?? 0n;
      }
      response.writeHead(200).end();
    });
  }

  async listen(): Promise<string> {
    await once(this.#server.listen(0, "127.0.0.1"), "listening");
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`;
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

/** Watches resident memory. */
class MemorySampler {
  #tenth = 0;
  #most = 0;
  readonly #timer: NodeJS.Timeout;
  readonly #take: () => void;

  constructor(isTenth: () => boolean) {
    this.#take = () => {
      if (!isTenth()) return;
      const rssMiB = Math.round(process.memoryUsage().rss / MIB);
      if (this.#tenth === 0) this.#tenth = rssMiB;
      this.#most = Math.max(this.#most, rssMiB);
    };
    this.#timer = setInterval(this.#take, SAMPLE_EVERY_MS);
  }

  stop(): { readonly tenth: number; readonly most: number } {
    this.#take();
    clearInterval(this.#timer);
    return { tenth: this.#tenth, most: this.#most };
  }
}
