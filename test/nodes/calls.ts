/** Requests as a client of any node makes them. */
import assert from "node:assert/strict";

/** Where a request goes. */
export interface Asked {
  readonly url: string;
  readonly key: string;
}

/** JSON of an answer, to look into. */
export interface Json {
  readonly [field: string]: Json;
}

/** The answer's document; one that is no success fails the test. */
export async function call(
  { url, key }: Asked,
  what: `${"GET" | "POST" | "PUT" | "DELETE"} /${string}`,
  body?: unknown,
): Promise<Json> {
  const [method = "", path = ""] = what.split(" ");
  const json = body === undefined ? {} : { "content-type": "application/json" };
  const headers = { authorization: `Bearer ${key}`, ...json };
  const sent = body === undefined ? {} : { body: JSON.stringify(body) };
  const answer = await fetch(url + path, { method, headers, ...sent });
  const text = await answer.text();
  assert.ok(answer.ok, `${what}: ${text}`);
  return JSON.parse(text) as Json;
}

/** Who decided, where an act wants to know. */
export const BY = { reason: "test", by: "test" } as const;

/** Opens a run by an event. */
export function opening(run: string, customer: string, parentRun?: string): object {
  const parent = parentRun === undefined ? {} : { parentRun };
  const occurredAt = new Date().toISOString();
  const event = { type: "run.opened", id: "open", source: "t", run, customer, occurredAt };
  return { ...event, agent: "support", ...parent };
}

/** A step of a tool. */
export function toolStep(run: string, id: string, customer?: string): object {
  const whose = customer === undefined ? {} : { customer };
  const occurredAt = new Date().toISOString();
  return {
    id,
    source: "t",
    run,
    kind: "tool",
    tool: "search",
    usage: { calls: 1 },
    occurredAt,
    ...whose,
  };
}
