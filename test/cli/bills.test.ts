/** What whoever answers for the bills is told at a terminal. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { dispatch } from "../../src/cli/dispatch.ts";
import { PLAIN_STYLES } from "../../src/cli/render/styles.ts";
import { openProduct } from "../../src/product.ts";
import { startTestServer, type TestServer } from "../e2e/test-server.ts";

const CARD = {
  key: "simple",
  currency: "USD",
  charges: [{ key: "calls", meter: { count: "steps" }, price: { model: "per_unit", unit: "0.5" } }],
};
const WHY = ["--reason", "not ours", "--by", "anna"];

describe("at the terminal, a bill", () => {
  let server: TestServer;
  const folder = mkdtempSync(join(tmpdir(), "tollgate-bills-"));
  before(async () => {
    server = await startTestServer({ store: "memory" });
    await post("/v1/rate-cards?effectiveFrom=2026-09-01T00:00:00Z", CARD);
    const step = { customer: "acme", kind: "tool", tool: "t", occurredAt: "2026-10-01T00:00:00Z" };
    await post("/v1/events", [{ id: "a", run: "r", ...step }]);
  });
  after(async () => {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  async function post(path: string, body: object): Promise<void> {
    const authorization = `Bearer ${server.adminKey}`;
    const headers = { "content-type": "application/json", authorization };
    const sent = { method: "POST", headers, body: JSON.stringify(body) };
    assert.ok((await fetch(server.url + path, sent)).ok);
  }

  async function tollgate(words: readonly string[], columns?: number) {
    let [out, err] = ["", ""];
    const code = await dispatch([...words], {
      product: openProduct(),
      out: { write: (text) => (out += text), ...(columns !== undefined && { columns }) },
      err: { write: (text) => (err += text) },
      styles: PLAIN_STYLES,
      environment: { TOLLGATE_URL: server.url, TOLLGATE_KEY: server.adminKey },
    });
    return { code, out, err };
  }

  test("that is closed twice leaves nothing to close, which is said", async () => {
    const closed = await tollgate(["statement", "close", "2026-10"]);
    assert.match(closed.out, /^st_\w+ +acme +2026-10-01 .* 0\.50 USD$/m);
    const again = await tollgate(["statement", "close", "2026-10"]);
    const told = "Nothing is left to close: no open period that starts in 2026-10.\n";
    assert.deepEqual(again, { code: 0, out: told, err: "" });
    assert.equal((await tollgate(["statement", "close", "2026-10", "--json"])).out, "[]\n");
  });

  test("names the first and the last day of its period, as its projection does", async () => {
    const days = "acme, 2026-10-01 through 2026-10-31";
    const bill = await tollgate(["bill", "acme", "--period", "2026-10"]);
    assert.ok(bill.out.startsWith(`${days}, closed as st_`), bill.out);
    const [id = ""] = /st_\w+/.exec(bill.out) ?? [];
    const { out } = await tollgate(["statement", id]);
    assert.ok(out.startsWith(`Statement ${id}: ${days}\n`), out);
    assert.match((await tollgate(["projection", "acme"])).out, /^acme, 20\S+ through 20\S+, at /);
  });

  test("keeps the version that its period began with, as a card's history says", async () => {
    const file = join(folder, "simple.json");
    const [charge] = CARD.charges;
    const price = { model: "per_unit", unit: "0.75" };
    writeFileSync(file, JSON.stringify({ ...CARD, charges: [{ ...charge, price }] }));
    const told = "Periods under way keep the version that they began with.";
    assert.equal((await tollgate(["card", "history", "simple"])).err, "");
    assert.equal((await tollgate(["card", "apply", file])).code, 0);
    const { out, err } = await tollgate(["card", "history", "simple"]);
    assert.match(out, /for new periods\n$/);
    assert.equal(err, `${told}\n`);
  });

  test("takes amounts with a point, and says so of a comma", async () => {
    const given = await tollgate(["goodwill", "give", "acme", "5,00", ...WHY]);
    assert.match(given.err, /"5,00" is no positive amount of USD\. Write it with a point: 5\.00\./);
    const file = join(folder, "comma.yaml");
    const price = "price: { model: per_unit, unit: 0,50 }";
    const charges = `charges:\n  - { key: a, meter: { count: runs }, ${price} }\n`;
    writeFileSync(file, `key: comma\ncurrency: EUR\n${charges}`);
    const { err } = await tollgate(["card", "validate", file]);
    assert.match(err, /"50" is not known here; .*; a decimal is written with a point$/m);
  });

  test("tells of a line that it has not which command shows its lines", async () => {
    const [id = ""] = /st_\w+/.exec((await tollgate(["statement", "list"])).out) ?? [];
    const { code, err } = await tollgate(["statement", id, "--line", "9"]);
    assert.equal(code, 1);
    assert.match(err, /has 1 lines?, none is 9\.\nSee 'tollgate statement ID'\.\n$/);
    const missing = await tollgate(["statement", "st_none"]);
    assert.match(missing.err, /\nSee 'tollgate statement list'\.\n$/);
  });

  test("in dispute says which line of which statement, and later bookings say why", async () => {
    const [id = ""] = /st_\w+/.exec((await tollgate(["statement", "list"])).out) ?? [];
    const about = ["--statement", id, "--line", "1", "--amount", "0.10"];
    const opened = await tollgate(["dispute", "open", ...about, ...WHY]);
    assert.match(opened.out, new RegExp(` line 1 of ${id} `));
    const step = { customer: "acme", kind: "tool", tool: "t", occurredAt: "2026-10-02T00:00:00Z" };
    await post("/v1/events", [{ id: "late", run: "r", ...step }]);
    const now = new Date().toISOString().slice(0, 7);
    const closed = await tollgate(["statement", "close", now, "--early"]);
    const [next = ""] = /st_\w+/.exec(closed.out) ?? [];
    assert.match((await tollgate(["statement", next, "--line", "1"])).out, /0\.50 +late event$/m);
  });

  test("whose file or question is wrong says what is wrong with it", async () => {
    const wrong = async (...words: string[]) => (await tollgate(words)).err;
    assert.match(await wrong("usage", "--by", "colour"), /one of customer, .*, not "colour"\.\n/);
    assert.match(await wrong("card", "validate", "src"), /^EISDIR: cannot open "src": it is a fol/);
    const page = await wrong("statement", "page", "st_none", "--out", "none/x.html");
    assert.match(page, /^statement\.not_found/);
    const whole = join(folder, "list.yaml");
    writeFileSync(whole, "- a\n");
    const told = "ratecard.invalid: the document is a list, and no object with fields\n";
    assert.equal(await wrong("card", "validate", whole), `${told}Correct the file.\n`);
    writeFileSync(whole, "");
    const empty = await wrong("commitment", "set", "acme", whole);
    assert.match(empty, /holds nothing but comments; .*\.\nCorrect the file\.\n$/);
    const missing = await wrong("card", "validate", "none.yaml");
    assert.equal(missing, 'ENOENT: cannot open "none.yaml": there is no such file or folder.\n');
  });

  test("gives names only the columns that amounts leave them", async () => {
    const now = new Date().toISOString().slice(0, 7);
    const widest = async (columns?: number) => {
      const { out } = await tollgate(["bill", "acme", "--period", now], columns);
      const [, , ...table] = out.split("\n");
      return Math.max(...table.slice(0, table.indexOf("")).map(({ length }) => length));
    };
    assert.ok((await widest()) > 80, "its dispute names a statement and gives a reason");
    assert.ok((await widest(80)) <= 80);
  });

  test("that was credited tells its notes, and a voided one what stands in its place", async () => {
    const step = { customer: "bolt", kind: "tool", tool: "t", occurredAt: "2026-10-01T00:00:00Z" };
    await post("/v1/events", [{ id: "b", run: "of bolt", ...step }]);
    const closed = await tollgate(["statement", "close", "2026-10", "--customer", "bolt"]);
    const [id = ""] = /st_\w+/.exec(closed.out) ?? [];
    const shown = async () => (await tollgate(["statement", id])).out;
    assert.doesNotMatch(await shown(), /credit note/);
    const given = await tollgate(["credit", "issue", id, "--lines", "1=0.20", ...WHY, "--json"]);
    const [note] = JSON.parse(given.out) as [{ id: string }];
    const row = new RegExp(
      `^credit note +issued +reason +USD\\n${note.id} +\\S+ +not ours +-0.20$`,
      "m",
    );
    assert.match(await shown(), row);
    assert.match((await tollgate(["bill", "bolt", "--period", "2026-10"])).out, row);
    await tollgate(["credit", "void", note.id, ...WHY]);
    assert.match(await shown(), /^cn_\w+-\d+ .* 0\.20$/m);
    const again = await tollgate(["statement", "reissue", id, ...WHY, "--json"]);
    const [issued] = JSON.parse(again.out) as [{ id: string }];
    const voided = `This statement was voided. Statement ${issued.id} stands in its place.`;
    assert.ok((await shown()).includes(voided));
  });
});
