/**
 * A Chargebee site that behaves as its documentation says. Each rule names its source where it
 * stands; what the documentation leaves open is decided by chance, or in the way that is worse for
 * us. Every request is judged by the schema of the API.
 */
import { createHash } from "node:crypto";
import type { TheirName } from "../../domain/export/target.ts";
import type { OutgoingAnswer, OutgoingRequest } from "../../engine/export/connector-port.ts";
import type { FakeTarget, FakeWorld } from "../fake-target-contract.ts";
import { judgeOf } from "../request-judge-contract.ts";
import { type FakeRequest, notFound, refused } from "./fake-answers-contract.ts";
import { FakeCharges } from "./fake-charges-contract.ts";
import { FakeEvents } from "./fake-events-contract.ts";
import { FakeSubscriptions } from "./fake-subscriptions-contract.ts";
import { FakeUsages, USAGES_MAX_COUNT } from "./fake-usages-contract.ts";

/** chargebee-idempotency-key: "30 minutes"; another body under it is answered with 422. */
const KEY_MS = 30 * 60 * 1_000;
const API = "/api/v2";
const INVOICE = "/invoices/create_for_charge_items_and_charges";

/** What the schema leaves out; chargebee-bytes.test.ts compares it with the SDK's. */
const JUDGED_BY_SDK = new Set([
  "GET /unbilled_charges",
  "GET /invoices",
  "GET /promotional_credits",
  "POST /promotional_credits/add",
  `POST ${INVOICE}`,
]);

/** What a site has. */
export interface FakeChargebeeOptions {
  readonly site: string;
  readonly apiKey: string;
  /** The subscription of each customer of ours. */
  readonly subscriptions: Readonly<Record<string, string>>;
  /** Our item of each metered item price and feature. */
  readonly items: Readonly<Record<string, string>>;
  /** How long an invoice is pending after its term. */
  readonly closesAfterMs: number;
  /** Usages of a subscription in its lifetime. (Default: 5,000.) */
  readonly usagesMaxCount?: number;
}

interface KeptAnswer {
  readonly fingerprint: string;
  readonly answer: OutgoingAnswer;
  readonly atMs: number;
}

/** One site. */
export class FakeChargebee implements FakeTarget {
  readonly usages: FakeUsages;
  readonly events: FakeEvents;
  readonly charges: FakeCharges;
  readonly subscriptions: FakeSubscriptions;
  readonly #world: FakeWorld;
  readonly #options: FakeChargebeeOptions;
  readonly #judge = judgeOf("chargebee-usage.openapi.json", JUDGED_BY_SDK);
  readonly #kept = new Map<string, KeptAnswer>();
  readonly #complaints: string[] = [];

  constructor(world: FakeWorld, options: FakeChargebeeOptions) {
    const { items, closesAfterMs, usagesMaxCount = USAGES_MAX_COUNT } = options;
    const subscriptions = new FakeSubscriptions(options.subscriptions);
    this.#world = world;
    this.#options = options;
    this.subscriptions = subscriptions;
    const limits = { closesAfterMs, usagesMaxCount };
    this.usages = new FakeUsages({ world, subscriptions, items, ...limits });
    this.events = new FakeEvents({ world, subscriptions, items });
    this.charges = new FakeCharges(world, subscriptions);
  }

  answer(request: OutgoingRequest): OutgoingAnswer {
    const { site, apiKey } = this.#options;
    const { hostname, pathname } = new URL(request.url);
    const path = pathname.startsWith(`${API}/`) ? pathname.slice(API.length) : "";
    this.#complaints.push(...this.#judge({ ...request, url: judgedUrl(request.url) }));
    const basic = `Basic ${Buffer.from(`${apiKey}:`).toString("base64")}`;
    if (request.headers.authorization !== basic) {
      return refused(401, "api_authentication_failed", "Sorry, authentication failed");
    }
    const taken = takenApart(request, path);
    if (hostname === `${site}.ingest.chargebee.com`) return this.#ingested(taken);
    if (hostname !== `${site}.chargebee.com`) return refused(404, "site_not_found", hostname);
    return request.method === "POST" ? this.#idempotent(request, taken) : this.#read(taken);
  }

