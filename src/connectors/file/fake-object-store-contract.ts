/**
 * A bucket as S3's API reference says (PutObject with If-None-Match, GetObject, ListObjectsV2), and
 * a folder asked the same way. What it holds is what readers of manifests see: a file that no
 * manifest names is not there, and a manifest that its file does not bear out is complained of.
 */
import assert from "node:assert/strict";
import { hash } from "node:crypto";
import { parseValue } from "../../domain/export/export-line.ts";
import type { OutgoingAnswer, OutgoingRequest } from "../../engine/export/connector-port.ts";
import type { FakeTarget, FakeWorld } from "../fake-target-contract.ts";
import type { LineRow } from "./line-table.ts";
import type { Manifest } from "./manifest.ts";
import { signedForS3 } from "./sign-s3.ts";

const SKEW_MAX_MS = 15 * 60_000;
const LIST_PAGE_MAX_COUNT = 3;

/** Keys of an account, and how its bucket is reached. */
export interface FakeAccess {
  readonly accessKey: string;
  readonly secretKey: string;
  readonly region: string;
}

/** Keeps objects by their URLs. Without access keys it is a folder. */
export class FakeObjectStore implements FakeTarget {
  readonly complaints: string[] = [];
  readonly objects = new Map<string, string | Uint8Array>();
  readonly #written = new Map<string, number>();
  readonly #world: FakeWorld;
  readonly #access: FakeAccess | null;

  constructor(world: FakeWorld, access: FakeAccess | null) {
    this.#world = world;
    this.#access = access;
  }

  answer(request: OutgoingRequest): OutgoingAnswer {
    const { method, url } = request;
    if (this.#access !== null && !this.#isSigned(request, this.#access)) {
      return answer(403, "<Error><Code>SignatureDoesNotMatch</Code></Error>");
    }
    if (method === "PUT") return this.#put(request);
    if (url.endsWith("/")) return this.#folder(url);
    if (url.includes("?")) return this.#list(new URL(url));
    const body = this.objects.get(url);
    return body === undefined ? answer(404, "") : answer(200, String(body));
  }

  #put({ url, headers, body }: OutgoingRequest): OutgoingAnswer {
    const bytes = body ?? "";
    const sum = hash("sha256", bytes, "base64");
    if (headers["x-amz-checksum-sha256"] !== sum) return answer(400, "BadDigest");
    if (headers["if-none-match"] !== "*") this.complaints.push(`${url} may be overwritten`);
    if (this.objects.has(url)) return answer(412, "PreconditionFailed");
    this.objects.set(url, bytes);
    this.#written.set(url, this.#world.nowMs());
    return answer(200, "");
  }

  #folder(url: string): OutgoingAnswer {
    const below = [...this.objects.keys()].filter((key) => key.startsWith(url));
    const names = new Set(below.map((key) => key.slice(url.length).split("/")[0] ?? ""));
    const all = [...names].map(decodeURIComponent).sort();
    return all.length === 0 ? answer(404, "") : answer(200, all.join("\n"));
  }

  /** A page holds few keys, so that reading on is tried. */
  #list({ origin, pathname, searchParams }: URL): OutgoingAnswer {
    const bucket = origin + pathname;
    const prefix = searchParams.get("prefix") ?? "";
    const after = searchParams.get("continuation-token") ?? "";
    const all = [...this.objects.keys()]
      .filter((url) => url.startsWith(bucket))
      .map((url) => decodeURIComponent(url.slice(bucket.length)))
      .filter((key) => key.startsWith(prefix) && key > after)
      .sort();
    const page = all.slice(0, LIST_PAGE_MAX_COUNT);
    const keys = page.map((key) => {
      const written = this.#written.get(bucket + key.split("/").map(encodeURIComponent).join("/"));
      const at = new Date(written ?? assert.fail(key)).toISOString();
      const name = encodeURIComponent(key);
      return `<Contents><Key>${name}</Key><LastModified>${at}</LastModified></Contents>`;
    });
    const last = page.at(-1);
    const hasMore = all.length > page.length && last !== undefined;
    const next = hasMore ? `<NextContinuationToken>${last}</NextContinuationToken>` : "";
    return answer(200, `<ListBucketResult>${keys.join("")}${next}</ListBucketResult>`);
  }

  #isSigned(request: OutgoingRequest, access: FakeAccess): boolean {
    const date = request.headers["x-amz-date"] ?? "";
    const [, y, mo, d, h, mi, s] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(date) ?? [];
    const atMs = Date.parse(`${y}-${mo}-${d}T${h}:${mi}:${s}Z`);
    const { authorization, ...headers } = request.headers;
    const wanted = signedForS3({ ...request, headers }, { ...access, atMs }).headers.authorization;
    if (authorization !== wanted) this.complaints.push(`${request.url} is signed otherwise`);
    return authorization === wanted && Math.abs(this.#world.nowMs() - atMs) <= SKEW_MAX_MS;
  }

  total(customer: string, item: string): bigint {
    const seen = new Set<string>();
    let sum = 0n;
    for (const [url, manifest] of this.objects) {
      if (!url.endsWith(".manifest.json")) continue;
      for (const row of this.#rowsOf(url, JSON.parse(String(manifest)))) {
        if (seen.has(row.key)) this.complaints.push(`${row.key} is in two files`);
        seen.add(row.key);
        if (row.customer === customer && row.item === item) sum += parseValue(row.value) ?? 0n;
      }
    }
    return sum;
  }

  #rowsOf(url: string, manifest: Manifest): Pick<LineRow, "key" | "customer" | "item" | "value">[] {
    const file = this.objects.get(url.slice(0, url.lastIndexOf("/") + 1) + manifest.file);
    if (file === undefined || hash("sha256", file, "hex") !== manifest.sha256) {
      this.complaints.push(`${url} names a file that is not there`);
      return [];
    }
    const lines = String(file).trimEnd().split("\n");
    if (manifest.fileFormat === "ndjson") return lines.map((line) => JSON.parse(line));
    // Names and numbers of the schedules hold no comma.
    const [names = [], ...rows] = lines.map((line) => line.split(","));
    return rows.map((cells) => {
      const at = (name: string) => cells[names.indexOf(name)] ?? "";
      return { key: at("key"), customer: at("customer"), item: at("item"), value: at("value") };
    });
  }
}

function answer(status: number, body: string): OutgoingAnswer {
  return { status, headers: {}, body };
}
