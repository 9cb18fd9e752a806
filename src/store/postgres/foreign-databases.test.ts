/** Databases as somebody finds them: users who may little, schemas of their own, poolers. */
import assert from "node:assert/strict";
import { connect, createServer, type Socket } from "node:net";
import { after, before, test } from "node:test";
import pg from "pg";
import { nodeDigest } from "../../compose.ts";
import { type PostgresServer, startPostgres } from "../real-postgres-contract.ts";
import { requireOwnSessions } from "./own-sessions.ts";
import { openPostgresStore } from "./postgres-store.ts";

/** Its roles are those of a whole server, so nobody else's. */
let server: PostgresServer;
let admin = "";
before(async () => {
  server = await startPostgres({});
  admin = await server.createDatabase();
});
after(() => server.stop());

async function execute(address: string, ...texts: string[]): Promise<void> {
  const client = new pg.Client({ connectionString: address });
  await client.connect();
  for (const text of texts) await client.query(text);
  await client.end();
}

function addressOf(user: string, database: string): string {
  const url = new URL(admin);
  url.username = user;
  url.pathname = `/${database}`;
  return url.href;
}

/** Makes a workspace and looks for it as a tenant. */
async function works(connectionString: string): Promise<void> {
  const store = await openPostgresStore({ connectionString, digest: nodeDigest });
  try {
    await store.createWorkspace("w");
    assert.equal(await store.run("w", "r1"), undefined);
    assert.deepEqual(await store.transact("w", (unit) => unit.runs(["r1"])), []);
  } finally {
    await store.close();
  }
}

function isUnreachable(words: RegExp): (error: unknown) => boolean {
  return (error) => {
    const { code, message } = error as { code: string; message: string };
    assert.equal(code, "store.unreachable");
    assert.match(message, words);
    return true;
  };
}

test("who may not make roles is told what to have run, and needs no more than that", async () => {
  await execute(admin, "CREATE ROLE plain LOGIN", "CREATE DATABASE plain OWNER plain");
  const address = addressOf("plain", "plain");
  const words = /CREATE ROLE tollgate_app NOLOGIN; GRANT tollgate_app TO the user/;
  await assert.rejects(works(address), isUnreachable(words));
  await execute(admin, "CREATE ROLE tollgate_app NOLOGIN", "GRANT tollgate_app TO plain");
  await works(address);
});

test("where another user made the role, it is told that it must be granted", async () => {
  await execute(admin, "CREATE ROLE late LOGIN", "CREATE DATABASE late OWNER late");
  const address = addressOf("late", "late");
  await assert.rejects(works(address), isUnreachable(/GRANT tollgate_app TO the user/));
});

test("a database of somebody else's needs a right to its schema", async () => {
  await execute(admin, "CREATE ROLE guest LOGIN IN ROLE tollgate_app", "CREATE DATABASE theirs");
  const address = addressOf("guest", "theirs");
  await assert.rejects(works(address), isUnreachable(/schema public; have its owner grant/));
  await execute(addressOf("postgres", "theirs"), "GRANT CREATE ON SCHEMA public TO guest");
  await works(address);
});

test("tables stand in the schema that is named as who connects", async () => {
  await execute(admin, 'CREATE ROLE "Own" LOGIN IN ROLE tollgate_app', 'CREATE DATABASE "An Own"');
  const database = "An%20Own";
  await execute(addressOf("postgres", database), 'CREATE SCHEMA AUTHORIZATION "Own"');
  await works(addressOf("Own", database));
});

/** What stands between and drops the options of a session, as poolers may be told to. */
async function withoutOptions() {
  const sockets: Socket[] = [];
  const how = { drops: true };
  const url = new URL(admin);
  const { port, hostname } = url;
  const proxy = createServer((near) => {
    const far = connect(Number(port), hostname);
    sockets.push(near, far);
    for (const one of [near, far]) one.on("error", () => undefined);
    near.once("data", (first) => {
      if (!how.drops) far.write(first);
      else far.write(withoutOptionsOf(Buffer.from(first)));
      near.pipe(far);
      far.pipe(near);
    });
  });
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  url.port = String((proxy.address() as { port: number }).port);
  /** Ends every connection, so that others are opened. */
  const cut = () => {
    for (const one of sockets.splice(0)) one.destroy();
  };
  const close = () => {
    proxy.close();
    cut();
  };
  return { address: url.href, how, cut, close };
}

function withoutOptionsOf(first: Buffer): Buffer {
  const text = first.toString("latin1");
  const from = text.indexOf("options\0");
  const to = text.indexOf("\0", from + "options\0".length) + 1;
  const rest = Buffer.from(text.slice(0, from) + text.slice(to), "latin1");
  rest.writeInt32BE(rest.length, 0);
  return rest;
}

test("a pooler that drops what a session is opened with is refused", async (t) => {
  const { address, close } = await withoutOptions();
  t.after(close);
  await assert.rejects(works(address), isUnreachable(/drops the settings of sessions; connect/));
});

test("no connection that is opened later works as the owner of the tables", async (t) => {
  const { address: connectionString, how, cut, close } = await withoutOptions();
  t.after(close);
  how.drops = false;
  const store = await openPostgresStore({ connectionString, digest: nodeDigest });
  t.after(() => store.close());
  await store.createWorkspace("w");
  const asked = {
    unit: () => store.transact("w", (unit) => unit.runs(["r1"])),
    "look-up": () => store.run("w", "r1"),
    report: () => store.runIds("w", "", 1),
  };
  for (const ask of Object.values(asked)) await ask();
  how.drops = true;
  cut();
  // Each finds that its connection was cut, at the latest by this.
  await Promise.allSettled(Object.values(asked).map((ask) => ask()));
  for (const [name, ask] of Object.entries(asked)) {
    const words = /session works as "postgres" in place of "tollgate_app"/;
    await assert.rejects(async () => ask(), { code: "store.unknown", message: words }, name);
  }
  how.drops = false;
  for (const ask of Object.values(asked)) await ask();
});

test("a pooler that gives an idle connection to others is refused", async () => {
  const client = new pg.Client({ connectionString: admin });
  await client.connect();
  const { rows } = await client.query("SELECT pg_backend_pid() AS pid");
  const sessionsOf = (pid: number) => ({ lookUp: async () => [{ pid }] });
  await requireOwnSessions(client, sessionsOf(0));
  const shared = requireOwnSessions(client, sessionsOf(rows[0].pid));
  await assert.rejects(
    shared,
    isUnreachable(/shares connections by transaction; connect directly/),
  );
  await client.end();
});
