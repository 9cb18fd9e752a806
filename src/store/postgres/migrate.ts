/** Brings the schema up to date. Several processes may start at once: one of them does it. */
import { readdirSync, readFileSync } from "node:fs";
import { TollgateError } from "../../domain/errors.ts";
import type { Client } from "./driver.ts";

const MIGRATIONS = new URL("./migrations/", import.meta.url);
/** An arbitrary number that stands for "the schema of Tollgate is being changed". */
const ADVISORY_LOCK = 7_164_553_821;

/** Applies what is missing, in one transaction. Throws `store.corrupt` for a newer schema. */
export async function migrate(client: Client): Promise<void> {
  const files = readdirSync(MIGRATIONS)
    .filter((name) => /^\d{4}-.*\.sql$/.test(name))
    .sort();
  await client.query({ text: "BEGIN" });
  await client.query({ text: `SELECT pg_advisory_xact_lock(${ADVISORY_LOCK})` });
  const known = "CREATE TABLE IF NOT EXISTS tollgate_schema (version integer PRIMARY KEY)";
  await client.query({ text: known });
  const text = "SELECT coalesce(max(version), 0)::integer AS version FROM tollgate_schema";
  const { rows } = await client.query({ text });
  const current = rows[0]?.version as number;
  if (current > files.length) {
    const detail = `The database has schema ${current}; this version knows ${files.length}.`;
    throw new TollgateError("store.corrupt", detail);
  }
  for (const [index, name] of files.entries()) {
    if (index < current) continue;
    await client.query({ text: readFileSync(new URL(name, MIGRATIONS), "utf8") });
    await client.query({ text: `INSERT INTO tollgate_schema VALUES (${index + 1})` });
  }
  await client.query({ text: "COMMIT" });
}
