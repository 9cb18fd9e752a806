/**
 * A receiver of webhooks as its documentation wants it: it checks the signature, answers what it
 * has seen with 200 and counts it once, for ever (Standard Webhooks 1.0.0, "Verifying webhooks").
 */
import { createHmac } from "node:crypto";
import { parseValue } from "../../domain/export/export-line.ts";
import type { OutgoingAnswer, OutgoingRequest } from "../../engine/export/connector-port.ts";
import type { FakeTarget, FakeWorld } from "../fake-target-contract.ts";
import { secretBytes } from "./standard-webhook.ts";

const TOLERANCE_S = 5 * 60;

/** Sums what it takes. */
export class FakeReceiver implements FakeTarget {
  readonly complaints: string[] = [];
  readonly #seen = new Set<string>();
  readonly #totals = new Map<string, bigint>();
  readonly #world: FakeWorld;
  readonly #secret: string;

  constructor(world: FakeWorld, secret: string) {
    this.#world = world;
    this.#secret = secret;
  }

  answer({ headers, body }: OutgoingRequest): OutgoingAnswer {
    const text = String(body);
    const id = headers["webhook-id"] ?? "";
    if (!this.#isSigned(headers, text)) return answer(401, "signature");
    if (this.#seen.has(id)) return answer(200, "seen");
    const { data } = JSON.parse(text);
    if (data.key !== id) this.complaints.push(`id ${id} is not the line's key ${data.key}`);
    this.#seen.add(id);
    const place = JSON.stringify([data.customer, data.item]);
    this.#totals.set(place, (this.#totals.get(place) ?? 0n) + (parseValue(data.value) ?? 0n));
    return answer(202, "taken");
  }

  total(customer: string, item: string): bigint {
    return this.#totals.get(JSON.stringify([customer, item])) ?? 0n;
  }

  #isSigned(headers: OutgoingRequest["headers"], body: string): boolean {
    const seconds = headers["webhook-timestamp"] ?? "";
    const skew = Math.abs(this.#world.nowMs() / 1000 - Number(seconds));
    const key = secretBytes(this.#secret) ?? Buffer.alloc(0);
    const text = `${headers["webhook-id"]}.${seconds}.${body}`;
    const wanted = `v1,${createHmac("sha256", key).update(text).digest("base64")}`;
    const isSigned = (headers["webhook-signature"] ?? "").split(" ").includes(wanted);
    if (!isSigned) this.complaints.push("a signature is wrong");
    return isSigned && skew <= TOLERANCE_S;
  }
}

function answer(status: number, body: string): OutgoingAnswer {
  return { status, headers: {}, body };
}
