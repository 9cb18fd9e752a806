/** Alerts from the step that causes them to those who must hear of them, over real connections. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { Webhook } from "standardwebhooks";
import { type Running, startTollgate } from "../../src/compose.ts";
import { DATABASE_FILE } from "../../src/store/sqlite/sqlite-store.ts";
import { type HookServer, type Posted, startHookServer } from "./hook-server.ts";
import { type MailServer, startMailServer } from "./mail-server.ts";

const BY = { reason: "a test", by: "ops" };
const WAIT_MAX_MS = 10_000;

interface Told {
  readonly id: string;
  readonly type: string;
  readonly customer: string | null;
}

interface Delivery {
  readonly id: string;
  readonly route: string;
  readonly state: string;
  readonly alerts: readonly string[];
  readonly attempts: number;
  readonly nextAttemptAt: string | null;
  readonly log: readonly { readonly outcome: string; readonly status: number | null }[];
}

describe("alerts", () => {
  const dataDir = mkdtempSync(join(tmpdir(), "tollgate-alerts-"));
  let server: Running;
  let hooks: HookServer;
  let mail: MailServer;
  let key = "";

  const start = async (): Promise<void> => {
    const sender = { url: mail.url, from: "Tollgate <alerts@tollgate.test>" };
    const options = { privateTargets: ["127.0.0.1"], mail: sender, publicUrl: "https://t.test" };
    server = await startTollgate({ dataDir, port: 0, ...options });
    key = server.passingKey(["ingest", "read", "admin"]);
  };
  before(async () => {
    [hooks, mail] = [await startHookServer(), await startMailServer()];
    await start();
  });
  after(async () => {
    await server.stop();
    await Promise.all([hooks.stop(), mail.stop()]);
    rmSync(dataDir, { recursive: true, force: true });
  });

  const call = async <T>(method: string, path: string, body?: object): Promise<T> => {
    const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
    const sent = body === undefined ? {} : { body: JSON.stringify(body) };
    const response = await fetch(server.url + path, { method, headers, ...sent });
    const text = await response.text();
    assert.ok(response.ok, text);
    return JSON.parse(text) as T;
  };
  const saveRoute = (name: string, route: object) =>
    call("PUT", `/v1/alerts/routes/${name}`, { ...route, ...BY });
  const seen = async <T>(look: () => T | undefined | Promise<T | undefined>): Promise<T> => {
    const endMs = Date.now() + WAIT_MAX_MS;
    for (;;) {
      const found = await look();
      if (found !== undefined) return found;
      assert.ok(Date.now() < endMs, "it did not come");
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  };
  const postedTo = (path: string): readonly Posted[] =>
    hooks.posted.filter((one) => one.path === path);
  const deliveriesOf = async (route: string): Promise<readonly Delivery[]> =>
    (await call<{ deliveries: Delivery[] }>("GET", `/v1/alerts/deliveries?route=${route}`))
      .deliveries;

  test("leave within a second of the step that caused them, signed", async () => {
    await saveRoute("ops", { channel: "webhook", url: `${hooks.url}/ops`, types: ["budget.*"] });
    const budget = {
      ...{ each: "customer", measure: "steps", per: "lifetime", limit: "100" },
      stages: [
        { at: "1", do: "notify" },
        { at: "2", do: "notify" },
        { at: "3", do: "notify" },
      ],
    };
    await call("PUT", "/v1/budgets/steps", { budget, ...BY });
    const took: number[] = [];
    for (const n of [1, 2, 3]) {
      const step = { run: "r1", source: "sdk", id: `s${n}`, kind: "tool", tool: "search" };
      const atMs = Date.now();
      await call("POST", "/v1/events", [
        { ...step, customer: "acme", agent: "a", occurredAt: new Date().toISOString() },
      ]);
      const { atMs: arrivedMs } = await seen(() => postedTo("/ops")[n - 1]);
      took.push(arrivedMs - atMs);
    }
    console.log(`# from the step to the receiver: ${took.join(", ")} ms`);
    assert.ok(
      took.every((ms) => ms < 1_000),
      took.join(", "),
    );
    const [first] = postedTo("/ops");
    const { secrets } = await call<{ secrets: string[] }>("GET", "/v1/alerts/routes/ops/target");
    const [secret = ""] = secrets;
    const headers = first?.headers as Record<string, string>;
    const body = new Webhook(secret).verify(first?.body ?? "", headers) as {
      type: string;
      data: Told;
    };
    assert.deepEqual([body.type, body.data.customer], ["budget.notify", "acme"]);
    const { alerts } = await call<{ alerts: Told[] }>("GET", "/v1/alerts?type=budget.notify");
    assert.equal(alerts.length, 3);
    assert.ok(alerts.some(({ id }) => id === body.data.id));
  });

  test("of credit leave within a second too, though they follow from totals", async () => {
    const hook = { channel: "webhook", url: `${hooks.url}/money`, teams: ["finance", "sales"] };
    await saveRoute("money", hook);
    const price = { model: "per_unit", unit: "1" };
    const charges = [{ key: "steps", meter: { count: "steps" }, price }];
    await call("POST", "/v1/rate-cards", { key: "desk", currency: "USD", charges });
    await call("PUT", "/v1/customers/gamma", {});
    const grant = { customer: "gamma", amount: "10", currency: "USD", ...BY };
    await call("POST", "/v1/credits/grants", grant);
    const occurredAt = new Date().toISOString();
    const steps = Array.from({ length: 10 }, (_, n) => ({
      ...{ run: "g1", source: "sdk", id: `g${n}`, kind: "tool", tool: "search" },
      ...{ customer: "gamma", agent: "a", occurredAt },
    }));
    const atMs = Date.now();
    await call("POST", "/v1/events", steps);
    const { atMs: arrivedMs, body } = await seen(() => postedTo("/money")[0]);
    console.log(`# from the step that used credit up to the receiver: ${arrivedMs - atMs} ms`);
    assert.ok(arrivedMs - atMs < 1_000);
    const { type, data } = JSON.parse(body) as { type: string; data: { data: { link: string } } };
    assert.equal(type, "credit.empty");
    assert.equal(data.data.link, "https://t.test/v1/customers/gamma/credits");
  });

  test("are signed by both secrets while one takes the place of the other", async () => {
    const [former = ""] = (await call<{ secrets: string[] }>("GET", "/v1/alerts/routes/ops/target"))
      .secrets;
    const { secrets } = await call<{ secrets: string[] }>(
      "POST",
      "/v1/alerts/routes/ops/rotate",
      BY,
    );
    assert.equal(secrets[1], former);
    const before = postedTo("/ops").length;
    await call("POST", "/v1/alerts/routes/ops/test", BY);
    const { headers, body } = await seen(() => postedTo("/ops")[before]);
    for (const secret of secrets) {
      new Webhook(secret).verify(body, headers as Record<string, string>);
    }
    const file = readFileSync(join(dataDir, DATABASE_FILE));
    for (const secret of secrets) assert.equal(file.indexOf(secret), -1, "no secret is readable");
  });

  test("go to those whom they concern, in the form that each takes", async () => {
    const of = { channel: "slack", url: `${hooks.url}/slack`, types: ["run.*"] };
    await saveRoute("chat", { ...of, customers: ["acme"] });
    await saveRoute("teams", { ...of, channel: "teams", url: `${hooks.url}/teams` });
    await saveRoute("mail", { channel: "email", addresses: ["eng@x.test"], types: ["run.*"] });
    await saveRoute("sales", { ...of, url: `${hooks.url}/sales`, teams: ["sales"] });
    const stop = { of: "customer", mode: "pause", reason: "too much <b>\r\nbcc: x", by: "ops" };
    await call("POST", "/v1/stops", { ...stop, id: "acme" }).catch(() => undefined);
    await call("POST", "/v1/stops", { ...stop, id: "acme", reason: "too much <b>" });
    const { body } = await seen(() => postedTo("/slack")[0]);
    const slack = JSON.parse(body) as { text: string; blocks: { text: { text: string } }[] };
    assert.match(slack.text, /The customer "acme" is paused: too much &lt;b&gt;/);
    assert.match(slack.blocks[0]?.text.text ?? "", /too much <b>/);
    const teams = JSON.parse((await seen(() => postedTo("/teams")[0])).body) as {
      attachments: { contentType: string; content: { type: string } }[];
    };
    assert.equal(teams.attachments[0]?.content.type, "AdaptiveCard");
    const got = await seen(() => mail.mails[0]);
    assert.deepEqual(got.to, ["eng@x.test"]);
    assert.equal(got.from, "alerts@tollgate.test");
    assert.match(got.text, /^Subject: .*Tollgate/m);
    assert.match(got.text, /^\[Tollgate default\] The customer "acme" is paused: too much <b>/m);
    const [sent] = await deliveriesOf("mail");
    assert.match(got.text, new RegExp(`^Message-ID: <${sent?.id}@tollgate.test>`, "m"));
    await call("POST", "/v1/stops", { ...stop, id: "beta", reason: "again" });
    await seen(() => postedTo("/teams")[1]);
    await seen(() => mail.mails[1]);
    assert.equal(postedTo("/slack").length, 1, "another customer's alert is not for this route");
    assert.equal(postedTo("/sales").length, 0, "sales is not told of runs");
  });

  test("that are refused wait, and are sent anew by their id when somebody says so", async () => {
    mail.refuseNext("451 later");
    hooks.answer(503);
    await saveRoute("late", {
      channel: "webhook",
      url: `${hooks.url}/late`,
      types: ["run.blocked"],
    });
    const stop = { of: "agent", id: "a", mode: "block", ...BY };
    await call("POST", "/v1/stops", stop);
    const failed = await seen(async () =>
      (await deliveriesOf("late")).find(({ attempts }) => attempts === 1),
    );
    assert.deepEqual([failed.state, failed.log[0]?.status], ["ready", 503]);
    const mailed = await seen(async () =>
      (await deliveriesOf("mail")).find((one) => one.log[0]?.outcome === "refused"),
    );
    assert.equal(mailed.log[0]?.status, 451);
    hooks.answer(204);
    await call("POST", `/v1/alerts/deliveries/${failed.id}/resend`, {});
    const { headers } = await seen(() => postedTo("/late")[1]);
    assert.equal(headers["webhook-id"], failed.id);
    await seen(async () => (await deliveriesOf("late")).find((one) => one.state === "delivered"));
  });

  test("that were not sent before the server stopped are sent after it starts", async () => {
    hooks.answer(500);
    await call("POST", "/v1/stops", { of: "agent", id: "b", mode: "block", ...BY });
    await seen(() => postedTo("/late")[2]);
    await server.stop();
    hooks.answer(204);
    await start();
    const { headers } = await seen(() => postedTo("/late")[3]);
    assert.equal(headers["webhook-id"], postedTo("/late")[2]?.headers["webhook-id"]);
  });

  test("end for a receiver that is gone, and its route is stopped", async () => {
    hooks.answer(410);
    await call("POST", "/v1/stops", { of: "agent", id: "c", mode: "block", ...BY });
    await seen(async () => {
      const { routes } = await call<{
        routes: { key: string; isEnabled: boolean; stoppedBecause: string | null }[];
      }>("GET", "/v1/alerts/routes");
      const late = routes.find((one) => one.key === "late");
      return late?.stoppedBecause === "the receiver wants nothing more" ? late : undefined;
    });
    hooks.answer(204);
  });

  test("do not leave for addresses that only this machine reaches", async () => {
    const url = "https://169.254.169.254/latest/meta-data";
    const route = { channel: "webhook", url, ...BY };
    const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
    const sent = { method: "PUT", headers, body: JSON.stringify(route) };
    const response = await fetch(`${server.url}/v1/alerts/routes/bad`, sent);
    assert.equal(response.status, 400);
    assert.equal(((await response.json()) as { field: string }).field, "url");
  });
});