  get complaints(): readonly string[] {
    return [...this.#complaints, ...this.events.complaints];
  }

  /** The first answer to a key is given again, flagged, to the same path and body. */
  #idempotent(request: OutgoingRequest, taken: FakeRequest): OutgoingAnswer {
    const key = request.headers["chargebee-idempotency-key"];
    if (key === undefined) return this.#written(taken);
    const text = `${request.url} ${request.body}`;
    const fingerprint = createHash("sha256").update(text).digest("hex");
    const nowMs = this.#world.nowMs();
    const kept = this.#kept.get(key);
    if (kept !== undefined && nowMs - kept.atMs < KEY_MS) {
      if (kept.fingerprint !== fingerprint) {
        return refused(422, "idempotency_key_mismatch", "another request has this key");
      }
      const headers = { "chargebee-idempotency-replayed": "true" };
      return { ...kept.answer, headers };
    }
    const answer = this.#written(taken);
    this.#kept.set(key, { fingerprint, answer, atMs: nowMs });
    return answer;
  }

  #written(taken: FakeRequest): OutgoingAnswer {
    const { path } = taken;
    if (path === "/unbilled_charges") return this.charges.create(taken);
    if (path === "/promotional_credits/add") return this.charges.credit(taken);
    if (path === INVOICE) return this.charges.invoice(taken);
    const [, subscription = "", verb] =
      /^\/subscriptions\/([^/]+)\/(usages|delete_usage)$/.exec(path) ?? [];
    const id = decodeURIComponent(subscription);
    if (verb === "usages") return this.usages.create(id, taken);
    return verb === "delete_usage" ? this.usages.remove(id, taken) : notFound(path);
  }

  #read(taken: FakeRequest): OutgoingAnswer {
    const { path } = taken;
    if (path === "/usages") return this.usages.list(taken);
    if (path === "/unbilled_charges") return this.charges.list(taken);
    if (path === "/invoices") return this.charges.invoices(taken);
    if (path === "/promotional_credits") return this.charges.credits(taken);
    const [, subscription] = /^\/subscriptions\/([^/]+)\/usage_summary$/.exec(path) ?? [];
    if (subscription === undefined) return notFound(path);
    return this.events.summary(decodeURIComponent(subscription), taken);
  }

  #ingested(taken: FakeRequest): OutgoingAnswer {
    if (taken.path === "/usage_events") return this.events.create(taken);
    return taken.path === "/batch/usage_events" ? this.events.batch(taken) : notFound(taken.path);
  }

  total(customer: string, item: string): bigint {
    const parts = [this.usages, this.events, this.charges];
    return parts.reduce((sum, part) => sum + part.total(customer, item), 0n);
  }

  tick(): void {
    this.events.tick();
    this.charges.tick();
  }

  rename(customer: string): TheirName {
    const id = this.subscriptions.replace(customer);
    return { id, customer: this.subscriptions.payer(customer) };
  }
}

/** The schema has no `/api/v2`, nor pages of a usage summary, which the SDK's types have. */
function judgedUrl(text: string): string {
  const url = new URL(text.replace(API, ""));
  if (!url.pathname.endsWith("/usage_summary")) return url.href;
  for (const name of ["limit", "offset"]) url.searchParams.delete(name);
  return url.href;
}

function takenApart({ method, url, headers, body }: OutgoingRequest, path: string): FakeRequest {
  const isJson = (headers["content-type"] ?? "").startsWith("application/json");
  const text = String(body ?? "");
  const fields = method === "GET" ? new URL(url).searchParams : new URLSearchParams(text);
  return { method, path, fields, json: isJson ? JSON.parse(text) : null };
}
