/** Which records of an account are lines of a target, and what an account that lists none means. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { HeldLine, Session } from "../../engine/export/connector-port.ts";
import type { ExportContext, OpenTarget } from "../../engine/export/export-context.ts";
import { assertAllKnown, unknownLines } from "../../engine/export/unknown-lines.ts";
import { MemoryOutbox } from "../../store/memory/memory-outbox.ts";
import { netsuiteConnector } from "./netsuite-connector.ts";
import { DAY_MS, lineOf, ONE, quietAccount, START_MS } from "./sample-account-contract.ts";

const keyOf = (no: number) => `0b8f1c2e-4d5a-8f60-9a7b-1c2d3e4f5a${no}`;

async function heldOf(session: Session, sinceMs: number | null): Promise<HeldLine[]> {
  const found: HeldLine[] = [];
  for await (const page of netsuiteConnector.held?.(session, sinceMs) ?? []) found.push(...page);
  return found;
}

test("usage is listed on all pages, with its quantity; what is void is not", async () => {
  const clock = { nowMs: START_MS + DAY_MS };
  const settings = { voidDays: "20", openDays: "30" };
  const { fake, target, session } = quietAccount({ mode: "usage", settings }, clock);
  const lines = Array.from({ length: 35 }, (_, at) => lineOf(target, { key: keyOf(10 + at) }));
  for (const line of lines) await netsuiteConnector.send([line], session);
  const [first] = lines;
  assert.ok(first);
  const back = lineOf(target, { key: keyOf(99), takesBack: first, value: -first.value });
  await netsuiteConnector.send([back], session);
  clock.nowMs += DAY_MS;
  const found = await heldOf(session, clock.nowMs);
  assert.deepEqual(
    found.map(({ key }) => key),
    lines.slice(1).map(({ key }) => key),
  );
  const value = (25n * ONE) / 2n;
  assert.deepEqual(found[0]?.said, { customer: "acme", item: 'Tokens, "fast"', value, unit: "" });
  assert.deepEqual(fake.complaints, []);
});

test("a credit memo is below nothing; documents of others are none of ours", async () => {
  const clock = { nowMs: START_MS + DAY_MS };
  const way = { mode: "rated", settings: { currency: "usd" } } as const;
  const { target, session } = quietAccount(way, clock);
  for (const [no, value, customer] of [
    [10, 5n, "acme"],
    [11, -2n, "acme"],
    [12, 7n, "globex"],
  ] as const) {
    const line = lineOf(target, { key: keyOf(no), value: value * ONE, customer });
    await netsuiteConnector.send([line], session);
  }
  clock.nowMs += DAY_MS;
  const { acme = {} } = target.customers.names;
  const customers = { names: { acme }, others: "refuse" } as const;
  const own = await heldOf({ ...session, target: { ...target, customers } }, null);
  assert.deepEqual(
    own.map(({ key, said }) => [key, said?.customer, said?.value, said?.unit]),
    [
      [keyOf(10), "acme", 5n * ONE, "USD"],
      [keyOf(11), "acme", -2n * ONE, "USD"],
    ],
  );
  // One that is named by an external ID may be anybody's.
  const outside = { names: { acme: { id: "eid:ACME" } }, others: "refuse" } as const;
  const all = await heldOf({ ...session, target: { ...target, customers: outside } }, null);
  assert.equal(all.length, 3);
});

test("an account that refuses the query stops no run, and reconciling says so", async () => {
  const clock = { nowMs: START_MS + DAY_MS };
  const { target, session } = quietAccount({ mode: "usage", settings: {} }, clock);
  const context = { outbox: new MemoryOutbox() } as unknown as ExportContext;
  const openTo = (status: number): OpenTarget => {
    const http: Session["http"] = {
      send: async (request, limits) => {
        if (!request.url.includes("suiteql")) return session.http.send(request, limits);
        return { kind: "answered", answer: { status, headers: {}, body: "" } };
      },
    };
    const connector = netsuiteConnector;
    return { workspace: "w", target, connector, session: { ...session, http } } as OpenTarget;
  };
  for (const status of [400, 403]) {
    await assertAllKnown(context, openTo(status));
    const listed = unknownLines(context, openTo(status), { customer: null, sinceMs: null });
    await assert.rejects(listed, { code: "export.unlisted" });
  }
  // One that is busy is asked again later.
  await assert.rejects(assertAllKnown(context, openTo(429)), { code: "export.unlisted" });
});
