/**
 * Brings the schema up to date. Several processes may start at once: one of them does it.
 *
 * A migration whose first line says `-- breaks older` keeps versions out that do not know it; every
 * other one only adds, so that nodes of the version before go on while new ones start.
 */
import { readdirSync, readFileSync } from "node:fs";
import { TollgateError } from "../../domain/errors.ts";
import { control } from "./connection.ts";
import type { Client } from "./driver.ts";

const MIGRATIONS = new URL("./migrations/", import.meta.url);
/** An arbitrary number that stands for "the schema of Tollgate is being changed". */
const ADVISORY_LOCK = 7_164_553_821;
const BREAKS_OLDER = "-- breaks older";

const KNOWN = `CREATE TABLE IF NOT EXISTS tollgate_schema (
  version integer PRIMARY KEY, breaks_older boolean NOT NULL DEFAULT true)`;

/** Numbers and texts of the migrations that this version knows. */
function knownMigrations(): { readonly number: number; readonly text: string }[] {
  return readdirSync(MIGRATIONS)
    .filter((name) => /^\d{4}-.*\.sql$/.test(name))
    .sort()
    .map((name) => {
      return {
        number: Number(name.slice(0, 4)),
        text: readFileSync(new URL(name, MIGRATIONS), "utf8"),
      };
    });
}

/**
 * Applies what is missing, in one transaction. Throws `store.version` for a schema of a later
 * version that keeps this one out. Where nothing is missing nothing is written: a role that may
 * only work with the tables is enough.
 */
export async function migrate(client: Client): Promise<void> {
  const known = knownMigrations();
  const { rows } = await control(client, "SELECT to_regclass('tollgate_schema') IS NULL AS fresh");
  if (rows[0]?.fresh !== true && (await missing(client, known)).length === 0) return;
  await control(client, `BEGIN; SELECT pg_advisory_xact_lock(${ADVISORY_LOCK}); ${KNOWN}`);
  for (const { number, text } of await missing(client, known)) {
    await control(client, text);
    const breaks = text.startsWith(BREAKS_OLDER);
    await control(client, `INSERT INTO tollgate_schema VALUES (${number}, ${breaks})`);
  }
  await control(client, "COMMIT");
}

async function missing(
  client: Client,
  known: ReturnType<typeof knownMigrations>,
): Promise<ReturnType<typeof knownMigrations>> {
  const text = "SELECT version, breaks_older FROM tollgate_schema ORDER BY version";
  const { rows } = await control(client, text);
  const numbers = new Set(known.map(({ number }) => number));
  const stranger = rows.find(
    (row) => !numbers.has(row.version as number) && row.breaks_older === true,
  );
  if (stranger !== undefined) {
    const last = known.at(-1)?.number;
    const schemas = `it has schema ${stranger.version}, and this version knows ${last}`;
    throw new TollgateError("store.version", `A newer version wrote the data: ${schemas}.`);
  }
  const applied = new Set(rows.map((row) => row.version as number));
  return known.filter(({ number }) => !applied.has(number));
}
