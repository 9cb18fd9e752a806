/** Exports over HTTP: from usage and statements to a receiver, with what is missing and refused. */
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, test } from "node:test";
import { connectorHttp } from "../../src/connectors/outgoing-http/connector-http.ts";
import { secretBox } from "../../src/connectors/secret-box.ts";
import {
  SECRET_MAX_CHARS,
  TARGET_NAMES_MAX_COUNT,
  TARGETS_PER_WORKSPACE_MAX_COUNT,
} from "../../src/domain/limits.ts";
import { assertProblem, type Json } from "./api-caller.ts";
import { type Desk, openDesk } from "./billing-desk.ts";

const WHO = { reason: "our ERP", by: "anna" };
const SIGNING = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const PER_UNIT = { model: "per_unit", unit: "1" };
const LOCAL = connectorHttp({ privateRanges: ["127.0.0.1"] });

/** A receiver that answers as it is told, and counts each id once. */
class Receiver {
  readonly seen = new Map<string, Json>();
  /** Status of the next answers; 200 when none is left. */
  readonly answers: number[] = [];
  requests = 0;
  readonly #server: Server;

  constructor() {
    this.#server = createServer((request, response) => {
      void this.#take(request).then((status) => response.writeHead(status).end("{}"));
    });
  }

  async #take(request: IncomingMessage): Promise<number> {
    let text = "";
    for await (const part of request) text += part;
    this.requests += 1;
    const status = this.answers.shift() ?? 200;
    if (status < 300) this.seen.set(String(request.headers["webhook-id"]), JSON.parse(text).data);
    return status;
  }

  async listen(): Promise<string> {
    await once(this.#server.listen(0, "127.0.0.1"), "listening");
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/lines`;
  }

  /** Values of an item of a customer. */
  values(customer: string, item: string): string[] {
    return [...this.seen.values()]
      .filter((data) => String(data.customer) === customer && String(data.item) === item)
      .map(({ value }) => String(value));
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

interface Total {
  readonly type: string;
  readonly planned: number;
  readonly sent: Readonly<Record<string, number>>;
  readonly stopped: string | null;
  readonly missing: readonly { readonly place: string }[];
}

describe("exports", () => {
  let desk: Desk;
  let receiver: Receiver;
  let url: string;
  beforeEach(async () => {
    receiver = new Receiver();
    url = await receiver.listen();
    const exporting = { http: LOCAL, secrets: secretBox([randomBytes(32)]) };
    desk = await openDesk("sqlite", { at: "2026-11-01T00:00:00Z", exporting });
    for (const id of ["acme", "globex"]) await desk.ok("PUT", `/v1/customers/${id}`, {});
    desk.clock.now = Date.parse("2026-11-10T00:00:00Z");
  });
  afterEach(async () => {
    receiver.close();
    await desk.end();
  });
  const set = async (some: object = {}, id = "erp") => {
    const document = {
      ...{ connector: "webhook", account: "live", mode: "usage", window: "day" },
      ...{ since: "2026-11-01", settings: { url }, ...some },
    };
    return desk.ask("PUT", `/v1/targets/${id}`, { document, ...WHO });
  };
  const ready = async (some: object = {}) => {
    assert.equal((await set(some)).status, 200);
    await desk.ok("PUT", "/v1/targets/erp/secrets/signing", { secret: SIGNING });
  };
  const run = async (): Promise<Total> => {
    const { text } = await desk.ok("POST", "/v1/targets/erp/runs", {});
    const last = JSON.parse(text.trimEnd().split("\n").at(-1) ?? "");
    assert.equal(last.type, "total", text);
    return last;
  };
  const lines = async (query = "") => {
    const { body } = await desk.ok("GET", `/v1/targets/erp/lines${query}`);
    return body as unknown as {
      counts: Record<string, number>;
      lines: { key: string; state: string; note: string; value: string; bodyHash: string }[];
    };
  };

  test("usage goes out once a day, late usage as what is more", async () => {
    await ready();
    await desk.steps("acme", "2026-11-09", 4);
    assert.deepEqual((await run()).sent, { confirmed: 1 });
    assert.deepEqual(receiver.values("acme", "calls"), ["4"]);
    await desk.steps("acme", "2026-11-09", 3);
    await run();
    await run();
    assert.deepEqual(receiver.values("acme", "calls"), ["4", "3"]);
    assert.deepEqual((await lines()).counts, { confirmed: 2 });
  });

  const voidSteps = () => {
    const about = { type: "step.voided", run: "run of acme", occurredAt: "2026-11-09T13:00:00Z" };
    const voids = ["e1", "e2"].map((id) => {
      return { ...about, id: `v ${id}`, target: { id }, reason: "a test" };
    });
    return desk.ok("POST", "/v1/events", voids);
  };

  test("usage that is taken back altogether is told as what is less", async () => {
    await ready();
    await desk.steps("acme", "2026-11-09", 2);
    await run();
    await voidSteps();
    // Verification holds lines against books that did not change for a while.
    desk.clock.now += 3_600_000;
    await run();
    assert.deepEqual(receiver.values("acme", "calls"), ["2", "-2"]);
  });

  const SECONDS = {
    ...{ key: "desk", currency: "USD" },
    charges: [
      { ...{ key: "calls", name: "Calls" }, meter: { sum: "seconds" }, price: PER_UNIT },
      { ...{ key: "done", name: "Resolved" }, meter: { count: "outcomes" }, price: PER_UNIT },
    ],
  };
  const compute = (id: string, seconds: string, occurredAt: string) => {
    const about = { run: "run of acme", customer: "acme", kind: "compute", provider: "e2b" };
    return desk.ok("POST", "/v1/events", [{ ...about, id, usage: { seconds }, occurredAt }]);
  };

  test("a charge that is rated anew by another measure takes nothing off the former", async () => {
    await ready();
    await desk.steps("acme", "2026-11-09", 4);
    await compute("s1", "30", "2026-11-09T12:00:00Z");
    await run();
    assert.deepEqual(receiver.values("acme", "calls"), ["5"]);
    await desk.ok("POST", "/v1/rate-cards?effectiveFrom=2026-11-02T00:00:00Z&rerate=true", SECONDS);
    desk.clock.now += 3_600_000;
    await run();
    await run();
    // Five steps come to nothing, and 30 seconds are new: not "25 more" of whatever.
    assert.deepEqual(receiver.values("acme", "calls"), ["5", "-5"]);
    assert.deepEqual(receiver.values("acme", "calls (sum:seconds)"), ["30"]);
  });

  test("an item keeps its measure where nothing else is left of its period", async () => {
    await ready();
    await desk.steps("acme", "2026-11-09", 2);
    await desk.ok("POST", "/v1/rate-cards?effective=now", SECONDS);
    await compute("s1", "30", "2026-11-10T00:00:00Z");
    desk.clock.now += 26 * 3_600_000;
    await run();
    await voidSteps();
    desk.clock.now += 3_600_000;
    await run();
    assert.deepEqual(receiver.values("acme", "calls"), ["2", "-2"]);
    assert.deepEqual(receiver.values("acme", "calls (sum:seconds)"), ["30"]);
    await compute("s2", "7", "2026-12-01T12:00:00Z");
    desk.clock.now = Date.parse("2026-12-05T00:00:00Z");
    await run();
    assert.deepEqual(receiver.values("acme", "calls"), ["2", "-2"]);
    assert.deepEqual(receiver.values("acme", "calls (sum:seconds)"), ["30", "7"]);
  });

  test("windows of a sandbox end by its own clock", async () => {
    const made = await desk.ok("POST", "/v1/workspaces", {
      ...{ name: "trial", startAt: "2030-01-01T00:00:00Z" },
    });
    const key = String(made.body.secret);
    const call = async (method: string, path: string, body?: unknown) => {
      const answer = await desk.api.call(method, path, { key, ...(body ? { body } : {}) });
      assert.ok(answer.status < 300, answer.text);
      return answer;
    };
    await call("POST", "/v1/rate-cards", SECONDS);
    const document = { connector: "webhook", account: "trial", mode: "usage", window: "day" };
    const settings = { since: "2030-01-01", settings: { url } };
    await call("PUT", "/v1/targets/erp", { document: { ...document, ...settings }, ...WHO });
    const about = { run: "r", customer: "acme", kind: "compute", provider: "e2b" };
    const step = { ...about, id: "s", usage: { seconds: "30" } };
    await call("POST", "/v1/events", [{ ...step, occurredAt: "2030-01-01T00:00:00Z" }]);
    const windows = async () => {
      const { lines } = (await call("GET", "/v1/targets/erp/plan")).body;
      return (lines as unknown as { window: { to: string } }[]).map(({ window }) => window.to);
    };
    assert.deepEqual(await windows(), [], "the first day is under way");
    await call("POST", "/v1/clock/advance", { by: "P1D" });
    assert.deepEqual(await windows(), ["2030-01-02T00:00:00.000Z"]);
  });

  test("units that were counted elsewhere are not told: they were billed there", async () => {
    await ready();
    await desk.steps("acme", "2026-11-09", 2);
    const counters = [{ charge: "calls", quantity: "12" }];
    await desk.ok("POST", "/v1/customers/acme/opening", { counters, reason: "moved", by: "ben" });
    desk.clock.now += 3_600_000;
    await run();
    assert.deepEqual(receiver.values("acme", "calls"), ["2"]);
  });

  test("a dry run shows the lines and the exact requests, and sends nothing", async () => {
    await ready();
    await desk.steps("acme", "2026-11-09", 4);
    const { body, text } = await desk.ok("GET", "/v1/targets/erp/plan");
    const plan = body as unknown as {
      lines: { key: string; value: string; bodyHash: string }[];
      requests: { url: string; headers: Record<string, string>; body: string }[];
    };
    assert.equal(receiver.requests, 0);
    const [line] = plan.lines;
    const [request] = plan.requests;
    assert.ok(!text.includes(SIGNING));
    assert.equal(request?.url, url);
    assert.equal(request?.headers["webhook-id"], line?.key);
    const hash = createHash("sha256").update(String(request?.body)).digest("hex");
    assert.equal(hash, line?.bodyHash);
    await run();
    assert.deepEqual([...receiver.seen.keys()], [line?.key]);
    const kept = (await lines("?state=confirmed")).lines;
    assert.equal(kept[0]?.bodyHash, line?.bodyHash, "what was shown is what was sent");
  });

  test("names that are missing are listed before anything is sent", async () => {
    await ready({ customers: { names: { acme: "C-1" } }, items: { names: { calls: "P-9" } } });
    await desk.steps("acme", "2026-11-08", 1);
    await desk.steps("globex", "2026-11-08", 1);
    const check = await desk.ok("GET", "/v1/targets/erp/check");
    const missing = (check.body as unknown as Total).missing;
    assert.deepEqual(
      missing.map(({ place }) => place),
      ["customers.globex"],
    );
    const total = await run();
    assert.deepEqual([total.planned, total.sent.confirmed], [1, 1]);
    assert.deepEqual(
      total.missing.map(({ place }) => place),
      ["customers.globex"],
    );
    const [data] = receiver.seen.values();
    assert.deepEqual([String(data?.customerThere), String(data?.itemThere)], ["C-1", "P-9"]);
  });

  test("lines of a bill go out when it is closed, then what a credit note takes off", async () => {
    await ready({ mode: "rated", window: "period" });
    await desk.steps("acme", "2026-11-09", 4);
    assert.equal((await run()).planned, 0);
    desk.clock.now = Date.parse("2026-12-02T00:00:00Z");
    const closed = await desk.ok("POST", "/v1/periods/close", { period: "2026-11" });
    const statement = String(closed.body.statements?.[0]?.id);
    await run();
    assert.deepEqual(receiver.values("acme", "calls"), ["0.06"]);
    const credit = { lines: [{ line: 1, amount: "0.02" }], ...WHO };
    await desk.ok("POST", `/v1/statements/${statement}/credit-notes`, credit);
    await run();
    await run();
    assert.deepEqual(receiver.values("acme", "calls"), ["0.06", "-0.02"]);
  });

  test("a whole statement goes out as one document that adds up", async () => {
    await ready({ mode: "statement", window: "period" });
    await desk.steps("acme", "2026-11-09", 4);
    desk.clock.now = Date.parse("2026-12-02T00:00:00Z");
    await desk.ok("POST", "/v1/periods/close", { period: "2026-11" });
    await run();
    const [data] = receiver.seen.values();
    const parts = data?.parts as unknown as { item: string; amount: string }[];
    assert.deepEqual(
      parts.map(({ item, amount }) => [item, amount]),
      [["calls", "0.06"]],
    );
    assert.equal(String(data?.value), "0.06");
  });

  test("what is refused waits for a person: tried again by a revision, or left out", async () => {
    await ready();
    await desk.steps("acme", "2026-11-09", 4);
    await desk.steps("globex", "2026-11-09", 2);
    receiver.answers.push(422, 422);
    assert.deepEqual((await run()).sent, { rejected: 2 });
    const refused = (await lines("?state=rejected")).lines;
    const [first, second] = refused.map(({ key }) => key);
    const path = "/v1/targets/erp/lines";
    const again = await desk.ok("POST", `${path}/${first}/retry`, WHO);
    assert.notEqual(String(again.body.key), first);
    await desk.ok("POST", `${path}/${second}/skip`, WHO);
    assertProblem(await desk.ask("POST", `${path}/${second}/skip`, WHO), "export.line_state");
    assertProblem(await desk.ask("POST", `${path}/none/skip`, WHO), "export.line_not_found");
    await run();
    assert.deepEqual((await lines()).counts, { confirmed: 1, superseded: 1, voided: 1 });
    assert.deepEqual([...receiver.seen.keys()], [String(again.body.key)]);
  });

  test("credentials that are refused stop the run; nothing is lost", async () => {
    await ready();
    await desk.steps("acme", "2026-11-09", 4);
    await desk.steps("globex", "2026-11-09", 4);
    receiver.answers.push(401, 401);
    assert.match(String((await run()).stopped), /401/);
    desk.clock.now += 3_600_000;
    await run();
    assert.deepEqual((await lines()).counts, { confirmed: 2 });
  });

  test("a secret is kept encrypted and never given back", async () => {
    await ready();
    const [kept] = await desk.server.store.outbox.secrets("default", "erp");
    assert.ok(kept !== undefined && !JSON.stringify(kept).includes(SIGNING));
    for (const path of ["/v1/targets", "/v1/targets/erp/check", "/v1/targets/erp/lines"]) {
      assert.ok(!(await desk.ok("GET", path)).text.includes(SIGNING), path);
    }
  });

  test("what stands in keys stays, and an account has one target", async () => {
    await ready();
    assertProblem(await set({ account: "other" }), "target.locked", "account");
    assertProblem(await set({}, "twin"), "target.locked", "account");
    assert.equal((await set({ account: "test" }, "twin")).status, 200);
    assertProblem(await set({ connector: "none" }, "x"), "target.invalid", "connector");
    assertProblem(await set({ mode: "rated" }, "y"), "target.invalid", "window");
    const gone = await desk.ask("POST", "/v1/targets/none/runs", {});
    assertProblem(gone, "target.not_found");
  });

  test("a run sends nothing while a setting is missing", async () => {
    await ready({ settings: {} });
    await desk.steps("acme", "2026-11-09", 4);
    const total = await run();
    assert.deepEqual([total.planned, total.stopped], [0, "incomplete"]);
    assert.deepEqual(
      total.missing.map(({ place }) => place),
      ["settings.url"],
    );
  });
});

test("secrets, names and targets have bounds", async () => {
  const exporting = { secrets: secretBox([randomBytes(32)]) };
  const desk = await openDesk("memory", { at: "2026-11-10T00:00:00Z", exporting });
  const base = { connector: "webhook", mode: "usage", window: "day", since: "2026-11-01" };
  const set = (id: string, some: object = {}) =>
    desk.ask("PUT", `/v1/targets/${id}`, { document: { ...base, account: id, ...some }, ...WHO });
  assert.equal((await set("t0")).status, 200);
  const keep = (chars: number) =>
    desk.ask("PUT", "/v1/targets/t0/secrets/signing", { secret: "x".repeat(chars) });
  assert.equal((await keep(SECRET_MAX_CHARS)).status, 200);
  assert.equal((await keep(SECRET_MAX_CHARS + 1)).status, 400);
  const named = (count: number) => {
    const names = Object.fromEntries(Array.from({ length: count }, (_, at) => [`c${at}`, "x"]));
    return set("t0", { customers: { names } });
  };
  assert.equal((await named(TARGET_NAMES_MAX_COUNT)).status, 200);
  assert.equal((await named(TARGET_NAMES_MAX_COUNT + 1)).status, 400);
  for (let at = 1; at < TARGETS_PER_WORKSPACE_MAX_COUNT; at += 1) {
    assert.equal((await set(`t${at}`)).status, 200);
  }
  assertProblem(await set("one-more"), "field.out_of_range", "id");
  await desk.server.stop();
});

test("where there is no key to encrypt with, no secret is kept", async () => {
  const desk = await openDesk("memory", { at: "2026-11-10T00:00:00Z" });
  const document = {
    ...{ connector: "webhook", account: "live", mode: "usage", since: "2026-11-01" },
  };
  await desk.ok("PUT", "/v1/targets/erp", { document, ...WHO });
  const answer = await desk.ask("PUT", "/v1/targets/erp/secrets/signing", { secret: SIGNING });
  assertProblem(answer, "secret.no_key");
  await desk.server.stop();
});
