/** Which records of a tenant are lines of a target, however many there are. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { ExportTarget } from "../../domain/export/target.ts";
import type {
  HeldLine,
  OutgoingRequest,
  Sent,
  Session,
} from "../../engine/export/connector-port.ts";
import { ONE } from "../sample-line-contract.ts";
import { heldRecords } from "./held-records.ts";

const HOST = "rest.zuora.com";
const NOW_MS = Date.UTC(2026, 10, 20);
const BETWEEN = /CreatedDate >= '([^']+)' and CreatedDate < '([^']+)'/;
const RECORDS_MAX_COUNT = 3;

const keyOf = (no: number) => `0b7f3a52-6c1d-8e2f-9a3b-4c5d6e7f8a${no}`;
const TARGET = {
  ...{ mode: "usage", since: "2026-11-01" },
  customers: { names: { acme: { id: "A-1", accountId: "id-1" } }, others: "refuse" },
  items: { names: { tokens: { id: "Each" } }, others: "refuse" },
} as const;

/** A tenant that answers with few records at once. */
class Tenant {
  readonly queries: string[] = [];
  readonly memoPages: string[] = [];
  readonly #target: ExportTarget;
  readonly #rows: readonly (readonly [madeMs: number, row: object])[];
  readonly #memos: readonly object[];

  constructor(
    some: object,
    rows: readonly (readonly [number, object])[],
    memos: readonly object[] = [],
  ) {
    this.#target = { ...TARGET, settings: { host: HOST }, ...some } as unknown as ExportTarget;
    this.#rows = rows;
    this.#memos = memos;
  }

  async held(sinceMs: number | null): Promise<HeldLine[]> {
    const session = {
      target: this.#target,
      memory: new Map([[HOST, { value: "t", untilMs: 9e15 }]]),
      http: { send: async (request: OutgoingRequest) => this.#answered(request) },
      nowMs: () => NOW_MS,
    } as unknown as Session;
    const found: HeldLine[] = [];
    for await (const page of heldRecords(session, sinceMs)) found.push(...page);
    return found;
  }

  #answered({ url, body }: OutgoingRequest): Sent {
    const answer = (told: object): Sent => {
      return { kind: "answered", answer: { status: 200, headers: {}, body: JSON.stringify(told) } };
    };
    if (url.includes("/v1/credit-memos") && this.#memos.length === 0) {
      return answer({ success: false, reasons: [{ code: 50000040, message: "no such object" }] });
    }
    if (url.includes("/v1/credit-memos")) {
      this.memoPages.push(new URL(url).search);
      const at = this.memoPages.length - 1;
      const more = at + 1 < this.#memos.length ? { nextPage: "there" } : {};
      return answer({ success: true, creditmemos: [this.#memos[at] ?? {}], ...more });
    }
    const { queryString } = JSON.parse(String(body));
    this.queries.push(queryString);
    if (queryString.includes("Wrong__c")) {
      return answer({ success: false, reasons: [{ code: 50000020, message: "no such field" }] });
    }
    const [, from = "", to = ""] = BETWEEN.exec(queryString) ?? [];
    const records = this.#rows
      .filter(([madeMs]) => madeMs >= Date.parse(from) && madeMs < Date.parse(to))
      .map(([, row]) => row);
    const first = records.slice(0, RECORDS_MAX_COUNT);
    return answer({ size: records.length, done: first.length === records.length, records: first });
  }
}

const usage = (no: number, some: object = {}) => ({
  ...{ Id: `u${no}`, AccountNumber: "A-1", UOM: "Each", Quantity: no / 2, Description: keyOf(no) },
  ...some,
});

test("a span of more records than come at once is asked for in halves", async () => {
  const rows = Array.from({ length: 20 }, (_, at) => [NOW_MS - at, usage(20 + at)] as const);
  const tenant = new Tenant({}, rows);
  const found = await tenant.held(NOW_MS);
  const keys = found.map(({ key }) => key);
  assert.deepEqual(keys.toSorted(), rows.map((_, at) => keyOf(20 + at)).toSorted());
  const [first = ""] = tenant.queries;
  assert.match(first, /^select Id, AccountNumber, UOM, Quantity, Description from Usage where /);
  assert.match(first, />= '2026-11-19T23:00:00.000Z'/, "an hour before, for clocks differ");
  const { said } = found.find(({ key }) => key === keyOf(25)) ?? {};
  assert.deepEqual(said, {
    ...{ customer: "acme", item: "tokens", value: (25n * ONE) / 2n, unit: "Each" },
  });
});

test("what has no key, or is of an account that is not named, is no line", async () => {
  const rows = [
    usage(10, { AccountNumber: "A-9" }),
    usage(11, { Description: "by hand" }),
    usage(12, { Description: "Tokens", TollgateKey__c: keyOf(12) }),
  ].map((row) => [NOW_MS, row] as const);
  const settings = { host: HOST, keyField: "TollgateKey__c" };
  const found = await new Tenant({ settings }, rows).held(NOW_MS);
  assert.deepEqual(
    found.map(({ key, place }) => [key, place]),
    [[keyOf(12), "u12"]],
  );
});

test("documents have the key for a number; memos are below nothing", async () => {
  const number = (no: number) => keyOf(no).replaceAll("-", "");
  const invoice = (no: number, some: object = {}) => ({
    ...{ AccountId: "id-1", InvoiceNumber: number(no), Amount: 2.5, Status: "Posted" },
    ...{ Comments: `Runs, all (2026-11-01), ${keyOf(no)}`, ...some },
  });
  const rows = [
    ...[invoice(10), invoice(11, { Status: "Canceled" }), invoice(12, { AccountId: "id-9" })],
    invoice(13, { InvoiceNumber: "INV00000001" }),
  ].map((row, at) => [NOW_MS - at * 1000, row] as const);
  const memo = (no: number) => ({
    ...{ accountId: "id-1", number: number(no), amount: 0.5, status: "Draft", comment: "x, y" },
  });
  const some = { mode: "statement", settings: { host: HOST, currency: "USD" } };
  const tenant = new Tenant(some, rows, [memo(20), memo(21)]);
  const found = await tenant.held(null);
  assert.deepEqual(
    found.map(({ key, said }) => [key, said?.customer, said?.item, said?.value, said?.unit]),
    [
      [keyOf(10), "acme", "Runs, all (2026-11-01)", (5n * ONE) / 2n, "USD"],
      [keyOf(20), "acme", "x", -ONE / 2n, "USD"],
      [keyOf(21), "acme", "x", -ONE / 2n, "USD"],
    ],
  );
  assert.deepEqual(tenant.memoPages, [
    "?accountId=id-1&pageSize=40&page=1",
    "?accountId=id-1&pageSize=40&page=2",
  ]);
  // Without Invoice Settlement there are no memos, and invoices are told all the same.
  assert.equal((await new Tenant(some, rows).held(null)).length, 1);
});

test("a tenant that refuses the query is told as that", async () => {
  const tenant = new Tenant({ settings: { host: HOST, keyField: "Wrong__c" } }, []);
  await assert.rejects(tenant.held(NOW_MS), { code: "export.unlisted", field: "query" });
});

test("too many records of one millisecond cannot be listed", async () => {
  const rows = Array.from({ length: 9 }, (_, at) => [NOW_MS, usage(20 + at)] as const);
  await assert.rejects(new Tenant({}, rows).held(NOW_MS), { code: "export.unlisted" });
});
