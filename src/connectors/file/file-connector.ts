/**
 * Files, for whoever reads files: CSV, NDJSON or Parquet, each beside a manifest that is written
 * last. A line stands in one file that has a manifest, and in no other: where nobody knows whether
 * a manifest was written, the folder of the line's window is read before anything is written again.
 * `file` writes to a folder of this machine, `s3` to a bucket.
 */
import { hash } from "node:crypto";
import type { Capability, Outcome } from "../../domain/export/capability.ts";
import type { ExportLine } from "../../domain/export/export-line.ts";
import { formatValue } from "../../domain/export/export-line.ts";
import type { ExportTarget, Missing } from "../../domain/export/target.ts";
import type {
  Connector,
  Freezing,
  LookUp,
  OutgoingRequest,
  Session,
  Theirs,
} from "../../engine/export/connector-port.ts";
import { onlyKnown } from "../check-settings.ts";
import { outcome, outcomeOfSilence, outcomeOfStatus } from "../outcome-of-status.ts";
import { heldInManifests } from "./held-lines.ts";
import { FILE_FORMATS, type FileFormat, type LineRow, tableOf } from "./line-table.ts";
import { manifestName, manifestOf } from "./manifest.ts";
import { folderOf, putRequest, sentToPlace } from "./object-place.ts";
import { foundInManifests } from "./read-manifests.ts";

const BATCH_MAX_COUNT = 1_000;
const BATCH_MAX_BYTES = 8 * 1024 * 1024;
const DECIMALS_DEFAULT = 9;
const DECIMALS_MAX = 33;
const SETTLES_AFTER_MS = 60_000;
const CONCURRENCY = 4;
const PATH = /^[A-Za-z0-9_-][A-Za-z0-9._-]*(\/[A-Za-z0-9_-][A-Za-z0-9._-]*)*$/;
const BUCKET = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;
const REGION = /^[a-z0-9-]{1,40}$/;
/** S3: a condition failed (the file is there), or another writer is at it. */
const [EXISTS, AT_ONCE] = [412, 409];

/** Files in a folder: `settings.folder` below the folder for exports. */
export const fileConnector = connectorOf("file", []);
/** Files in a bucket: `settings.bucket`, `region`, and for others than AWS `endpoint`. */
export const s3Connector = connectorOf("s3", ["access_key", "secret_key"]);

function connectorOf(name: "file" | "s3", secrets: readonly string[]): Connector {
  return {
    ...{ name, modes: ["usage", "rated", "statement"], secrets, capability, check, freeze },
    preview: (lines, target) =>
      filesOf(lines, target).flatMap(({ requests }) => requests.map((one) => shown(one, name))),
    send,
    lookUp,
    probe: async () => [],
    held: (session, sinceMs) => {
      const { workspace, target } = session;
      const place = { base: baseOf(target), folder: folderOf(workspace, target.account) };
      return heldInManifests(place, session, sinceMs);
    },
  };
}

function capability({ mode, settings }: ExportTarget): Capability {
  const scale = Number(settings.decimals ?? DECIMALS_DEFAULT);
  return {
    ...{ mode, batchMaxCount: BATCH_MAX_COUNT, batchMaxBytes: BATCH_MAX_BYTES },
    // A line that is written again is in two files: its key helps readers, and nobody else.
    ...{ dedup: { windowMs: 0 }, values: "delta", pastMaxMs: null, validation: "sync" },
    ...{ numbers: { scale, significantDigits: null, negative: true }, zeroBills: true },
    ...{ readBack: { kind: "line", lagMs: 0 }, settlesAfterMs: SETTLES_AFTER_MS },
    pace: { concurrency: CONCURRENCY, perEntityConcurrency: null, perSecond: null },
  };
}

const FILE_SETTINGS = ["format", "decimals", "folder"];
const S3_SETTINGS = [...FILE_SETTINGS, "bucket", "region", "endpoint"];

function check({ connector, settings }: ExportTarget): Missing[] {
  const { format = "csv", decimals = String(DECIMALS_DEFAULT), folder = "exports" } = settings;
  const missing = onlyKnown({ settings }, connector === "s3" ? S3_SETTINGS : FILE_SETTINGS);
  const require = (isGood: boolean, setting: string, detail: string) => {
    if (!isGood) missing.push({ place: `settings.${setting}`, detail });
  };
  require(isFormat(format), "format", `A format is one of: ${FILE_FORMATS.join(", ")}.`);
  const isScale = /^[0-9]{1,2}$/.test(decimals) && Number(decimals) <= DECIMALS_MAX;
  require(isScale, "decimals", `Decimal places are a number from 0 to ${DECIMALS_MAX}.`);
  require(PATH.test(
    folder,
  ), "folder", "A folder is names of letters, digits, - _ . with / between.");
  if (connector !== "s3") return missing;
  const { bucket = "", region = "us-east-1", endpoint = "https://x" } = settings;
  require(BUCKET.test(bucket), "bucket", "Name the bucket that the files go to.");
  require(REGION.test(region), "region", "A region is one such as eu-central-1.");
  const isEndpoint = URL.canParse(endpoint) && /^https?:\/\/[^/]+\/?$/.test(endpoint);
  require(isEndpoint, "endpoint", "An endpoint is a URL without a path: https://….");
  return missing;
}

