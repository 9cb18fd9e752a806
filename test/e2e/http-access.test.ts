import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { type ApiCaller, apiCaller, assertProblem } from "./api-caller.ts";
import { startTestServer, type TestServer } from "./test-server.ts";

const EVENT = {
  ...{ id: "e1", run: "mine", customer: "acme", occurredAt: "2026-11-10T10:00:00Z" },
  ...{ kind: "custom", usage: { pages: 1 } },
};

describe("who may do what", () => {
  let server: TestServer;
  let api: ApiCaller;
  let routes: readonly (readonly [method: string, path: string, scope: string | null])[];

  before(async () => {
    server = await startTestServer({ store: "sqlite" });
    api = await apiCaller(server);
    routes = Object.entries(api.openApi.paths).flatMap(([path, item]) =>
      Object.entries(item).map(([method, operation]) => {
        const url = path.replaceAll(/\{\w+\}/g, "1");
        return [method.toUpperCase(), url, operation["x-tollgate-scope"] ?? null] as const;
      }),
    );
  });
  after(() => server.stop());

  test("every route but what is public wants a key, and says so", async () => {
    const open = routes.filter(([, , scope]) => scope === null).map(([, path]) => path);
    const notices = "/v1/notices/1/1";
    const wanted = ["/health", notices, "/v1/openapi.json", "/v1/receipt-keys"];
    assert.deepEqual(open.toSorted(), wanted);
    // What targets send is signed by them, so nobody else gets anywhere.
    const unsigned = await api.call("POST", notices, { key: null, body: {} });
    assertProblem(unsigned, "notice.refused");
    for (const [method, path, scope] of routes) {
      if (path === notices) continue;
      const answer = await api.call(method, path, { key: null });
      if (scope === null) assert.equal(answer.status, 200, path);
      else assertProblem(answer, "auth.missing");
      if (scope !== null) assert.match(answer.headers.get("www-authenticate") ?? "", /^Bearer/);
    }
  });

  test("a key that is not one of ours opens nothing", async () => {
    const keys = ["x", "tg_", "tg_short", `tg_${"x".repeat(44)}`, `tg_${"x".repeat(10_000)}`];
    for (const key of [...keys, `${server.adminKey}x`, server.adminKey.slice(0, -1)]) {
      for (const [method, path, scope] of routes) {
        if (scope === null) continue;
        assertProblem(await api.call(method, path, { key }), "auth.invalid");
      }
    }
    const headers = { authorization: `Basic ${btoa("a:b")}` };
    assertProblem(await api.call("GET", "/v1/runs", { key: null, headers }), "auth.invalid");
  });

  test("a key does what its scope covers and nothing else", async () => {
    const keys = { ingest: server.ingestKey, read: server.readKey, admin: server.adminKey };
    const allowed = { ingest: ["ingest"], read: ["read"], admin: ["ingest", "read", "admin"] };
    let refused = 0;
    for (const [method, path, scope] of routes) {
      if (scope === null) continue;
      for (const name of ["ingest", "read", "admin"] as const) {
        const { status, body, text } = await api.call(method, path, { key: keys[name] });
        const may = allowed[name].includes(scope);
        assert.equal(
          String(body.code) === "auth.forbidden",
          !may,
          `${name} ${method} ${path} ${text}`,
        );
        if (!may) assert.equal(status, 403);
        if (!may) refused += 1;
      }
    }
    assert.ok(refused >= routes.length);
  });

  test("what is of another workspace does not exist, whoever asks", async () => {
    await api.call("POST", "/v1/events", { body: [EVENT] });
    await api.call("POST", "/v1/runs/mine/outcomes", { body: { outcome: "done" } });
    const close = { body: { period: "2026-11", early: true } };
    const { body } = await api.call("POST", "/v1/periods/close", close);
    const statement = String(body.statements?.[0]?.id);
    const [ownKey] = await server.engine.store.keyring.ofWorkspace("default");
    const key = server.foreignKey;
    const asked: readonly (readonly [string, string, object?])[] = [
      ["GET", "/v1/runs/mine"],
      ["GET", "/v1/customers/acme"],
      ["GET", `/v1/statements/${statement}`],
      ["GET", `/v1/statements/${statement}.csv`],
      ["GET", `/v1/statements/${statement}.ndjson`],
      ["POST", "/v1/runs/mine/outcomes/done/reverse"],
      ["POST", "/v1/periods/close", { customer: "acme", period: "2026-11", early: true }],
      ["DELETE", `/v1/keys/${ownKey?.id}`],
    ];
    for (const [method, path, sent] of asked) {
      const answer = await api.call(
        method,
        path,
        sent === undefined ? { key } : { key, body: sent },
      );
      assert.equal(answer.status, 404, `${method} ${path} ${answer.text}`);
      assert.match(String(answer.body.code), /\.not_found$/);
    }
    for (const path of ["/v1/runs", "/v1/customers", "/v1/statements", "/v1/usage"]) {
      assert.ok(!(await api.call("GET", path, { key })).text.includes("acme"), path);
    }
    const paged = await api.call("GET", "/v1/runs?cursor=mine", { key });
    assertProblem(paged, "field.invalid", "cursor");
    // The same ids in the other workspace are other things.
    const theirs = { ...EVENT, customer: "other" };
    const sent = await api.call("POST", "/v1/events", { key, body: [theirs] });
    assert.equal(sent.body.results?.[0]?.status, "accepted");
    assert.equal((await api.call("GET", "/v1/runs/mine")).body.customer, "acme");
  });

  test("a revoked key is refused with its very next request", async () => {
    const made = await api.call("POST", "/v1/keys", { body: { scopes: ["ingest"], label: "x" } });
    const key = String(made.body.secret);
    const send = () => api.call("POST", "/v1/events", { key, body: [] });
    for (let n = 0; n < 3; n += 1) assert.equal((await send()).status, 200);
    const revoked = await api.call("DELETE", `/v1/keys/${made.body.key?.id}`);
    assert.equal(typeof revoked.body.revokedAt, "string");
    assertProblem(await send(), "auth.invalid");
    assertProblem(await api.call("DELETE", "/v1/keys/none"), "key.not_found");
  });

  test("a secret is shown when it is made and never again", async () => {
    const made = await api.call("POST", "/v1/keys", { body: { scopes: ["read"] } });
    const secret = String(made.body.secret);
    assert.match(secret, /^tg_[A-Za-z0-9_-]{40,}$/);
    for (const path of ["/v1/keys", "/metrics", "/v1/openapi.json"]) {
      const { text } = await api.call("GET", path);
      assert.ok(!text.includes(secret) && !text.includes('"hash"'), path);
    }
  });
});
