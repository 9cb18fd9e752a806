/**
 * The kernel's own word that an acknowledgement follows the disk: every system call of a server
 * under load is traced. The same trace with synchronous=NORMAL must be found wanting, or the test
 * would prove nothing. (A kill cannot tell the two apart: the page cache survives it.)
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { applyCrashCard } from "./card.ts";
import { HttpClient } from "./http-client.ts";
import { type Finding, judgeTrace } from "./system-calls.ts";
import { skipUntraced, traceOf } from "./tracer.ts";

const REQUESTS = process.env.TOLLGATE_TEST_FULL === undefined ? 120 : 1_000;
const CONNECTIONS = { "in turn": 1, "at once": 6 };
type Load = keyof typeof CONNECTIONS;

let made = 0;

function eventsOf(count: number): object[] {
  return Array.from({ length: count }, () => {
    made += 1;
    return {
      id: `ack-${String(made).padStart(6, "0")}z`,
      run: `run-${made % 17}`,
      customer: "acme",
      occurredAt: new Date().toISOString(),
      kind: "model",
      provider: "openai",
      model: "gpt-5",
      usage: { input_uncached: 100, output_text: 10 },
    };
  });
}

async function sendAll(client: HttpClient, load: Load): Promise<void> {
  let left = REQUESTS;
  const sender = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      const { status } = await client.post<unknown>("/v1/events", eventsOf(1 + (left % 4)));
      assert.equal(status, 200);
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS[load] }, sender));
}

async function judged(synchronous: "FULL" | "NORMAL", load: Load): Promise<Finding> {
  const trace = await traceOf({ synchronous }, async ({ url }, key) => {
    await applyCrashCard(url, key);
    const client = new HttpClient(url, key);
    await sendAll(client, load);
    client.close();
  });
  return judgeTrace(trace, load);
}

const skip = skipUntraced();

for (const load of ["in turn", "at once"] as const) {
  const name = `every acknowledgement follows an fdatasync that covers it, requests ${load}`;
  test(name, { skip }, async (t) => {
    const found = await judged("FULL", load);
    t.diagnostic(JSON.stringify({ ...found, violations: found.violations.length }));
    assert.equal(found.acknowledgements, REQUESTS);
    assert.deepEqual(found.violations.slice(0, 5), []);
  });

  test(`with synchronous=NORMAL they come before it, requests ${load}`, { skip }, async (t) => {
    const found = await judged("NORMAL", load);
    t.diagnostic(JSON.stringify({ ...found, violations: found.violations.length }));
    assert.equal(found.acknowledgements, REQUESTS);
    assert.ok(found.violations.length >= REQUESTS / 2, "most came before the disk");
  });
}
