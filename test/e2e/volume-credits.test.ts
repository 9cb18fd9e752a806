/**
 * What volume prices in a card's credits correct at the close goes back in credits, and what of a
 * charge is in money is owed beside them. Amounts are worked out beforehand, in credits, and in
 * three currencies by what one is worth.
 */
import assert from "node:assert/strict";
import { afterEach, describe, test } from "node:test";
import { type Desk, openDesk } from "./billing-desk.ts";

const WHO = { reason: "agreed", by: "anna" };
const NAME = "AI credits";
const METER = { count: "steps" };

/** What a currency has for a credit, and how it writes this many of them. */
const CURRENCIES = [
  { currency: "EUR", price: "0.1", worth: (credits: number) => String(credits / 10) },
  { currency: "KWD", price: "0.005", worth: (credits: number) => String(credits / 200) },
  { currency: "JPY", price: "7", worth: (credits: number) => String(credits * 7) },
];

interface Line {
  readonly kind: string;
  readonly quantity: string | null;
  readonly credits?: string;
  readonly amountExact: string;
}

for (const { currency, price, worth } of CURRENCIES) {
  const per = (unit: string) => ({ model: "per_unit", unit });
  const volume = (first: string, then: string) => {
    return { model: "volume", tiers: [{ upTo: "10", unit: first }, { unit: then }] };
  };
  const inCredits = (model: object, credit = { name: NAME, price }) =>
    cardOf(model, "credits", credit);
  const inMoney = (model: object) => cardOf(model, "money", { name: NAME, price });
  const cardOf = (model: object, unit: string, credit: object) => {
    const calls = { key: "calls", name: "Calls", meter: METER, price: model, in: unit };
    return { key: "desk", currency, credit, charges: [calls] };
  };

  describe(`with a credit of ${price} ${currency}`, () => {
    let desk: Desk;
    afterEach(() => desk.end());

    async function open(card: object): Promise<void> {
      desk = await openDesk("sqlite", { at: "2026-11-01T00:00:00Z", card });
      await desk.ok("PUT", "/v1/customers/acme", {});
    }

    async function grant(amount: string, of = NAME): Promise<void> {
      const terms = { id: of, customer: "acme", currency: of, amount };
      await desk.ok("POST", "/v1/credits/grants", { ...terms, ...WHO });
    }

    async function steps(count: number, day: string): Promise<void> {
      desk.clock.now = Date.parse(`${day}T20:00:00Z`);
      await desk.steps("acme", day, count);
    }

    async function apply(card: object): Promise<void> {
      await desk.ok("POST", "/v1/rate-cards", { card, effective: "now" });
    }

    async function close(): Promise<string> {
      desk.clock.now = Date.parse("2026-12-02T00:00:00Z");
      const wanted = { period: "2026-11", customer: "acme" };
      const { body } = await desk.ok("POST", "/v1/periods/close", wanted);
      const [made] = body.statements as unknown as { id: string }[];
      return made?.id ?? assert.fail("a statement");
    }

    /** Total, what credit paid, what is due, and what is left of each credit. */
    async function told(id: string) {
      const { body } = await desk.ok("GET", `/v1/statements/${id}`);
      return toldBy(body.document);
    }

    function toldBy(document: unknown) {
      const { total, paidByCredit, amountDue, wallets, lines } = document as {
        readonly [name: string]: string;
      } & { readonly wallets: { readonly balance: string }[]; readonly lines: readonly Line[] };
      const left = wallets.map(({ balance }) => balance);
      return { sums: [total, paidByCredit, amountDue, ...left], lines: lines.map(textOf) };
    }

    const textOf = ({ kind, quantity, credits, amountExact }: Line) =>
      `${kind} ${quantity ?? "-"} ${credits ?? "-"} ${amountExact}`;

    async function itemsOf(id: string, line: number): Promise<number> {
      const { body } = await desk.ok("GET", `/v1/statements/${id}/lines/${line}/steps`);
      return (body.items as unknown as unknown[]).length;
    }

    // 20 calls at 10 credits, at 5 beyond 10: 150 are burned on the way, and 100 are owed.
    for (const [given, paid, left] of [
      ["200", 100, "100"],
      ["120", 100, "20"],
      ["80", 80, "0"],
    ] as const) {
      test(`a volume price of 100 credits in the end leaves ${left} of ${given}`, async () => {
        await open(inCredits(volume("10", "5")));
        await grant(given);
        await steps(20, "2026-11-10");
        const { body } = await desk.ok("GET", "/v1/customers/acme/bill?period=2026-11");
        const id = await close();
        const { sums, lines } = await told(id);
        assert.deepEqual(sums, [worth(100), worth(paid), worth(100 - paid), left]);
        assert.deepEqual(lines, [
          `charge 20 150 ${worth(150)}`,
          `tier_correction - -50 ${worth(-50)}`,
        ]);
        assert.deepEqual(toldBy(body.document), { sums, lines });
        const before = "period=2026-11&asOf=2026-11-20T00:00:00Z";
        const then = await desk.ok("GET", `/v1/customers/acme/bill?${before}`);
        const past = (then.body.document as unknown as { lines: readonly Line[] }).lines;
        assert.deepEqual(past.map(textOf), lines);
      });
    }

    test("a volume price goes on behind a late call, once it is issued again", async () => {
      await open(inCredits(volume("10", "5")));
      await grant("200");
      await steps(10, "2026-11-10");
      const id = await close();
      assert.deepEqual((await told(id)).sums, [worth(100), worth(100), "0", "100"]);
      // The eleventh is at 5 credits, and lets all others be.
      await desk.steps("acme", "2026-11-10", 1);
      const { body } = await desk.ok("POST", `/v1/statements/${id}/reissue`, WHO);
      const { sums, lines } = await told(String(body.id));
      assert.deepEqual(sums, [worth(55), worth(55), "0", "145"]);
      assert.deepEqual(lines, [
        `charge 11 105 ${worth(105)}`,
        `tier_correction - -50 ${worth(-50)}`,
      ]);
    });

    // Four calls in money, and six of 5 credits.
    for (const [given, paid, left] of [
      ["100", 30, "70"],
      ["20", 20, "0"],
    ] as const) {
      test(`a charge that goes over to credits: ${given} of them pay ${paid}`, async () => {
        await open(inMoney(per(worth(5))));
        await grant(given);
        await steps(4, "2026-11-05");
        await apply(inCredits(per("5")));
        await steps(6, "2026-11-15");
        const id = await close();
        const { sums, lines } = await told(id);
        assert.deepEqual(sums, [worth(50), worth(paid), worth(50 - paid), left]);
        assert.deepEqual(lines, [`charge 4 - ${worth(20)}`, `charge 6 30 ${worth(30)}`]);
        assert.deepEqual([await itemsOf(id, 1), await itemsOf(id, 2)], [4, 6]);
      });
    }

    test("an outcome that is reversed leaves the line of the other one as it is", async () => {
      const done = (unit: string, price: object) => {
        const outcome = { key: "done", meter: { count: "outcomes" }, price, in: unit };
        return { ...inCredits(price), charges: [outcome] };
      };
      const record = (key: string, day: string) => {
        const about = { outcome: "resolved", key, occurredAt: `${day}T00:00:00Z` };
        return desk.ok("POST", "/v1/runs/run%20of%20acme/outcomes", about);
      };
      await open(done("money", per(worth(5))));
      await grant("100");
      await steps(1, "2026-11-05");
      await record("t", "2026-11-05");
      await apply(done("credits", per("5")));
      desk.clock.now = Date.parse("2026-11-20T00:00:00Z");
      await record("u", "2026-11-15");
      const id = await close();
      const { lines } = await told(id);
      assert.deepEqual(lines, [`charge 1 - ${worth(5)}`, `charge 1 5 ${worth(5)}`]);
      await desk.ok("POST", "/v1/runs/run%20of%20acme/outcomes/u/reverse", { reason: "no" });
      const note = (line: number) => {
        return desk.ask("POST", `/v1/statements/${id}/credit-notes`, { lines: [{ line }], ...WHO });
      };
      assert.ok((await note(2)).status >= 400);
      const { status, body } = await note(1);
      assert.ok(status < 300);
      assert.equal(body.total, worth(5));
    });

    test("a volume price that goes over to money corrects each part in its own", async () => {
      await open(inCredits(volume("10", "5")));
      await grant("100");
      await steps(8, "2026-11-05");
      await apply(inMoney(volume(worth(10), worth(5))));
      await steps(12, "2026-11-15");
      // Of 20 calls the first 8 are 40 credits in the end, and the others are at 5 as well.
      const { sums, lines } = await told(await close());
      assert.deepEqual(sums, [worth(100), worth(40), worth(60), "60"]);
      assert.deepEqual(lines, [
        `charge 8 80 ${worth(80)}`,
        `tier_correction - -40 ${worth(-40)}`,
        `charge 12 - ${worth(70)}`,
        `tier_correction - - ${worth(-10)}`,
      ]);
    });

    test("a charge that goes over to another credit burns each of them once", async () => {
      await open(inCredits(per("10")));
      await grant("100");
      await steps(2, "2026-11-05");
      await apply(inCredits(per("10"), { name: "points", price: worth(2) }));
      await grant("100", "points");
      await steps(3, "2026-11-15");
      const { sums, lines } = await told(await close());
      assert.deepEqual(sums, [worth(80), worth(80), "0", "80", "70"]);
      assert.deepEqual(lines, [`charge 2 20 ${worth(20)}`, `charge 3 30 ${worth(60)}`]);
    });
  });
}
