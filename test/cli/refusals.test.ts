/** What a person at a terminal is told who types a command wrongly: what it was, and what to do. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { dispatch } from "../../src/cli/dispatch.ts";
import { remedyOf } from "../../src/cli/remedy.ts";
import { PLAIN_STYLES } from "../../src/cli/render/styles.ts";
import { ERRORS, type ErrorCode } from "../../src/domain/errors.ts";
import { DOCUMENT_FILE_MAX_BYTES, DOCUMENT_MAX_BYTES } from "../../src/domain/limits.ts";
import { openProduct } from "../../src/product.ts";
import { startTestServer, type TestServer } from "../e2e/test-server.ts";

const WHY = ["--reason", "test", "--by", "ops"];

describe("a wrong command about limits", () => {
  let server: TestServer;
  const folder = mkdtempSync(join(tmpdir(), "tollgate-refusals-"));
  before(async () => {
    server = await startTestServer({ store: "memory" });
  });
  after(async () => {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const tollgate = (...words: string[]) =>
    toldWith({ TOLLGATE_URL: server.url, TOLLGATE_KEY: server.adminKey }, words);

  function file(text: string): string {
    const path = join(folder, "budgets.yaml");
    writeFileSync(path, text);
    return path;
  }

  const CASES: readonly (readonly [words: readonly string[], told: RegExp])[] = [
    [["budget", "set"], /It is tollgate budget set FILE: FILE is missing\./],
    [["budget", "raise"], /There is no "raise" of budget; it is tollgate budget list \|/],
    [["budget", "limit", "k", "acme"], /limit KEY SCOPE LIMIT: LIMIT is missing\./],
    [["budget", "show", "k", "x"], /It is tollgate budget show KEY, without "x"\./],
    [["budget", "limit", "k", "acme", "-5"], /There is no option -5 here.*stands behind "--"/],
    [["demo", "--port", "6000"], /\(--port\): fetch, .* refuses port 6000\.\n.*help demo'/],
    [["runs", "--url", "http://127.0.0.1:6000"], /\(--url\): fetch refuses port 6000: /],
    [["runs", "--url", "http://127.0.0.1:1024"], /\(--url\): No server answers at http:/],
    [["verify", "--data", join(folder, "none")], /no data file ".*"\.\nName the data folder with/],
    [["budget", "show", "none"], /no budget "none"\.\nSee 'tollgate budget list'\./],
    [["budget", "of", "agent", "a"], /of a run or a customer, not of "agent"\./],
    [["runs", "--status", "dead"], /\(--status\): .*cancelled, abandoned, not "dead"\./],
    [["runs", "--limit", "ten"], /\(--limit\): "limit" must be a whole number, not "ten"\./],
    [["opening", "acme", ...WHY], /\(--amount --counters\): Give what is owed, what was counted/],
    [["credits", "endpoint", "foo"], /invalid \(url\): An endpoint is an https URL/],
    [["target", "add", "t", "package.json", ...WHY], /unknown \(name\): "name" is not known here/],
    [["runs", "acme"], /"acme" is one word too many: tollgate runs\./],
    [["run", "r1", "--as-of", "noon"], /\(--as-of\): .*, not "noon"\.\n.*help run'/],
    [["stop", "workspace", "acme", ...WHY], /workspace alone; not "workspace" "acme"\./],
    [["stop", "customer", "", ...WHY], /not "customer" ""\./],
    [["stop", "customer", ...WHY], /not "customer"\./],
    [["stop", "planet", "mars", ...WHY], /not "planet" "mars"\./],
    [
      ["card", "apply", "f", "--effective-from", "x"],
      /--effective-from here\. Is --effective meant\?/,
    ],
    [["stop", "r1", "--mode", "pause"], /There is no option --mode here\.\n.*help stop'/],
    [["resume", "workspace", ...WHY], /The workspace is not stopped\.\n.*'tollgate stop list'/],
    [["resume", "a", "b", "c"], /"c" is one word too many/],
    [["entitlement", "set", "acme", "--parallel", "-1"], /--parallel wants a value/],
    [["clock", "advance", "1h"], /"1h" is no ISO 8601 duration.*\n.*help clock'/],
  ];

  test("is told that its server cannot listen, and the data folder is let go", async () => {
    const { port } = new URL(server.url);
    const data = ["--data", join(folder, "data")];
    const demo = join(folder, "demo");
    for (const words of [
      ["serve", ...data],
      ["serve", ...data],
      ["demo", "--data", demo],
    ]) {
      const { code, out, err } = await tollgate(...words, "--port", port);
      assert.deepEqual([code, out], [1, ""]);
      assert.match(err, /^Another process listens at 127\.0\.0\.1:\d+\.\n.*with --port\.\n$/);
    }
    assert.ok(!existsSync(demo), "the next try needs a fresh folder");
    const nowhere = await tollgate("serve", ...data, "--port", "0", "--host", "host.invalid");
    assert.match(nowhere.err, /^No server can listen at host\.invalid \(\w+\)\.\n.*--host\./);
  });

  for (const [words, told] of CASES) {
    test(`is told what is wrong with it: tollgate ${words.join(" ")}`, async () => {
      const { code, out, err } = await tollgate(...words);
      assert.notEqual(code, 0);
      assert.equal(out, "");
      assert.match(err, told);
      assert.ok(!/OpenAPI|\/v1\/|limits page/.test(err), err);
    });
  }

  test("stops nothing", async () => {
    assert.equal((await tollgate("stop", "list")).out, "Nothing is stopped.\n");
  });

  test("of a file says which budgets are set, and which are not", async () => {
    const good = "- { key: a, each: run, measure: steps, limit: 5 }";
    const bad = "- { key: b, each: runs, measure: steps, limit: 5 }";
    const last = "- { key: c, each: run, measure: steps, limit: 5 }";
    const { code, err } = await tollgate(
      "budget",
      "set",
      file([good, bad, last].join("\n")),
      ...WHY,
    );
    assert.equal(code, 1);
    assert.match(err, /^Set already: a\.\nNot set: b, c\. Wrong is b:\nbudget\.invalid \(each\): /);
    assert.match(err, /"runs" is not known; it is one of .*, run, label:NAME/);
    assert.match((await tollgate("budget", "list")).out, /^a +run +5 +steps/m);
    const unnamed = file(`${last}\n- { each: run, measure: steps }`);
    assert.match((await tollgate("budget", "set", unnamed, ...WHY)).err, /Budget 2 .* no "key"/);
    assert.ok(!/^c /m.test((await tollgate("budget", "list")).out), "nothing of that file is set");
    const broken = await tollgate("budget", "set", file("key: [a"), ...WHY);
    assert.match(broken.err, /^budget\.invalid: .*line 1/);
  });

  test("of a file that is too large names it and its size, and reads nothing of it", async () => {
    const path = join(folder, "large.yaml");
    writeFileSync(path, "");
    truncateSync(path, DOCUMENT_FILE_MAX_BYTES + 1);
    for (const words of [
      ...["validate", "diff", "apply"].map((verb) => ["card", verb, path]),
      ["budget", "set", path, ...WHY],
      ["policy", "apply", path, ...WHY],
      ["target", "add", "t", path, ...WHY],
      ["commitment", "set", "acme", path],
      ["simulate", "--card", path],
      ["simulate", "--policies", path],
    ]) {
      const { code, out, err } = await tollgate(...words);
      assert.deepEqual([code, out], [2, ""], `${words}: ${err}`);
      assert.match(err, /large\.yaml" has 4194305 bytes; .* at most 4194304\. Divide it\./);
    }
    truncateSync(path, DOCUMENT_MAX_BYTES + 1);
    for (const words of [
      ["prices", "import", path],
      ["rates", "import", path],
      ["invoice", "import", path, "--id", "i"],
    ]) {
      const { err } = await tollgate(...words);
      assert.match(err, /large\.yaml" has 16777217 bytes; .* at most 16777216\. Divide it\./);
    }
  });

  test("that lists budgets says whom each is for, where one is not for all", async () => {
    const where = "where: { agent: [support, research], label: { team: [a] } }";
    const some = file(`{ key: some, each: run, measure: steps, limit: 5, ${where} }`);
    assert.equal((await tollgate("budget", "set", some, ...WHY)).code, 0);
    const { out } = await tollgate("budget", "list");
    assert.match(out, /^some +run +agent support\|research, label team a +5 +steps/m);
    assert.match(out, /^a +run +all +5 +steps/m);
    const month = "{ key: month, each: customer, measure: steps, limit: 5, per: month }";
    assert.equal((await tollgate("budget", "set", file(month), ...WHY)).code, 0);
    const misspelt = await tollgate("budget", "limit", "month", "amce", "9", ...WHY);
    assert.equal(misspelt.out, "month of amce: the limit is 9 now.\n");
    assert.match(misspelt.err, /^Nothing is on record of the customer "amce" so far/);
  });

  test("that lets a run go on which has no room says which budget stops it again", async () => {
    const stages = '[{ at: "1", do: pause }]';
    const gate = "key: gate, each: customer, measure: steps, limit: 5, per: day";
    const budgets = file(`{ ${gate}, stages: ${stages} }`);
    assert.equal((await tollgate("budget", "set", budgets, ...WHY)).code, 0);
    const occurredAt = new Date().toISOString();
    const step = { id: "s1", run: "r1", customer: "acme", kind: "tool", tool: "t", occurredAt };
    const headers = { "content-type": "application/json", authorization: "" };
    headers.authorization = `Bearer ${server.adminKey}`;
    const post = async (path: string, body: object) => {
      const sending = { method: "POST", headers, body: JSON.stringify(body) };
      assert.ok((await fetch(server.url + path, sending)).ok);
    };
    await post("/v1/events", [step]);
    await post("/v1/runs/r1/holds", { holds: [{ id: "s2", kind: "tool", tool: "t" }] });
    const { out, err } = await tollgate("resume", "r1", ...WHY);
    assert.equal(out, "Goes on: run r1, which was paused.\n");
    assert.match(err, /^Its budget gate of acme stops it again with its next hold: 1 settled/);
    assert.match(err, /the stage pause from 1 on\.\nRaise it: --raise gate=LIMIT; or set its/);
  });

  test("that lets a run go on says which of its labels has no room, as others have", async () => {
    const team = "key: team, each: 'label:team', measure: steps, limit: 0, per: day";
    assert.equal((await tollgate("budget", "set", file(`{ ${team} }`), ...WHY)).code, 0);
    const headers = {
      "content-type": "application/json",
      authorization: `Bearer ${server.adminKey}`,
    };
    const open = { customer: "beta", labels: { team: "ads" } };
    const body = JSON.stringify({ open, holds: [] });
    const sending = { method: "POST", headers, body };
    assert.ok((await fetch(`${server.url}/v1/runs/r9/holds`, sending)).ok);
    assert.equal((await tollgate("stop", "run", "r9", ...WHY)).code, 0);
    const { err } = await tollgate("resume", "r9", ...WHY);
    assert.match(err, /^Its budget team of ads stops it again with its next hold of this label: 0/);
    assert.equal((await tollgate("budget", "retire", "team", ...WHY)).code, 0);
  });

  test("but a right one about the whole workspace is answered with a name for it", async () => {
    const budgets = file("{ key: whole, each: workspace, measure: steps, limit: 5, per: day }");
    assert.equal((await tollgate("budget", "set", budgets, ...WHY)).code, 0);
    const { out } = await tollgate("budget", "limit", "whole", "", "9", ...WHY);
    assert.equal(out, "whole of everything: the limit is 9 now.\n");
    const shown = await tollgate("budget", "show", "whole");
    assert.equal(shown.out, 'The budget "whole" has no balances so far.\n');
  });

  test("that stops a name which nothing is known of says so, and stops it", async () => {
    for (const kind of ["customer", "agent"]) {
      const { code, err } = await tollgate("stop", kind, "acmee", ...WHY);
      assert.equal(code, 0);
      assert.match(err, new RegExp(`on record of the ${kind} "acmee" so far`));
      assert.equal((await tollgate("resume", kind, "acmee", ...WHY)).code, 0);
    }
  });
});

/** There is no command for these: they are told to programs. */
const OF_PROGRAMS: readonly ErrorCode[] = [
  ...(["conflict.not_found", "event.conflict", "hold.not_found", "request.route_unknown"] as const),
];

