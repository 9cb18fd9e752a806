/**
 * Credit notes on statements that a parent was billed for: what the parent paid is given back to
 * it, what the customer's own credit paid to the customer. Amounts were worked out beforehand, in
 * currencies of two, three and no decimals; a call is 1.
 */
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { formatValue } from "../../src/domain/export/export-line.ts";
import { readPayable } from "../../src/engine/export/payable.ts";
import { assertProblem } from "./api-caller.ts";
import { type Desk, openDesk } from "./billing-desk.ts";

const WHO = { reason: "slow answers", by: "anna" };
const MONTHS = ["2026-11", "2026-12", "2027-01", "2027-02"];

for (const currency of ["EUR", "KWD", "JPY"]) {
  describe(`a child of 9 ${currency} whose bill its parent pays`, () => {
    let desk: Desk;
    let isUsed = false;

    beforeEach(async () => {
      const price = { model: "per_unit", unit: "1" };
      const calls = { key: "calls", name: "Calls", meter: { count: "steps" }, price };
      const card = { key: "desk", currency, charges: [calls] };
      desk = await openDesk("sqlite", { at: "2026-11-01T00:00:00Z", card });
      for (const id of ["group", "other"]) await desk.ok("PUT", `/v1/customers/${id}`, {});
      await below("group");
      desk.clock.now = Date.parse("2026-11-20T00:00:00Z");
      isUsed = false;
    });
    afterEach(() => desk.end());

    const below = (parent: string | null, credit = "own_first") =>
      desk.ok("PUT", "/v1/customers/child", {
        parent: parent === null ? null : { id: parent, pays: true, credit },
      });

    const grant = (customer: string, amount: string) =>
      desk.ok("POST", "/v1/credits/grants", { id: `g ${customer}`, customer, amount, ...WHO });

    async function use(): Promise<void> {
      isUsed = true;
      await desk.steps("child", "2026-11-10", 9);
    }

    /** Closes a month, twice: what children are billed is carried by the second one. */
    async function close(month: string): Promise<void> {
      if (!isUsed) await use();
      const at = Temporal.PlainDate.from(`${month}-02`).add({ months: 1 });
      desk.clock.now = Math.max(desk.clock.now + 1, Date.parse(`${at}T00:00:00Z`));
      for (const _ of ["children", "parents"]) {
        await desk.ok("POST", "/v1/periods/close", { period: month });
      }
    }

    async function statementsOf(customer: string) {
      const { body } = await desk.ok("GET", `/v1/statements?customer=${customer}&limit=100`);
      return (body as unknown as { statements: { id: string; period: string }[] }).statements;
    }

    async function statementOf(customer: string, month: string): Promise<string> {
      const all = await statementsOf(customer);
      return all.find(({ period }) => period.startsWith(month))?.id ?? assert.fail(month);
    }

    async function credit(amount: string | null, id: string, by = WHO) {
      const statement = await statementOf("child", "2026-11");
      const note = { lines: [{ line: 1, amount }], id, ...by };
      return (await desk.ok("POST", `/v1/statements/${statement}/credit-notes`, note)).body;
    }

    /** What a customer is to pay in all, as billing systems are told by item and as a whole. */
    async function billed(customer: string): Promise<string> {
      const of = { key: "", startMs: 0, endMs: 0 };
      const periods = await readPayable(desk.server.store, "default", customer);
      const sum = (values: readonly bigint[]) =>
        formatValue(values.reduce((total, value) => total + value, 0n));
      const whole = sum(periods.map((one) => one.whole(of).value));
      const items = sum(periods.flatMap((one) => one.items(of).map(({ value }) => value)));
      assert.equal(items, whole);
      return whole;
    }

    const bills = async (...customers: string[]) =>
      (await Promise.all(customers.map(billed))).join(" ");

    test("gives back to the parent what it paid, with its next bill, once", async () => {
      await close("2026-11");
      assert.equal(await bills("group", "child"), "9 0");
      const note = await credit("4", "n");
      assert.equal(note.billedTo, "group");
      assert.equal(await bills("group", "child"), "9 0");
      await close("2026-12");
      assert.equal(await bills("group", "child"), "5 0");
      const { body } = await desk.ok(
        "GET",
        `/v1/statements/${await statementOf("group", "2026-12")}`,
      );
      const { amountDue, children } = (body as { document: Record<string, unknown> }).document as {
        amountDue: string;
        children: Record<string, unknown>[];
      };
      assert.equal(amountDue, "-4");
      const { due, credited, carriedBefore } = children[0] ?? {};
      assert.deepEqual([due, credited, carriedBefore], ["5", "4", "9"]);
      await close("2027-01");
      assert.equal(await bills("group", "child"), "5 0");
    });

    test("that is not carried yet is carried less the note", async () => {
      await use();
      desk.clock.now = Date.parse("2026-12-02T00:00:00Z");
      await desk.ok("POST", "/v1/periods/close", { period: "2026-11", customer: "child" });
      await credit(null, "n");
      await close("2026-11");
      assert.equal(await bills("group", "child"), "0 0");
      await close("2026-12");
      assert.equal((await statementsOf("group")).length, 0);
    });

    test("is billed again where the note is taken back", async () => {
      await close("2026-11");
      const { id } = await credit("4", "n");
      await close("2026-12");
      await desk.ok("POST", `/v1/credit-notes/${id}/void`, WHO);
      await close("2027-01");
      assert.equal(await bills("group", "child"), "9 0");
    });

    test("gives back to who was billed, whoever its parent is by then", async () => {
      await close("2026-11");
      await below("other");
      await desk.steps("child", "2026-12-01", 2);
      await credit("4", "n");
      await close("2026-12");
      await close("2027-01");
      assert.equal(await bills("group", "other", "child"), "5 2 0");
      await below(null);
      await credit(null, "rest");
      await close("2027-02");
      assert.equal(await bills("group", "other", "child"), "0 2 0");
    });

    test("gives back to a parent's parent what that one paid", async () => {
      const parent = { id: "other", pays: true, credit: "own" };
      await desk.ok("PUT", "/v1/customers/group", { parent });
      for (const month of MONTHS.slice(0, 2)) await close(month);
      assert.equal(await bills("other", "group", "child"), "9 0 0");
      await credit("4", "n");
      for (const month of MONTHS.slice(2)) await close(month);
      assert.equal(await bills("other", "group", "child"), "5 0 0");
    });

    test("gives back to itself what its own credit paid, and that last", async () => {
      await grant("child", "3");
      await close("2026-11");
      assert.equal(await bills("group", "child"), "6 0");
      await credit("5", "n");
      await close("2026-12");
      assert.equal(await bills("group", "child"), "1 0");
      await credit("2", "m");
      await close("2027-01");
      assert.equal(await bills("group", "child"), "0 -1");
      await credit(null, "rest");
      await close("2027-02");
      assert.equal(await bills("group", "child"), "0 -3");
    });

    test("gives back to the parent what its credit paid", async () => {
      await grant("group", "3");
      await close("2026-11");
      assert.equal(await bills("group", "child"), "6 0");
      await credit(null, "n");
      await close("2026-12");
      assert.equal(await bills("group", "child"), "-3 0");
    });

    test("is held out of a bill of who was billed for it, or of none", async () => {
      await close("2026-11");
      const statement = await statementOf("child", "2026-11");
      const dispute = { statement, line: 1, amount: "4", ...WHO };
      await below("other");
      const { detail } = assertProblem(
        await desk.ask("POST", "/v1/disputes", dispute),
        "dispute.billed_to_other",
      ).body;
      assert.match(String(detail), /was billed to "group".* would be of "other"/);
      await below("group");
      await desk.ok("POST", "/v1/disputes", dispute);
      await close("2026-12");
      await close("2027-01");
      assert.equal(await bills("group", "other", "child"), "5 0 0");
    });

    test("is wholly of who pays by then where it is issued again", async () => {
      await close("2026-11");
      const { id } = await credit("4", "n");
      await close("2026-12");
      await desk.ok("POST", `/v1/credit-notes/${id}/void`, WHO);
      await below("other");
      const path = `/v1/statements/${await statementOf("child", "2026-11")}/reissue`;
      await desk.ok("POST", path, WHO);
      await close("2027-01");
      assert.equal(await bills("group", "other", "child"), "0 9 0");
    });
  });
}
