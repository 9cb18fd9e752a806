/**
 * A statement that is issued again with an equal total and other lines: a billing system is told
 * the lines, in a bill of 0. Amounts were worked out beforehand: 1.00 a search, 2.00 a fetch.
 */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { afterEach, beforeEach, describe, test } from "node:test";
import { secretBox } from "../../src/connectors/secret-box.ts";
import type { OutgoingRequest } from "../../src/engine/export/connector-port.ts";
import { type Desk, openDesk } from "./billing-desk.ts";

const WHO = { reason: "wrong tool", by: "anna" };
const SIGNING = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const AT = "2026-11-10T12:00:00Z";

describe("bills of 0", () => {
  let desk: Desk;
  /** Status of the next answers; 200 when none is left. */
  let answers: number[];
  let bills: { value: string; revision: number; parts: { item: string; amount: string }[] }[];
  beforeEach(async () => {
    answers = [];
    bills = [];
    const send = async ({ body }: OutgoingRequest) => {
      const status = answers.shift() ?? 200;
      if (status === 200) bills.push(JSON.parse(String(body)).data);
      const answer = { status, headers: {}, body: "{}" };
      return { kind: "answered" as const, answer };
    };
    const exporting = { http: { send }, secrets: secretBox([randomBytes(32)]) };
    const charge = (tool: string, unit: string) => {
      const meter = { count: "steps", where: { tool } };
      return { key: tool, name: tool, meter, price: { model: "per_unit", unit } };
    };
    const charges = [charge("search", "1"), charge("fetch", "2")];
    const card = { key: "desk", currency: "USD", charges };
    desk = await openDesk("sqlite", { at: "2026-11-01T00:00:00Z", card, exporting });
    await desk.ok("PUT", "/v1/customers/acme", {});
    const document = {
      ...{ connector: "webhook", account: "live", mode: "statement", since: "2026-11-01" },
      settings: { url: "https://erp.example/lines" },
    };
    await desk.ok("PUT", "/v1/targets/erp", { document, ...WHO });
    await desk.ok("PUT", "/v1/targets/erp/secrets/signing", { secret: SIGNING });
    desk.clock.now = Date.parse("2026-11-20T00:00:00Z");
    await used(["s1", "s2", "s3", "s4"], "search");
    await used(["f1"], "fetch");
    desk.clock.now = Date.parse("2026-12-02T00:00:00Z");
    await desk.ok("POST", "/v1/periods/close", { period: "2026-11" });
  });
  afterEach(() => desk.end());

  const ofRun = { run: "r", occurredAt: AT };
  const used = (ids: string[], tool: string) => {
    const about = { ...ofRun, customer: "acme", kind: "tool", tool };
    return desk.ok(
      "POST",
      "/v1/events",
      ids.map((id) => ({ id, ...about })),
    );
  };
  const voided = (ids: string[]) => {
    const about = { ...ofRun, type: "step.voided", reason: "never ran" };
    const events = ids.map((id) => ({ id: `v ${id}`, ...about, target: { id } }));
    return desk.ok("POST", "/v1/events", events);
  };
  const run = async () => {
    // Verification holds lines against books that did not change for a while.
    desk.clock.now += 3_600_000;
    await desk.ok("POST", "/v1/targets/erp/runs", {});
  };
  const reissue = async () => {
    const { body } = await desk.ok("GET", "/v1/statements?customer=acme&limit=10");
    const all = (body as unknown as { statements: { id: string; period: string }[] }).statements;
    const november = all.findLast(({ period }) => period === "2026-11-01") ?? assert.fail();
    const inForce = (await desk.ok("GET", "/v1/customers/acme/bill?period=2026-11")).body;
    const id = (inForce as { statement?: string }).statement ?? november.id;
    await desk.ok("POST", `/v1/statements/${id}/reissue`, WHO);
  };
  const told = () =>
    bills.map(({ value, parts }) => [
      value,
      ...parts.map(({ item, amount }) => `${item} ${amount}`).sort(),
    ]);

  test("tell which lines are other, once", async () => {
    await run();
    await voided(["s1", "s2"]);
    await used(["f2"], "fetch");
    await reissue();
    for (const _ of [1, 2, 3]) await run();
    assert.deepEqual(told(), [
      ["6", "fetch 2", "search 4"],
      ["0", "fetch 2", "search -2"],
    ]);
    await voided(["f2"]);
    await reissue();
    await run();
    assert.deepEqual(told().at(-1), ["-2", "fetch -2"]);
    assert.deepEqual(
      bills.map(({ revision }) => revision),
      [0, 1, 2],
    );
  });

  test("are none where a statement is issued again with the same lines", async () => {
    await run();
    await reissue();
    await run();
    assert.deepEqual(told(), [["6", "fetch 2", "search 4"]]);
  });

  test("of a period that is issued again at its instant are of the newest", async () => {
    for (const id of ["s1", "s2", "s3"]) {
      await voided([id]);
      await reissue();
      await reissue();
    }
    await run();
    assert.deepEqual(told(), [["3", "fetch 2", "search 1"]]);
  });

  test("that are refused are told again, and what was refused before them as well", async () => {
    answers = [422, 422];
    await run();
    await voided(["s1", "s2"]);
    await used(["f2"], "fetch");
    await reissue();
    await run();
    assert.deepEqual(told(), []);
    const { body } = await desk.ok("GET", "/v1/targets/erp/lines?state=rejected");
    const refused = (body as unknown as { lines: { key: string }[] }).lines;
    assert.equal(refused.length, 2);
    for (const { key } of refused) {
      await desk.ok("POST", `/v1/targets/erp/lines/${key}/retry`, WHO);
      await run();
    }
    await run();
    assert.deepEqual(told().sort(), [
      ["0", "fetch 2", "search -2"],
      ["6", "fetch 2", "search 4"],
    ]);
  });
});
