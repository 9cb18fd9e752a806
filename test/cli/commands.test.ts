/** The command line as its users type it: each command over a real data folder. */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { openProduct } from "../../src/product.ts";
import { atTerminal } from "./terminal.ts";

const folder = mkdtempSync(join(tmpdir(), "tollgate-cli-"));
const data = join(folder, "data");
after(() => rmSync(folder, { recursive: true, force: true }));

const tollgate = (...words: string[]) => atTerminal({ TOLLGATE_DATA: data }, words);

const CARD = {
  key: "cli",
  currency: "USD",
  charges: [
    { key: "run", meter: { count: "runs" }, price: { model: "per_unit", unit: "0.10" } },
    { key: "models", meter: { sum: "cost" }, price: { model: "markup", percent: "20" } },
  ],
};

/** Steps of now: they must not lie before the card takes effect. */
const steps = () => [
  {
    id: "e1",
    run: "r1",
    customer: "acme",
    agent: "support",
    kind: "model",
    provider: "openai",
    model: "gpt-5",
    occurredAt: new Date().toISOString(),
    usage: { input_uncached: 1000, output_text: 100 },
  },
  {
    id: "e2",
    run: "r1",
    kind: "tool",
    tool: "search",
    occurredAt: new Date().toISOString(),
    usage: { mysteries: 3 },
  },
];

before(async () => {
  mkdirSync(data);
  writeFileSync(join(folder, "card.json"), JSON.stringify(CARD));
  assert.equal((await tollgate("card", "apply", join(folder, "card.json"))).code, 0);
  const lines = steps().map((step) => JSON.stringify(step));
  writeFileSync(join(folder, "events.ndjson"), lines.join("\n"));
});

