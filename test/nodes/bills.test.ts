/**
 * Contracts, commitments and re-rates on PostgreSQL as on a data folder: a server process over each
 * is asked the same, over HTTP, month after month of a sandbox, and all that finance reads of it is
 * the same to the last digit.
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { verifyDatabase } from "../../src/store/move/verify-database.ts";
import { verifyDataFolder } from "../../src/store/verify/verify-data-folder.ts";
import { type ChildServer, startChild } from "../crash/child-server.ts";
import { postgresServer } from "../postgres-server.ts";
import { type Asked, call, type Json } from "./calls.ts";
import { type NodeProcess, startNode } from "./nodes.ts";

const folder = mkdtempSync(join(tmpdir(), "tollgate-bills-"));
let url = "";
let node: NodeProcess;
let server: ChildServer;

before(async () => {
  url = await (await postgresServer()).createDatabase();
  [node, server] = await Promise.all([startNode(url), startChild({ dataDir: folder })]);
});

after(async () => {
  await Promise.all([node.end("SIGTERM"), server.end("SIGTERM")]);
  rmSync(folder, { recursive: true });
});

const TOOLS = {
  ...{ key: "tools", name: "Tool calls", minimum: "4", maximum: "60", included: "2" },
  meter: { count: "steps", where: { kind: "tool" } },
};
const RESOLVED = {
  ...{ key: "resolved", meter: { count: "outcomes" }, price: { model: "per_unit", unit: "0.99" } },
};
const CARD = {
  ...{ key: "deal", currency: "EUR", minimum: "20", runCap: "15", runMinimum: "12" },
  fees: [{ key: "base", name: "Base fee", amount: "49.99" }],
  charges: [
    {
      ...TOOLS,
      price: { model: "volume", tiers: [{ upTo: "3", unit: "1.5", flat: "2" }, { unit: "0.9" }] },
    },
    {
      ...{ key: "compute", meter: { sum: "seconds" } },
      price: { model: "package", size: "1000", amount: "0.3333333" },
    },
    { key: "runs", meter: { count: "runs" }, price: { model: "per_unit", unit: "0.1" } },
    RESOLVED,
  ],
  discounts: [
    { key: "tenth", percent: "10" },
    { key: "deal", amount: "1.25", charges: ["tools"] },
  ],
  trial: { days: 5, charges: ["runs"] },
};
const DEARER = {
  ...CARD,
  fees: [{ key: "base", name: "Base fee", amount: "59.99" }],
  charges: [
    { ...TOOLS, price: { model: "graduated", tiers: [{ upTo: "4", unit: "2" }, { unit: "1" }] } },
    ...CARD.charges.slice(1),
  ],
};
const OVERRIDE = { key: "beta-deal", extends: "deal", minimum: "5", charges: { resolved: null } };
const COMMITMENTS = [
  {
    ...{ key: "pre", name: "Paid in advance", kind: "prepaid", per: "contract", amount: "8" },
    ...{ overagePercent: "120", from: "2031-01-15", until: "2031-04-15" },
  },
  {
    ...{ key: "least", name: "Least of a period", kind: "minimum", per: "period", amount: "70" },
    ...{ from: "2031-02-15", until: "2031-04-15" },
  },
];
const BY = { reason: "agreed", by: "anna" };

/** Twelve calls of two customers around a day, with compute time and an outcome. */
function work(month: string): object[] {
  return ["acme", "beta"].flatMap((customer) => {
    const run = `${customer} ${month}`;
    const at = { run, customer, source: "s", agent: "support" };
    const opened = { ...at, type: "run.opened", id: "o", occurredAt: `${month}-16T00:00:00Z` };
    const steps = Array.from({ length: 6 }, (_, index) => ({
      ...{ ...at, type: "step", id: `t${index}`, kind: "tool", tool: "search" },
      occurredAt: `${month}-${16 + 2 * index}T12:00:00Z`,
    }));
    const compute = { ...at, type: "step", id: "c", kind: "compute", usage: { seconds: "1234.5" } };
    const outcome = { ...at, type: "outcome.recorded", id: "r", outcome: "resolved" };
    const closed = { ...at, type: "run.closed", id: "end", ending: "completed" };
    const late = { occurredAt: `${month}-27T12:00:00Z` };
    return [opened, ...steps, ...[compute, outcome, closed].map((one) => ({ ...one, ...late }))];
  });
}

