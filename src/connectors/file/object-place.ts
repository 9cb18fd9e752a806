/**
 * Where files go: a folder of this machine, or a bucket of S3 or what speaks its language. Both are
 * asked the same way: put once, list, get. A base is a URL that ends with a slash.
 */
import type {
  Hosts,
  OutgoingAnswer,
  OutgoingRequest,
  Sent,
  Session,
} from "../../engine/export/connector-port.ts";
import { WRITTEN_HEADER } from "./disk-requests.ts";
import { encoded, signedForS3 } from "./sign-s3.ts";

/** Most bytes of a list or a manifest. */
const ANSWER_MAX_BYTES = 16 * 1024 * 1024;
const LIST_PAGES_MAX_COUNT = 100;

/** A file to be put. */
export interface NewObject {
  readonly url: string;
  readonly type: string;
  readonly body: string | Uint8Array;
}

/** The request that puts a file, once and never again; S3 checks the hash of what arrives. */
export function putRequest({ url, type, body }: NewObject, sha256: string): OutgoingRequest {
  const checksum = Buffer.from(sha256, "hex").toString("base64");
  const headers = { "content-type": type, "if-none-match": "*", "x-amz-checksum-sha256": checksum };
  return { method: "PUT", url, headers, body };
}

/** A request as it leaves: signed where it goes to a bucket. */
export async function sentToPlace(request: OutgoingRequest, session: Session): Promise<Sent> {
  const limits = { hosts: hostsOf(request.url, session), answerMaxBytes: ANSWER_MAX_BYTES };
  if (isFolder(request.url)) return session.http.send(request, limits);
  const [accessKey, secretKey] = await Promise.all([
    session.secret("access_key"),
    session.secret("secret_key"),
  ]);
  const region = session.target.settings.region ?? "us-east-1";
  const signing = { accessKey, secretKey, region, atMs: session.nowMs() };
  return session.http.send(signedForS3(request, signing), limits);
}

function isFolder(url: string): boolean {
  return url.startsWith("file:");
}

/** AWS's own hosts are known; another endpoint is an operator's, so it must be a public one. */
function hostsOf(url: string, { target }: Session): Hosts {
  if (isFolder(url)) return ["file:"];
  return target.settings.endpoint === undefined ? [new URL(url).host] : "public";
}

/** Their answer to a GET; null: there is none now. */
export async function gotFromPlace(url: string, session: Session): Promise<OutgoingAnswer | null> {
  const sent = await sentToPlace({ method: "GET", url, headers: {}, body: null }, session);
  return sent.kind === "answered" ? sent.answer : null;
}

/** A file, or a folder, as a list has it. */
export interface Listed {
  readonly url: string;
  /** When it was last written, by their clock; null: they do not say. */
  readonly writtenMs: number | null;
}

/**
 * All files that stand `depth` folders below a folder of a base, in pages. Ends with null where
 * they cannot tell now: then what came before is not all.
 */
export async function* listedBelow(
  base: string,
  place: { readonly folder: string; readonly depth: number },
  session: Session,
): AsyncGenerator<readonly Listed[] | null> {
  // A bucket has no folders: it lists all that begins alike.
  if (isFolder(base)) yield* foldersBelow(base + place.folder, place.depth, session);
  else yield* bucketPages(base, place.folder, session);
}

async function* foldersBelow(
  url: string,
  depth: number,
  session: Session,
): AsyncGenerator<readonly Listed[] | null> {
  const listed = await folderAt(url, session);
  if (depth === 0 || listed === null) yield listed;
  else for (const one of listed) yield* foldersBelow(`${one.url}/`, depth - 1, session);
}

/** URLs of the files right below a folder of a base; null: they cannot tell now. */
export async function listedAt(
  base: string,
  folder: string,
  session: Session,
): Promise<readonly string[] | null> {
  if (isFolder(base)) return urlsOf(await folderAt(base + folder, session));
  const urls: string[] = [];
  let pages = 0;
  for await (const page of bucketPages(base, folder, session)) {
    pages += 1;
    if (page === null || pages > LIST_PAGES_MAX_COUNT) return null;
    for (const { url } of page) urls.push(url);
  }
  return urls;
}

function urlsOf(listed: readonly Listed[] | null): readonly string[] | null {
  return listed?.map(({ url }) => url) ?? null;
}

async function folderAt(url: string, session: Session): Promise<readonly Listed[] | null> {
  const answer = await gotFromPlace(url, session);
  if (answer?.status === 404) return [];
  if (answer?.status !== 200) return null;
  const names = answer.body.split("\n").filter((name) => name !== "");
  const times = answer.headers[WRITTEN_HEADER]?.split(" ") ?? [];
  return names.map((name, at) => ({ url: url + encoded(name), writtenMs: timeOf(times[at]) }));
}

function timeOf(text: string | undefined): number | null {
  const ms = Number(text ?? Number.NaN);
  return Number.isNaN(ms) ? null : ms;
}

/** ListObjectsV2, page by page. Keys come encoded, as asked. */
async function* bucketPages(
  base: string,
  folder: string,
  session: Session,
): AsyncGenerator<readonly Listed[] | null> {
  const { bucketUrl, prefix } = bucketOf(base, session);
  let token: string | null = null;
  do {
    const query = { "list-type": "2", "encoding-type": "url", prefix: decoded(prefix + folder) };
    const asked: Record<string, string> = {
      ...query,
      ...(token && { "continuation-token": token }),
    };
    const text = Object.entries(asked).map(([name, value]) => `${name}=${encoded(value)}`);
    const answer = await gotFromPlace(`${bucketUrl}?${text.join("&")}`, session);
    if (answer?.status !== 200) return yield null;
    yield [...answer.body.matchAll(/<Contents>(.*?)<\/Contents>/gs)].map(([, text = ""]) => {
      const key = /<Key>([^<]*)<\/Key>/.exec(text)?.[1] ?? "";
      const written = /<LastModified>([^<]*)<\/LastModified>/.exec(text)?.[1] ?? "";
      const url = bucketUrl + pathOf(decoded(key.replaceAll("+", "%20")));
      return { url, writtenMs: timeOf(String(Date.parse(written))) };
    });
    token = /<NextContinuationToken>([^<]+)</.exec(answer.body)?.[1] ?? null;
  } while (token !== null);
}

function decoded(text: string): string {
  return decodeURIComponent(text);
}

/** A key as a path. */
function pathOf(key: string): string {
  return key.split("/").map(encoded).join("/");
}

/** The bucket's own URL, and the base's path in it. With an endpoint, the bucket leads the path. */
function bucketOf(base: string, { target }: Session) {
  const { origin, pathname } = new URL(base);
  const lead = target.settings.endpoint === undefined ? "/" : `/${target.settings.bucket}/`;
  return { bucketUrl: origin + lead, prefix: pathname.slice(lead.length) };
}

/**
 * Names as folders, in a URL. What is unusual in a name is escaped before the URL is: an encoded
 * slash is a slash to S3, and what begins with a dot must not mean a folder above.
 */
export function folderOf(...names: readonly string[]): string {
  const safe = names.map((name) => encoded(encoded(/^[.~]/.test(name) ? `~${name}` : name)));
  return `${safe.join("/")}/`;
}
