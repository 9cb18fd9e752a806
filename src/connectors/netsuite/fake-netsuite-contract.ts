/**
 * NetSuite's REST web services as Oracle's help says: tokens for certificates, upsert by external
 * ID, jobs, SuiteQL, metadata. Titles of help pages name the source of each rule.
 */
import { constants, createPublicKey, type KeyObject, verify } from "node:crypto";
import type { TheirName } from "../../domain/export/target.ts";
import type { OutgoingAnswer, OutgoingRequest } from "../../engine/export/connector-port.ts";
import type { FakeTarget, FakeWorld } from "../fake-target-contract.ts";
import { judgeOf } from "../request-judge-contract.ts";
import { exactJson } from "./exact-answer.ts";
import { type FakeCatalogue, FakeRecords, RecordError } from "./fake-records-contract.ts";
import { FakeTables } from "./fake-tables-contract.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const SKEW_MAX_MS = MINUTE_MS;
/** "A request may run for up to 15 minutes". */
const SLOW_MAX_MS = 14 * MINUTE_MS;
const JOB_MAX_MS = 10 * MINUTE_MS;
const [BUSY_PART, SLOW_PART, FAILING_PART] = [0.03, 0.03, 0.03];
/** "You can currently work with a maximum of 100 records in one batch request." */
const BATCH_MAX_COUNT = 100;
const RECORDS = "/services/rest/record/v1/";
const COLLECTION = "application/vnd.oracle.resource+json; type=collection";
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
/** "An external ID can be any string containing letters, numbers, underscore and hyphen." */
const EXTERNAL = /^eid:([A-Za-z0-9_-]{1,255})$/;

/** What is mapped in the account ("OAuth 2.0 Client Credentials Setup"). */
export interface FakeMapping {
  readonly clientId: string;
  readonly certificateId: string;
  readonly publicKey: string;
}

interface Work {
  readonly dueMs: number;
  readonly externalId: string;
  readonly run: () => void;
}

type Json = Readonly<Record<string, unknown>>;

