import assert from "node:assert/strict";
import { test } from "node:test";
import type { Answering } from "../recorded-session-contract.ts";
import { LINE_KEY, ONE } from "../sample-line-contract.ts";
import { readFrozen } from "./chargebee-api.ts";
import { chargebeeConnector } from "./chargebee-connector.ts";
import { fieldOf } from "./form.ts";
import {
  CHARGES,
  errorAnswer,
  lineOf,
  recording,
  STATEMENTS,
  targetOf,
} from "./sample-chargebee-contract.ts";

const looked = (answers: Answering, line = lineOf(CHARGES)) =>
  chargebeeConnector.lookUp?.(line, recording(CHARGES, answers).session);

const named = { description: `Runs [${LINE_KEY}]` };

test("a charge is found while it waits, and on the invoice that took it along", async () => {
  const waiting: Answering = ({ url }) =>
    url.includes("unbilled") ? { list: [{ unbilled_charge: named }] } : { list: [] };
  const invoiced: Answering = ({ url }) =>
    url.includes("unbilled")
      ? { list: [{ unbilled_charge: { description: "another" } }] }
      : { list: [{ invoice: { id: "inv_1", line_items: [named] } }] };
  assert.equal((await looked(waiting))?.found, "present");
  assert.deepEqual(await looked(invoiced), { found: "present", note: "invoice inv_1" });
  assert.equal((await looked(() => ({ list: [] })))?.found, "absent");
  assert.equal((await looked(() => errorAnswer(500, "")))?.found, "unclear");
});

test("what is less than nothing is a credit of the customer, found by its reference", async () => {
  const line = lineOf(CHARGES, { value: -ONE });
  const { path, form } = readFrozen(line.body);
  assert.equal(path, "/promotional_credits/add");
  assert.deepEqual(
    ["customer_id", "amount", "reference"].map((name) => fieldOf(form, name)),
    ["cb_acme", "100", LINE_KEY],
  );
  const credit: Answering = () => ({
    list: [{ promotional_credit: { id: "pc_1", reference: LINE_KEY } }],
  });
  assert.deepEqual(await looked(credit, line), { found: "present", note: "pc_1" });
  assert.equal((await looked(() => ({ list: [] }), line))?.found, "absent");
});

test("a description that is too long is cut, and never its key", () => {
  const { form } = readFrozen(lineOf(CHARGES, { description: "x".repeat(300) }).body);
  const text = fieldOf(form, "charges[description][0]");
  assert.equal(text.length, 250);
  assert.ok(text.endsWith(`[${LINE_KEY}]`));
});

test("amounts are whole smallest units of the target's currency", () => {
  assert.throws(() => lineOf(CHARGES, { unit: "EUR" }), { code: "target.invalid" });
  assert.throws(() => lineOf(CHARGES, { value: 10n ** 30n }), { code: "target.invalid" });
  const yen = targetOf("rated", { currency: "JPY" });
  const { form } = readFrozen(lineOf(yen, { unit: "JPY", value: 7n * ONE }).body);
  assert.equal(fieldOf(form, "charges[amount][0]"), "7");
  assert.equal(chargebeeConnector.capability(yen).numbers.scale, 0);
});

test("a bill with parts of less than a cent is one charge of its total", () => {
  const parts = ["0.996", "0.004"].map((amount) => {
    return { item: "runs", description: "Runs", quantity: null, amount };
  });
  const { form } = readFrozen(lineOf(STATEMENTS, { value: ONE, parts }).body);
  assert.equal(fieldOf(form, "charges[amount][0]"), "100");
  assert.equal(fieldOf(form, "charges[amount][1]"), "");
});

test("a bill of more than a hundred parts is one charge of its total", () => {
  const partsOf = (count: number) =>
    Array.from({ length: count }, (_, at) => {
      return { item: `i${at}`, description: `Item ${at}`, quantity: null, amount: "1" };
    });
  const chargesOf = (count: number) => {
    const value = BigInt(count) * ONE;
    const { form } = readFrozen(lineOf(STATEMENTS, { value, parts: partsOf(count) }).body);
    return [...new URLSearchParams(form)].filter(([name]) => name.startsWith("charges[amount]"));
  };
  assert.equal(chargesOf(100).length, 100);
  assert.deepEqual(
    chargesOf(101).map(([, amount]) => amount),
    ["10100"],
  );
});
