import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type ExportLine, parseValue } from "../../domain/export/export-line.ts";
import { quantize } from "../../domain/export/quantize.ts";
import type { ExportTarget } from "../../domain/export/target.ts";
import type { Freezing, Theirs } from "../../engine/export/connector-port.ts";
import { type FrozenLine, freezeLine } from "./frozen-line.ts";

const KEY = "0b7c1c9e-5f0a-8d2b-9c3d-4e5f60718293";
const DAY_MS = 24 * 3_600_000;
const START_MS = Date.parse("2026-11-03T23:00:00Z");

const LINE = {
  ...{ key: KEY, workspace: "w", customer: "acme", item: "tokens", period: "2026-11-01" },
  ...{ window: { startMs: START_MS, endMs: START_MS + DAY_MS }, revision: 0, mode: "usage" },
  ...{ value: parseValue("12.5"), windowTotal: 0n, unit: "USD", description: "Tokens", parts: [] },
  ...{ evidence: { source: "card versions 1", ledger: "12.5" }, earlier: [], takesBack: null },
  plannedAtMs: Date.parse("2026-12-01T09:00:00Z"),
} as unknown as Freezing;

const ACCOUNT_ID = "2c92c0f956bc8fb40156d502fc3718b1";
const CHARGE_ID = "2c92c0f956bc8fcb0156d5039e275aa9";
const THEIRS: Theirs = {
  customer: {
    ...{ id: "A00000030", subscription: "A-S00000100", "charge.tokens": "C-00000229" },
    accountId: ACCOUNT_ID,
  },
  item: { id: "Each", chargeId: CHARGE_ID },
};

const TARGET: ExportTarget = {
  ...{ id: "z", connector: "zuora", account: "live", mode: "usage", window: "day" },
  ...{ timeZone: "Europe/Berlin", since: "2026-01-01", settings: {} },
  customers: { names: {}, others: "same" },
  items: { names: { seats: { id: "Seats", chargeId: ACCOUNT_ID } }, others: "same" },
};

function frozen(line: Partial<Freezing>, target: Partial<ExportTarget> = {}): FrozenLine {
  return JSON.parse(freezeLine({ ...LINE, ...line }, THEIRS, { ...TARGET, ...target }));
}

function textOf(line: FrozenLine): string {
  assert.ok("text" in line);
  return line.text;
}

test("a usage record names all that it is of, and its key, in the time zone of the target", () => {
  assert.equal(
    textOf(frozen({})),
    '{"AccountNumber":"A00000030","SubscriptionNumber":"A-S00000100","ChargeNumber":"C-00000229",' +
      '"UOM":"Each","StartDateTime":"2026-11-04T00:00:00.000+01:00",' +
      `"EndDateTime":"2026-11-05T00:00:00.000+01:00","Description":"${KEY}","Quantity":12.5}`,
  );
});

test("with a field for keys, the description is for people", () => {
  const record = JSON.parse(textOf(frozen({}, { settings: { keyField: "TollgateKey__c" } })));
  assert.deepEqual([record.TollgateKey__c, record.Description], [KEY, "Tokens"]);
});

test("a row of a file has days of its own zone, as the API user's locale writes them", () => {
  const row = (settings: Record<string, string>) =>
    textOf(frozen({}, { settings: { way: "file", ...settings } }));
  const rest = "A-S00000100,C-00000229";
  assert.equal(row({}), `A00000030,Each,12.5,11/04/2026,11/04/2026,${rest},${KEY}`);
  const british = `A00000030,Each,12.5,04/11/2026,04/11/2026,${rest},${KEY}`;
  assert.equal(row({ dateFormat: "DD/MM/YYYY" }), british);
  const iso = `A00000030,Each,12.5,2026-11-04,2026-11-04,${rest},${KEY}`;
  assert.equal(row({ dateFormat: "YYYY-MM-DD" }), iso);
});

test("an event for a meter is what its event definition asks for", () => {
  const event = frozen({}, { settings: { way: "mediation", meter: "m-1", meterId: "42" } });
  assert.deepEqual(JSON.parse(textOf(event)), {
    ...{ eventId: KEY, accountNumber: "A00000030", subscriptionNumber: "A-S00000100" },
    ...{ chargeNumber: "C-00000229", uom: "Each", startTime: "2026-11-04T00:00:00.000+01:00" },
    ...{ endTime: "2026-11-05T00:00:00.000+01:00", quantity: 12.5 },
  });
  assert.ok(event.kind === "event");
  assert.deepEqual([event.meter, event.meterId], ["m-1", "42"]);
});

/** The digits that a double keeps. */
const DOUBLE = { useGrouping: false, maximumSignificantDigits: 15 };

