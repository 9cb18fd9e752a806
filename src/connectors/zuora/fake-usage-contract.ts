/** Usage of the fake: records, imported files, meters, bill runs and queries. */
import type { OutgoingAnswer } from "../../engine/export/connector-port.ts";
import type { FakeWorld } from "../fake-target-contract.ts";
import { answer, failed, idOf } from "./fake-answers-contract.ts";
import { asValue, CUSTOMERS, ITEMS } from "./fake-documents-contract.ts";

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
const IMPORT_MAX_MS = 3 * 60 * MINUTE_MS;
const METER_MAX_MS = 5 * 60 * MINUTE_MS;
/** A bill run takes what is so old. */
const BILLED_AFTER_MS = 12 * DAY_MS;
const FILE_MAX_BYTES = 4_000_000;

type Fields = Readonly<Record<string, unknown>>;

interface Usage {
  readonly Id: string;
  readonly customer: string;
  readonly item: string;
  readonly fields: Fields;
  readonly startMs: number;
  readonly createdMs: number;
  isProcessed: boolean;
}

interface Import {
  readonly Id: string;
  readonly Name: string;
  readonly createdMs: number;
  readonly dueMs: number;
  readonly rows: readonly Fields[];
  Status: "Pending" | "Completed" | "Failed";
  StatusReason: string;
}

interface MeterEvent {
  readonly event: Fields;
  readonly atMs: number;
  readonly dueMs: number;
}

interface MeterError {
  readonly event: Fields;
  readonly atMs: number;
  readonly message: string;
}

/** What a request to it is. */
export interface UsageRequest {
  readonly method: string;
  readonly path: string;
  readonly search: URLSearchParams;
  readonly body: unknown;
}

/** Usage of a tenant. */
export class FakeUsage {
  readonly #world: FakeWorld;
  readonly #isAccount: (number: string, customer: string) => boolean;
  readonly #invoicesBetween: (startMs: number, endMs: number) => readonly Fields[];
  readonly #complaints: string[];
  readonly #usages = new Map<string, Usage>();
  readonly #imports: Import[] = [];
  readonly #errors: MeterError[] = [];
  #events: MeterEvent[] = [];
  #count = 0;

  constructor(
    world: FakeWorld,
    tenant: {
      readonly isAccount: (number: string, customer: string) => boolean;
      readonly invoicesBetween: (startMs: number, endMs: number) => readonly Fields[];
      readonly complaints: string[];
    },
  ) {
    this.#world = world;
    this.#isAccount = tenant.isAccount;
    this.#invoicesBetween = tenant.invoicesBetween;
    this.#complaints = tenant.complaints;
  }

  answer({ method, path, search, body }: UsageRequest): OutgoingAnswer {
    if (path === "/v1/action/query")
      return this.#query((body as { queryString: string }).queryString);
    if (path === "/v1/object/usage") return this.#create(body as Fields);
    if (path === "/v1/usage") return this.#upload(body as { file: string; fileName: string });
    if (path.startsWith("/usage/bulk/")) return this.#ingest(body as readonly Fields[]);
    if (path.startsWith("/meters/")) return this.#audit(search);
    return method === "DELETE" ? this.#delete(path.split("/").at(-1) ?? "") : answer(404, {});
  }

  /** Reference, "CRUD: Create a usage record". */
  #create(fields: Fields): OutgoingAnswer {
    const wrong = this.#wrong(fields);
    if (wrong === null) return answer(200, { Success: true, Id: this.#keep(fields) });
    // "HTTP 200 can carry failure."
    return failed(this.#world.chance() < 0.5 ? 200 : 400, "INVALID_VALUE", wrong);
  }

  #wrong({ AccountNumber, SubscriptionNumber, ChargeNumber, UOM, Quantity, ...rest }: Fields) {
    const customer = CUSTOMERS.find((one) => SubscriptionNumber === `S-${one}`);
    const item = ITEMS.find((one) => ChargeNumber === `C-${customer}-${one}`);
    if (customer === undefined) return `The subscription ${SubscriptionNumber} is invalid.`;
    if (!this.#isAccount(String(AccountNumber), customer)) {
      return `The account number ${AccountNumber} is invalid.`;
    }
    if (item === undefined) return `The charge ${ChargeNumber} is invalid.`;
    if (UOM !== `UOM-${item}`) return `The unit ${UOM} is invalid.`;
    if (typeof Quantity !== "number" || !(Quantity >= 0)) return `${Quantity} is below nothing.`;
    // "Character limit: 16."
    if (String(Quantity).length > 16) this.#complaints.push(`${Quantity} has too many characters`);
    if (String(rest.StartDateTime).length > 29) this.#complaints.push(`${rest.StartDateTime}`);
    if (String(rest.Description).length > 200) this.#complaints.push("a long description");
    return null;
  }

  #keep(fields: Fields): string {
    this.#count += 1;
    const Id = idOf(`usage ${this.#count}`);
    const [, customer = "", item = ""] = String(fields.ChargeNumber).split("-");
    const startMs = Date.parse(String(fields.StartDateTime));
    if (Number.isNaN(startMs)) this.#complaints.push(`${fields.StartDateTime} is no date`);
    const createdMs = this.#world.nowMs();
    this.#usages.set(Id, { Id, customer, item, fields, startMs, createdMs, isProcessed: false });
    return Id;
  }

