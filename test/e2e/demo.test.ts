/** The demo against a whole Tollgate: every number that it prints is answered or computed. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";
import { DEMO_CUSTOMERS } from "../../src/cli/demo/export-act.ts";
import { runDemo } from "../../src/cli/demo/run-demo.ts";
import { DemoInternet } from "../../src/cli/fake-stripe/demo-internet.ts";
import { DEFAULT_WORKSPACE } from "../../src/compose.ts";
import { secretBox } from "../../src/connectors/secret-box.ts";
import { seedVersion } from "../../src/ingest/price-list/seed.ts";
import { startTestServer, type TestServer } from "./test-server.ts";

interface Shown {
  readonly server: TestServer;
  readonly dataDir: string;
  readonly text: string;
}

async function showDemo(): Promise<Shown> {
  const internet = new DemoInternet(DEMO_CUSTOMERS);
  const secrets = secretBox([randomBytes(32)]);
  const server = await startTestServer({ exporting: { http: internet, secrets } });
  const { source, entries, effectiveFromMs } = seedVersion(Date.now());
  await server.engine.importPrices(DEFAULT_WORKSPACE, { source, entries, effectiveFromMs });
  const dataDir = mkdtempSync(join(tmpdir(), "tollgate-demo-"));
  let text = "";
  const out = { write: (more: string) => (text += more) };
  const { url: baseUrl, adminKey } = server;
  await runDemo({ baseUrl, adminKey, dataDir, internet, out, progress: out, environment: {} });
  return { server, dataDir, text };
}

let shown: Shown;
before(async () => {
  shown = await showDemo();
});
after(async () => {
  await shown.server.stop();
  rmSync(shown.dataDir, { recursive: true, force: true });
});

/** What a heading is followed by, up to the next blank line. */
function paragraph(heading: string): string[] {
  const at = shown.text.indexOf(heading);
  assert.notEqual(at, -1, heading);
  return shown.text.slice(at).split("\n\n")[0]?.split("\n").slice(1) ?? [];
}