/** An account. */
export class FakeNetSuite implements FakeTarget {
  readonly complaints: string[] = [];
  readonly records: FakeRecords;
  /** Requests that were answered, newest last, without their tokens. */
  readonly seen: string[] = [];
  readonly #world: FakeWorld;
  readonly #mapping: FakeMapping;
  readonly #publicKey: KeyObject;
  readonly #tables: FakeTables;
  readonly #judge = judgeOf(
    "netsuite-suitetalk.openapi.json",
    new Set([`GET ${RECORDS}metadata-catalog/{record}`]),
  );
  readonly #tokens = new Map<string, number>();
  readonly #jobs = new Map<string, { readonly dueMs: number }>();
  readonly #batches = new Map<string, string>();
  #work: Work[] = [];

  constructor(world: FakeWorld, mapping: FakeMapping, catalogue: FakeCatalogue) {
    this.#world = world;
    this.#mapping = mapping;
    this.#publicKey = createPublicKey(mapping.publicKey);
    this.records = new FakeRecords(world, catalogue);
    this.#tables = new FakeTables(world, this.records, catalogue);
  }

  answer(request: OutgoingRequest): OutgoingAnswer {
    this.tick();
    const url = new URL(request.url);
    const { pathname, searchParams } = url;
    this.seen.push(`${request.method} ${pathname}`);
    const isReplacing = searchParams.get("replace") === "item";
    searchParams.delete("replace");
    this.complaints.push(...this.#judge({ ...request, url: url.toString() }));
    if (pathname.endsWith("/oauth2/v1/token")) return this.#token(request, url);
    const [, token = ""] = (request.headers.authorization ?? "").split("Bearer ");
    if ((this.#tokens.get(token) ?? 0) <= this.#world.nowMs()) {
      return failed(new RecordError("INVALID_LOGIN", "Invalid login attempt.", 401));
    }
    // "Concurrency Governance": over the account's limit, requests are refused.
    if (this.#world.chance() < BUSY_PART) {
      return failed(new RecordError("CONCURRENCY_LIMIT_EXCEEDED", "Too many requests.", 429));
    }
    try {
      return this.#service({ request, pathname, isReplacing });
    } catch (error) {
      if (error instanceof RecordError) return failed(error);
      throw error;
    }
  }

  #service(asked: Asked): OutgoingAnswer {
    const { request, pathname } = asked;
    if (pathname.endsWith("/suiteql")) return this.#tables.query(request);
    if (pathname.includes("/async/v1/job/")) return this.#job(pathname);
    const [record = "", name = ""] = pathname.slice(RECORDS.length).split("/");
    if (record === "metadata-catalog") return this.#tables.metadata(name);
    if (request.method === "GET") return this.#tables.get(record, externalIdOf(name));
    this.#mustBeStrict(request);
    if (name === "") return this.#batch(request);
    return this.#write({ ...asked, record, externalId: externalIdOf(name) });
  }

  /** Misspelt fields are dropped with a warning unless these headers say otherwise. */
  #mustBeStrict({ headers }: OutgoingRequest): void {
    for (const name of ["propertyname", "propertyvalue"]) {
      const given = headers[`x-netsuite-${name}validation`];
      if (given !== "Error") this.complaints.push(`${name} is not validated`);
    }
  }

  #write(asked: Asked & { readonly record: string; readonly externalId: string }): OutgoingAnswer {
    const { request, record, externalId, isReplacing } = asked;
    const body = exactJson(String(request.body));
    // Another request is at the record: its write is not committed yet.
    if (this.#work.some((one) => one.externalId === externalId)) {
      throw new RecordError("RCRD_HAS_BEEN_CHANGED", "Record has been changed.");
    }
    const run = () => {
      if (record !== "usage") {
        return this.records.putTransaction(kindOf(record), externalId, { body, isReplacing });
      }
      return request.method === "PATCH"
        ? this.records.patchUsage(externalId, body)
        : this.records.putUsage(externalId, body);
    };
    if (this.#world.chance() >= SLOW_PART) {
      const location = `https://x${RECORDS}${record}/${run()}`;
      return { status: 204, headers: { location }, body: "" };
    }
    const dueMs = this.#world.nowMs() + this.#world.chance() * SLOW_MAX_MS;
    this.#work.push({ dueMs, externalId, run: () => void quietly(run) });
    return { status: 504, headers: {}, body: "" };
  }

  /** "Batch Operations", "Sending an Asynchronous Request Using an Idempotency Key". */
  #batch({ method, headers, body }: OutgoingRequest): OutgoingAnswer {
    const key = headers["x-netsuite-idempotency-key"] ?? "";
    const isBatch = method === "PUT" && headers["content-type"] === COLLECTION;
    if (!isBatch || headers.prefer !== "respond-async" || !UUID.test(key)) {
      throw new RecordError("INVALID_REQUEST", "This is no batch.");
    }
    const known = this.#batches.get(key);
    if (known !== undefined) {
      const error = new RecordError("IDEMPOTENCY_ERROR", "The key is already submitted.");
      return { ...failed(error), headers: { location: known } };
    }
    const { items } = exactJson(String(body)) as { readonly items: readonly Json[] };
    if (items.length > BATCH_MAX_COUNT) throw new RecordError("INVALID_REQUEST", "Too many.");
    const id = String(this.#jobs.size + 1);
    const dueMs = this.#world.nowMs() + this.#world.chance() * JOB_MAX_MS;
    this.#jobs.set(id, { dueMs });
    const location = `/services/rest/async/v1/job/${id}`;
    this.#batches.set(key, location);
    this.#work.push({ dueMs, externalId: "", run: () => this.#carryOut(items) });
    return { status: 202, headers: { location }, body: "" };
  }

  /** The job is `succeeded` although some of its records may not be there afterwards. */
  #carryOut(items: readonly Json[]): void {
    for (const { externalId, ...body } of items) {
      if (this.#world.chance() < FAILING_PART) continue;
      quietly(() => this.records.putUsage(String(externalId), body));
    }
  }

  /** "Polling for the Status of an Asynchronous Request". */
  #job(pathname: string): OutgoingAnswer {
    const id = pathname.slice(pathname.lastIndexOf("/") + 1);
    const job = this.#jobs.get(id);
    if (job === undefined) throw new RecordError("NONEXISTENT_ID", "There is no such job.", 404);
    const completed = job.dueMs <= this.#world.nowMs();
    return answered({ id, completed, progress: completed ? "succeeded" : "pending" });
  }

  /** "POST Request to the Token Endpoint", "The Request Token Structure". */
  #token({ body }: OutgoingRequest, { host, origin, pathname }: URL): OutgoingAnswer {
    const form = new URLSearchParams(String(body));
    const [header = "", payload = "", signature = ""] = (form.get("client_assertion") ?? "").split(
      ".",
    );
    const told = { ...decoded(header), ...decoded(payload) };
    const nowS = this.#world.nowMs() / 1_000;
    const { alg, kid, iss, aud, scope } = told;
    const [iat, exp] = [Number(told.iat), Number(told.exp)];
    const isInTime = exp > nowS && exp - iat < 3_600 && iat <= nowS + SKEW_MAX_MS / 1_000;
    const isMapped = kid === this.#mapping.certificateId && iss === this.#mapping.clientId;
    const isForUs = aud === origin + pathname && scope === "rest_webservices" && host !== "";
    const isSigned = this.#isSigned(String(alg), `${header}.${payload}`, signature);
    if (!isInTime || !isMapped || !isForUs || !isSigned || told.typ !== "JWT") {
      return { ...answered({ error: "invalid_grant" }), status: 400 };
    }
    const token = `token-${this.#tokens.size}`;
    this.#tokens.set(token, this.#world.nowMs() + HOUR_MS);
    return answered({ access_token: token, expires_in: "3600", token_type: "bearer" });
  }

  #isSigned(alg: string, text: string, signature: string): boolean {
    const bytes = Buffer.from(signature, "base64url");
    const pss = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 };
    const form = alg === "PS256" ? pss : ({ dsaEncoding: "ieee-p1363" } as const);
    return verify("sha256", Buffer.from(text), { key: this.#publicKey, ...form }, bytes);
  }

  /** A token that was taken away by an administrator. */
  revokeTokens(): void {
    this.#tokens.clear();
  }

  total(customer: string, item: string): bigint {
    return this.records.total(customer, item);
  }

  tick(): void {
    const nowMs = this.#world.nowMs();
    const due = this.#work.filter(({ dueMs }) => dueMs <= nowMs);
    this.#work = this.#work.filter(({ dueMs }) => dueMs > nowMs);
    for (const { run } of due) run();
  }

  rename(customer: string): TheirName {
    return this.records.merge(customer);
  }
}

