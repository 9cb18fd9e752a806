/**
 * Puts Tollgate together: the only file that names every adapter. Everything else knows ports.
 */
import { hash, randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { crc32 } from "node:zlib";
import { startPost } from "./connectors/alerts/start-post.ts";
import { chargebeeConnector } from "./connectors/chargebee/chargebee-connector.ts";
import { withDisk } from "./connectors/file/disk-requests.ts";
import { fileConnector, s3Connector } from "./connectors/file/file-connector.ts";
import { netsuiteConnector } from "./connectors/netsuite/netsuite-connector.ts";
import { connectorHttp } from "./connectors/outgoing-http/connector-http.ts";
import { outgoingHttp } from "./connectors/outgoing-http/outgoing-http.ts";
import { readSecretKeys, secretBox } from "./connectors/secret-box.ts";
import { stripeConnector } from "./connectors/stripe/stripe-connector.ts";
import { paymentWebhook, webhookSecret } from "./connectors/webhook/payment-webhook.ts";
import { webhookHeaders } from "./connectors/webhook/standard-webhook.ts";
import { webhookConnector } from "./connectors/webhook/webhook-connector.ts";
import { zuoraConnector } from "./connectors/zuora/zuora-connector.ts";
import { TollgateError } from "./domain/errors.ts";
import type { TollgateEvent } from "./domain/event/event.ts";
import { storedTariffs } from "./engine/cards/workspace-tariff.ts";
import { Duties } from "./engine/duties/duties.ts";
import { repeatedFailures } from "./engine/duties/repeated-failures.ts";
import { Engine } from "./engine/engine.ts";
import { contextOf } from "./engine/engine-context.ts";
import type { ExportParts } from "./engine/export/export-cases.ts";
import type { Clock, Digest, Ids, Store } from "./engine/ports.ts";
import { type CopyNews, ReportSource } from "./engine/reports/report-source.ts";
import { RetentionCases, requireMonths } from "./engine/retention/retention-cases.ts";
import type { Scope } from "./engine/workspaces/keys.ts";
import { secretTexts } from "./engine/workspaces/secrets.ts";
import type { EventIntake, HttpParts, Logger } from "./http/http-parts.ts";
import { type BodyReader, ThreadReader } from "./ingest/native/body-reader.ts";
import { contentDigest } from "./ingest/native/content-digest.ts";
import { parseJsonExact } from "./ingest/native/exact-json.ts";
import { eventReader } from "./ingest/native/ingest-body.ts";
import { readHolds, readNamedHolds } from "./ingest/native/parse-holds.ts";
import { repeatedKey } from "./ingest/native/repeated-keys.ts";
import { importLitellmPrices } from "./ingest/price-list/litellm.ts";
import { readNotedDocument } from "./ingest/price-list/own-format.ts";
import { mapProviderUsage, USAGE_FORMATS } from "./ingest/provider-response/map.ts";
import { ed25519 } from "./store/ed25519.ts";
import { keyFile, secretKeyFile } from "./store/key-file.ts";
import { randomIds } from "./store/random-ids.ts";
import type { Retained } from "./store/retain/retain.ts";
import { openSqliteStore } from "./store/sqlite/sqlite-store.ts";
import { threadWriter } from "./store/sqlite/writer.ts";
import { VERSION } from "./version.ts";

/** Digests by OpenSSL. */
export const nodeDigest: Digest = {
  content: contentDigest,
  sha256: (text) => hash("sha256", text, "hex"),
  checksum: (text) => crc32(text),
};

/** The computer's clock. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  passedMs: () => performance.now(),
};

/** The workspace of a data folder that names none. */
export const DEFAULT_WORKSPACE = "default";

/** Every connector to a billing system. */
const CONNECTORS = [
  ...[webhookConnector, fileConnector, s3Connector],
  ...[stripeConnector, zuoraConnector, chargebeeConnector, netsuiteConnector],
];

/** The variables that a process is started with. */
type Environment = Readonly<Record<string, string | undefined>>;

/** What an installation says about exports; nothing of it: public targets, no files, no key. */
interface ExportPlace {
  readonly privateRanges: readonly string[];
  /** Null: everything is in a database. */
  readonly folder: string | null;
  readonly environment: Environment;
}

/** What exports are carried out with. */
function composeExporting(place: ExportPlace | null = null): ExportParts {
  const http = connectorHttp({ privateRanges: place?.privateRanges ?? [] });
  return {
    connectors: new Map(CONNECTORS.map((connector) => [connector.name, connector])),
    http: withDisk(http, place === null ? null : exportFolder(place)),
    secrets: secretBox(place === null ? [] : secretKeys(place)),
    chance: Math.random,
    wait: (ms) => sleep(ms),
  };
}

function exportFolder({ folder, environment }: ExportPlace): string | null {
  return environment.TOLLGATE_EXPORT_DIR ?? (folder === null ? null : join(folder, "exports"));
}

/** The keys that secrets are sealed by; a file of the data folder where nobody names any. */
function secretKeys({ folder, environment }: ExportPlace): readonly Buffer[] {
  const { TOLLGATE_SECRET_KEY: text, TOLLGATE_SECRET_KEY_FILE: file } = environment;
  const keys = readSecretKeys(text ?? (file === undefined ? "" : readFileSync(file, "utf8")));
  // A database is shared by nodes, and its key must not stand in it.
  return keys.length > 0 || folder === null ? keys : readSecretKeys(secretKeyFile(folder));
}

/** An engine over a store, with this machine's clock and randomness unless others are given. */
export function composeEngine(
  store: Store,
  parts: {
    readonly clock?: Clock;
    readonly ids?: Ids;
    /** Of an installation without a data folder. (Default: no key, so no secret is kept.) */
    readonly exporting?: Partial<ExportParts>;
    /** How much of rules of a kind is kept. (Default: RULES_MEMORY_MAX_BYTES.) */
    readonly rulesMaxBytes?: number;
  } = {},
): Engine {
  const { clock = systemClock, ids = randomIds, rulesMaxBytes } = parts;
  const exporting = { ...composeExporting(), ...parts.exporting };
  return new Engine({
    ...{ store, clock, ids, digest: nodeDigest, signatures: ed25519, exporting },
    secrets: secretTexts(exporting.secrets, (bytes) => randomBytes(bytes)),
    tariffs: storedTariffs(store, rulesMaxBytes),
    rulesMaxBytes,
  });
}

const DOCUMENT_MAX_DEPTH = 32;

/** What reading events needs of the outside. */
const reading = {
  digest: nodeDigest,
  mapProviderUsage: (format: string, block: unknown) => mapProviderUsage(format, block),
};

/**
 * What the HTTP adapter is given: the engine, and the readers of every format. `reader` reads whole
 * bodies of events. (Default: in the thread of the request.)
 */
export function composeHttp(engine: Engine, reader?: BodyReader): HttpParts {
  const commit = (workspace: string, events: readonly TollgateEvent[]) =>
    engine.ingest(workspace, events);
  const intake: EventIntake = eventReader(reading, commit, reader);
  return {
    engine,
    intake,
    readHolds: (body, { run, nowText }) =>
      readHolds(body, { digest: nodeDigest, mapProviderUsage, run, nowText }),
    readNamedHolds,
    parseJson: (text) => parseJsonExact(text, { maxDepth: DOCUMENT_MAX_DEPTH }),
    repeatedKey,
    parsePrices: (document, format) =>
      format === "litellm"
        ? { source: "litellm", effectiveFromMs: null, ...importLitellmPrices(document) }
        : readNotedDocument(document),
    packagedPrices: async () => (await priceList()).packagedPrices(),
    prepareWorkspace: (workspace) => prepareWorkspace(engine, workspace),
    usageFormats: USAGE_FORMATS,
    version: VERSION,
  };
}

/** Makes a workspace with the seed price book, unless it exists. */
export async function prepareWorkspace(engine: Engine, workspace: string): Promise<void> {
  const { store } = engine;
  await store.createWorkspace(workspace);
  if ((await store.prices(workspace)).length > 0) return;
  const { seedVersion } = await priceList();
  await engine.importPrices(workspace, seedVersion(await engine.nowMs(workspace)));
}

/** The price lists of all providers, which a folder takes once: read where they are asked for. */
const priceList = () => import("./ingest/price-list/seed.ts");

/** Where and how a server starts. */
export interface StartOptions {
  /** Folder that holds everything; made if it does not exist. Not used with a database. */
  readonly dataDir: string;
  /** A PostgreSQL database that holds everything instead, shared by any number of nodes. */
  readonly databaseUrl?: string;
  /** (Default: 127.0.0.1, this machine alone.) */
  readonly host?: string;
  /** 0: any free port. (Default: 4100.) */
  readonly port?: number;
  readonly logger?: Logger;
  readonly clock?: Clock;
  /** Private addresses that workspaces may have called, such as 10.2.0.0/16. (Default: none.) */
  readonly privateTargets?: readonly string[];
  /** The server that mail goes through, and its sender. (Default: no mail is sent.) */
  readonly mail?: { readonly url: string; readonly from: string };
  /** Where people reach this installation, for links. (Default: links have no host.) */
  readonly publicUrl?: string;
  /** What exports are carried out with, other than the environment says. */
  readonly exporting?: Partial<ExportParts>;
  /** (Default: that of the process.) */
  readonly environment?: Environment;
  /** Whether an admin key is made where there was none: somebody is shown it. (Default: yes.) */
  readonly givesFirstKey?: boolean;
}

/** A server that was started. */
export interface Running {
  readonly url: string;
  readonly engine: Engine;
  /** The first admin key: made at the first start of a data folder and never shown again. */
  readonly adminKey?: string;
  /** A key of the default workspace that ends with this process: for its own commands. */
  passingKey(scopes: readonly Scope[]): string;
  /** Drains: what was accepted is answered and on disk, then the folder is let go. */
  stop(): Promise<void>;
}

const DEFAULT_PORT = 4100;
const PAYMENT_KEY = "payment-key";
const PAYMENT_KEY_BYTES = 32;

/**
 * How V8 keeps our heap (bench ingest, Node 26).
 *
 * It guesses from a program's first moments which objects will live long and puts later ones like
 * them among the old. Ours are caches filled at the start and then events that live for
 * milliseconds: the guess kept 9 kB an event alive for seconds, and everything these refer to.
 * Without it 3 kB are left, and a step costs a fifth less processor time.
 *
 * It lets the old generation grow to four times what is alive before it cleans up. Twice takes the
 * process from 550 MiB to 410 under full load and costs no time that could be measured.
 */
const V8_FLAGS = ["--no-allocation-site-pretenuring", "--heap-growing-percent=100"];

/** Has V8 keep the heap as a server has it, before much is on it. */
export function tuneHeap(): void {
  for (const flag of V8_FLAGS) setFlagsFromString(flag);
}

/**
 * Starts Tollgate on a data folder or a database. Throws `store.locked` while another process holds
 * the folder, `store.unknown` where the database cannot be reached, the system's error where it
 * cannot listen.
 */
export async function startTollgate(options: StartOptions): Promise<Running> {
  tuneHeap();
  const opened = await openStore(options);
  // Its threads would keep the process, and so the folder, from whoever starts it anew.
  return startOn(opened, options).catch(async (error: unknown) => {
    await opened.store.close().catch(() => {});
    throw error;
  });
}

async function startOn({ store, installationKey }: OpenStore, options: StartOptions) {
  const { dataDir, host = "127.0.0.1", port = DEFAULT_PORT, logger, clock } = options;
  const { databaseUrl, environment = process.env, privateTargets: privateRanges = [] } = options;
  const folder = databaseUrl === undefined ? dataDir : null;
  const composed = composeExporting({ privateRanges, folder, environment });
  const exporting = { ...composed, ...options.exporting };
  const engine = composeEngine(store, { exporting, ...(clock && { clock }) });
  for (const workspace of await store.workspaces()) await engine.recover(workspace);
  await prepareWorkspace(engine, DEFAULT_WORKSPACE);
  const outgoing = outgoingHttp({ privateRanges });
  const payment = paymentWebhook(installationKey, { outgoing, nowMs: () => Date.now() });
  const payments = engine.credits.delivery(payment);
  const paymentSecret = (workspace: string) => webhookSecret(installationKey, workspace);
  const targetProblem = (target: string) => outgoing.problemOf(target);
  const replica = await openReports(options);
  const reader = new ThreadReader(reading);
  const reports = replica === null ? {} : { reports: replica.reports };
  const parts = { ...composeHttp(engine, reader), ...reports, paymentSecret, targetProblem };
  // Loaded where a server starts: a third of the time of every other command would go into it.
  const { buildServer } = await import("./http/server.ts");
  const server = await buildServer(logger === undefined ? parts : { ...parts, logger });
  const close = async (): Promise<void> => {
    await server.close();
    await reader.close();
    await engine.drain();
    await replica?.close();
    await store.close();
  };
  const url = await server.listen({ host, port }).catch(async (error: unknown) => {
    await close();
    throw error;
  });
  const adminKey = options.givesFirstKey === false ? {} : await firstAdminKey(engine);
  const passingKey = (of: readonly Scope[]) => engine.createPassingKey(DEFAULT_WORKSPACE, of);
  const failures = repeatedFailures({ error: (entry) => logger?.error(entry) }, Date.now);
  const onError = (what: string, error: unknown) =>
    failures.error({ what: `failed to ${what}`, error: String(error) });
  const duties = new Duties({ engine, payments, onError, holder: randomIds.random() });
  duties.start();
  const post = { ...options, logger: failures, outgoing, sign: webhookHeaders };
  const stopPost = await startPost(engine, post);
  const stop = () => duties.stop().then(stopPost).then(close);
  return { url, engine, ...adminKey, passingKey, stop };
}

/** Loaded by who has a database: no data folder needs any of it. */
const postgres = () => import("./store/postgres/postgres-store.ts");

interface OpenStore {
  readonly store: Store;
  /** What secrets of payment endpoints follow from: one for every node. */
  readonly installationKey: Uint8Array;
}

async function openStore({ dataDir, databaseUrl }: StartOptions): Promise<OpenStore> {
  if (databaseUrl === undefined) {
    const store = openSqliteStore({ dataDir, digest: nodeDigest, writer: threadWriter });
    return { store, installationKey: keyFile(dataDir, PAYMENT_KEY) };
  }
  const { openPostgresStore } = await postgres();
  const store = await openPostgresStore({ connectionString: databaseUrl, digest: nodeDigest });
  const offered = randomBytes(PAYMENT_KEY_BYTES).toString("hex");
  const kept = await store.installationSecret(PAYMENT_KEY, offered);
  return { store, installationKey: Buffer.from(kept, "hex") };
}

/** Reports from a copy of the database, where the environment names one; nothing is asked yet. */
async function openReports(options: StartOptions) {
  const { databaseUrl, logger, environment = process.env, clock = systemClock } = options;
  const { DATABASE_READ_URL: connectionString = "" } = environment;
  if (databaseUrl === undefined || connectionString === "") return null;
  const { openPostgresReplica } = await postgres();
  const { store, asOfMs } = await openPostgresReplica({ connectionString, digest: nodeDigest });
  const copy = { engine: composeEngine(store), asOfMs };
  const news: CopyNews = {
    givenUp: (reason) => {
      // A read has no outcome that could be unknown, so only what it failed with is told.
      const { cause = reason } = reason instanceof Error ? reason : {};
      const what = "the read replica is given up; the database is asked instead";
      logger?.error({ what, error: cause instanceof Error ? cause.message : String(cause) });
    },
    takenAgain: (behindMs) => logger?.info({ what: "the read replica is asked again", behindMs }),
  };
  const reports = new ReportSource(copy, () => clock.nowMs(), news);
  return { reports, close: () => store.close() };
}

/** Made where the folder has had no admin key yet; its secret is given out this once. */
async function firstAdminKey(engine: Engine): Promise<{ readonly adminKey?: string }> {
  const keys = await engine.store.keyring.ofWorkspace(DEFAULT_WORKSPACE);
  if (keys.some(({ scopes }) => scopes.includes("admin"))) return {};
  const wanted = { scopes: ["admin"], label: "first admin key" } as const;
  const { secret } = await engine.createKey(DEFAULT_WORKSPACE, wanted);
  return { adminKey: secret };
}

/** Moves a whole data folder into a database: what a crash left pending is added up first. */
export async function migrateStore(
  { dataDir, databaseUrl }: { readonly dataDir: string; readonly databaseUrl: string },
  onProgress: (done: number, total: number) => void,
): Promise<Readonly<Record<string, number>>> {
  const { store } = await openRecovered({ dataDir });
  await store.close();
  const installation = { [PAYMENT_KEY]: keyFile(dataDir, PAYMENT_KEY).toString("hex") };
  const where = { dataDir, connectionString: databaseUrl, digest: nodeDigest };
  const { moveToPostgres } = await import("./store/move/move-to-postgres.ts");
  return moveToPostgres({ ...where, onProgress, installation });
}

/** Removes old steps, after what a crash left pending is added up. */
export async function retainSteps(
  place: Pick<StartOptions, "dataDir" | "databaseUrl">,
  keepMonths: number,
  onProgress: (done: number, total: number) => void,
): Promise<Retained> {
  const { dataDir, databaseUrl } = place;
  requireMonths(keepMonths);
  const open = async () => {
    const { store } = await openRecovered(place);
    const ports = { store, clock: systemClock, ids: randomIds, digest: nodeDigest };
    return {
      store,
      cases: new RetentionCases(contextOf({ ...ports, tariffs: storedTariffs(store) })),
    };
  };
  // Loaded by the one command that needs it, and not by every server.
  const { retain } = await import("./store/retain/retain.ts");
  return retain(open, { dataDir, databaseUrl, keepMonths, onProgress });
}

/** Opens what stands there, once what a crash left pending is added up. */
export async function openRecovered(place: Pick<StartOptions, "dataDir" | "databaseUrl">) {
  if (place.databaseUrl === undefined) requireFolder(place.dataDir);
  const { store } = await openStore(place);
  const engine = composeEngine(store);
  for (const workspace of await store.workspaces()) {
    await engine.recover(workspace);
    await store.settle(workspace);
  }
  return { store, limits: engine.limits };
}

function requireFolder(dataDir: string): void {
  if (existsSync(dataDir)) return;
  throw new TollgateError("store.missing", `There is no data folder "${dataDir}".`);
}