describe("the demo", () => {
  test("shows a run as a tree, with what failed, what is partial and what has no price", () => {
    const tree = paragraph("2  An agent works on a ticket");
    assert.match(tree[1] ?? "", /^acme-ticket-1 +support · acme +≥\d+\.\d+ +\d+\.\d+ +completed$/);
    assert.equal(tree.filter((line) => /─ model .* error$/.test(line)).length, 2);
    assert.equal(tree.filter((line) => line.endsWith("error, partial")).length, 1);
    assert.equal(tree.filter((line) => line.endsWith("UNPRICED")).length, 1);
    assert.ok(tree.some((line) => line.startsWith("├─ research")));
    assert.ok(tree.some((line) => line.startsWith("└─ outcome")));
  });

  test("shows the run that the README shows", () => {
    const readme = readFileSync(join(import.meta.dirname, "../../README.md"), "utf8");
    const [, block = ""] = /^## A run$.*?^```text\n(.*?)^```$/ms.exec(readme) ?? [];
    const tree = paragraph("2  An agent works on a ticket").map((line) => line.trimEnd());
    const last = tree.findIndex((line) => line.startsWith("└─"));
    assert.equal(block.trimEnd(), tree.slice(0, last + 1).join("\n"));
  });

  test("sends everything twice and counts it once", () => {
    const [again = "", witnessed = ""] = paragraph("3  The same work is reported again");
    assert.match(again, /^All (\d+) events sent again: \1 duplicate\.$/);
    assert.match(witnessed, /^(\d+) of the calls .*: \1 duplicate_call\.$/);
  });

  test("stops an agent in a loop at its cap, before it is spent, while others go on", () => {
    const lines = paragraph("4  Agents ask before each call");
    const stopped = lines.find((line) => line.startsWith("block: ")) ?? "";
    const [, spent = "", left = ""] = /has spent ([\d.]+), and ([\d.]+) of/.exec(stopped) ?? [];
    assert.ok(Number(left) > 0 && Number(spent) + Number(left) <= 0.03, stopped);
    const gauges = lines.filter((line) => line.startsWith("run-cap "));
    assert.equal(gauges.length, 3);
    assert.match(gauges[0] ?? "", /^run-cap +globex-ticket-1 +█+· /);
    for (const line of gauges.slice(1)) assert.match(line, /initech-question-[ab] +█·/);
  });

  test("a run that pauses at its cap finishes once the cap is raised from a terminal", () => {
    const lines = paragraph("5  Another run pauses at its cap");
    assert.match(lines[1] ?? "", /^umbrella-question-1 .* completed$/);
    const at = lines.findIndex((line) => line.startsWith("pause: "));
    assert.match(
      lines[at + 1] ?? "",
      /^ +tollgate resume umbrella-question-1 --raise patient-cap=/,
    );
    assert.match(lines[at + 2] ?? "", /Goes on: run umbrella-question-1, which was paused\.$/);
    assert.ok(
      lines.some((line) => /^patient-cap +umbrella-question-1 .* 0\.02 +USD cost/.test(line)),
    );
    for (const type of ["run.paused", "run.resumed"]) {
      assert.ok(lines.some((line) => line.startsWith(`   ${type} `) && line.includes("umbrella")));
    }
  });

  test("changes what a ticket is charged, and not what it costs us", () => {
    const rows = paragraph("   What the new card changes for this ticket");
    const row = (name: string) => rows.find((line) => line.startsWith(name)) ?? "";
    assert.match(row("our cost"), / =$/);
    assert.match(row("charged"), / \+\d+\.\d+$/);
    assert.match(row("searches"), /^searches +0\.00 +0\.04 +\+0\.04$/);
  });

  test("closes the period into a statement a customer, with export files", async () => {
    const { store } = shown.server;
    const statements = await store.listStatements(DEFAULT_WORKSPACE);
    const customers = ["acme", "globex", "initech", "umbrella"];
    assert.deepEqual(new Set(statements.map(({ customer }) => customer)), new Set(customers));
    for (const { id, digest } of statements)
      assert.ok(shown.text.includes(`${id}  sha256 ${digest}`));
    const folder = join(shown.dataDir, "exports");
    const files = readdirSync(folder);
    assert.equal(files.length, 2 * statements.length);
    for (const file of files) {
      assert.ok(shown.text.includes(join(folder, file)), file);
      assert.ok(readFileSync(join(folder, file), "utf8").includes("Resolved tickets"), file);
    }
  });

  test("sends the bills to Stripe, loses an answer, and reconciles to nothing that drifts", () => {
    const lines = paragraph("9  The bills go to Stripe");
    assert.equal(
      lines.filter((line) => line.startsWith("An answer was lost: unknown acme")).length,
      1,
    );
    const at = lines.indexOf("Nothing drifts.");
    assert.equal(lines[at + 1], "Lines read back: 4.");
    const rows = lines.slice(at + 3).filter((line) => / draft /.test(line));
    assert.equal(rows.length, 4);
    for (const row of rows) {
      const [, ours, theirs] = /^\w+ +([\d.]+) +in_\w+ +draft +\d+ +([\d.]+)$/.exec(row) ?? [];
      assert.equal(ours, theirs, row);
    }
  });

  test("shows the statement as every other connector would send it", () => {
    const shownFrom = shown.text.slice(shown.text.indexOf("10 The same statement"));
    for (const connector of shown.server.engine.exports.connectors) {
      if (connector === "stripe") continue;
      assert.match(shownFrom, new RegExp(`^${connector} \\((statement|rated|usage)\\)$`, "m"));
    }
    assert.match(shownFrom, /^POST https:\/\/erp\.acme\.example\/tollgate$/m);
    assert.doesNotMatch(shownFrom, /Missing:/, "each has all that it needs");
  });

  test("what it says to try next works as it is printed", async () => {
    const lines = shown.text.slice(shown.text.indexOf("Three things to try next")).split("\n");
    const commands = lines.filter((line) => line.startsWith("   ")).map((line) => line.trim());
    const [key = "", send = "", usage = "", apply = "", open = ""] = commands;
    assert.equal(commands.length, 5);
    const run = async (command: string) =>
      (await promisify(execFile)("bash", ["-c", `${key}; ${command}`])).stdout;
    assert.match(await run(send), /"status":"accepted"/);
    assert.match(await run(send), /"status":"duplicate"/);
    assert.match(await run(usage), /my-customer/);
    const [, path = ""] = /@(\S+)/.exec(apply) ?? [];
    const changed = join(shown.dataDir, "changed.json");
    writeFileSync(changed, readFileSync(path, "utf8").replace('"unit": "0.05"', '"unit": "0.07"'));
    await run(apply.replace(path, changed));
    assert.match(await run(open), /"charge":"0.07"/, "the run is opened under the changed card");
  });

  test("prints no control sequence off a terminal", () => {
    assert.ok(!shown.text.includes("\u001b"));
  });

  test("shows the same numbers every time", async () => {
    const other = await showDemo();
    try {
      assert.equal(withoutAccidents(other), withoutAccidents(shown));
    } finally {
      await other.server.stop();
      rmSync(other.dataDir, { recursive: true, force: true });
    }
  });
});

/** The text without addresses, folders, keys, digests, times and what depends on the clock. */
function withoutAccidents({ text, dataDir }: Shown): string {
  return text
    .replaceAll(dataDir, "DATA")
    .replace(/http:\/\/127\.0\.0\.1:\d+/g, "URL")
    .replace(/tg_[\w-]+/g, "KEY")
    .replace(/in_fake\d+/g, "INVOICE")
    .replace(/sha256 \w+/g, "DIGEST")
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "TIME")
    .replace(/took [\d.]+ s/, "TOOK");
}
