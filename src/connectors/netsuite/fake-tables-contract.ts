/** What can be read of a fake NetSuite account: SuiteQL, records by external IDs, metadata. */
import { formatValue, parseValue } from "../../domain/export/export-line.ts";
import type { OutgoingAnswer, OutgoingRequest } from "../../engine/export/connector-port.ts";
import type { FakeWorld } from "../fake-target-contract.ts";
import {
  type FakeCatalogue,
  type FakeRecords,
  notThere,
  RecordError,
} from "./fake-records-contract.ts";

/** Silent on when queries show what was written: it may take so long. */
const QUERIES_LAG_MS = 60_000;
const QUERY = /^SELECT ([a-z, ]+) FROM ([a-z]+) WHERE (.+)$/;
const TYPES = { invoice: "CustInvc", salesOrder: "SalesOrd", creditMemo: "CustCred" } as const;

const SINCE = /^([a-z]+) >= TO_DATE\('([0-9-]{10})', 'YYYY-MM-DD'\) AND id > ([0-9]+) ORDER BY id$/;
/** A page has up to 1,000 rows; fewer here, so that reading on is tried. */
const PAGE_MAX_ROWS = 30;
const DATE_CHARS = 10;

type Row = Readonly<Record<string, string>>;

/** Fields of records, as each account's own metadata lists them. */
const FIELDS: Readonly<Record<string, readonly string[]>> = {
  usage: [
    ...["customer", "subscriptionPlan", "usageSubscription", "usageSubscriptionLine"],
    ...["usageQuantity", "usageDate", "memo", "status", "externalId", "item"],
  ],
  invoice: ["entity", "tranDate", "memo", "item", "currency", "subsidiary"],
  creditMemo: ["entity", "tranDate", "memo", "item", "currency", "subsidiary"],
};

/** Reads records. */
export class FakeTables {
  readonly #world: FakeWorld;
  readonly #records: FakeRecords;
  readonly #catalogue: FakeCatalogue;

  constructor(world: FakeWorld, records: FakeRecords, catalogue: FakeCatalogue) {
    this.#world = world;
    this.#records = records;
    this.#catalogue = catalogue;
  }

  /** "Executing SuiteQL Queries Through REST Web Services": values are texts. */
  query({ headers, body }: OutgoingRequest): OutgoingAnswer {
    if (headers.prefer !== "transient")
      throw new RecordError("INVALID_HEADER", "Prefer: transient");
    const { q } = JSON.parse(String(body)) as { readonly q: string };
    const [, columns = "", table = "", where = ""] = QUERY.exec(q) ?? [];
    const names = columns.split(", ");
    const since = SINCE.exec(where);
    if (since !== null) return this.#pageSince(table, names, since);
    const [internal, external] = [listed(where, "id"), listed(where, "externalid")];
    const items = this.#rowsOf(table)
      .filter((row) => internal.has(row.id ?? "") || external.has(row.externalid ?? ""))
      .map((row) => Object.fromEntries(names.map((name) => [name, columnOf(row, name)])));
    return answered({ items, count: items.length, hasMore: false, totalResults: items.length });
  }

  /** What has a date from a day on, in order of ids; "hasMore" says that a page is not the last. */
  #pageSince(table: string, names: readonly string[], since: readonly string[]): OutgoingAnswer {
    const [, column = "", day = "", after = "0"] = since;
    const rows = this.#rowsOf(table)
      .filter((row) => columnOf(row, column) >= day && Number(row.id) > Number(after))
      .sort((a, b) => Number(a.id) - Number(b.id));
    const items = rows
      .slice(0, PAGE_MAX_ROWS)
      .map((row) => Object.fromEntries(names.map((name) => [name, columnOf(row, name)])));
    return answered({ items, count: items.length, hasMore: rows.length > PAGE_MAX_ROWS });
  }

  #rowsOf(table: string): Row[] {
    const byMs = this.#world.nowMs() - QUERIES_LAG_MS;
    switch (table) {
      case "usage":
        return [...this.#records.usages]
          .filter(([, { sinceMs }]) => sinceMs <= byMs)
          .map(([externalid, { id, quantity, status, customer, day, memo }]) => {
            const of = { customer: this.#records.nameOf(customer).id ?? "", usagedate: day, memo };
            return { id, externalid, usagequantity: quantity, status, ...of };
          });
      case "transaction":
        return [...this.#records.transactions]
          .filter(([, { sinceMs }]) => sinceMs <= byMs)
          .map(([place, { id, customer, lines, memo, sinceMs }]) => {
            const [kind = "", externalid = ""] = place.split("/");
            const sum = lines.reduce((total, one) => total + (parseValue(one.amount) ?? 0n), 0n);
            return {
              ...{ id, externalid, type: TYPES[kind as keyof typeof TYPES], voided: "F", memo },
              ...{ entity: this.#records.nameOf(customer).id ?? "" },
              foreigntotal: formatValue(kind === "creditMemo" ? -sum : sum),
              createddate: new Date(sinceMs).toISOString().slice(0, DATE_CHARS),
            };
          });
      case "customer":
        return this.#catalogue.customers.map((one) => {
          return { id: this.#records.nameOf(one).id ?? "", externalid: one, isinactive: "F" };
        });
      case "item":
        return this.#catalogue.items.map((one, at) => {
          return { id: String(500 + at), externalid: `SKU-${one}`, isinactive: "F" };
        });
      default:
        throw new RecordError("INVALID_PARAMETER", `Record '${table}' was not found.`);
    }
  }

  /** "Using External IDs": a record by its type and external ID. */
  get(record: string, externalId: string): OutgoingAnswer {
    if (record !== "usage") {
      const found = this.#records.transactions.get(`${record}/${externalId}`);
      if (found === undefined) throw notThere();
      return answered({ id: found.id, externalId });
    }
    const found = this.#records.usages.get(externalId);
    if (found === undefined) throw notThere();
    const { id, quantity, status, memo } = found;
    const text = JSON.stringify({ id, externalId, memo, status: { id: status } });
    return { status: 200, headers: {}, body: `{"usageQuantity":${quantity},${text.slice(1)}` };
  }

  /** "Getting Metadata": OpenAPI of a record, as the account has it. */
  metadata(record: string): OutgoingAnswer {
    const fields = FIELDS[record];
    if (fields === undefined) throw new RecordError("INVALID_RCRD_TYPE", record, 404);
    const properties = Object.fromEntries(fields.map((field) => [field, {}]));
    return answered({ openapi: "3.0.1", components: { schemas: { [record]: { properties } } } });
  }
}

function listed(where: string, column: "id" | "externalid"): ReadonlySet<string> {
  const [, list = ""] = new RegExp(`(?:^| )${column} IN \\(([^)]*)\\)`).exec(where) ?? [];
  return new Set(list.split(",").map((one) => one.replaceAll(/^'|'$/g, "").replaceAll("''", "'")));
}

function columnOf(row: Row, name: string): string {
  const value = row[name];
  if (value !== undefined) return value;
  throw new RecordError("INVALID_PARAMETER", `Field '${name}' was not found.`);
}

function answered(body: object): OutgoingAnswer {
  return { status: 200, headers: {}, body: JSON.stringify(body) };
}