function isFormat(text: string): text is FileFormat {
  return FILE_FORMATS.some((format) => format === text);
}

function formatOf({ settings: { format = "csv" } }: ExportTarget): FileFormat {
  return isFormat(format) ? format : "csv";
}

/** Where a target's files are; it ends with a slash. */
function baseOf({ connector, settings }: ExportTarget): string {
  const { folder = "exports", bucket = "", region = "us-east-1", endpoint } = settings;
  if (connector === "file") return `file:///${folder}/`;
  if (endpoint !== undefined) return `${new URL(endpoint).origin}/${bucket}/${folder}/`;
  return `https://${bucket}.s3.${region}.amazonaws.com/${folder}/`;
}

/** A row, and the folder that it goes to: settings change, and it must be found again there. */
function freeze(line: Freezing, theirs: Theirs, target: ExportTarget): string {
  const { key, customer, item, period, window, revision, mode, unit, description, parts } = line;
  const [windowStart, windowEnd] = [window.startMs, window.endMs].map((ms) =>
    new Date(ms).toISOString(),
  ) as [string, string];
  const start = windowStart.replace(/[-:]|\.\d{3}/g, "");
  const { account } = target;
  const row: LineRow = {
    ...{ key, account, customer, customerThere: theirs.customer.id ?? customer },
    ...{ item, itemThere: theirs.item.id ?? item, period, windowStart, windowEnd, revision, mode },
    ...{ value: formatValue(line.value), windowTotal: formatValue(line.windowTotal), unit },
    ...{ description, source: line.evidence.source },
    parts: parts.length === 0 ? "" : JSON.stringify(parts),
  };
  const place = { base: baseOf(target), folder: folderOf(line.workspace, account, period, start) };
  return JSON.stringify({ ...row, place });
}

/** Where a frozen line stands. */
export interface LinePlace {
  readonly base: string;
  readonly folder: string;
}

function placeOf({ body }: Pick<ExportLine, "body">): LinePlace {
  return JSON.parse(body).place;
}

interface LineFile {
  readonly lines: readonly ExportLine[];
  /** The file, then its manifest. */
  readonly requests: readonly [OutgoingRequest, OutgoingRequest];
}

const TYPES: Readonly<Record<FileFormat, string>> = {
  csv: "text/csv",
  ndjson: "application/x-ndjson",
  parquet: "application/vnd.apache.parquet",
};

/** One file for each folder that lines go to. */
function filesOf(lines: readonly ExportLine[], target: ExportTarget): LineFile[] {
  const format = formatOf(target);
  const groups = Map.groupBy(lines, (line) => JSON.stringify(placeOf(line)));
  return [...groups].map(([place, own]) => {
    const { base, folder } = JSON.parse(place) as LinePlace;
    const bodies = own.map(({ body }) => withoutPlace(body));
    const bytes = tableOf(bodies, format);
    const manifest = manifestOf(bodies, bytes, format);
    const text = JSON.stringify(manifest, null, 1);
    const body = format === "parquet" ? bytes : Buffer.from(bytes).toString("utf8");
    const file = { url: `${base}${folder}${manifest.file}`, type: TYPES[format], body };
    const url = `${base}${folder}${manifestName(manifest)}`;
    const beside = { url, type: "application/json", body: text };
    const put = putRequest(beside, hash("sha256", text, "hex"));
    return { lines: own, requests: [putRequest(file, manifest.sha256), put] };
  });
}

function withoutPlace(body: string): string {
  const { place: _, ...row } = JSON.parse(body);
  return JSON.stringify(row);
}

function shown(request: OutgoingRequest, name: "file" | "s3"): OutgoingRequest {
  if (name === "file") return request;
  return { ...request, headers: { ...request.headers, authorization: "{secret}" } };
}

async function send(lines: readonly ExportLine[], session: Session): Promise<Outcome[]> {
  const outcomes = new Map<string, Outcome>();
  for (const { lines: own, requests } of filesOf(lines, session.target)) {
    const [file, manifest] = requests;
    const put = await putOnce(file, session);
    // Without its manifest a file is not there, so whatever became of it, nothing was told.
    const isThere = put.class === "accepted" || put.class === "delivered_duplicate";
    const untold = put.class === "unknown_outcome" ? "retry_same_bytes" : put.class;
    const all = isThere ? await putOnce(manifest, session) : { ...put, class: untold };
    for (const { key } of own) outcomes.set(key, all);
  }
  return lines.map(({ key }) => outcomes.get(key) ?? outcome("unknown_outcome", "not written"));
}

async function putOnce(request: OutgoingRequest, session: Session): Promise<Outcome> {
  const sent = await sentToPlace(request, session);
  if (sent.kind !== "answered") return outcomeOfSilence(sent);
  const { status } = sent.answer;
  // Its name is the hash of what it says: what is there is the same.
  if (status === EXISTS) return outcome("delivered_duplicate", "it is there");
  if (status === AT_ONCE) return outcome("retry_same_bytes", sent.answer.body);
  return outcomeOfStatus(sent.answer);
}

async function lookUp(line: ExportLine, session: Session): Promise<LookUp> {
  const found = await foundInManifests(line.key, placeOf(line), session);
  return { found, note: found === "unclear" ? "the folder could not be read" : "manifests" };
}
