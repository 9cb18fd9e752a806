import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, test } from "node:test";
import type { StatementRecord } from "../../domain/period/records.ts";
import { type Beside, PAGE_HEADERS, statementPage as pageOf } from "./statement-page.ts";

const NOTHING: Beside = { customer: null, voiding: null, creditNotes: [] };
const statementPage = (record: StatementRecord, beside: Partial<Beside> = {}) =>
  pageOf(record, { ...NOTHING, ...beside });

const line = (some: object) => ({
  ...{
    kind: "charge",
    cardKey: "team",
    description: "Calls",
    measure: "sum:input_tokens",
    quantity: "1234567.5",
  },
  ...{ amountExact: "-1234.5678", amountRounded: "-1234.57" },
  ...some,
});

const statement = (some: Partial<StatementRecord>, lines: object[]): StatementRecord => ({
  ...{ id: "st_1", customer: "acme", period: "2026-11-01", currency: "USD" },
  closedAtMs: Date.UTC(2026, 11, 2, 3, 4),
  total: "1234567",
  document: JSON.stringify({
    startsAt: "2026-10-31T23:00:00Z",
    endsAt: "2026-11-30T23:00:00Z",
    rounding: "half_even",
    lines,
  }),
  digest: "abc",
  ...some,
});

describe("the page of a statement", () => {
  test("tells below the total what credit paid, and what is due", () => {
    const paid = { lines: [], rounding: "half_even", paidByCredit: "1234565", amountDue: "7" };
    const children = [{ customer: "a<b", due: "5" }];
    const times = { startsAt: "2026-10-31T23:00:00Z", endsAt: "2026-11-30T23:00:00Z" };
    const document = JSON.stringify({ ...paid, ...times, children });
    const page = statementPage(statement({ document }, []));
    assert.match(page, /Paid by credit<\/td><td class="n" colspan="3">−1,234,565\.00/);
    assert.match(page, /Due of <bdi>a&lt;b<\/bdi><\/td><td class="n" colspan="3">5\.00/);
    assert.match(page, /Amount due<\/td><td class="n" colspan="3">7\.00<\/td><\/tr><\/tfoot>/);
  });

  test("shows every line, with the decimals of the currency, and the total", () => {
    const page = statementPage(statement({}, [line({}), line({ kind: "rounding" })]));
    assert.ok(page.includes("−1,234.57"));
    assert.ok(page.includes("−1,234.5678"));
    assert.ok(page.includes("1,234,567.5"));
    assert.ok(page.includes("input tokens"));
    assert.ok(page.includes('<td class="n" colspan="3">1,234,567.00</td></tr></tfoot>'));
    assert.ok(page.includes("2026-10-31 23:00 to 2026-11-30 23:00 UTC"));
    assert.equal(page.match(/1,234\.57/g)?.length, 1, "the rounding line has no amount of its own");
  });

  test("gives units and exact amounts room, and a long name most of the width", () => {
    const page = statementPage(statement({}, [line({ measure: "steps" })]));
    assert.match(page, /\.exact \{[^}]*min-width: 14ch/);
    assert.match(page, /\.unit \{ min-width: 6ch/);
    assert.match(page, /\.what \{ min-width: 18em/);
    assert.match(page, /<th class="what">Description/);
    assert.match(page, /<td class="unit"><bdi>steps<\/bdi><\/td><td class="n exact">/);
  });

  test("prints with a number on each page, and its total never alone on one", () => {
    const page = statementPage(statement({}, []));
    assert.match(page, /@bottom-right \{ content: counter\(page\) " \/ " counter\(pages\)/);
    assert.match(page, /tfoot \{[^}]*break-before: avoid/);
    assert.match(page, /thead \{ display: table-header-group/);
  });

  test("names the card of each line where the customer changed it", () => {
    const other = line({ cardKey: "p<o" });
    const page = statementPage(statement({}, [line({}), other, line({ cardKey: "" })]));
    const told = [...page.matchAll(/<td><bdi>Calls<\/bdi>(.*?)<\/td>/g)].map(([, card]) => card);
    assert.deepEqual(told, [", by card <bdi>team</bdi>", ", by card <bdi>p&lt;o</bdi>", ""]);
    assert.ok(!statementPage(statement({}, [line({}), line({})])).includes("by card"));
  });

  test("tells beside what was counted what it came to in the card's credit", () => {
    const runs = line({ measure: "runs", quantity: "3", credits: "1075" });
    const document = JSON.stringify({
      ...{ startsAt: "2026-10-31T23:00:00Z", endsAt: "2026-11-30T23:00:00Z" },
      ...{ rounding: "half_even", credit: { name: "<tokens>", price: "0.01" }, lines: [runs] },
    });
    const page = statementPage(statement({ document }, []));
    assert.ok(page.includes("<bdi>runs</bdi>: 1,075 <bdi>&lt;tokens&gt;</bdi></td>"), page);
  });

  test("has no decimals in a currency without, and three in one with three", () => {
    const inYen = statementPage(statement({ currency: "JPY", total: "1500" }, []));
    assert.ok(inYen.includes('<td class="n" colspan="3">1,500</td></tr></tfoot>'));
    const inDinar = statementPage(statement({ currency: "KWD", total: "1.5" }, []));
    assert.ok(inDinar.includes('<td class="n" colspan="3">1.500</td></tr></tfoot>'));
  });

  test("names the customer, and tells the period by the customer's own midnights", () => {
    const customer = { name: "Acme <GmbH>", timeZone: "Europe/Berlin" };
    const page = statementPage(statement({}, []), { customer });
    assert.ok(page.includes("<dt>Customer</dt><dd><bdi>Acme &lt;GmbH&gt;</bdi></dd>"));
    assert.ok(page.includes("<dt>Account</dt><dd><bdi>acme</bdi></dd>"));
    assert.ok(page.includes("2026-11-01 00:00 to 2026-12-01 00:00 Europe/Berlin"));
  });

  test("runs nothing that anyone wrote into a name", () => {
    const evil = `</td><script>alert("x")</script><img src=x onerror='y'>&amp;`;
    const customer = `</title><script>1</script>`;
    const lines = [line({ description: evil, measure: `sum:<b>` })];
    const page = statementPage(statement({ customer, id: `"><svg onload=1>` }, lines));
    assert.ok(!/<(script|img|svg|b)\b/i.test(page), page);
    assert.ok(page.includes("&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;"));
    assert.ok(page.includes("&amp;amp;"));
  });

  test("says that it was voided, and what was credited", () => {
    const note = { id: "cn_1-1", total: "5.5", reason: "<i>late</i>", issuedAtMs: 0 };
    const afterwards = { voiding: { replacedBy: "st_2" }, creditNotes: [note] };
    const page = statementPage(statement({}, []), afterwards);
    assert.match(page, /was voided. Statement <bdi>st_2<\/bdi> stands/);
    assert.ok(page.includes("−5.50") && page.includes("&lt;i&gt;late"));
    assert.ok(!statementPage(statement({}, [])).includes("voided."));
  });

  test("is allowed its own style and nothing else", () => {
    const page = statementPage(statement({}, []));
    const style = /<style>(.*?)<\/style>/s.exec(page)?.[1] ?? "";
    const digest = createHash("sha256").update(style).digest("base64");
    const policy = PAGE_HEADERS["content-security-policy"];
    assert.ok(policy.startsWith(`default-src 'none'; style-src 'sha256-${digest}'`));
    assert.ok(!/\b(href|src|style|on\w+)=/.test(page), "no inline style, no address, no handler");
    assert.ok(!style.includes("url(") && !style.includes("@import"));
  });
});
