/** Allowed, denied, undecided: what a caller hears when the store does not answer. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { TollgateError } from "../../src/domain/errors.ts";
import type { Answer, Store, UnitOfWork } from "../../src/engine/ports.ts";
import { type ApiCaller, apiCaller } from "./api-caller.ts";
import { startTestServer, type TestServer } from "./test-server.ts";

const BY = { reason: "test", by: "ops" };
const ASK = { open: { customer: "acme", agent: "support" }, holds: [hold("s1")] };

function hold(id: string): object {
  return { id, kind: "tool", tool: "search", cost: "0.10" };
}

describe("no decision", () => {
  let server: TestServer;
  let api: ApiCaller;

  beforeEach(async () => {
    server = await startTestServer({ change: (parts) => ({ ...parts, decisionMaxMs: 60 }) });
    api = await apiCaller(server);
  });
  afterEach(() => server.stop());

  async function budget(more: object): Promise<void> {
    const plain = { each: "customer", measure: "cost", limit: "1", per: "month" };
    const body = { budget: { ...plain, ...more }, ...BY };
    assert.equal((await api.call("PUT", "/v1/budgets/month", { body })).status, 200);
    // The first decision reads the budgets, the later ones know them.
    await ask({ holds: [hold("s0")], open: { customer: "first" } }, "r0");
  }

  function ask(body: object = ASK, run = "r1"): ReturnType<ApiCaller["call"]> {
    return api.call("POST", `/v1/runs/${run}/holds`, { body });
  }

  /** Puts something before every unit of work; returns what takes it away. */
  function before(work: () => Promise<void>): () => void {
    const store = server.store as { transact: Store["transact"] };
    const original = store.transact;
    store.transact = async <T>(workspace: string, unit: (unit: UnitOfWork) => Answer<T>) => {
      await work();
      return original.call(server.store, workspace, unit) as Promise<T>;
    };
    return () => {
      store.transact = original;
    };
  }

  function told({ status, body, headers }: Awaited<ReturnType<typeof ask>>) {
    const { code, undecided, onUndecided } = body;
    return { status, code, undecided, onUndecided, retryAfter: headers.get("retry-after") };
  }

  test("a store that hangs is told within the deadline, and asking again is safe", async () => {
    await budget({});
    const { promise, resolve } = Promise.withResolvers<void>();
    const restore = before(() => promise);
    assert.deepEqual(told(await ask()), {
      status: 503,
      code: "hold.undecided",
      undecided: true,
      onUndecided: "closed",
      retryAfter: "1",
    });
    restore();
    resolve();
    // What was asked first may have been granted meanwhile: there is one hold, whoever asks.
    const again = (await ask()).body.decisions?.[0];
    const later = (await ask()).body.decisions?.[0];
    assert.equal(again?.decision, "allow");
    assert.equal(later?.hold, again?.hold);
    const { body } = await api.call("GET", "/v1/customers/acme/budgets");
    assert.equal(body.budgets?.[0]?.held, "0.1");
  });

  test("a store that fails leaves it to the budgets what the caller does", async () => {
    const failing = () => Promise.reject(new TollgateError("store.unknown", "The disk is gone."));
    await budget({ undecided: "open" });
    const restore = before(failing);
    const open = told(await ask());
    assert.deepEqual(
      [open.status, open.code, open.undecided, open.onUndecided],
      [503, "store.unknown", true, "open"],
    );
    restore();
    await budget({ enforcement: "soft", undecided: "closed" });
    before(failing);
    assert.equal(told(await ask()).onUndecided, "closed");
  });

  test("a budget of somebody else does not close the work of this one", async () => {
    await budget({ where: { customer: ["globex"] } });
    before(() => Promise.reject(new TollgateError("store.unknown", "The disk is gone.")));
    assert.equal(told(await ask()).onUndecided, "open");
    const foreign = { ...ASK, open: { customer: "globex" } };
    assert.equal(told(await ask(foreign)).onUndecided, "closed");
    // Whose run it is only the store knows.
    assert.equal(told(await ask({ holds: [hold("s2")] })).onUndecided, "closed");
  });

  test("a budget by labels that a step does not state leaves its work alone", async () => {
    await budget({ each: "label:team" });
    before(() => Promise.reject(new TollgateError("store.unknown", "The disk is gone.")));
    const open = { ...ASK.open, labels: { team: "a" } };
    assert.equal(told(await ask({ ...ASK, open })).onUndecided, "open");
    const labelled = { ...hold("s1"), labels: { team: "a" } };
    assert.equal(told(await ask({ ...ASK, holds: [labelled] })).onUndecided, "closed");
  });

  test("a budget that was retired just now, or made by a cap, is known at once", async () => {
    const gone = () => Promise.reject(new TollgateError("store.unknown", "The disk is gone."));
    const spending = server.store.spending as { budgets: unknown };
    const { budgets } = spending;
    // Neither units of work nor budgets can be read any more.
    const lose = () => {
      const restore = before(gone);
      spending.budgets = gone;
      return () => {
        restore();
        spending.budgets = budgets;
      };
    };
    await budget({});
    await api.call("POST", "/v1/budgets/month/retire", { body: BY });
    const restore = lose();
    assert.equal(told(await ask()).onUndecided, "open");
    restore();
    const caps = [{ measure: "cost", limit: "1" }];
    const capped = await ask({ ...ASK, open: { ...ASK.open, caps } });
    assert.equal(capped.status, 200);
    lose();
    assert.equal(told(await ask({ ...ASK, holds: [hold("s2")] })).onUndecided, "closed");
  });

  test("budgets that were never read close", async () => {
    before(() => Promise.reject(new TollgateError("store.unknown", "The disk is gone.")));
    const store = server.store.spending as { budgets: unknown };
    store.budgets = () => Promise.reject(new TollgateError("store.unknown", "Gone."));
    assert.equal(told(await ask()).onUndecided, "closed");
  });

  /** No key can be looked up: the store hangs, or fails at once. */
  function loseKeys(failure: Error | null): void {
    const keyring = server.store.keyring as { byHash: unknown };
    const silent = new Promise(() => undefined);
    keyring.byHash = () => (failure === null ? silent : Promise.reject(failure));
  }

  test("a key that cannot be looked up is in the way of no answer", async (t) => {
    await budget({ undecided: "open" });
    const past = performance.now() + 2_000;
    t.mock.method(performance, "now", () => past);
    for (const failure of [null, new TollgateError("store.unknown", "The disk is gone.")]) {
      loseKeys(failure);
      // An id that must be encoded takes the way of all other routes.
      for (const run of ["r1", "r%3A1"]) {
        const { onUndecided, status, undecided, code } = told(await ask(ASK, run));
        assert.deepEqual([status, undecided, onUndecided], [503, true, "open"]);
        assert.equal(code, failure === null ? "hold.undecided" : "store.unknown");
      }
    }
    const wrong = await ask({ holds: [{ id: "s1", kind: "nothing" }] });
    assert.equal(wrong.status, 400);
  });

  test("who was never known by a key is told in time that nothing is decided", async () => {
    await budget({});
    loseKeys(null);
    const headers = { authorization: `Bearer  ${server.adminKey}` };
    const body = JSON.stringify(ASK);
    const type = { "content-type": "application/json" };
    for (const run of ["r1", "r%3A1"]) {
      const url = `${server.url}/v1/runs/${run}/holds`;
      const answer = await fetch(url, { method: "POST", body, headers: { ...headers, ...type } });
      const { code, onUndecided } = (await answer.json()) as Record<string, unknown>;
      assert.deepEqual([answer.status, code, onUndecided], [503, "hold.undecided", undefined]);
    }
  });

  /** What may be asked about holds that were granted. */
  const ABOUT_HOLDS = [
    ["POST", "runs/r1/holds/release", { holds: [{ id: "s1" }] }],
    ["POST", "runs/r1/holds/renew", { holds: [{ id: "s1" }] }],
    ["GET", "runs/r1/wait?timeoutMs=0", undefined],
    ["GET", "runs/r1/holds", undefined],
    ["GET", "runs/r1/budgets", undefined],
    ["GET", "customers/acme/budgets", undefined],
  ] as const;

  /** Reads answer no more; returns what lets them go on. */
  function hangReads(until: Promise<void>): () => void {
    const store = server.store as Pick<Store, "runs" | "run" | "customer">;
    const { runs, run, customer } = store;
    const later = <Asked extends unknown[], T>(read: (...asked: Asked) => Answer<T>) => {
      return async (...asked: Asked): Promise<T> => {
        await until;
        return read.apply(server.store, asked);
      };
    };
    Object.assign(store, { runs: later(runs), run: later(run), customer: later(customer) });
    return () => Object.assign(store, { runs, run, customer });
  }

  test("who asks about holds and budgets where a store hangs is told so in time", async () => {
    await ask();
    const { promise, resolve } = Promise.withResolvers<void>();
    const restore = before(() => promise);
    const goOn = hangReads(promise);
    for (const [method, path, body] of ABOUT_HOLDS) {
      const answer = await api.call(method, `/v1/${path}`, { body });
      const { code, onUndecided } = answer.body;
      assert.deepEqual([answer.status, code, onUndecided], [503, "store.unknown", undefined], path);
      assert.equal(answer.headers.get("retry-after"), "1");
    }
    const headers = { authorization: `Bearer ${server.adminKey}`, accept: "text/event-stream" };
    const stream = await fetch(`${server.url}/v1/runs/r1/wait`, { headers });
    assert.equal(stream.status, 503);
    await stream.text();
    restore();
    goOn();
    resolve();
  });

  test("a key that cannot be looked up is no reason to wait longer for that", async (t) => {
    await ask();
    const past = performance.now() + 2_000;
    t.mock.method(performance, "now", () => past);
    loseKeys(null);
    const known = `Bearer ${server.adminKey}`;
    for (const authorization of [known, `Bearer  ${server.adminKey}`]) {
      for (const [method, path, body] of ABOUT_HOLDS) {
        const headers = { authorization, "content-type": "application/json" };
        const sent = body === undefined ? {} : { body: JSON.stringify(body) };
        const url = `${server.url}/v1/${path}`;
        const answer = await fetch(url, { method, headers, ...sent });
        const { code } = (await answer.json()) as Record<string, unknown>;
        assert.deepEqual([answer.status, code], [503, "store.unknown"], path);
      }
    }
  });

  test("what is wrong with a request is not undecided", async () => {
    const { status, body } = await ask({ holds: [{ id: "s1", kind: "nothing" }] });
    assert.deepEqual([status, body.undecided], [400, undefined]);
  });
});
