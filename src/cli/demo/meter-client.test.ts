import assert from "node:assert/strict";
import { test } from "node:test";
import { MeterClient, type MeterEvent } from "./meter-client.ts";

const event = (id: string): MeterEvent => {
  return { type: "step", id, run: "r", occurredAt: "2026-11-23T10:00:00.000Z", kind: "tool" };
};

const accepted = (events: readonly MeterEvent[]) => {
  return Response.json({ results: events.map(({ id }) => ({ id, status: "accepted" })) });
};

/** A server that answers as the list says, then accepts; it keeps every body it was sent. */
function clientFor(answers: readonly (Response | Error)[]) {
  const bodies: string[] = [];
  const left = [...answers];
  const fetch = async (_url: unknown, init?: RequestInit) => {
    const body = String(init?.body);
    bodies.push(body);
    const answer = left.shift() ?? accepted(JSON.parse(body) as MeterEvent[]);
    if (answer instanceof Error) throw answer;
    return answer;
  };
  const options = { baseUrl: "http://tollgate.test", apiKey: "tg_x", retryDelaysMs: [0, 0, 0] };
  const client = new MeterClient({ ...options, fetch: fetch as typeof globalThis.fetch });
  return { client, bodies, batches: () => bodies.map((body) => idsOf(body)) };
}

function idsOf(body: string): string[] {
  return (JSON.parse(body) as MeterEvent[]).map(({ id }) => id);
}

test("a retry after a server error or a broken connection sends the same bytes", async () => {
  const trouble = [new Error("reset"), new Response("busy", { status: 503 }), new Error("reset")];
  const { client, bodies } = clientFor(trouble);
  client.record(event("e1"));
  await client.flush();
  assert.equal(bodies.length, 4);
  assert.equal(new Set(bodies).size, 1);
});

test("what gathers while a request is out travels together, in order", async () => {
  const { client, batches } = clientFor([]);
  for (const id of ["a", "b", "c"]) client.record(event(id));
  await client.flush();
  client.record(event("d"));
  await client.flush();
  assert.deepEqual(batches(), [["a"], ["b", "c"], ["d"]]);
});

test("a refusal is not sent again, and its code is told", async () => {
  const problem = { code: "auth.forbidden", detail: "The key lacks the scope." };
  const { client, bodies } = clientFor([Response.json(problem, { status: 403 })]);
  client.record(event("e1"));
  await assert.rejects(client.flush(), { code: "auth.forbidden" });
  assert.equal(bodies.length, 1);
});

test("without an answer to any attempt the outcome is unknown", async () => {
  const { client } = clientFor([1, 2, 3, 4].map(() => new Error("reset")));
  client.record(event("e1"));
  await assert.rejects(client.flush(), { code: "store.unknown" });
});

test("after a failure nothing is lost: the next event takes the others along", async () => {
  const { client, batches } = clientFor([1, 2, 3, 4].map(() => new Error("reset")));
  client.record(event("e1"));
  await assert.rejects(client.flush());
  client.record(event("e2"));
  await client.flush();
  assert.deepEqual(batches().at(-1), ["e1", "e2"]);
});

test("after a failure another flush sends what is left, instead of calling it done", async () => {
  const { client, batches } = clientFor([1, 2, 3, 4].map(() => new Error("reset")));
  client.record(event("e1"));
  await assert.rejects(client.flush());
  await client.flush();
  assert.equal(batches().length, 5);
  assert.deepEqual(batches().at(-1), ["e1"]);
});

test("an event that the server rejects fails the flush with its reason", async () => {
  const error = { code: "field.unknown", detail: "There is no field kin." };
  const results = [{ id: "e1", status: "rejected", error }];
  const { client } = clientFor([Response.json({ results })]);
  client.record(event("e1"));
  await assert.rejects(client.flush(), { message: "e1: field.unknown: There is no field kin." });
});
