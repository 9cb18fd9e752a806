/**
 * What was taken off a closed line since (an outcome reversed, a step voided) is not given back by
 * hand once more. Amounts are worked out beforehand, in currencies of two, three and no decimals.
 */
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { formatValue } from "../../src/domain/export/export-line.ts";
import { readPayable } from "../../src/engine/export/payable.ts";
import { type Answer, assertProblem } from "./api-caller.ts";
import { type Desk, openDesk } from "./billing-desk.ts";

const WHO = { reason: "agreed on the phone", by: "anna" };
const RUN = "/v1/runs/run%20of%20acme/outcomes";

interface Line {
  readonly kind: string;
  readonly chargeKey: string;
  readonly amountRounded: string;
}

/** What an outcome costs, what two and three of them do, and the least amount that there is. */
const CURRENCIES = [
  { currency: "EUR", one: "0.99", two: "1.98", three: "2.97", least: "0.01" },
  { currency: "KWD", one: "0.999", two: "1.998", three: "2.997", least: "0.001" },
  { currency: "JPY", one: "99", two: "198", three: "297", least: "1" },
];

function cardIn(currency: string, unit: string) {
  const price = { model: "per_unit", unit };
  const done = { key: "done", name: "Resolved", meter: { count: "outcomes" }, price };
  return { key: "desk", currency, charges: [done] };
}

