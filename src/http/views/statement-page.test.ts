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

const LONG = "1219.325432266421703552";
const GROUPED = "325<wbr>432<wbr>266<wbr>421<wbr>703<wbr>552";

describe("the page of a statement", () => {
  test("tells below the total what credit paid, and what is due", () => {
    const paid = { lines: [], rounding: "half_even", paidByCredit: "1234565", amountDue: "7" };
    const children = [
      { customer: "a<b", period: "2026-09-01", due: "4", carriedBefore: "3" },
      { customer: "a<b", period: "2026-10-01", due: "5" },
    ];
    const times = { startsAt: "2026-10-31T23:00:00Z", endsAt: "2026-11-30T23:00:00Z" };
    const document = JSON.stringify({ ...paid, ...times, children });
    const page = statementPage(statement({ document }, []));
    assert.match(page, /Paid by credit<\/td><td class="n" colspan="3">−1,234,565\.00/);
    assert.match(
      page,
      /Due of <bdi>a&lt;b<\/bdi> for 2026-10-01<\/td><td class="n" colspan="3">5\.00/,
    );
    assert.match(page, /<bdi>a&lt;b<\/bdi> for 2026-09-01<\/td><td class="n" colspan="3">4\.00/);
    assert.match(page, /Billed before of it<\/td><td class="n" colspan="3">−3\.00/);
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

  test("keeps a number whole, and breaks a very long one where three digits end", () => {
    const lines = [line({ amountExact: "-0.053600308582500001" }), line({ amountExact: LONG })];
    const page = statementPage(statement({}, lines));
    assert.ok(page.includes('<td class="n exact">−0.053600308582500001</td>'), page);
    assert.ok(page.includes(`<td class="n exact long">1,<wbr>219.${GROUPED}</td>`), page);
    const vast = statementPage(statement({}, [line({ amountRounded: "-123456789012345678.5" })]));
    const groups = ["−123", "456", "789", "012", "345", "678.50"].join(",<wbr>");
    assert.ok(vast.includes(`<td class="n long">${groups}</td>`), vast);
    assert.match(page, /\.n \{[^}]*white-space: nowrap/);
    assert.match(page, /\.n\.long \{ white-space: normal/);
    assert.match(page, /\.what \{ min-width: 15em/);
  });

  test("breaks what was counted between words, and within one that no line has room for", () => {
    const x12 = "x".repeat(12);
    const measures = [
      "sum:output_text",
      "sum:sandbox_compute_milliseconds",
      `sum:${"x".repeat(30)}`,
    ];
    const page = statementPage(
      statement(
        {},
        measures.map((measure) => line({ measure })),
      ),
    );
    const told = [...page.matchAll(/<td class="unit[^>]*>(.*?)<\/td>/g)].map(([cell]) => cell);
    assert.deepEqual(told, [
      '<td class="unit"><bdi>output text</bdi></td>',
      '<td class="unit long"><bdi>sandbox compute milliseconds</bdi></td>',
      `<td class="unit long"><bdi>${[x12, x12, "xxxxxx"].join("<wbr>")}</bdi></td>`,
    ]);
  });

  test("stands what is owed beside its line on a narrow screen, which had cut it off", () => {
    const same = line({ amountExact: "2.5", amountRounded: "2.5" });
    const page = statementPage(statement({}, [same]));
    const [, narrow = ""] = page.split("@media screen and (max-width: 40rem)");
    assert.match(narrow, /\.lines tr \{ display: grid/);
    assert.match(narrow, /\.lines td:last-child \{ grid-area: 1 \/ 3/);
    assert.match(narrow, /\.lines \.exact\.same \{ display: none/);
    assert.ok(page.includes('<table class="lines">'));
    assert.ok(page.includes('<td class="n exact same">2.50</td><td class="n">2.50</td>'), page);
  });

  test("keeps dates of a line in their order behind a name that runs from right to left", () => {
    const description = "دعم (24/7): 2026-10-01 02:00 to 2026-11-01 00:00 UTC";
    const page = statementPage(statement({}, [line({ description })]));
    const day = (text: string) => `<bdi class="when">${text}</bdi>`;
    const told = `دعم (24/7): ${day("2026-10-01 02:00")} to ${day("2026-11-01 00:00")} UTC`;
    assert.ok(page.includes(`<td><bdi dir="ltr">${told}</bdi></td>`), page);
    assert.match(page, /\.when \{ white-space: nowrap/);
  });

  test("says so where nothing is charged", () => {
    assert.match(statementPage(statement({}, [])), /<tbody>\s*<tr[^>]*>.*Nothing is charged\./);
    assert.doesNotMatch(statementPage(statement({}, [line({})])), /Nothing is charged/);
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
    const told = [...page.matchAll(/<td><bdi dir="ltr">Calls<\/bdi>(.*?)<\/td>/g)].map(
      ([, card]) => card,
    );
    assert.deepEqual(told, [", by card <bdi>team</bdi>", ", by card <bdi>p&lt;o</bdi>", ""]);
    assert.ok(!statementPage(statement({}, [line({}), line({})])).includes("by card"));
  });

  test("tells below a line what it came to in the card's credit", () => {
    const runs = line({ measure: "runs", quantity: "3", credits: "1075" });
    const document = JSON.stringify({
      ...{ startsAt: "2026-10-31T23:00:00Z", endsAt: "2026-11-30T23:00:00Z" },
      ...{ rounding: "half_even", credit: { name: "<tokens>", price: "0.01" }, lines: [runs] },
    });
    const page = statementPage(statement({ document }, []));
    const below = "<br><small>1,075 <bdi>&lt;tokens&gt;</bdi></small></td>";
    assert.ok(page.includes(`<bdi dir="ltr">Calls</bdi>${below}`), page);
    assert.ok(page.includes('<td class="unit"><bdi>runs</bdi></td>'));
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
    const period = "<dd>2026-11-01 00:00 to 2026-12-01 00:00 Europe/Berlin</dd>";
    assert.ok(page.includes(period), page);
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