/** Three months of a sandbox; returns all that finance reads. */
async function history(at: Asked): Promise<unknown[]> {
  const begun = { name: "year", startAt: "2031-01-15T00:00:00Z" };
  const { secret } = await call(at, "POST /v1/workspaces", begun);
  const ask = { url: at.url, key: String(secret) };
  const read: unknown[] = [];
  const post = async (path: string, body: unknown) => {
    const answer = await call(ask, `POST ${path}` as `POST /${string}`, body);
    // Where a step stands among the entries of a workspace depends on what its duties recorded.
    if (path !== "/v1/events") read.push(path, answer);
    return answer;
  };
  const goTo = (to: string) => call(ask, "POST /v1/clock/advance", { to });
  const rates = [{ from: "USD", to: "EUR", rate: "0.91", effectiveFrom: "2031-01-01T00:00:00Z" }];
  await call(ask, "POST /v1/rates", { rates });
  await post("/v1/rate-cards", CARD);
  await post("/v1/rate-cards", OVERRIDE);
  const calendar = { timeZone: "Europe/Berlin", anchorDay: 15 };
  await call(ask, "PUT /v1/customers/acme", { name: "Acme", ...calendar });
  await call(ask, "PUT /v1/customers/beta", { name: "Beta", ...calendar, cardKey: "beta-deal" });
  await call(ask, "PUT /v1/customers/acme/commitments", { commitments: COMMITMENTS });

  await goTo("2031-01-30T00:00:00Z");
  await post("/v1/events", work("2031-01"));
  await goTo("2031-02-16T12:00:00Z");
  const { statements } = await post("/v1/periods/close", { period: "2031-01" });
  assert.equal((statements as unknown as unknown[]).length, 2);

  // In the second month the price changes at an instant, and then for the first month, too.
  await goTo("2031-02-20T00:00:00Z");
  await post("/v1/rate-cards", { card: DEARER, effectiveFrom: "2031-02-22T00:00:00Z" });
  await goTo("2031-02-28T00:00:00Z");
  await post("/v1/events", work("2031-02"));
  const again = { ...CARD, runMinimum: "13" };
  const back = { card: again, effectiveFrom: "2031-01-20T00:00:00Z", rerate: true };
  await post("/v1/rate-cards", back);
  const target = { source: "s", id: "t3" };
  const voiding = { type: "step.voided", run: "acme 2031-01", source: "s", id: "v", target };
  await post("/v1/events", [{ ...voiding, occurredAt: "2031-02-27T00:00:00Z", reason: "test" }]);
  await post("/v1/goodwill", { ...BY, customer: "acme", amount: "3.33" });
  read.push(await call(ask, "GET /v1/customers/acme/projection"));
  await goTo("2031-03-17T00:00:00Z");
  await post("/v1/periods/close", { period: "2031-02" });
  const listed = await call(ask, "GET /v1/statements?customer=acme");
  const [newest] = listed.statements as unknown as { id: string }[];
  await post(`/v1/statements/${newest?.id}/reissue`, BY);

  await goTo("2031-03-29T00:00:00Z");
  await post("/v1/events", work("2031-03"));
  await goTo("2031-04-17T00:00:00Z");
  await post("/v1/periods/close", { period: "2031-03" });
  for (const customer of ["acme", "beta"]) {
    const all = await call(ask, `GET /v1/statements?customer=${customer}`);
    read.push(all);
    for (const { id } of all.statements as unknown as { id: string }[]) {
      read.push(await call(ask, `GET /v1/statements/${id}`));
    }
    read.push(await call(ask, `GET /v1/usage?customer=${customer}&asOf=2031-02-16T12:00:00Z`));
  }
  read.push(await call(ask, "GET /v1/customers/acme/commitments"));
  return read;
}

test("contracts, commitments and re-rates come to the same on PostgreSQL", async () => {
  const folderAt = { url: server.url, key: server.adminKey ?? "" };
  const [here, there] = await Promise.all([history(folderAt), history(node)]);
  assert.deepEqual(there, here);
  const text = JSON.stringify(here);
  for (const kind of [
    ...["fee", "charge", "included", "tier_correction", "charge_minimum", "discount", "trial"],
    ...["run_minimum", "minimum", "commitment", "overage", "true_up", "adjustment", "goodwill"],
    ...["rounding"],
  ]) {
    assert.ok(text.includes(`"kind":"${kind}"`), `no line of the kind ${kind}`);
  }
  const isRerated = (one: unknown) => (one as { rerated?: Json }).rerated?.steps !== undefined;
  assert.ok(here.some(isRerated));
  assert.deepEqual((await verifyDatabase(url, () => undefined)).findings, []);
  assert.deepEqual(verifyDataFolder(folder).findings, []);
});
