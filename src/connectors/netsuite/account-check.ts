/**
 * Asks an account whether all is there that lines need: the records with the fields that are sent,
 * as its own metadata lists them, and the customers and items that names name.
 */
import type { ExportTarget, Missing } from "../../domain/export/target.ts";
import type { Session } from "../../engine/export/connector-port.ts";
import { exactJson } from "./exact-answer.ts";
import type { RecordName } from "./frozen-request.ts";
import { asked, RECORDS } from "./netsuite-api.ts";
import { DOCUMENT_REFERENCES, readSettings, referenceTo } from "./netsuite-settings.ts";
import { QUERY_MAX_COUNT, queried } from "./read-back.ts";

/** Metadata as OpenAPI ("Getting Metadata"). */
const METADATA_TYPE = "application/swagger+json";
const OK = 200;
const REFUSED: readonly number[] = [401, 403];

const USAGE_FIELDS = [
  ...["customer", "subscriptionPlan", "usageSubscription", "usageSubscriptionLine"],
  ...["usageQuantity", "usageDate", "memo", "status", "externalId"],
] as const;
const DOCUMENT_FIELDS = ["entity", "tranDate", "memo", "item"] as const;

/** What is missing there. What cannot be asked now is not called missing. */
export async function probeAccount(session: Session): Promise<Missing[]> {
  const missing: Missing[] = [];
  for (const [record, fields] of recordsOf(session.target)) {
    const found = await checkRecord(record, fields, session);
    missing.push(...found);
    if (found.some(({ place }) => place === "secrets.private_key")) return missing;
  }
  const { customers, items, mode } = session.target;
  missing.push(...(await checkNames("customers", customers.names, session)));
  if (mode !== "usage") missing.push(...(await checkNames("items", items.names, session)));
  return missing;
}

function recordsOf(target: ExportTarget): [RecordName, readonly string[]][] {
  if (target.mode === "usage") return [["usage", USAGE_FIELDS]];
  const given = Object.entries(DOCUMENT_REFERENCES).filter(([name]) => name in target.settings);
  const fields = [...DOCUMENT_FIELDS, ...given.map(([, field]) => field)];
  return [
    [readSettings(target).document, fields],
    ["creditMemo", fields],
  ];
}

async function checkRecord(
  record: RecordName,
  fields: readonly string[],
  session: Session,
): Promise<Missing[]> {
  const path = `${RECORDS}/metadata-catalog/${record}`;
  const what = await asked({ method: "GET", path, headers: { accept: METADATA_TYPE } }, session);
  if (what.kind === "failed") {
    const { class: kind, note } = what.outcome;
    return kind === "auth" ? [{ place: "secrets.private_key", detail: `${note}.` }] : [];
  }
  const { status, body } = what.answer;
  if (REFUSED.includes(status)) {
    const detail = `The role of the mapping may not see ${record}: they answered ${status}.`;
    return [{ place: "secrets.private_key", detail }];
  }
  if (status !== OK) {
    const feature = record === "usage" ? " Is SuiteBilling enabled?" : "";
    return [{ place: `records.${record}`, detail: `The account has no ${record}.${feature}` }];
  }
  const known = propertiesOf(body, record);
  if (known === null) return [];
  return fields
    .filter((field) => !known.has(field))
    .map((field) => {
      const detail = `The account's ${record} has no field ${field}.`;
      return { place: `records.${record}.${field}`, detail };
    });
}

/** Fields of a record by its metadata; null: they are not listed where they are expected. */
function propertiesOf(body: string, record: RecordName): ReadonlySet<string> | null {
  const { components } = exactJson(body) as { components?: { schemas?: Record<string, unknown> } };
  const schema = components?.schemas?.[record] as { properties?: object } | undefined;
  return schema?.properties === undefined ? null : new Set(Object.keys(schema.properties));
}

const TABLES = { customers: "customer", items: "item" } as const;

/** Names that no record there has, or an inactive one. */
async function checkNames(
  kind: keyof typeof TABLES,
  names: ExportTarget["customers"]["names"],
  session: Session,
): Promise<Missing[]> {
  const listed = Object.entries(names).map(([ours, { id = "" }]) => ({ ours, id }));
  const missing: Missing[] = [];
  for (let at = 0; at < listed.length; at += QUERY_MAX_COUNT) {
    const some = listed.slice(at, at + QUERY_MAX_COUNT);
    const rows = await queried(namesQuery(TABLES[kind], some), session);
    if (rows === null) return missing;
    missing.push(...some.flatMap((one) => missingIn(rows, kind, one)));
  }
  return missing;
}

interface ListedName {
  readonly ours: string;
  readonly id: string;
}

function namesQuery(table: string, some: readonly ListedName[]): string {
  const references = some.map(({ id }) => referenceTo(id));
  const internal = references.flatMap((one) => ("id" in one ? [one.id] : []));
  const external = references.flatMap((one) => ("id" in one ? [] : [quoted(one.externalId)]));
  const wanted = [
    ...(internal.length === 0 ? [] : [`id IN (${internal.join(",")})`]),
    ...(external.length === 0 ? [] : [`externalid IN (${external.join(",")})`]),
  ];
  return `SELECT id, externalid, isinactive FROM ${table} WHERE ${wanted.join(" OR ")}`;
}

/** A text of SQL: an apostrophe in it is written twice. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

function missingIn(
  rows: readonly Readonly<Record<string, unknown>>[],
  kind: keyof typeof TABLES,
  { ours, id }: ListedName,
): Missing[] {
  const reference = referenceTo(id);
  const row = rows.find((one) =>
    "id" in reference ? String(one.id) === reference.id : one.externalid === reference.externalId,
  );
  const place = `${kind}.${ours}`;
  if (row === undefined) return [{ place, detail: `There is no ${TABLES[kind]} "${id}" there.` }];
  if (row.isinactive !== "T") return [];
  return [{ place, detail: `The ${TABLES[kind]} "${id}" is inactive there.` }];
}