test("what to do is told to a person by commands, not by routes", () => {
  for (const code of Object.keys(ERRORS) as ErrorCode[]) {
    if (OF_PROGRAMS.includes(code)) continue;
    const remedy = remedyOf(code, "budget");
    assert.ok(!/OpenAPI|\/v1\/|\b(GET|POST|PUT) /.test(remedy), `${code}: ${remedy}`);
  }
});

/** What a command of these words tells, by these variables of the environment. */
async function toldWith(environment: Readonly<Record<string, string>>, words: readonly string[]) {
  let [out, err] = ["", ""];
  const code = await dispatch(words, {
    product: openProduct(),
    out: { write: (text) => (out += text) },
    err: { write: (text) => (err += text) },
    styles: PLAIN_STYLES,
    environment,
  });
  return { code, out, err };
}

const told = (...words: string[]) => toldWith({}, words);

test("what is not found is looked for by a command", () => {
  for (const code of ["credit.not_found", "grant.not_found", "topup.not_found"] as const) {
    assert.match(remedyOf(code, "credits"), /^See 'tollgate credits? (list|balance) [A-Z]+'\.$/);
  }
});

test("what to do names commands that there are", async () => {
  for (const code of Object.keys(ERRORS) as ErrorCode[]) {
    const [, name = "", verb = ""] =
      /'tollgate ([a-z-]+) ?([a-z]*)/.exec(remedyOf(code, "run")) ?? [];
    if (name === "" || name === "help") continue;
    const { out } = await told("help", name);
    const [usage = ""] = out.split(".\n");
    assert.ok(usage.startsWith(`tollgate ${name}`), `${code}: ${usage}`);
    const words = usage.split(/[^a-z-]+/);
    assert.ok(words.includes(verb === "" ? name : verb), `${code}: ${verb}, ${usage}`);
  }
});

