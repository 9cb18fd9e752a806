/** Margin over HTTP: the report, its pages, its CSV, and what it refuses. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Answer, assertProblem } from "./api-caller.ts";
import { openDesk } from "./billing-desk.ts";

const CARD = {
  key: "desk",
  currency: "USD",
  charges: [
    { key: "runs", meter: { count: "runs" }, price: { model: "per_unit", unit: "0.5" } },
    { key: "models", meter: { sum: "cost" }, price: { model: "markup", percent: "20" } },
  ],
  fees: [{ key: "base", name: "Base", amount: "3", prorate: false }],
};

const PRICES = {
  format: "tollgate.prices/1",
  source: "test",
  entries: [
    {
      ...{ provider: "lab", subject: "m", currency: "USD" },
      periods: [{ rates: [{ unit: "output_text", price: "0.01" }] }],
    },
  ],
};

const call = (id: string, some: object = {}) => ({
  ...{ id, run: "r1", customer: "acme", kind: "model", provider: "lab", model: "m" },
  ...{ occurredAt: "2026-11-10T12:00:00Z", usage: { output_text: 100 }, ...some },
});

const EVENTS = [
  call("a"),
  call("b", { status: "error", attempt: 1 }),
  call("c", { customer: "globex", run: "g1", payer: "customer" }),
  call("d", { customer: "globex", run: "g1", model: "unheard-of" }),
];

const namesOf = ({ body }: Answer) =>
  Array.from(body.rows as unknown as { name: string }[], ({ name }) => name);

for (const kind of ["memory", "sqlite"] as const) {
  describe(`margin (${kind})`, () => {
    test("tells revenue, cost and margin, a page at a time or as CSV", async () => {
      const desk = await openDesk(kind, { at: "2026-11-20T00:00:00Z", card: CARD });
      await desk.ok("POST", "/v1/prices", PRICES);
      await desk.ok("POST", "/v1/events", EVENTS);
      const { body } = await desk.ok("GET", "/v1/margin?by=customer&steps=true");
      const [acme, globex] = body.rows as never as Record<string, unknown>[];
      const about = ["name", "revenue", "revenueOfLines", "cost", "margin", "marginPercent"];
      const flags = ["unpriced", "costIncomplete", "paidByCustomer", "isOpen", "unconverted"];
      const told = (row: typeof acme) => [...about, ...flags].map((field) => row?.[field]);
      assert.deepEqual(
        told(acme),
        ["acme", "3", "3", "2", "1", "33.33", 0, false, "0", true, false],
        "the desk's card takes effect now, after these calls: nothing but the fee is charged",
      );
      assert.deepEqual(told(globex), [
        "globex",
        "3",
        "3",
        "0",
        "3",
        "100",
        1,
        true,
        "1",
        true,
        false,
      ]);
      const first = await desk.ok("GET", "/v1/margin?by=run&limit=1");
      assert.deepEqual(namesOf(first), ["r1"]);
      assert.equal(first.body.rowCount, 3);
      const next = encodeURIComponent(String(first.body.next));
      const second = await desk.ok("GET", `/v1/margin?by=run&limit=5&cursor=${next}`);
      assert.deepEqual([namesOf(second), second.body.next], [["g1", "fee"], null]);
      const csv = await desk.ok("GET", "/v1/margin?by=run&period=2026-11&format=csv");
      const [head, loss, ...rest] = csv.text.trimEnd().split("\r\n");
      assert.match(head ?? "", /^by,row,name,currency,revenue,/);
      assert.match(loss ?? "", /^run,value,r1,USD,0,0,USD,2,2,false,,-2,,2,0,false,0,true$/);
      assert.equal(rest.length, 2);
      await desk.server.stop();
    });

    test("names what it refuses", async () => {
      const desk = await openDesk(kind, { at: "2026-11-20T00:00:00Z" });
      const refused: readonly (readonly [string, string, string?])[] = [
        ["by=shoe", "field.invalid", "by"],
        ["period=2026-13", "field.invalid", "period"],
        ["period=2026-11&from=2026-10", "field.invalid", "period"],
        ["to=2026-11", "field.missing", "from"],
        ["from=2026-12", "field.out_of_range", "from"],
        ["from=2016-11&to=2026-11", "field.out_of_range", "from"],
        ["order=random", "field.invalid", "order"],
        ["limit=1001", "field.out_of_range", "limit"],
        ["cursor=x", "field.invalid", "cursor"],
        ["customer=nobody", "customer.not_found"],
        ["shoe=1", "field.unknown", "shoe"],
      ];
      for (const [query, code, field] of refused) {
        const answer = await desk.ask("GET", `/v1/margin?${query}`);
        assertProblem(answer, code as never);
        if (field !== undefined) assert.equal(answer.body.field, field, query);
      }
      // Ten years are the most that a report is about.
      await desk.ok("GET", "/v1/margin?from=2016-12&to=2026-11");
      assert.deepEqual(namesOf(await desk.ok("GET", "/v1/margin?from=2026-11")), []);
      await desk.server.stop();
    });
  });
}