  /** Docs, "Usage": what is in an invoice cannot be deleted. */
  #delete(id: string): OutgoingAnswer {
    const usage = this.#usages.get(id);
    if (usage === undefined) return failedDelete("INVALID_ID", "no such usage");
    if (usage.isProcessed) return failedDelete("CANNOT_DELETE", "it is in an invoice");
    this.#usages.delete(id);
    return answer(200, { success: true, id });
  }

  /** Reference, "Upload a usage file": 4 MB, a name of 50 characters; it is imported later. */
  #upload({ file, fileName }: { readonly file: string; readonly fileName: string }) {
    if (file.length > FILE_MAX_BYTES || fileName.length > 50 || !fileName.endsWith(".csv")) {
      this.#complaints.push(`${fileName}: ${file.length} bytes`);
    }
    const nowMs = this.#world.nowMs();
    const [head = "", ...rows] = file.trimEnd().split("\r\n");
    const columns = head.split(",");
    this.#imports.push({
      ...{ Id: idOf(`import ${this.#imports.length}`), Name: fileName, createdMs: nowMs },
      dueMs: nowMs + this.#world.chance() * IMPORT_MAX_MS,
      rows: rows.map((row) => rowFields(columns, row.split(","))),
      ...{ Status: "Pending", StatusReason: "" },
    });
    const id = this.#imports.at(-1)?.Id;
    return answer(200, {
      success: true,
      size: file.length,
      checkImportStatus: `/v1/usage/${id}/status`,
    });
  }

  /** Docs, "Streaming API as a source": 200 means that it was received. */
  #ingest(events: readonly Fields[]): OutgoingAnswer {
    const nowMs = this.#world.nowMs();
    for (const event of events) {
      const dueMs = nowMs + this.#world.chance() * METER_MAX_MS;
      this.#events.push({ event, atMs: nowMs, dueMs });
    }
    return answer(200, { success: true });
  }

  /** Imports and meters work on what is due. */
  work(): void {
    const nowMs = this.#world.nowMs();
    for (const one of this.#imports) {
      if (one.Status !== "Pending" || one.dueMs > nowMs) continue;
      // "The operation is atomic; if any record fails, the file is rejected."
      const wrong = one.rows.map((row) => this.#wrong(row)).find((reason) => reason !== null);
      one.Status = wrong === undefined ? "Completed" : "Failed";
      one.StatusReason = wrong ?? "";
      if (wrong === undefined) for (const row of one.rows) this.#keep(row);
    }
    const due = this.#events.filter(({ dueMs }) => dueMs <= nowMs);
    this.#events = this.#events.filter(({ dueMs }) => dueMs > nowMs);
    for (const { event, atMs } of due) {
      const fields = eventFields(event);
      const message = this.#wrong(fields);
      if (message === null) this.#keep(fields);
      else this.#errors.push({ event, atMs, message });
    }
  }

  /** A bill run puts what is old enough on invoices. */
  bill(): void {
    const untilMs = this.#world.nowMs() - BILLED_AFTER_MS;
    for (const usage of this.#usages.values())
      if (usage.startMs < untilMs) usage.isProcessed = true;
  }

  /** Reference, "Retrieve the audit trail entries for a meter". */
  #audit(search: URLSearchParams): OutgoingAnswer {
    const [from, to] = ["queryFromTime", "queryToTime"].map((name) =>
      Date.parse(search.get(name) ?? ""),
    );
    const at = Number(search.get("cursor") ?? 0);
    const all = this.#errors.filter(({ atMs }) => atMs >= Number(from) && atMs <= Number(to));
    // A page holds few entries, so that reading on is tried.
    const page = all.slice(at, at + 2).map(({ event, message }) => {
      return { errorCode: "E", errorMessage: message, payload: event };
    });
    const more = all.length > at + 2 ? { nextPage: String(at + 2) } : {};
    return answer(200, { success: true, data: page, ...more });
  }

  /** Reference, "Query": ZOQL. Nothing found may be a status of 404. */
  #query(text: string): OutgoingAnswer {
    const [, from = "", where = ""] = /^select [\w, ]+ from (\w+) where (.+)$/.exec(text) ?? [];
    const records = this.#recordsOf(from, where);
    if (records.length === 0) return answer(this.#world.chance() < 0.5 ? 404 : 200, NOTHING);
    // "At most 2,000 records": few here, so that asking in parts is tried.
    const first = records.slice(0, RECORDS_MAX_COUNT);
    const done = first.length === records.length;
    return answer(200, { size: records.length, done, records: first });
  }

  #recordsOf(from: string, where: string): readonly Fields[] {
    if (from === "Import") return this.#importsWhere(where);
    const [, start, end] = MADE_BETWEEN.exec(where) ?? [];
    if (start === undefined || end === undefined) return this.#usageWhere(where);
    const [startMs, endMs] = [Date.parse(start), Date.parse(end)];
    if (from === "Invoice") return this.#invoicesBetween(startMs, endMs);
    return [...this.#usages.values()]
      .filter(({ createdMs }) => createdMs >= startMs && createdMs < endMs)
      .map(({ Id, fields }) => ({ ...fields, Id }));
  }

  #usageWhere(where: string): Fields[] {
    const [, field = "", value] = /^(\w+) = '([^']*)'$/.exec(where) ?? [];
    if (field === "") this.#complaints.push(`no query: ${where}`);
    return [...this.#usages.values()]
      .filter(({ fields }) => fields[field] === value)
      .map(({ Id, fields, isProcessed }) => {
        return { Id, Quantity: fields.Quantity, RbeStatus: isProcessed ? "Processed" : "Pending" };
      });
  }

  #importsWhere(where: string): Fields[] {
    const pattern = /^ImportType = 'Usage' and CreatedDate >= '(.+)' and CreatedDate <= '(.+)'$/;
    const [, from = "", to = ""] = pattern.exec(where) ?? [];
    if (from === "") this.#complaints.push(`no query: ${where}`);
    return this.#imports
      .filter(({ createdMs }) => createdMs >= Date.parse(from) && createdMs <= Date.parse(to))
      .map(({ Id, Name, Status, StatusReason }) => ({ Id, Name, Status, StatusReason }));
  }

  total(customer: string, item: string): bigint {
    return [...this.#usages.values()]
      .filter((one) => one.customer === customer && one.item === item)
      .reduce((sum, { fields }) => sum + asValue(Number(fields.Quantity)), 0n);
  }
}

