import assert from "node:assert/strict";
import { Agent, request } from "node:http";
import { describe, test } from "node:test";
import { TollgateError } from "../../src/domain/errors.ts";
import type { IngestAnswer } from "../../src/http/http-parts.ts";
import { apiCaller, assertProblem } from "./api-caller.ts";
import { startTestServer } from "./test-server.ts";

interface Gate {
  readonly passed: Promise<void>;
  open(): void;
}

function gate(): Gate {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { passed: promise, open: () => resolve() };
}

const NOTHING: IngestAnswer = { results: [], runs: new Map() };

describe("shutting down", () => {
  test("requests in flight are answered, new ones are told to come again", async (t) => {
    const arrived = gate();
    const commit = gate();
    const server = await startTestServer({
      change: (parts) => ({
        ...parts,
        intake: {
          ...parts.intake,
          ingestBody: async () => {
            arrived.open();
            await commit.passed;
            return NOTHING;
          },
        },
      }),
    });
    t.after(() => server.stop());
    const api = await apiCaller(server);
    const inFlight = api.call("POST", "/v1/events", { body: [] });
    await arrived.passed;
    let isStopped = false;
    const stopped = server.stop().then(() => {
      isStopped = true;
    });
    const refused = await api.call("GET", "/v1/runs");
    assert.equal(refused.status, 503);
    assert.match(refused.headers.get("retry-after") ?? "", /^\d+$/);
    assertProblem(refused, "server.draining");
    assertProblem(await api.call("POST", "/v1/events", { body: [] }), "server.draining");
    const health = await api.call("GET", "/health", { key: null });
    assert.deepEqual([health.status, health.body.status], [503, "draining"]);
    assert.equal(isStopped, false);
    commit.open();
    assert.equal((await inFlight).status, 200);
    await stopped;
    await assert.rejects(fetch(`${server.url}/health`));
  });

  test("idle connections do not hold a shutdown up", async () => {
    const server = await startTestServer();
    const agent = new Agent({ keepAlive: true });
    await new Promise<void>((resolve, reject) => {
      const call = request(`${server.url}/health`, { agent }, (response) => {
        response.resume();
        response.on("end", resolve);
      });
      call.on("error", reject);
      call.end();
    });
    await server.stop();
    agent.destroy();
  });
});

describe("failures behind the routes", () => {
  const failing = (error: Error) =>
    startTestServer({
      change: (parts) => ({
        ...parts,
        intake: {
          ingestBody: () => Promise.reject(error),
          ingestValue: () => Promise.reject(error),
        },
      }),
    });

  test("an unexpected error is told as internal, and only the log has its reason", async (t) => {
    const server = await failing(new Error("the secret reason"));
    t.after(() => server.stop());
    const api = await apiCaller(server);
    for (const [path, body] of [
      ["/v1/events", []],
      ["/v1/runs", { run: "x" }],
    ] as const) {
      const answer = assertProblem(await api.call("POST", path, { body }), "internal");
      assert.ok(!answer.text.includes("secret"));
      const entry = server.errors.at(-1) as { readonly requestId: string; readonly error: Error };
      assert.equal(entry.requestId, String(answer.body.requestId));
      assert.equal(entry.error.message, "the secret reason");
    }
  });

  test("an unknown outcome is told, and health says so until a commit succeeds", async (t) => {
    let isBroken = true;
    const server = await startTestServer({
      change: (parts) => ({
        ...parts,
        intake: {
          ...parts.intake,
          ingestBody: (...request) => {
            if (!isBroken) return parts.intake.ingestBody(...request);
            throw new TollgateError("store.unknown", "The disk is gone.");
          },
        },
      }),
    });
    t.after(() => server.stop());
    const api = await apiCaller(server);
    const unknown = await api.call("POST", "/v1/events", { body: [] });
    assertProblem(unknown, "store.unknown");
    assert.equal(unknown.headers.get("retry-after"), "1");
    const health = await api.call("GET", "/health", { key: null });
    assert.deepEqual([health.status, health.body.status], [503, "store_unknown"]);
    isBroken = false;
    await api.call("POST", "/v1/events", { body: [] });
    assert.equal((await api.call("GET", "/health", { key: null })).status, 200);
  });
});
