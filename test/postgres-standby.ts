/**
 * A standby for tests: a copy of a running server's data folder, taken between
 * `pg_backup_start` and `pg_backup_stop`, that follows by streaming. It is what `pg_basebackup`
 * makes, which the npm package leaves out.
 */
import { spawnSync } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { give, type Owner } from "./postgres-binaries.ts";

/** A server that reads only. */
export interface StandbyServer {
  /** Where it has the database that an address of its primary names. */
  address(primaryUrl: string): string;
  /** Whether it has all that its primary had when this was asked. */
  caughtUp(): Promise<void>;
  /** Lets go on, or stops, taking over what the primary does. */
  follow(isFollowing: boolean): Promise<void>;
  stop(): Promise<void>;
}

/** A running server, and where its copy goes. */
export interface Copied {
  /** Of its database `postgres`. */
  readonly address: string;
  readonly dataDir: string;
  readonly copy: string;
  readonly owner: Owner;
}

/** Copies a running server's folder into one that a standby starts from. */
export async function copyOfCluster({ address, dataDir, copy, owner }: Copied): Promise<void> {
  const { default: pg } = await import("pg");
  const client = new pg.Client({ connectionString: address });
  await client.connect();
  try {
    await client.query("SELECT pg_backup_start('standby', true)");
    // As the owner, so that the copy is its own.
    const copied = spawnSync("cp", ["-R", dataDir, copy], { ...owner, encoding: "utf8" });
    if (copied.status !== 0) throw new Error(`the copy failed: ${copied.stderr}`);
    const { rows } = await client.query("SELECT labelfile FROM pg_backup_stop(false)");
    const { hostname, port, username } = new URL(address);
    // Where it has caught up it asks again at once, and not after five seconds.
    const source = `primary_conninfo = 'host=${hostname} port=${port} user=${username}'
      wal_retrieve_retry_interval = '50ms'\n`;
    writeOwned(copy, owner, {
      backup_label: rows[0].labelfile as string,
      "standby.signal": "",
      "postgresql.auto.conf": source,
    });
  } finally {
    await client.end();
  }
  for (const name of ["postmaster.pid", "postmaster.opts"])
    rmSync(join(copy, name), { force: true });
}

/** Writes files that nobody but the server may read. */
export function writeOwned(
  folder: string,
  owner: Owner,
  files: Readonly<Record<string, string>>,
): void {
  for (const [name, text] of Object.entries(files)) {
    const path = join(folder, name);
    writeFileSync(path, text, { mode: 0o600 });
    give(path, owner);
  }
}