for (const { currency, one, two, three, least } of CURRENCIES) {
  describe(`a line of two outcomes in ${currency}`, () => {
    let desk: Desk;
    let id: string;

    beforeEach(async () => {
      desk = await openDesk("sqlite", { at: "2026-11-01T00:00:00Z", card: cardIn(currency, one) });
      desk.clock.now = Date.parse("2026-11-20T00:00:00Z");
      await desk.steps("acme", "2026-11-10", 1);
      for (const key of ["t", "u"]) await record(key);
      id = await close("2026-11", "2026-12-02");
      assert.equal(await totalOf(id), two);
    });
    afterEach(() => desk.end());

    async function record(key: string): Promise<void> {
      const done = { outcome: "ticket_resolved", key, occurredAt: "2026-11-19T00:00:00Z" };
      await desk.ok("POST", RUN, done);
    }

    const reverse = (key: string) => desk.ok("POST", `${RUN}/${key}/reverse`, { reason: "no" });

    test("is given back once by whoever takes what it bills off first", async () => {
      await reverse("t");
      const again = { reason: "its producer" };
      assertProblem(await desk.ask("POST", `${RUN}/t/reverse`, again), "event.conflict");
      const ofRun = { run: "run of acme", occurredAt: "2026-11-30T00:00:00Z", reason: "no" };
      const reversed = { ...ofRun, id: "of its producer", type: "outcome.reversed", key: "t" };
      const { text } = await desk.ok("POST", "/v1/events", [reversed]);
      assert.match(text, /"status":"duplicate"/);
      const later = await close("2026-12", "2027-01-02");
      assert.equal(await totalOf(later), `-${one}`);
    });

    async function close(period: string, at: string): Promise<string> {
      desk.clock.now = Date.parse(`${at}T00:00:00Z`);
      const { body } = await desk.ok("POST", "/v1/periods/close", { period, customer: "acme" });
      const [made] = body.statements as unknown as { id: string }[];
      return made?.id ?? assert.fail();
    }

    async function totalOf(statement: string): Promise<unknown> {
      return (await desk.ok("GET", `/v1/statements/${statement}`)).body.total;
    }

    async function lineOf(statement: string, wanted: string): Promise<number> {
      const { body } = await desk.ok("GET", `/v1/statements/${statement}`);
      const lines = body.document?.lines as unknown as readonly Line[];
      const at = lines.findIndex((line) => `${line.kind} ${line.chargeKey}` === wanted);
      assert.ok(at >= 0, `${wanted} is among ${JSON.stringify(lines)}`);
      return at + 1;
    }

    /** What billing systems are told that each closed period comes to. */
    async function exported(): Promise<string[]> {
      const periods = await readPayable(desk.server.store, "default", "acme");
      const at = { startMs: 0, endMs: 0 };
      return periods.flatMap(({ period, items }) =>
        items({ key: period, ...at }).map(({ value }) => formatValue(value)),
      );
    }

    const credit = (line: number, amount: string | null = null, of = id): Promise<Answer> =>
      desk.ask("POST", `/v1/statements/${of}/credit-notes`, { lines: [{ line, amount }], ...WHO });
    const dispute = (about: object): Promise<Answer> =>
      desk.ask("POST", "/v1/disputes", { ...about, ...WHO });
    const resolve = (dispute: unknown, favor: string) =>
      desk.ok("POST", `/v1/disputes/${dispute}/resolve`, { favor, ...WHO });
    const told = (answer: Answer) => String(assertProblem(answer, "credit.exceeded").body.detail);

    test("has one of them to give back once the other is reversed", async () => {
      await reverse("t");
      const over = told(await credit(1, two));
      assert.equal(over, `${two} is more than is left of ${two}: ${one}.`);
      assert.equal((await credit(1)).body.total, one);
      const gone = `All of its ${two} is credited or disputed already, or taken off.`;
      assert.equal(told(await credit(1, least)), gone);
      assert.equal(told(await dispute({ statement: id, line: 1 })), gone);
      const other = told(await dispute({ run: "run of acme", outcome: "u" }));
      assert.equal(other, `All of its ${one} is credited or disputed already.`);
      assert.equal(await totalOf(await close("2026-12", "2027-01-02")), `-${one}`);
    });

    async function limitsOf(path: string): Promise<unknown> {
      const { body } = await desk.ok("GET", path);
      return (body as { lateLimits?: unknown }).lateLimits;
    }
    const limits = (kind: string, name: string) => [
      { originPeriod: "2026-11-01", statement: id, terms: [{ kind, name }] },
    ];
    const BILL = "/v1/customers/acme/bill";

    test("that was credited says so below the bill that takes something off it", async () => {
      assert.equal((await credit(1)).body.total, two);
      await reverse("t");
      assert.deepEqual(await limitsOf(BILL), limits("credit_note", "Resolved"));
      const december = await close("2026-12", "2027-01-02");
      const told = await limitsOf(`/v1/statements/${december}`);
      assert.deepEqual(told, limits("credit_note", "Resolved"));
    });

    test("that was disputed says so as well, unless it was decided for us", async () => {
      const open = async (key: string) =>
        (await dispute({ statement: id, line: 1, amount: least, id: key })).body.id;
      const first = await open("first");
      assert.equal(await limitsOf(BILL), undefined, "nothing is taken off yet");
      await reverse("t");
      assert.deepEqual(await limitsOf(BILL), limits("dispute", "Resolved"));
      await resolve(first, "us");
      assert.equal(await limitsOf(BILL), undefined);
      await resolve(await open("second"), "customer");
      assert.deepEqual(await limitsOf(BILL), limits("dispute", "Resolved"));
    });

    test("of which one was disputed says so where it is that one which is reversed", async () => {
      const { body } = await dispute({ run: "run of acme", outcome: "t" });
      await reverse("u");
      assert.equal(await limitsOf(BILL), undefined, "the other one is");
      await reverse("t");
      assert.deepEqual(await limitsOf(BILL), limits("dispute", "Outcome t of run run of acme"));
      await resolve(body.id, "us");
      assert.equal(await limitsOf(BILL), undefined, "it is billed again, and reversed once");
    });

    test("has none to give back once both are", async () => {
      for (const key of ["t", "u"]) await reverse(key);
      assert.match(told(await credit(1)), /^All of its .* or taken off\.$/);
    });

    test("has both where a late one makes up for the one that is reversed", async () => {
      await record("late");
      await reverse("t");
      assert.equal((await credit(1)).body.total, two);
      assert.equal(await totalOf(await close("2026-12", "2027-01-02")), "0");
    });

    test("is not disputed beyond what is left of it", async () => {
      assert.equal((await dispute({ statement: id, line: 1, amount: one })).status, 200);
      await reverse("t");
      assert.match(told(await credit(1, least)), /or taken off\.$/);
    });

    test("issued again without the one that was reversed, gives back the other", async () => {
      await reverse("t");
      const { body } = await desk.ok("POST", `/v1/statements/${id}/reissue`, WHO);
      assert.equal(body.total, one);
      assertProblem(await credit(1), "statement.voided");
      assert.equal(
        told(await credit(1, two, String(body.id))),
        `${two} is more than is left of ${one}: ${one}.`,
      );
      assert.equal((await credit(1, null, String(body.id))).body.total, one);
    });

    test("issued again after a later bill took it off, gives it back there", async () => {
      await reverse("t");
      const december = await close("2026-12", "2027-01-02");
      assert.equal(await totalOf(december), `-${one}`);
      const { body } = await desk.ok("POST", `/v1/statements/${id}/reissue`, WHO);
      assert.equal(body.total, two, "one that is used, and one that December took off already");
      const again = String(body.id);
      const put = await lineOf(again, "already_billed done");
      assert.match(told(await credit(put, null, again)), /^Nothing is charged for it/);
      assert.deepEqual(await exported(), [two, `-${one}`]);
      assert.equal((await credit(1, null, again)).body.total, one);
      assert.deepEqual(await exported(), [one, `-${one}`]);
    });

    test("of an adjustment gives back what no later one took off", async () => {
      await record("late");
      const december = await close("2026-12", "2027-01-02");
      await reverse("late");
      const line = await lineOf(december, "adjustment done");
      assert.match(told(await credit(line, null, december)), /or taken off\.$/);
      const whole = told(await credit(1, three));
      assert.equal(whole, `${three} is more than is left of ${two}: ${two}.`);
      assert.equal((await credit(1)).body.total, two);
    });
  });
}