describe("the command line", () => {
  test("removes old steps of a folder that no server uses, and says how many", async () => {
    const unsaid = await tollgate("retain");
    assert.equal(unsaid.code, 2);
    assert.match(unsaid.err, /--keep-months/);
    const { code, out } = await tollgate("retain", "--keep-months", "24");
    assert.equal(code, 0);
    assert.match(out, /^0 runs were condensed, and 0 steps removed\. Check: tollgate verify/);
    const json = await tollgate("retain", "--keep-months", "24", "--json");
    assert.deepEqual(JSON.parse(json.out), { runs: 0, steps: 0 });
  });

  test("imports a file once, however often it is sent", async () => {
    const first = await tollgate("import", join(folder, "events.ndjson"));
    assert.equal(first.code, 0);
    assert.match(first.out, /2 events; 2 accepted/);
    const again = await tollgate("import", join(folder, "events.ndjson"));
    assert.match(again.out, /2 events; 2 duplicate/);
  });

  test("shows a run as a tree with exact amounts, and flags what has no price", async () => {
    const { out, code } = await tollgate("run", "r1");
    assert.equal(code, 0);
    // 1000 × 1.25 + 100 × 10 per million = 0.00225; plus 20 % = 0.0027; plus the run fee.
    assert.match(out, /gpt-5 +1,000 +100 +0\.00225 +0\.0027/);
    assert.match(out, /UNPRICED/);
    assert.match(out, /≥0\.00225 +0\.1027/);
  });

  test("lists runs and sums usage by what one asks for", async () => {
    assert.match((await tollgate("runs")).out, /r1 +acme +support +open +2 +≥0\.00225 +0\.1027/);
    const usage = await tollgate("usage", "--by", "customer,model", "--json");
    const { rows } = JSON.parse(usage.out);
    const models = rows.filter((row: { group: { model: string } }) => row.group.model === "gpt-5");
    assert.equal(models[0].cost, "0.00225");
    const shown = (await tollgate("usage", "--by", "kind")).out;
    assert.match(shown, /^tool +1 .* ≥0\.00 .*1 UNPRICED$/m, "an unknown cost is no zero");
  });

  test("makes a sandbox and moves its clock, and refuses to move that of production", async () => {
    const made = await tollgate("workspace", "create", "trial", "--start", "2030-01-31T00:00:00Z");
    assert.equal(made.code, 0, made.err);
    assert.match(made.out, /Workspace default\/trial \(sandbox\)/);
    const key = /tg_[\w-]+/.exec(made.out)?.[0] ?? "";
    const moved = await tollgate("clock", "advance", "P1M", "--key", key);
    assert.equal(moved.out, "2030-02-28T00:00:00.000Z (test clock)\n");
    const graced = await tollgate("workspace", "set", "--grace", "5", "--key", key);
    assert.match(graced.out, /grace +5 hours/);
    assert.equal((await tollgate("workspace", "set", "--grace", "much")).code, 2);
    const shown = await tollgate("workspace", "show", "--key", key);
    assert.match(shown.out, /time +2030-02-28T00:00:00.000Z/);
    const refused = await tollgate("clock", "advance", "--to", "2099-01-01T00:00:00Z");
    assert.match(refused.err, /workspace.not_sandbox/);
    assert.equal((await tollgate("clock", "advance")).code, 2);
  });

  test("applies a card again without a new version, and a changed one with it", async () => {
    assert.match(
      (await tollgate("card", "apply", join(folder, "card.json"))).out,
      /nothing changed/,
    );
    const dearer = { ...CARD, charges: CARD.charges.slice(0, 1) };
    writeFileSync(join(folder, "dearer.json"), JSON.stringify(dearer));
    const applied = await tollgate("card", "apply", join(folder, "dearer.json"));
    assert.match(applied.out, /Card cli version 2 is recorded/);
    assert.equal((await tollgate("card", "history", "cli")).out.trim().split("\n").length, 3);
  });

  test("names the field of a card that is not valid", async () => {
    const bad = { ...CARD, charges: [{ ...CARD.charges[0], price: { model: "per_unit" } }] };
    writeFileSync(join(folder, "bad.json"), JSON.stringify(bad));
    const { code, err } = await tollgate("card", "apply", join(folder, "bad.json"));
    assert.equal(code, 1);
    assert.match(err, /ratecard\.invalid.*charges\[0\]\.price\.unit/);
  });

  test("tells every problem of a card file at once, without a server", async () => {
    const path = join(folder, "bad.yaml");
    writeFileSync(path, "key: bad\ncurrency: usd\ncharges: []\nminimum: -0.10\n");
    const { code, err } = await tollgate("card", "validate", path);
    assert.equal(code, 1);
    const fields = [...err.matchAll(/^ratecard\.invalid \((\w+)\)/gm)].map((match) => match[1]);
    assert.deepEqual(fields, ["currency", "charges", "minimum"]);
    const good = await tollgate("card", "validate", join(folder, "card.json"));
    assert.deepEqual(
      [good.code, good.out],
      [0, "Card cli is valid: 2 charges, 0 fees, 0 discounts, in USD.\n"],
    );
  });

  test("shows what a card would change, then applies it from YAML", async () => {
    const path = join(folder, "next.yaml");
    const price = "{ model: per_unit, unit: 0.125 }";
    const run = `- { key: run, meter: { count: runs }, price: ${price} }`;
    writeFileSync(path, `key: cli\ncurrency: USD\ncharges:\n  ${run}\nminimum: 5\n`);
    const { code, out } = await tollgate("card", "diff", path);
    assert.equal(code, 0);
    assert.match(out, /^Against cli version 2, in USD:/);
    assert.match(out, /~ +run +100 +125/);
    assert.match(out, /\+ +minimum +– +5/);
    const applied = await tollgate("card", "apply", path, "--effective", "2099-01-01T00:00:00Z");
    assert.match(applied.out, /Card cli version 3 is recorded/);
    assert.match((await tollgate("card", "diff", path)).out, /version 2/, "3 is not in force yet");
    const same = await tollgate("card", "diff", join(folder, "dearer.json"));
    assert.match(same.out, /Nothing changes\./);
  });

  test("shows what an override changes of the card that it extends", async () => {
    const path = join(folder, "override.yaml");
    const price = "{ model: per_unit, unit: 0.05 }";
    const run = `{ run: { meter: { count: runs }, price: ${price} } }`;
    writeFileSync(path, `key: acme\nextends: cli\ncharges: ${run}\n`);
    assert.match((await tollgate("card", "validate", path)).out, /extends cli and states 1/);
    assert.match((await tollgate("card", "diff", path)).out, /~ +run +100 +50/);
    writeFileSync(path, "key: acme\nextends: nobody\n");
    assert.match((await tollgate("card", "diff", path)).err, /ratecard\.not_found/);
  });

  test("closes a period into a statement that exports and verifies", async () => {
    const month = new Date().toISOString().slice(0, 7);
    const open = await tollgate("statement", "close", month);
    assert.match(open.err, /period\.open/);
    const closed = await tollgate("statement", "close", month, "--early");
    assert.match(closed.out, /st_[0-9a-f]{20} +acme +\S+ +\S+ +0\.10 USD/);
    const csv = await tollgate("export");
    assert.match(csv.out, /^statement,customer,period,/);
    const id = /st_[0-9a-f]{20}/.exec(closed.out)?.[0] ?? "";
    const page = join(folder, "page.html");
    assert.equal((await tollgate("statement", "page", id, "--out", page)).code, 0);
    assert.match(readFileSync(page, "utf8"), /^<!doctype html>/);
    const path = join(folder, "lines.ndjson");
    assert.equal((await tollgate("export", "--format", "ndjson", "--out", path)).code, 0);
    const lines = readFileSync(path, "utf8").trim().split("\n");
    assert.equal(lines.length, csv.out.trim().split("\n").length - 1);
    const verified = await tollgate("verify");
    assert.match(verified.out, /All of it adds up\./);
    assert.equal(verified.code, 0);
  });

  test("words that fit no form of a command are refused with those that do", async () => {
    for (const words of [
      ["dispute", "close"],
      ["invoice", "reconcile"],
      ["keys", "revoke"],
      ["card", "apply"],
      ["prices", "import", "a.json", "b.json"],
      ["statement", "show"],
      ["statement", "st_a", "st_b"],
    ]) {
      const { code, err } = await tollgate(...words);
      assert.equal(code, 2, words.join(" "));
      assert.match(err, new RegExp(`cli\\.usage: .*tollgate ${words[0]} \\w+ `), err);
    }
    const meant = await tollgate("export", "fly", "su");
    assert.equal(meant.code, 2);
    assert.match(meant.err, /"fly" is neither plan, run, .* nor the id of a statement \(st_…\)/);
  });

  test("says of a list on which nothing stands that there is nothing", async () => {
    const [id = ""] = /st_[0-9a-f]{20}/.exec((await tollgate("statement", "list")).out) ?? [];
    for (const [says, ...words] of [
      ["There are no disputes.", "dispute", "list"],
      ["No goodwill was given.", "goodwill", "list"],
      ["There are no rates.", "rates", "list"],
      ["There are no targets. Add one: tollgate target add ID FILE", "target", "list"],
      ["It has no credit notes.", "credit", "list", id],
    ] as const) {
      assert.equal((await tollgate(...words)).out, `${says}\n`);
    }
  });

  test("puts a closed statement right, and lists what was done", async () => {
    const [id = ""] = /st_[0-9a-f]{20}/.exec((await tollgate("statement", "list")).out) ?? [];
    const who = ["--reason", "agreed", "--by", "anna"];
    const given = await tollgate("goodwill", "give", "acme", "5.50", ...who);
    assert.match(given.out, /gw_[0-9a-f]{20} +acme +\S+ +5\.50 USD +anna +agreed/);
    assert.match((await tollgate("goodwill", "list")).out, /5\.50 USD/);
    const target = ["--statement", id, "--line", "3", "--amount", "0.01", "--id", "d1"];
    const over = await tollgate("dispute", "open", ...target, ...who);
    assert.match(over.err, /credit\.exceeded/, "the line came to 0.00");
    const first = ["--statement", id, "--line", "1", "--amount", "0.01", "--id", "d1"];
    assert.equal((await tollgate("dispute", "open", ...first, ...who)).code, 0);
    const decided = await tollgate("dispute", "resolve", "d1", "--favor", "us", ...who);
    assert.match(decided.out, /for us by anna/);
    const credited = await tollgate("credit", "issue", id, "--lines", "1=0.02", ...who);
    assert.match(credited.out, /cn_[0-9a-f]{20}-1 +\S+ +1 +0\.02 USD +anna/);
    assert.match((await tollgate("credit", "list", id)).out, /0\.02 USD/);
    const again = await tollgate("statement", "reissue", id, ...who);
    assert.match(again.err, /statement\.credited/);
    for (const [missing, ...words] of [
      ["--reason and --by", "goodwill", "give", "acme", "1"],
      ["--lines and --reason and --by", "credit", "issue", id],
      ["--favor and --reason and --by", "dispute", "resolve", "d1"],
    ] as const) {
      const refused = await tollgate(...words);
      assert.equal(refused.code, 2);
      assert.ok(refused.err.includes(`: ${missing} are missing.`), refused.err);
    }
    const unsigned = await tollgate("credit", "issue", id, "--lines", "2", "--reason", "agreed");
    assert.match(unsigned.err, /\(--by\): --by is missing\./);
    assert.equal((await tollgate("verify")).code, 0);
  });

  test("makes, lists and revokes keys, and leaves none of its own behind", async () => {
    const made = await tollgate("keys", "create", "--scopes", "ingest", "--label", "agent");
    assert.match(made.out, /tg_[A-Za-z0-9_-]{40,}/);
    const id = /Key (\S+)/.exec(made.out)?.[1] ?? "";
    assert.equal((await tollgate("keys", "revoke", id)).code, 0);
    const listed = (await tollgate("keys", "list")).out.trim().split("\n");
    assert.equal(listed.length, 2, "the header and the agent's: who serves makes the first one");
    assert.match(listed.join("\n"), /agent .*revoked/);
  });

  test("sets, lists and ends what a customer has agreed to use up", async () => {
    const file = join(folder, "commitments.yaml");
    const year = "key: year, kind: prepaid, per: contract, amount: 100";
    const time = "from: 2999-01-01, until: 3000-01-01";
    writeFileSync(file, `- { ${year}, ${time} }\n`);
    const set = await tollgate("commitment", "set", "acme", file);
    assert.equal(set.code, 0, set.err);
    const told = /^year +100\.00 .*\n {2}prepaid per contract, from 2999-01-01 until 3000-01-01$/m;
    assert.match(set.out, told);
    const ended = await tollgate("commitment", "end", "acme", "year", "--until", "2999-06-01");
    assert.equal(ended.code, 0, ended.err);
    const listed = await tollgate("commitment", "list", "acme", "--json");
    assert.match(listed.out, /"until": "2999-06-01"/);
    const other = await tollgate("commitment", "end", "acme", "no", "--until", "2999-06-01");
    assert.match(other.err, /no commitment "no"/);
    for (const words of [[], ["list"], ["end", "acme", "year"], ["fly", "acme", "x"]]) {
      assert.equal((await tollgate("commitment", ...words)).code, 2, words.join(" "));
    }
    writeFileSync(file, "[]");
    assert.match((await tollgate("commitment", "set", "acme", file)).out, /no commitments/);
  });

  test("tells what is wrong with a command line and exits with 2", async () => {
    for (const words of [["fly"], ["run"], ["runs", "--colour"], ["card", "apply"], ["import"]]) {
      const { code, err } = await tollgate(...words);
      assert.equal(code, 2, words.join(" "));
      assert.match(err, /^cli\.usage/);
    }
  });

  test("tells of a file, a run or a server that is not there", async () => {
    assert.match((await tollgate("import", join(folder, "none.json"))).err, /ENOENT/);
    writeFileSync(join(folder, "torn.ndjson"), "\u001b[2Jtorn\n");
    const torn = await tollgate("import", join(folder, "torn.ndjson"));
    assert.equal(torn.code, 1, "what could not be read was not imported");
    assert.match(torn.err, /^ {2}line 1: .*\ufffd\[2Jtorn/);
    assert.match((await tollgate("run", "nobody")).err, /run\.not_found/);
    const away = await tollgate("runs", "--url", "http://127.0.0.1:1024", "--key", "tg_x");
    assert.match(away.err, /No server answers/);
  });

  test("says how to reach a server that holds the data folder", async () => {
    const server = await openProduct().start({ dataDir: data, port: 0 });
    try {
      const { code, err } = await tollgate("runs");
      assert.equal(code, 1);
      assert.match(err, /store\.locked.*--url/);
      const key = server.passingKey(["read"]);
      assert.match((await tollgate("runs", "--url", server.url, "--key", key)).out, /r1/);
    } finally {
      await server.stop();
    }
  });

  test("corrects prices of the past, once, and says what changed", async () => {
    const rates = [{ unit: "output_text", price: "0.5" }];
    const entry = { provider: "openai", subject: "gpt-5", currency: "USD", periods: [{ rates }] };
    const about = { format: "tollgate.prices/1", source: "late", effectiveFrom: null };
    const file = join(folder, "late.json");
    writeFileSync(file, JSON.stringify({ ...about, entries: [entry] }));
    const past = ["prices", "import", file, "--effective", "2026-01-01T00:00:00Z"];
    const refused = await tollgate(...past);
    assert.match(refused.err, /price\.backdated/);
    const done = await tollgate(...past, "--rerate");
    assert.match(
      done.out,
      /^Price list \d+, "late", is recorded: 1 price, in force from 2026-01-01T/,
    );
    assert.match(
      done.err,
      /Rated again: 1 step, 0 runs and 0 outcomes have another version or amount/,
    );
    const again = await tollgate(...past, "--rerate");
    assert.match(again.err, /Rated again: 0 steps/);
    assert.match(again.out, /^Price list \d+, "late", is recorded already, .*; nothing changed\./);
    assert.equal(JSON.parse((await tollgate(...past, "--rerate", "--json")).out).notesCount, 0);
  });

  test("says of a file of prices what is wrong with it, and where", async () => {
    const rates = [{ unit: "requests", price: "0.002" }];
    const entry = { provider: "local", subject: "refund", currency: "USD", periods: [{ rates }] };
    const list = { format: "tollgate.prices/1", source: "mine", effectiveFrom: null };
    const told = async (text: string | Buffer, ...words: readonly string[]) => {
      const file = join(folder, "told.json");
      writeFileSync(file, text);
      const { out, err } = await tollgate("prices", "import", file, ...words);
      return (out + err).replaceAll(file, "FILE");
    };
    const own = JSON.stringify({ ...list, entries: [entry] });
    const other = JSON.stringify({ ...list, format: "tollgate.prices/9", entries: [entry] });
    assert.match(
      await told(other),
      /^price\.invalid \(format\): .*\nCorrect the field at the path/,
    );
    assert.match(await told(own, "--format", "litellm"), /This is no list of LiteLLM's/);
    assert.match(await told(own.slice(0, 60)), /"FILE" is not JSON: Unterminated string/);
    assert.match(
      await told(Buffer.from(`\ufeff${own}`, "utf16le")),
      /"FILE" is not a text in UTF-8/,
    );
    const misspelled = { ...list, discountPercent: { lokal: "10" }, entries: [entry] };
    const noted = await told(JSON.stringify(misspelled));
    assert.match(noted, /^lokal discountPercent: no entry of this list is of that provider/m);
  });

  test("keeps rates between currencies", async () => {
    const file = join(folder, "rates.json");
    const rate = { from: "USD", to: "JPY", rate: "150.25", effectiveFrom: "2026-01-01T00:00:00Z" };
    writeFileSync(file, JSON.stringify({ rates: [rate] }));
    assert.match((await tollgate("rates", "import", file)).out, /USD {3}JPY {2}150.25/);
    assert.match((await tollgate("rates", "list", "--json")).out, /"rate": "150.25"/);
    assert.equal((await tollgate("rates", "import")).code, 2);
  });
});