test("help on a command that there is not says so", async () => {
  const { code, err } = await told("help", "nonsense");
  assert.equal(code, 2);
  assert.match(err, /There is no command "nonsense"\.\nSee 'tollgate help'\./);
  assert.match((await told("statment", "list")).err, /"statment"\. Is "statement" meant\?\n/);
  assert.equal((await told("--help")).code, 0);
});

test("help on a command of many forms has room on a terminal", async () => {
  const { out } = await told("help", "credits");
  const usage = out.slice(0, out.indexOf("\nGive prepaid credit")).split("\n");
  assert.equal(usage.length, 4);
  const forms = usage.map((line) => line.trim()).join(" ");
  assert.match(
    forms,
    /^tollgate credits balance CUSTOMER \| history CUSTOMER \| .* \| endpoint \[/,
  );
});

test("no line of help is wider than a terminal, and what goes on stands below itself", async () => {
  const { out } = await told("help");
  const names = [...out.matchAll(/^ {2}([a-z][a-z-]+) {2}/gm)].map(([, name = ""]) => name);
  assert.ok(names.length > 35, String(names));
  const pages = await Promise.all(names.map(async (name) => (await told("help", name)).out));
  for (const line of [out, ...pages].join("").split("\n")) assert.ok(line.length <= 80, line);
  const usage = pages[names.indexOf("usage")] ?? "";
  assert.match(usage, /^ {2}--by LIST {6}customer, .* tool\n {17}\(default: customer\)$/m);
});

describe("who checks a receipt", () => {
  const folder = mkdtempSync(join(tmpdir(), "tollgate-receipts-"));
  after(() => rmSync(folder, { recursive: true, force: true }));
  const receipt = join(folder, "r.receipt");
  writeFileSync(receipt, '{"line":"receipt"}\n{"line":"seal"}\n');
  const none = ["--data", join(folder, "none")];

  test("without a server is asked for the keys that were given out", async () => {
    const { code, err } = await told("receipt", "verify", receipt, ...none);
    assert.equal(code, 2);
    assert.match(err, /\(--keys\): Whose signatures do you trust\? .*--keys FILE\./);
  });

  test("and takes one file for the other is told that it has no keys", async () => {
    const texts = ["null", "[]", '{"keys":"x"}', '{"keys":[1]}', '{"keys":[{"id":"a"}]}'];
    for (const text of ["", ...texts]) {
      const keys = text === "" ? receipt : join(folder, "keys.json");
      if (text !== "") writeFileSync(keys, text);
      const { code, err } = await told("receipt", "verify", receipt, "--keys", keys);
      assert.equal(code, 2, keys);
      assert.match(err, /^cli\.usage \(--keys\): ".*" has no keys as 'tollgate receipt keys'/);
    }
  });

  test("and names no file is told the forms of the command", async () => {
    const { code, err } = await told("receipt", "verify", ...none);
    assert.equal(code, 2);
    assert.match(err, /tollgate receipt RUN \| verify FILE \| keys\./);
  });
});

describe("a data folder", () => {
  const folder = mkdtempSync(join(tmpdir(), "tollgate-folders-"));
  after(() => rmSync(folder, { recursive: true, force: true }));

  test("in which nothing is says so, and a file that is not there makes none", async () => {
    const empty = join(folder, "empty");
    mkdirSync(empty);
    const keys = await told("keys", "list", "--data", empty);
    assert.equal(keys.out, "There are no keys. Make one: tollgate keys create --scopes admin\n");
    const watch = await told("watch", "--once", "--data", empty);
    assert.equal(watch.out, "Nothing goes on here.\n");
    const none = join(folder, "none");
    const { code, err } = await told("import", join(folder, "events.json"), "--data", none);
    assert.deepEqual([code, existsSync(none)], [1, false]);
    assert.match(err, /^ENOENT: cannot open ".*events\.json": there is no such file/);
  });

  test("is let go of by a start that fails, so that the next one has it", async () => {
    const dataDir = join(folder, "settings");
    const start = (environment: Record<string, string>) =>
      openProduct().start({ dataDir, port: 0, environment });
    const wrong = { TOLLGATE_SECRET_KEY: "junk" };
    await assert.rejects(start(wrong), { code: "secret.no_key" });
    await assert.rejects(start(wrong), { code: "secret.no_key" });
    await (await start({})).stop();
  });

  test("that is a file, or below one, is told as such", async () => {
    const file = join(folder, "file");
    writeFileSync(file, "");
    for (const command of ["runs", "serve"]) {
      const { code, err } = await told(command, "--data", file);
      assert.deepEqual(
        [code, err],
        [1, `EEXIST: cannot open "${file}": it is a file that is there already.\n`],
      );
      const below = await told(command, "--data", join(file, "below"));
      assert.match(
        below.err,
        /^ENOTDIR: cannot open ".*below": what it should be in is no folder\.\n/,
      );
    }
  });

  test("that does not exist is made by who serves and imports, and by no other", async () => {
    const dataDir = join(folder, "typo");
    for (const command of ["runs", "usage", "keys list", "statement list", "export", "verify"]) {
      const { code, err } = await told(...command.split(" "), "--data", dataDir);
      assert.equal(code, 1, command);
      assert.match(err, /^store\.missing: There is no data f.*typo/, command);
      assert.ok(!existsSync(dataDir), command);
    }
    const events = join(folder, "none.json");
    writeFileSync(events, "[]");
    assert.equal((await told("import", events, "--data", dataDir)).code, 0);
    assert.ok(existsSync(dataDir));
  });

  test("that another command worked on first gives its first key to who serves it", async () => {
    const dataDir = join(folder, "data");
    mkdirSync(dataDir);
    assert.equal((await told("runs", "--data", dataDir)).code, 0);
    assert.equal((await told("keys", "create", "--data", dataDir)).code, 0);
    const server = await openProduct().start({ dataDir, port: 0 });
    assert.match(server.adminKey ?? "", /^tg_/);
    await server.stop();
  });
});
