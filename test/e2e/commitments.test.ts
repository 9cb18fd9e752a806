/** What a customer has agreed to use up: drawn by usage, missed or exceeded, told and checked. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { assertProblem } from "./api-caller.ts";
import { type Desk, openDesk } from "./billing-desk.ts";

const CARD = {
  key: "desk",
  currency: "USD",
  charges: [
    { key: "calls", name: "Calls", meter: { count: "steps" }, price: per("1") },
    { key: "done", name: "Resolved", meter: { count: "outcomes" }, price: per("5") },
  ],
};

function per(unit: string): object {
  return { model: "per_unit", unit };
}

const YEAR = {
  key: "year",
  name: "Annual minimum",
  kind: "minimum",
  per: "contract",
  amount: "100",
  overagePercent: "120",
  from: "2026-10-01",
  until: "2027-01-01",
};

interface Line {
  readonly kind: string;
  readonly originPeriod: string | null;
  readonly amountRounded: string;
}

interface Statement {
  readonly id: string;
  readonly total: string;
  readonly lines: string[];
  readonly commitments: readonly Record<string, string>[];
}

for (const kind of ["memory", "sqlite"] as const) {
  describe(`commitments (${kind})`, () => {
    let desk: Desk;
    const path = "/v1/customers/acme/commitments";
    const set = (...commitments: object[]) => desk.ask("PUT", path, { commitments });
    beforeEach(async () => {
      desk = await openDesk(kind, { at: "2026-10-01T00:00:00Z", card: CARD });
      await desk.ok("PUT", "/v1/customers/acme", { name: "Acme" });
      desk.clock.now = Date.parse("2026-10-20T00:00:00Z");
    });
    afterEach(() => desk.end());

    async function read(id: string): Promise<Statement> {
      const { body } = await desk.ok("GET", `/v1/statements/${id}`);
      const document = body.document as unknown as {
        lines: readonly Line[];
        commitments?: readonly Record<string, string>[];
      };
      const lines = document.lines.map(({ kind: one, originPeriod, amountRounded }) =>
        [one, originPeriod ?? "", amountRounded].filter((part) => part !== "").join(" "),
      );
      const { commitments = [] } = document;
      return { id, total: String(body.total), lines, commitments };
    }

    async function close(period: string): Promise<Statement> {
      const body = { period, customer: "acme", early: true };
      const answer = await desk.ok("POST", "/v1/periods/close", body);
      return read(String((answer.body.statements as unknown as { id: string }[])[0]?.id));
    }

    test("that are the least of a contract are topped up in its last period", async () => {
      assert.equal((await set(YEAR)).status, 200);
      await desk.steps("acme", "2026-10-10", 30);
      assert.deepEqual((await close("2026-10")).lines, ["charge 30"]);
      desk.clock.now = Date.parse("2026-11-20T00:00:00Z");
      await desk.steps("acme", "2026-11-10", 25);
      await desk.steps("acme", "2026-10-11", 2);
      const november = await close("2026-11");
      assert.deepEqual(november.lines, ["charge 25", "adjustment 2026-10-01 2"]);
      assert.equal(november.commitments[0]?.drawnTotal, "57");
      desk.clock.now = Date.parse("2027-01-02T00:00:00Z");
      const last = await close("2026-12");
      assert.deepEqual(last.lines, ["true_up 43"], "though nobody used anything");
      const all = await desk.ok("POST", "/v1/periods/close", { period: "2026-12" });
      assert.deepEqual(all.body.statements, [], "closing twice changes nothing");
      await desk.steps("acme", "2026-12-30", 3);
      const after = await close("2027-01");
      const moved = ["adjustment 2026-12-01 3", "true_up 2026-12-01 -3"];
      assert.deepEqual(after.lines, moved, "it was paid by the true-up");
      assert.equal(after.total, "0");
    });

    test("that are paid in advance are taken off, and more has its own price", async () => {
      const prepaid = { ...YEAR, key: "pre", kind: "prepaid", amount: "50" };
      assert.equal((await set(prepaid)).status, 200);
      await desk.steps("acme", "2026-10-10", 40);
      const october = await close("2026-10");
      assert.deepEqual([october.lines, october.total], [["charge 40", "commitment -40"], "0"]);
      desk.clock.now = Date.parse("2026-11-20T00:00:00Z");
      await desk.steps("acme", "2026-11-10", 20);
      const { lines, total, commitments } = await close("2026-11");
      assert.deepEqual(lines, ["charge 20", "commitment -10", "overage 2"]);
      assert.equal(total, "12");
      const [{ drawn, left, overage } = {}] = commitments;
      assert.deepEqual([drawn, left, overage], ["10", "0", "10"]);
    });

    test("are drawn in their order, and again when a bill is issued anew", async () => {
      const first = { ...YEAR, key: "a", kind: "prepaid", per: "period", amount: "10" };
      const second = { ...YEAR, key: "b", kind: "prepaid", amount: "15", overagePercent: "80" };
      assert.equal((await set(first, second)).status, 200);
      await desk.steps("acme", "2026-10-10", 30);
      const one = await close("2026-10");
      assert.deepEqual(one.lines, ["charge 30", "commitment -10", "commitment -15", "overage -1"]);
      desk.clock.now = Date.parse("2026-11-20T00:00:00Z");
      await desk.steps("acme", "2026-10-12", 10);
      const about = { reason: "wrong", by: "anna" };
      const { body } = await desk.ok("POST", `/v1/statements/${one.id}/reissue`, about);
      const again = await read(String(body.id));
      const wanted = ["charge 40", "commitment -10", "commitment -15", "overage -3"];
      assert.deepEqual(again.lines, wanted);
      await desk.steps("acme", "2026-11-11", 12);
      const next = await close("2026-11");
      assert.deepEqual(next.lines, ["charge 12", "commitment -10", "overage -0.4"]);
    });

    test("are drawn by what discounts leave of usage, and never by fees", async () => {
      const discounts = [
        { key: "some", percent: "33.3", charges: ["calls", "done"] },
        { key: "all", amount: "5" },
      ];
      const fees = [{ key: "base", amount: "20" }];
      const card = { ...CARD, fees, discounts, minimum: "38", maximum: "500" };
      await desk.ok("POST", "/v1/rate-cards", { card });
      desk.clock.now = Date.parse("2026-11-20T00:00:00Z");
      const prepaid = { ...YEAR, key: "pre", kind: "prepaid", amount: "10", from: "2026-11-01" };
      const unknown = await set({ ...prepaid, charges: ["calls", "cals"] });
      assertProblem(unknown, "commitment.invalid", "commitments[0].charges[1]");
      assert.match(
        String(unknown.body.detail),
        /^No rate card has a charge "cals"; there are calls/,
      );
      assert.equal((await set({ ...prepaid, charges: ["calls"] })).status, 200);
      await desk.steps("acme", "2026-11-19", 30);
      const one = await close("2026-11");
      // 30 less 33.3 % and half of the 5 leave 17.51 of usage: 7.51 are beyond, at 1.502 more. The
      // minimum sees 36.51, since what was paid in advance counts.
      const charged = ["charge 30", "fee 20", "discount -9.99", "discount -5"];
      const committed = ["commitment -10", "overage 1.5", "minimum 1.49"];
      const shown = one.lines.filter((line) => !line.startsWith("rounding"));
      assert.deepEqual(shown, [...charged, ...committed]);
      assert.equal(one.total, "28");
    });

    test("fix the calendar of a customer whose period ended without usage", async () => {
      const month = { ...YEAR, per: "period", until: null };
      assert.equal((await set(month)).status, 200);
      assert.deepEqual((await close("2026-10")).lines, ["true_up 100"]);
      const moved = await desk.ask("PUT", "/v1/customers/acme", { anchorDay: 15 });
      assertProblem(moved, "customer.card_fixed", "anchorDay");
      await desk.ok("PUT", "/v1/customers/acme", { name: "Acme Ltd" });
    });

    test("are projected: how much is drawn, when it is used up, what the end brings", async () => {
      const month = { ...YEAR, key: "m", per: "period", amount: "40", until: null };
      assert.equal((await set(month, YEAR)).status, 200);
      desk.clock.now = Date.parse("2026-10-11T08:00:00Z");
      await desk.steps("acme", "2026-10-10", 20);
      const { body } = await desk.ok("GET", path);
      const [one, year] = body.commitments as unknown as { soFar: Record<string, unknown> }[];
      const { period, drawn, drawnPercent, exhaustedAt, projected } = one?.soFar ?? {};
      assert.deepEqual([period, drawn, drawnPercent], ["2026-10-01", "20", "50"]);
      assert.equal(exhaustedAt, "2026-10-21T16:00:00.000Z");
      assert.deepEqual(projected, { usage: "60", overage: "20", trueUp: "0" });
      assert.deepEqual(year?.soFar.drawn, "0", "the first one takes all that there is");
      const { body: projection } = await desk.ok("GET", "/v1/customers/acme/projection");
      assert.equal((projection.commitments as unknown as object[]).length, 2);
      assert.equal(String(projection.projectedTotal), "60");
    });

    test("are in the currency of the customer's card, and another card in no other", async () => {
      const inEuro = { ...YEAR, currency: "EUR" };
      assertProblem(await set(inEuro), "commitment.invalid", "commitments[0].currency");
      await desk.ok("POST", "/v1/rate-cards", {
        card: { ...CARD, key: "euros", currency: "EUR" },
        effectiveFrom: null,
      });
      const move = (cardKey: string | null) =>
        desk.ask("PUT", "/v1/customers/acme", { name: "Acme", cardKey });
      assert.equal((await set(YEAR)).status, 200);
      assertProblem(await move("euros"), "customer.card_fixed", "cardKey");
      // Who agrees anew may: nothing is drawn yet.
      assert.equal((await set()).status, 200);
      assert.equal((await move("euros")).status, 200);
      const inDollars = await set({ ...YEAR, currency: "USD" });
      assertProblem(inDollars, "commitment.invalid", "commitments[0].currency");
      const { currency: _, ...month } = { ...inEuro, per: "period", amount: "7" };
      assert.equal((await set(month)).status, 200, "the card's currency is meant");
      assertProblem(await move(null), "customer.card_fixed", "cardKey");
      assert.deepEqual((await close("2026-10")).lines, ["true_up 7"]);
    });

    test("of what is closed stay as they are; they end, and others are added", async () => {
      assertProblem(await desk.ask("GET", "/v1/customers/no/commitments"), "customer.not_found");
      const nobody = await desk.ask("PUT", "/v1/customers/no/commitments", { commitments: [] });
      assertProblem(nobody, "customer.not_found");
      await set(YEAR);
      const same = await desk.ok("PUT", path, { commitments: [YEAR] });
      assert.deepEqual(same.body, (await desk.ok("GET", path)).body);
      await desk.steps("acme", "2026-10-10", 1);
      await close("2026-10");
      const more = await set({ ...YEAR, amount: "200" });
      assertProblem(more, "commitment.fixed", "commitments[0].amount");
      assertProblem(await set(), "commitment.fixed", "commitments");
      const ended = await set({ ...YEAR, until: "2026-11-01" });
      assertProblem(ended, "commitment.fixed", "commitments[0].until");
      const late = await set(YEAR, { ...YEAR, key: "late" });
      assertProblem(late, "commitment.backdated", "commitments[1].from");
      const none = { ...YEAR, key: "none", from: "2026-11-02", until: "2026-11-30" };
      assertProblem(await set(YEAR, none), "commitment.invalid", "commitments[1].until");
      const added = { ...YEAR, key: "more", from: "2026-11-01" };
      assert.equal((await set({ ...YEAR, until: "2026-12-01" }, added)).status, 200);
      assertProblem(
        await set({ ...YEAR, kind: "no" }),
        "commitment.invalid",
        "commitments[0].kind",
      );
    });
  });
}
