/**
 * A node and a database that speak TLS: which authority is trusted, which name is expected and
 * whether plain text will do is said by the address, and what it refuses is refused before any
 * credential or row is sent.
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { rootCertificates } from "node:tls";
import { nodeDigest } from "../../src/compose.ts";
import { StoreRefused } from "../../src/engine/store-refused.ts";
import { openPostgresStore } from "../../src/store/postgres/postgres-store.ts";
import { Sessions } from "../../src/store/postgres/sessions.ts";
import { type PostgresServer, startPostgres } from "../postgres-server.ts";
import * as certificates from "../security/receiver-certificate.ts";

const { EXPIRED_CERTIFICATE, RECEIVER_CERTIFICATE, RECEIVER_KEY } = certificates;

/** Whoever comes without TLS is turned away, but for the test itself, which makes databases. */
const ONLY_TLS = `hostssl all asked all scram-sha-256
hostssl all all all trust
hostnossl postgres all all trust
hostnossl all all all reject
`;

const folder = mkdtempSync(join(tmpdir(), "tollgate-tls-"));
const trusted = join(folder, "trusted.pem");
const stranger = join(folder, "stranger.pem");
let server: PostgresServer;
/** A database of the server, and one of a server that speaks no TLS. */
let secured: string;
let plain: PostgresServer;
let unsecured: string;

before(async () => {
  writeFileSync(trusted, RECEIVER_CERTIFICATE);
  // An authority that signed other certificates than this one.
  writeFileSync(stranger, rootCertificates[0] ?? "");
  server = await startPostgres({
    settings: { ssl: "on" },
    files: {
      ...{ "server.crt": RECEIVER_CERTIFICATE, "server.key": RECEIVER_KEY },
      "pg_hba.conf": ONLY_TLS,
    },
  });
  secured = await server.createDatabase();
  plain = await startPostgres({});
  unsecured = await plain.createDatabase();
});

after(async () => {
  await server.stop();
  await plain.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** An address with what it says of TLS. */
function address(url: string, tls: Readonly<Record<string, string>>, hostname?: string): string {
  const parts = new URL(url);
  if (hostname !== undefined) parts.hostname = hostname;
  for (const [name, value] of Object.entries(tls)) parts.searchParams.set(name, value);
  return parts.href;
}

const VERIFIED = { sslmode: "verify-full", sslrootcert: trusted };

async function refused(connectionString: string, why: RegExp): Promise<void> {
  const opening = openPostgresStore({ connectionString, digest: nodeDigest });
  await assert.rejects(opening, (error: Error & { code?: string }) => {
    assert.equal(error.code, "store.unreachable");
    assert.match(`${error.message} ${error.cause ?? ""}`, why);
    return true;
  });
}

test("a node that verifies all works over TLS where authority and name are right", async () => {
  const connectionString = address(secured, VERIFIED);
  const store = await openPostgresStore({ connectionString, digest: nodeDigest });
  try {
    await store.createWorkspace("w");
    assert.equal((await store.transact("w", (unit) => unit.head())).lastSeq, 0);
    assert.deepEqual(await store.workspaces(), ["w"]);
  } finally {
    await store.close();
  }
  const { default: pg } = await import("pg");
  const client = new pg.Client({ connectionString });
  await client.connect();
  const sql = "SELECT ssl, version FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
  const { rows } = await client.query(sql);
  await client.end();
  assert.deepEqual(rows, [{ ssl: true, version: "TLSv1.3" }]);
});

test("a certificate of an authority that the node does not trust is refused", async () => {
  await refused(
    address(secured, { ...VERIFIED, sslrootcert: stranger }),
    /name yours.*sslrootcert=/,
  );
  // Without an authority of one's own, those of the platform are trusted.
  await refused(address(secured, { sslmode: "verify-full" }), /name yours.*sslrootcert=/);
});

test("a certificate of another name is refused", async () => {
  await refused(
    address(secured, VERIFIED, "localhost"),
    /altnames.*localhost.*name the host in DATABASE_URL/,
  );
});

test("a certificate that has expired is refused, and its owner told what to do", async () => {
  const files = { "server.crt": EXPIRED_CERTIFICATE, "server.key": RECEIVER_KEY };
  const expired = await startPostgres({ settings: { ssl: "on" }, files });
  const authority = join(folder, "expired.pem");
  writeFileSync(authority, EXPIRED_CERTIFICATE);
  try {
    const url = address(await expired.createDatabase(), { ...VERIFIED, sslrootcert: authority });
    await refused(url, /its certificate has expired; give the server a new one/);
    const sessions = await Sessions.open(url);
    await assert.rejects(sessions.unit(), ({ cause }: Error) => {
      assert.ok(cause instanceof StoreRefused);
      assert.match(cause.message, /^its certificate has expired;/);
      assert.match(cause.remedy, /^give the server a new one/);
      return true;
    });
    await sessions.end();
  } finally {
    await expired.stop();
  }
});

test("who asks for no TLS is turned away by a server that demands it", async () => {
  await refused(address(secured, { sslmode: "disable" }), /pg_hba|no encryption/);
  await refused(secured, /pg_hba|no encryption/);
});

test("whatever asks for TLS verifies authority and name, and warns of nothing", async () => {
  const warned: unknown[] = [];
  const note = (warning: unknown) => warned.push(warning);
  process.on("warning", note);
  for (const sslmode of ["require", "verify-ca"]) {
    await refused(address(secured, { ...VERIFIED, sslmode }, "localhost"), /altnames.*localhost/);
  }
  await new Promise((resolve) => setImmediate(resolve));
  process.off("warning", note);
  assert.deepEqual(warned, []);
});

test("an address that says less of TLS than a node wants to know is refused", async () => {
  for (const sslmode of ["prefer", "allow", "no-verify", "bogus", ""]) {
    const connectionString = address(secured, { ...VERIFIED, sslmode });
    const opening = openPostgresStore({ connectionString, digest: nodeDigest });
    await assert.rejects(opening, { code: "cli.usage", message: /Say verify-full, or disable/ });
  }
  await refused(address(secured, { ...VERIFIED, sslrootcert: "/none.pem" }), /ENOENT.*none\.pem/);
});

test("a node that wants TLS does not go on in plain text where the server has none", async () => {
  await refused(address(unsecured, VERIFIED), /SSL.*turn ssl on there/);
});

test("an address without a password, and one with a wrong one, are told apart", async () => {
  const asked = new URL(address(secured, VERIFIED));
  asked.username = "asked";
  await refused(asked.href, /asks for a password, and the address has none; correct/);
  asked.password = "wrong";
  await refused(asked.href, /password authentication failed.*correct the user and password/);
});
