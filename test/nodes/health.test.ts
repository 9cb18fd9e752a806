/** What /health of a node says while its database lets it in no more, and once it does again. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import pg from "pg";
import { composeHttp } from "../../src/compose.ts";
import { TollgateError } from "../../src/domain/errors.ts";
import { buildServer } from "../../src/http/server.ts";
import { postgresServer } from "../postgres-server.ts";
import { toolStep } from "./calls.ts";
import { serveNode } from "./nodes.ts";

const USER = "health_node";
const ROLE = "tollgate_app";
const MAKE_ROLE = `DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '${ROLE}') THEN CREATE ROLE ${ROLE}; END IF;
END $$`;

let admin: pg.Client;
let database: string;
let node: Awaited<ReturnType<typeof serveNode>>;

before(async () => {
  const url = new URL(await (await postgresServer()).createDatabase());
  database = url.pathname.slice(1);
  admin = new pg.Client({ connectionString: url.href });
  await admin.connect();
  await admin.query(MAKE_ROLE);
  await admin.query(`CREATE ROLE ${USER} LOGIN IN ROLE ${ROLE}`);
  await admin.query(`ALTER DATABASE ${database} OWNER TO ${USER}`);
  url.username = USER;
  node = await serveNode(url.href);
});

after(async () => {
  await node.close();
  await admin.end();
});

interface Health {
  readonly status: string;
  readonly detail?: string;
}

async function health(): Promise<[status: number, body: Health]> {
  const { status, body } = await node.client.get<Health>("/health");
  return [status, body];
}

/** Connections that are open stay open, whatever is decided. */
async function cutAll(): Promise<void> {
  const of = "FROM pg_stat_activity WHERE usename = $1";
  await admin.query(`SELECT pg_terminate_backend(pid) ${of}`, [USER]);
  while ((await admin.query(`SELECT 1 ${of}`, [USER])).rows.length > 0);
}

/** The status of an event. */
async function send(id: string): Promise<number> {
  return (await node.client.post("/v1/events", [toolStep("r1", id, "acme")])).status;
}

const REFUSALS = [
  {
    what: "a user that may not log in",
    refuse: `ALTER ROLE ${USER} NOLOGIN`,
    mend: `ALTER ROLE ${USER} LOGIN`,
    remedy: /^correct the user and password of DATABASE_URL/,
  },
  {
    what: "a role that was taken away",
    refuse: `REVOKE ${ROLE} FROM ${USER}`,
    mend: `GRANT ${ROLE} TO ${USER}`,
    remedy: /^have somebody who may run GRANT tollgate_app TO the user of the address$/,
  },
  {
    what: "too many connections",
    refuse: `ALTER ROLE ${USER} CONNECTION LIMIT 0`,
    mend: `ALTER ROLE ${USER} CONNECTION LIMIT -1`,
    remedy: /^raise max_connections/,
  },
];

for (const { what, refuse, mend, remedy } of REFUSALS) {
  test(`health of a node with ${what} says what to have mended, until it is`, async () => {
    // The key is known from then on, for a second: it is the commit that is refused.
    assert.equal(await send(`${what}, before`), 200);
    await admin.query(refuse);
    await cutAll();
    assert.equal(await send(what), 503);
    const [status, { status: found, detail = "" }] = await health();
    assert.deepEqual([status, found], [503, "store_refused"]);
    assert.match(detail, remedy);
    // Whoever asks needs no key: the server's words stand in the log alone.
    assert.ok(!detail.includes(USER), detail);
    await admin.query(mend);
    // No event comes to a node that is not well, and it is well all the same.
    assert.equal((await health())[0], 200);
  });
}

test("health of a node finds out that commits go on after one that failed", async (t) => {
  const parts = composeHttp(node.engine);
  let asked = 0;
  const ingestBody = async (): Promise<never> => {
    asked += 1;
    throw new TollgateError("store.unknown", "The connection was cut.");
  };
  const server = await buildServer({ ...parts, intake: { ...parts.intake, ingestBody } });
  t.after(() => server.close());
  const url = await server.listen();
  const headers = { authorization: `Bearer ${node.client.key}` };
  const body = JSON.stringify([toolStep("r1", "cut", "acme")]);
  const sent = {
    method: "POST",
    headers: { ...headers, "content-type": "application/json" },
    body,
  };
  assert.equal((await fetch(`${url}/v1/events`, sent)).status, 503);
  assert.equal((await fetch(`${url}/health`)).status, 200);
  assert.equal(asked, 1);
});
