/** What was sent to a billing system and answered, read back over HTTP; and notices of a target. */
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { secretBox } from "../../src/connectors/secret-box.ts";
import {
  ATTEMPTS_KEPT_MS,
  ATTEMPTS_OF_A_PAGE_MAX_COUNT,
  ATTEMPTS_OF_A_TARGET_MAX_COUNT,
} from "../../src/domain/limits.ts";
import type { OutgoingRequest } from "../../src/engine/export/connector-port.ts";
import { exportAttempt } from "../../src/store/outbox-contract.ts";
import { assertProblem } from "./api-caller.ts";
import { type Desk, openDesk } from "./billing-desk.ts";

const WHO = { reason: "our ERP", by: "anna" };
const SIGNING = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const START_MS = Date.parse("2026-11-10T00:00:00Z");

interface Attempt {
  readonly id: string;
  readonly purpose: string;
  readonly isTroubled: boolean;
  readonly said: Readonly<Record<string, number>>;
  readonly requests: readonly { readonly url: string; readonly status: number | null }[];
}

describe("attempts to send lines", () => {
  let desk: Desk;
  const sent: OutgoingRequest[] = [];
  before(async () => {
    const answers = [422, 200];
    const http = {
      send: async (request: OutgoingRequest) => {
        sent.push(request);
        const answer = { status: answers.shift() ?? 200, headers: { "x-request-id": "r-1" } };
        const body = `{"signature":"${request.headers["webhook-signature"]}","said":"${SIGNING}"}`;
        return { kind: "answered" as const, answer: { ...answer, body } };
      },
    };
    const exporting = { http, secrets: secretBox([randomBytes(32)]) };
    desk = await openDesk("sqlite", { at: "2026-11-01T00:00:00Z", exporting });
    await desk.ok("PUT", "/v1/customers/acme", {});
    desk.clock.now = START_MS;
    const document = {
      ...{ connector: "webhook", account: "live", mode: "usage", window: "day" },
      ...{ since: "2026-11-01", settings: { url: "https://erp.example/lines" } },
    };
    await desk.ok("PUT", "/v1/targets/erp", { document, ...WHO });
    await desk.ok("PUT", "/v1/targets/erp/secrets/signing", { secret: SIGNING });
    await desk.steps("acme", "2026-11-09", 4);
    await desk.ok("POST", "/v1/targets/erp/runs", {});
  });
  after(async () => {
    await desk.verify();
    await desk.server.stop();
  });
  const list = async (query = "") => {
    const { body } = await desk.ok("GET", `/v1/targets/erp/attempts${query}`);
    return body as unknown as { attempts: Attempt[]; next: string | null };
  };

  test("the exact request and the answer are kept, without what signs or opens", async () => {
    const [line] =
      (await desk.server.store.outbox.lines("default", { target: "erp", limit: 9 })) ?? [];
    assert.equal(line?.state, "rejected");
    const own = await list(`?line=${line?.key}`);
    const [{ id, ...rest }] = own.attempts as [Attempt];
    assert.deepEqual([rest.purpose, rest.isTroubled], ["send", true]);
    assert.deepEqual(rest.said, { permanent_data: 1 });
    assert.deepEqual(
      rest.requests.map(({ status }) => status),
      [422],
    );
    const { body, text } = await desk.ok("GET", `/v1/targets/erp/attempts/${id}`);
    assert.ok(!text.includes(SIGNING.slice(6)), "no secret");
    const signature = String(sent[0]?.headers["webhook-signature"]);
    assert.ok(!text.includes(signature.slice(3)), "no signature");
    const [exchange] = body.exchanges as unknown as [
      { request: { body: { text: string; sha256: string }; headers: Record<string, string> } },
    ];
    assert.equal(exchange.request.body.text, sent[0]?.body);
    assert.equal(exchange.request.headers["webhook-id"], line?.key);
    assert.equal(exchange.request.headers["webhook-signature"], "{secret}");
    const hash = createHash("sha256").update(String(sent[0]?.body)).digest("hex");
    assert.deepEqual([exchange.request.body.sha256, line?.bodyHash], [hash, hash]);
    assert.match(line?.note ?? "", /^422 .*\{secret\}/, "nor has the note");
    assert.ok(!line?.note.includes(SIGNING.slice(6)));
  });

  test("they are told in pages, the newest first, those that went well apart", async () => {
    desk.clock.now += 60_000;
    const [line] =
      (await desk.server.store.outbox.lines("default", { target: "erp", limit: 9 })) ?? [];
    await desk.ok("POST", `/v1/targets/erp/lines/${line?.key}/retry`, WHO);
    await desk.ok("POST", "/v1/targets/erp/runs", {});
    const all = await list();
    assert.deepEqual(
      all.attempts.map(({ isTroubled }) => isTroubled),
      [false, true],
    );
    assert.deepEqual((await list("?troubled=true")).attempts, all.attempts.slice(1));
    assert.deepEqual((await list("?troubled=false")).attempts, all.attempts.slice(0, 1));
    const first = await list("?limit=1");
    assert.deepEqual(first.attempts, all.attempts.slice(0, 1));
    const second = await list(`?limit=1&cursor=${encodeURIComponent(String(first.next))}`);
    assert.deepEqual(second.attempts, all.attempts.slice(1));
    for (const [limit, status] of [
      [ATTEMPTS_OF_A_PAGE_MAX_COUNT, 200],
      [ATTEMPTS_OF_A_PAGE_MAX_COUNT + 1, 400],
    ]) {
      assert.equal(
        (await desk.ask("GET", `/v1/targets/erp/attempts?limit=${limit}`)).status,
        status,
      );
    }
  });

  test("what there is not is told", async () => {
    const path = "/v1/targets/erp/attempts";
    assertProblem(await desk.ask("GET", `${path}/none`), "export.attempt_not_found");
    assertProblem(await desk.ask("GET", `${path}?line=none`), "export.line_not_found");
    assertProblem(await desk.ask("GET", `${path}?cursor=x`), "field.invalid", "cursor");
    assertProblem(await desk.ask("GET", "/v1/targets/none/attempts"), "target.not_found");
  });

  test("they are forgotten by their age, not a moment before", async () => {
    const { engine, store } = desk.server;
    const lease = await store.leases.take("duties", "this", 60_000);
    assert.ok(lease !== null);
    const work = engine.periodicWork(lease);
    const oldest = Math.min(
      ...(await store.outbox.attempts("default", { target: "erp", limit: 9 })).map(
        ({ atMs }) => atMs,
      ),
    );
    desk.clock.now = oldest + ATTEMPTS_KEPT_MS;
    await work.doWhatIsDue("default");
    assert.equal((await list()).attempts.length, 2);
    desk.clock.now += 1;
    await work.doWhatIsDue("default");
    assert.equal((await list()).attempts.length, 1);
    await store.leases.end(lease);
  });

  test("a run leaves as many as are kept of a target", async () => {
    const { outbox } = desk.server.store;
    const line = (await outbox.lines("default", { target: "erp", limit: 1 }))[0];
    const attempts = Array.from({ length: ATTEMPTS_OF_A_TARGET_MAX_COUNT + 1 }, (_, at) =>
      exportAttempt({
        ...{ id: `x${at}`, target: "erp", atMs: START_MS + at, exchanges: [] },
        lines: [{ key: line?.key ?? "", said: "permanent_data" }],
      }),
    );
    await outbox.write("default", { added: [], changed: [], attempts });
    await desk.ok("POST", "/v1/targets/erp/runs", {});
    const filter = { target: "erp", isTroubled: true, limit: ATTEMPTS_OF_A_TARGET_MAX_COUNT + 9 };
    const left = await outbox.attempts("default", filter);
    assert.equal(left.length, ATTEMPTS_OF_A_TARGET_MAX_COUNT);
    assert.equal(
      left.some(({ id }) => id === "x0"),
      false,
      "the oldest is gone",
    );
  });
});
