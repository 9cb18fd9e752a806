/**
 * A fresh data folder of PostgreSQL. To make one takes a second of processor time, to copy one half
 * of that, so the first of each version is kept beside the compiled modules of the tests.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Owner } from "./postgres-binaries.ts";

const KEPT = join(import.meta.dirname, "../node_modules/.cache/tollgate-clusters");

/** Where a cluster comes from: the programs, whose release is `release`, and who runs them. */
export interface ClusterSource {
  readonly bin: string;
  readonly release: string;
  readonly owner: Owner;
}

/** Makes a data folder that no server has run on. Throws with what the programs say. */
export function makeCluster(dataDir: string, source: ClusterSource): void {
  const { release, owner } = source;
  // Who owns the files is part of the copy, and only root can copy that.
  const kept = join(KEPT, `${release}-${owner.uid ?? "own"}`);
  if (copied(kept, dataDir)) return;
  initialise(dataDir, source);
  // Others may make the same at the same time: one of the copies gets the name, the rest goes.
  const copy = `${kept}-${process.pid}`;
  try {
    mkdirSync(KEPT, { recursive: true });
    if (copied(dataDir, copy)) renameSync(copy, kept);
  } catch {
    rmSync(copy, { recursive: true, force: true });
  }
}

/** False where there is nothing to copy, or no program that does. */
function copied(from: string, to: string): boolean {
  if (!existsSync(from)) return false;
  if (spawnSync("cp", ["-a", from, to]).status === 0) return true;
  rmSync(to, { recursive: true, force: true });
  return false;
}

function initialise(dataDir: string, { bin, owner }: ClusterSource): void {
  const made = spawnSync(
    join(bin, "initdb"),
    [`--pgdata=${dataDir}`, "--auth=trust", "--username=postgres", "--encoding=UTF8"].concat(
      // Files need no fsync before there is anything in them.
      ["--locale=C", "--no-sync", "--no-instructions"],
    ),
    { ...owner, cwd: dirname(dataDir), encoding: "utf8" },
  );
  if (made.status !== 0) throw new Error(`initdb failed: ${made.stderr} ${made.error ?? ""}`);
}