interface Asked {
  readonly request: OutgoingRequest;
  readonly pathname: string;
  readonly isReplacing: boolean;
}

function externalIdOf(name: string): string {
  const found = EXTERNAL.exec(decodeURIComponent(name))?.[1];
  if (found === undefined && name !== "") {
    throw new RecordError("INVALID_ID", `"${name}" is no external ID.`);
  }
  return found ?? "";
}

function kindOf(record: string): "invoice" | "salesOrder" | "creditMemo" {
  if (record === "invoice" || record === "salesOrder" || record === "creditMemo") return record;
  throw new RecordError("INVALID_RCRD_TYPE", `There is no record ${record}.`, 404);
}

function decoded(part: string): Json {
  return exactJson(Buffer.from(part, "base64url").toString("utf8"));
}

/** What fails in the background is told by nobody. */
function quietly(run: () => unknown): void {
  try {
    run();
  } catch (error) {
    if (!(error instanceof RecordError)) throw error;
  }
}

function answered(body: object): OutgoingAnswer {
  return { status: 200, headers: {}, body: JSON.stringify(body) };
}

function failed({ status, code, message }: RecordError): OutgoingAnswer {
  const details = [{ detail: message, "o:errorCode": code }];
  const body = { type: "about:blank", title: "Error", status, "o:errorDetails": details };
  return { status, headers: {}, body: JSON.stringify(body) };
}
