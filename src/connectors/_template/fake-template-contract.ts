/**
 * The billing system of the template, as its documentation would say. Each rule has its source.
 */
import { parseValue } from "../../domain/export/export-line.ts";
import type { OutgoingAnswer, OutgoingRequest } from "../../engine/export/connector-port.ts";
import type { FakeTarget, FakeWorld } from "../fake-target-contract.ts";

const DAY_MS = 24 * 60 * 60 * 1000;
const BUSY_PART = 0.05;

interface Kept {
  readonly body: string;
  readonly atMs: number;
}

/** Keeps records by their ids. */
export class FakeTemplate implements FakeTarget {
  readonly complaints: string[] = [];
  readonly #world: FakeWorld;
  readonly #token: string;
  /** Keys are known for a day ("Idempotency"); records stay ("Records"). */
  readonly #keys = new Map<string, Kept>();
  readonly #records = new Set<string>();
  readonly #totals = new Map<string, bigint>();
  /** Their names by ours; one that was renamed has a number behind it. */
  readonly #names = new Map<string, string>();

  constructor(world: FakeWorld, token: string) {
    this.#world = world;
    this.#token = token;
  }

  answer({ method, url, headers, body }: OutgoingRequest): OutgoingAnswer {
    if (headers.authorization !== `Bearer ${this.#token}`) return answer(401, {});
    if (method === "GET") {
      const id = url.slice(url.lastIndexOf("/") + 1);
      return this.#records.has(id) ? answer(200, { id }) : answer(404, {});
    }
    const { records } = JSON.parse(String(body));
    const results: Record<string, string> = {};
    for (const record of records) results[record.id] = this.#take(record);
    return answer(200, { results });
  }

  #take(record: Record<string, string>): string {
    const { id = "", customer = "", meter = "", value = "" } = record;
    const body = JSON.stringify(record);
    const [ours = ""] = customer.split("#");
    // Names are looked at before keys ("Errors"): a retry may be refused although it arrived.
    if ((this.#names.get(ours) ?? ours) !== customer) return "no_such_customer";
    const known = this.#keys.get(id);
    if (known !== undefined && this.#world.nowMs() - known.atMs < DAY_MS) {
      return known.body === body ? "exists" : "other_content";
    }
    if (this.#world.chance() < BUSY_PART) return "busy";
    if (parseValue(value) === undefined) this.complaints.push(`"${value}" is no number`);
    this.#keys.set(id, { body, atMs: this.#world.nowMs() });
    this.#records.add(id);
    const place = JSON.stringify([ours, meter]);
    this.#totals.set(place, (this.#totals.get(place) ?? 0n) + (parseValue(value) ?? 0n));
    return "created";
  }

  total(customer: string, item: string): bigint {
    return this.#totals.get(JSON.stringify([customer, item])) ?? 0n;
  }

  rename(customer: string): { readonly id: string } {
    const count = Number((this.#names.get(customer) ?? "").split("#")[1] ?? 0) + 1;
    const id = `${customer}#${count}`;
    this.#names.set(customer, id);
    return { id };
  }
}

function answer(status: number, body: object): OutgoingAnswer {
  return { status, headers: {}, body: JSON.stringify(body) };
}
