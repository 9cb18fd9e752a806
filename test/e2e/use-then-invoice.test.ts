/** A use-then-invoice contract over a sandbox year: one customer misses it, one goes beyond it. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { type CommitmentView, renderCommitments } from "../../src/cli/render/commitments.ts";
import { readCardFile } from "../../src/ingest/card-file.ts";
import { verifyDataFolder } from "../../src/store/verify/verify-data-folder.ts";
import { type ApiCaller, apiCaller } from "./api-caller.ts";
import { startTestServer, type TestServer } from "./test-server.ts";

const FOLDER = new URL("../../examples/contracts/", import.meta.url);
const fileOf = (name: string) => readCardFile(readFileSync(new URL(name, FOLDER), "utf8"));

const MONTHS = 12;
/** One run of 8 calls comes to 3.50: 168 and 840 euros in the year. */
const RUNS_A_MONTH = { thrifty: 4, keen: 20 } as const;
const CALLS = 8;

interface Statement {
  readonly id: string;
  readonly customer: string;
  readonly period: string;
  readonly total: string;
}

for (const kind of ["memory", "sqlite"] as const) {
  describe(`a year of use-then-invoice (${kind})`, () => {
    let server: TestServer;
    let api: ApiCaller;
    let key = "";
    before(async () => {
      server = await startTestServer({ store: kind });
      api = await apiCaller(server);
      const body = { name: "contract", startAt: "2031-01-01T00:00:00Z" };
      key = String((await api.call("POST", "/v1/workspaces", { body })).body.secret);
      await ok("POST", "/v1/rate-cards", fileOf("card.yaml"));
      for (const customer of Object.keys(RUNS_A_MONTH)) {
        await ok("PUT", `/v1/customers/${customer}`, { name: customer });
        const path = `/v1/customers/${customer}/commitments`;
        await ok("PUT", path, fileOf("use-then-invoice.yaml"));
      }
    });
    after(() => server.stop());

    async function ok(method: string, path: string, body?: unknown) {
      const sending = body === undefined ? { key } : { key, body };
      const answer = await api.call(method, path, sending);
      assert.ok(answer.status < 300, answer.text);
      return answer;
    }

    async function use(month: string): Promise<void> {
      const events = Object.entries(RUNS_A_MONTH).flatMap(([customer, runs]) =>
        Array.from({ length: runs * CALLS }, (_, index) => ({
          id: `e${index}`,
          run: `${customer} ${month} ${index % runs}`,
          ...{ customer, kind: "tool", tool: "search" },
          occurredAt: `${month}-10T12:00:00Z`,
        })),
      );
      const { text } = await ok("POST", "/v1/events", events);
      assert.ok(!text.includes("rejected"), text);
    }

    async function liveThrough(month: string): Promise<void> {
      await ok("POST", "/v1/clock/advance", { to: `${month}-11T00:00:00Z` });
      await use(month);
      const end = Temporal.PlainDate.from(`${month}-01`).add({ months: 1 });
      await ok("POST", "/v1/clock/advance", { to: `${end}T00:00:00Z` });
      await ok("POST", "/v1/periods/close", { period: month });
    }

    const monthOf = (index: number) => `2031-${String(index + 1).padStart(2, "0")}`;

    test("is projected in the middle of it: who will miss it, and who will use it up", async () => {
      for (let month = 0; month < MONTHS / 2; month += 1) await liveThrough(monthOf(month));
      const shown: string[][] = [];
      for (const customer of Object.keys(RUNS_A_MONTH)) {
        const { body } = await ok("GET", `/v1/customers/${customer}/commitments`);
        const lines = renderCommitments(body.commitments as unknown as CommitmentView[]);
        const [, row = "", terms = "", outlook = ""] = lines;
        shown.push([...row.split(/ {2,}/).slice(1), terms.trim(), outlook.trim()]);
      }
      const terms = "minimum per contract, from 2031-01-01 until 2032-01-01";
      const misses = "at its end 430.61 EUR are missing";
      const uses = "used up on 2031-09-16 at this pace; at its end 246.96 EUR are beyond it";
      assert.deepEqual(shown, [
        ["600.00", "84.00", "516.00", "EUR", "━─────────", "14", terms, misses],
        ["600.00", "420.00", "180.00", "EUR", "━━━━━━━───", "70", terms, uses],
      ]);
    });

    test("ends with what is missing, or with all that was beyond", async () => {
      for (let month = MONTHS / 2; month < MONTHS; month += 1) await liveThrough(monthOf(month));
      const { body } = await ok("GET", "/v1/statements");
      const statements = body.statements as unknown as readonly Statement[];
      assert.equal(statements.length, 2 * MONTHS);
      const totalOf = (customer: string) =>
        statements
          .filter((one) => one.customer === customer)
          .reduce((sum, { total }) => sum + Math.round(Number(total) * 100), 0);
      assert.equal(totalOf("thrifty"), 600_00, "168 used, 432 missing");
      assert.equal(totalOf("keen"), 840_00 + 48_00, "840 used, 240 beyond at a fifth more");
      const last = statements.find(
        (one) => `${one.customer} ${one.period}` === "thrifty 2031-12-01",
      );
      const { body: read } = await ok("GET", `/v1/statements/${last?.id}`);
      const { lines } = read.document as unknown as {
        lines: { kind: string; amountExact: string }[];
      };
      assert.deepEqual(
        lines.map((line) => `${line.kind} ${line.amountExact}`),
        ["charge 10", "charge 4", "true_up 432"],
      );
    });

    test("is checked by verify, which works all of it out again", async () => {
      if (server.dataDir === null) return;
      await server.store.settle("default/contract");
      assert.deepEqual(verifyDataFolder(server.dataDir).findings, []);
    });
  });
}