test("a quantity is written as the decimal that it is, and is the same as a double", () => {
  const numbers = { scale: 9, significantDigits: 15, negative: false };
  fc.assert(
    fc.property(fc.bigInt({ min: 1n, max: 10n ** 42n }), (due) => {
      const value = quantize(due, numbers);
      const text = /"Quantity":([0-9.]+)}$/.exec(textOf(frozen({ value })))?.[1] ?? "";
      assert.equal(parseValue(text), value);
      assert.ok(text.length <= 16, text);
      assert.equal(parseValue(Number(text).toLocaleString("en", DOUBLE)), value);
    }),
  );
});

const RATED = { mode: "rated", settings: { currency: "USD" } } as const;

test("an amount is an invoice whose number is the key, dated on the day of its making", () => {
  const invoice = frozen({}, RATED);
  assert.ok(invoice.kind === "invoice");
  assert.deepEqual(JSON.parse(invoice.text), {
    ...{ accountId: ACCOUNT_ID, invoiceNumber: KEY.replaceAll("-", ""), invoiceDate: "2026-12-01" },
    ...{ status: "Draft", autoPay: false, comments: `Tokens (2026-11-01), ${KEY}` },
    invoiceItems: [
      {
        ...{ productRatePlanChargeId: CHARGE_ID, description: "Tokens", amount: 12.5, quantity: 1 },
        ...{ serviceStartDate: "2026-11-04", serviceEndDate: "2026-11-04" },
      },
    ],
  });
  assert.equal(invoice.number.length, 32);
});

test("less than nothing is a credit memo of as much", () => {
  const settings = { ...RATED.settings, post: "true" };
  const memo = frozen({ value: parseValue("-3.99") ?? 0n }, { ...RATED, settings });
  assert.ok(memo.kind === "credit_memo");
  const { number, effectiveDate, autoPost, charges } = JSON.parse(memo.text);
  assert.deepEqual([number, effectiveDate, autoPost], [memo.number, "2026-12-01", true]);
  assert.deepEqual(
    charges.map((charge: { amount: number }) => charge.amount),
    [3.99],
  );
});

test("a bill is an invoice of its lines, or of one where they cannot stand there", () => {
  const partOf = (item: string, amount: string) => {
    return { item, description: item, quantity: null, amount };
  };
  const amounts = (parts: Freezing["parts"], value: string) => {
    const line = { parts, value: parseValue(value) ?? 0n };
    const { invoiceItems, charges } = JSON.parse(textOf(frozen(line, RATED)));
    return (invoiceItems ?? charges).map((one: Record<string, unknown>) => {
      return [one.productRatePlanChargeId, one.amount];
    });
  };
  const bill = [partOf("seats", "10"), partOf("tokens", "2.5")];
  const [seats, tokens] = [
    [ACCOUNT_ID, 10],
    [CHARGE_ID, 2.5],
  ];
  assert.deepEqual(amounts(bill, "12.5"), [seats, tokens]);
  const credited = bill.map((part) => ({ ...part, amount: `-${part.amount}` }));
  assert.deepEqual(amounts(credited, "-12.5"), [seats, tokens]);
  assert.deepEqual(amounts([...bill, partOf("credit", "-5")], "7.5"), [[CHARGE_ID, 7.5]]);
  const many = (count: number) => {
    const parts = Array.from({ length: count }, () => partOf("tokens", "1"));
    return amounts(parts, String(count)).length;
  };
  assert.deepEqual([many(1000), many(1001)], [1000, 1]);
  const fine = [partOf("tokens", "2.505"), partOf("seats", "1")];
  assert.deepEqual(amounts(fine, "3.5"), [[CHARGE_ID, 3.5]], "parts below a cent do not add up");
});

test("what is taken back is deleted by the key and host that it was sent with", () => {
  const body = freezeLine(LINE, THEIRS, { ...TARGET, settings: { host: "rest.eu.zuora.com" } });
  const taken = { ...LINE, body } as unknown as ExportLine;
  const back = frozen({ key: "another", value: -(LINE.value ?? 0n), takesBack: taken });
  const found = { host: "rest.eu.zuora.com", field: "Description", key: KEY };
  assert.deepEqual(back, { kind: "take_back", ...found });
});

test("a line that cannot be told leaves out its customer, and says what to set", () => {
  const refuses = (line: Partial<Freezing>, target: Partial<ExportTarget>, why: RegExp) =>
    assert.throws(() => frozen(line, target), { code: "target.invalid", message: why });
  refuses({ item: "searches" }, {}, /charge\.searches/);
  refuses({ value: -1n }, {}, /never less than nothing/);
  refuses({ unit: "EUR" }, RATED, /in EUR, the target's in USD/);
  const customer = { id: "A1" };
  const without = (target: ExportTarget) => freezeLine(LINE, { ...THEIRS, customer }, target);
  assert.throws(() => without(TARGET), /subscription/);
  assert.throws(() => without({ ...TARGET, ...RATED }), /accountId/);
});