const MADE_BETWEEN = /^CreatedDate >= '([^']+)' and CreatedDate < '([^']+)'$/;
const RECORDS_MAX_COUNT = 40;
const NOTHING = { size: 0, done: true };

function failedDelete(Code: string, Message: string): OutgoingAnswer {
  return answer(200, { success: false, errors: [{ Code, Message }] });
}

/** The date of a row is that of the locale of the API user: en_US here. */
function rowFields(columns: readonly string[], cells: readonly string[]): Fields {
  const at = (name: string) => cells[columns.indexOf(name)] ?? "";
  const [month, day, year] = at("STARTDATE").split("/");
  return {
    ...{ AccountNumber: at("ACCOUNT_ID"), SubscriptionNumber: at("SUBSCRIPTION_ID") },
    ...{ ChargeNumber: at("CHARGE_ID"), UOM: at("UOM"), Quantity: Number(at("QTY")) },
    ...{ StartDateTime: `${year}-${month}-${day}`, Description: at("DESCRIPTION") },
  };
}

/** A direct meter writes each event as one usage record, its id into our field. */
function eventFields(event: Fields): Fields {
  return {
    ...{ AccountNumber: event.accountNumber, SubscriptionNumber: event.subscriptionNumber },
    ...{ ChargeNumber: event.chargeNumber, UOM: event.uom, Quantity: event.quantity },
    ...{ StartDateTime: event.startTime, Description: "", TollgateKey__c: event.eventId },
  };
}
