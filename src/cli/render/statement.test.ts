import assert from "node:assert/strict";
import { test } from "node:test";
import { renderLateLimits, renderStatement, type StatementView } from "./statement.ts";
import { PLAIN_STYLES } from "./styles.ts";

const STATEMENT: StatementView = {
  id: "st_1",
  customer: "acme",
  period: "2026-11-01",
  currency: "USD",
  digest: "00",
  total: "24.8",
  document: {
    ...{ period: "2026-11-01", startsAt: "2026-11-01T00:00:00Z", endsAt: "2026-12-01T00:00:00Z" },
    lines: [
      {
        kind: "charge",
        cardKey: "card",
        chargeKey: "tools",
        description: "Tool calls",
        measure: "steps",
        quantity: "12345",
        amountExact: "24.69",
        amountRounded: "24.69",
      },
      {
        kind: "charge",
        cardKey: "card",
        chargeKey: "providers",
        description: "Providers",
        measure: "sum:cost",
        quantity: "0.0926",
        amountExact: "0.11412",
        amountRounded: "0.11",
      },
      {
        kind: "rounding",
        cardKey: "",
        chargeKey: "",
        description: "Rounding",
        measure: null,
        quantity: null,
        amountExact: "-0.00412",
        amountRounded: "0",
      },
    ],
  },
};

test("a statement shows what was counted, the exact and the billed amount", () => {
  assert.deepEqual(renderStatement(STATEMENT), [
    "               quantity         exact USD  billed",
    "Tool calls  12,345       steps   24.69      24.69",
    "Providers        0.0926  cost     0.11412    0.11",
    "Rounding                         -0.00412",
    "─────────────────────────────────────────────────",
    "Total                            24.80      24.80",
  ]);
});

test("a statement in yen has no decimals but where something was counted finer", () => {
  const [calls] = STATEMENT.document.lines;
  const line = { ...calls, quantity: "7", amountExact: "8.75", amountRounded: "9" };
  const document = { lines: [line as StatementView["document"]["lines"][number]] };
  assert.deepEqual(renderStatement({ ...STATEMENT, currency: "JPY", total: "9", document }), [
    "            quantity         exact JPY  billed",
    "Tool calls         7  steps       8.75       9",
    "──────────────────────────────────────────────",
    "Total                             9          9",
  ]);
});

test("a statement tells below what was counted what it came to in the card's credit", () => {
  const [calls] = STATEMENT.document.lines;
  const line = { ...calls, credits: "1075" } as StatementView["document"]["lines"][number];
  const document = { lines: [line], credit: { name: "tokens" } };
  const [, told, below] = renderStatement({ ...STATEMENT, document });
  assert.equal(told, "Tool calls    12,345  steps       24.69   24.69");
  assert.equal(below, "               1,075  tokens");
});

test("names give way on a narrow terminal, and amounts never", () => {
  const [calls] = STATEMENT.document.lines;
  const description = "Calls of tools: search, the ticket system and the knowledge base";
  const line = {
    ...calls,
    description,
    credits: "7",
  } as StatementView["document"]["lines"][number];
  const bill = { ...STATEMENT, document: { lines: [line], credit: { name: "tokens" } } };
  const lines = renderStatement(bill, PLAIN_STYLES, 64);
  assert.deepEqual(
    lines.slice(1, 4),
    [
      "Calls of tools: search, the    12,345  steps       24.69   24.69",
      "  ticket system and the             7  tokens",
      "  knowledge base",
    ].map((text) => text.trimEnd()),
  );
  const width = (columns: number) =>
    Math.max(...renderStatement(bill, PLAIN_STYLES, columns).map(({ length }) => length));
  assert.deepEqual([width(80) <= 80, width(64) <= 64, width(10) > 40], [true, true, true]);
});

test("where a customer changed its card, each line names the one that it is of", () => {
  const [calls, , rounding] = STATEMENT.document.lines;
  const line = calls as StatementView["document"]["lines"][number];
  const lines = [{ ...line, cardKey: "team" }, { ...line, cardKey: "pro" }, rounding ?? line];
  const told = renderStatement({ ...STATEMENT, document: { lines } }).map((text) =>
    text.split("  ", 1).join(""),
  );
  assert.deepEqual(told.slice(1, 4), [
    "Tool calls, by card team",
    "Tool calls, by card pro",
    "Rounding",
  ]);
});

test("what late adjustments are not held against stands below the bill, with what to do", () => {
  const terms = [
    { kind: "charge_maximum", name: "Calls" },
    { kind: "minimum", name: null },
  ];
  assert.deepEqual(renderLateLimits([{ originPeriod: "2026-10-01", statement: "st_1", terms }]), [
    "",
    "What came late for 2026-10-01 is at its plain price. That period was closed with more:",
    "  maximum of Calls",
    "  minimum of the period",
    "To work that out anew: tollgate statement reissue st_1 --reason … --by …",
  ]);
  assert.deepEqual(renderLateLimits(undefined), []);
});

test("a line that was credited and is lowered now is told, and no reissue that is refused", () => {
  const terms = [
    { kind: "discount", name: "Launch" },
    { kind: "credit_note", name: "Calls" },
  ];
  assert.deepEqual(renderLateLimits([{ originPeriod: "2026-10-01", statement: "st_1", terms }]), [
    "",
    "What came late for 2026-10-01 is at its plain price. That period was closed with more:",
    "  discount Launch",
    "",
    "What is taken off for 2026-10-01 may be given back already. Credited was some of:",
    "  Calls",
    "Credit notes: tollgate credit list st_1",
  ]);
});

test("a line that was disputed and is lowered now is told as one that was credited", () => {
  const terms = [
    { kind: "discount", name: "Launch" },
    { kind: "dispute", name: "Outcome t of run r" },
  ];
  assert.deepEqual(renderLateLimits([{ originPeriod: "2026-10-01", statement: "st_1", terms }]), [
    "",
    "What came late for 2026-10-01 is at its plain price. That period was closed with more:",
    "  discount Launch",
    "",
    "What is taken off for 2026-10-01 may be given back already. Disputed was some of:",
    "  Outcome t of run r",
    "Disputes: tollgate dispute list",
  ]);
});

test("a long description goes on below itself, and leaves the amounts room", () => {
  const [calls] = STATEMENT.document.lines;
  const description =
    "Minimum of 56.16 for 2026-03-01 01:00 to 2026-03-29 03:00, " +
    "8.64 for 2026-03-29 03:00 to 2026-04-01 00:00 Europe/Berlin";
  const line = { ...calls, description, measure: null, quantity: null };
  const document = { lines: [line as StatementView["document"]["lines"][number]] };
  const [, first, second] = renderStatement({ ...STATEMENT, document });
  assert.match(first ?? "", /^Minimum of 56\.16 for .* 03:00, 8\.64 for +24\.69 +24\.69$/);
  assert.equal(second?.trimEnd(), "  2026-03-29 03:00 to 2026-04-01 00:00 Europe/Berlin");
});
