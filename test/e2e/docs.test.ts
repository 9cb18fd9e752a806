/**
 * The documents say what the code does. Examples whose fence names a task are carried out, in
 * order, against a real server on a fresh data folder, one for each document:
 *
 *   sh run        runs in a shell; every command must succeed
 *   json event    is sent as an event (or a list); none may be refused
 *   json card     is applied as a rate card; `json prices` is imported into the price book
 *   json answer   is part of what the block before it printed or was answered
 *   text answer   so is every line of it
 *   json charge   is a charge; the table below it gives quantities and what they come to
 *   json price    is the price model of such a charge
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { dispatch } from "../../src/cli/dispatch.ts";
import { stylesFor } from "../../src/cli/render/styles.ts";
import { type Running, startTollgate } from "../../src/compose.ts";
import * as databaseLimits from "../../src/domain/database-limits.ts";
import { STEP_KINDS } from "../../src/domain/event/event.ts";
import { INPUT_BUCKETS, OUTPUT_BUCKETS } from "../../src/domain/event/usage.ts";
import * as documentLimits from "../../src/domain/limits.ts";
import { type Amount, formatAmount, parseAmount } from "../../src/domain/money/decimal.ts";
import { compileCard } from "../../src/domain/rating/meter.ts";
import { parseRateCard } from "../../src/domain/rating/parse-rate-card.ts";
import { closedAmount } from "../../src/domain/rating/price-model.ts";
import * as connectionLimits from "../../src/http/connection-limits.ts";
import { ALL_ROUTES } from "../../src/http/routes/all.ts";
import { USAGE_FORMATS } from "../../src/ingest/provider-response/map.ts";
import { openProduct } from "../../src/product.ts";
import {
  type Block,
  blocksOf,
  deadLinks,
  documentPaths,
  missingPaths,
  readDocument,
  tableRows,
} from "./doc-blocks.ts";
import { DocShell, hasShell } from "./doc-shell.ts";

/** The examples' now: their dates are fixed, and the periods that they close have ended. */
const NOW_MS = Date.parse("2026-11-15T12:00:00Z");

/** What the examples of one document work on. */
interface Desk {
  readonly server: Running;
  readonly shell: DocShell;
  readonly key: string;
  /** What the block before printed or was answered. */
  last: string;
}

async function post({ server, key }: Desk, path: string, body: string): Promise<string> {
  const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
  const response = await fetch(server.url + path, { method: "POST", headers, body });
  const text = await response.text();
  assert.ok(response.ok, text);
  return text;
}

const TASKS: Readonly<Record<string, (desk: Desk, block: Block) => Promise<void> | void>> = {
  "sh run": async (desk, { text }) => {
    desk.last = await desk.shell.run(text);
    assert.ok(!desk.last.includes('"status":"rejected"'), desk.last);
    assert.ok(!desk.last.includes("urn:tollgate:error:"), desk.last);
  },
  "json event": async (desk, { text }) => {
    const isList = text.trimStart().startsWith("[");
    desk.last = await post(desk, "/v1/events", isList ? text : `[${text}]`);
    assert.ok(!desk.last.includes('"error"'), desk.last);
  },
  "json card": async (desk, { text }) => {
    desk.last = await post(desk, "/v1/rate-cards", text);
  },
  "json prices": async (desk, { text }) => {
    desk.last = await post(desk, "/v1/prices", text);
  },
  "json answer": ({ last }, { text }) => {
    assertWithin(JSON.parse(last), JSON.parse(text), "answer");
  },
  "text answer": ({ last }, { text }) => {
    const printed = last.split(/\r?\n/).map((line) => line.trimEnd());
    for (const line of text.trimEnd().split("\n")) {
      assert.ok(printed.includes(line.trimEnd()), `${line}\nis not printed:\n${last}`);
    }
  },
  "json price": (_desk, { text, after }) => {
    const price = JSON.parse(text);
    checkWorked({ key: "c", meter: meterFor(price), price }, workedRows(after));
  },
  "json charge": (_desk, { text, after }) => checkWorked(JSON.parse(text), workedRows(after)),
};

/** Everything that the example shows stands in the answer; the answer may have more. */
function assertWithin(actual: unknown, shown: unknown, path: string): void {
  if (typeof shown !== "object" || shown === null) {
    assert.deepEqual(actual, shown, path);
    return;
  }
  assert.ok(typeof actual === "object" && actual !== null, `${path}: ${actual}`);
  for (const [name, value] of Object.entries(shown)) {
    assertWithin((actual as Record<string, unknown>)[name], value, `${path}.${name}`);
  }
}

function meterFor({ model }: { readonly model: string }): object {
  if (model === "markup") return { sum: "cost" };
  return model === "percentage" ? { sum: "order_value" } : { count: "steps" };
}

/** The table below an example, up to the next heading. */
function workedRows(after: string): string[][] {
  return tableRows(after.split(/^#+ /m)[0] ?? "");
}

const CREDIT = { name: "tokens", price: "0.01" };

/** Rows of quantity, what it comes to while the period is open, and at its close. */
function checkWorked(charge: object, rows: readonly string[][]): void {
  const parsed = parseRateCard({ key: "k", currency: "USD", charges: [charge], credit: CREDIT });
  if ("problems" in parsed) assert.fail(JSON.stringify(parsed.problems));
  const { card } = parsed;
  const [read] = card.charges;
  assert.ok(read !== undefined && rows.length > 0);
  const compiled = compileCard({ ...VERSION, card });
  for (const [quantity = "", open, closed] of rows) {
    const [amount = "", cell = ""] = quantity.split(" ");
    const units = parseAmount(amount);
    assert.ok(units !== undefined, quantity);
    const { measure, price } = compiled.segmentPrice(read.key, cell.replace("/", " | "));
    const total = measure === "sum:cost" ? units : units / 10n ** 24n;
    const worked: Amount[] = [price.amountAt(total), closedAmount(price, total)];
    assert.deepEqual(
      worked.map(formatAmount),
      [open, closed],
      `${read.price.model} of ${quantity}`,
    );
  }
}

const AT_ONCE = { effectiveFromMs: 0, takesEffect: "at_once", recordedAtMs: 0 } as const;
const VERSION = { id: 1, version: 1, ...AT_ONCE, document: "", override: null };

async function carryOut(path: string): Promise<void> {
  const dataDir = mkdtempSync(join(tmpdir(), "tollgate-docs-"));
  const clock = { nowMs: () => NOW_MS };
  const privateTargets = ["127.0.0.0/8"];
  const server = await startTollgate({ dataDir, port: 0, clock, privateTargets });
  const key = server.passingKey(["ingest", "read", "admin"]);
  const environment = { TOLLGATE_URL: server.url, TOLLGATE_KEY: key, TOLLGATE_DATA: dataDir };
  const shell = await DocShell.start(environment);
  const desk: Desk = { server, shell, key, last: "" };
  try {
    for (const block of blocksOf(path)) {
      try {
        await TASKS[block.info]?.(desk, block);
      } catch (cause) {
        const detail = cause instanceof Error ? cause.message : String(cause);
        throw new Error(`${block.place} (${block.info}): ${detail}`, { cause });
      }
    }
  } finally {
    shell.stop();
    await server.stop();
    rmSync(dataDir, { recursive: true, force: true });
  }
}

/** What the command line says of itself, or of one command. */
async function help(...command: string[]): Promise<string> {
  let text = "";
  const out = { isTTY: false, write: (more: string) => (text += more) };
  const styles = stylesFor(out, {});
  const here = { product: openProduct(), out, err: out, styles, environment: {} };
  await dispatch(["help", ...command], here);
  return text;
}

describe("the documents", () => {
  const missing = hasShell() || process.env.CI ? false : "bash and curl are not installed";
  for (const path of documentPaths()) {
    if (!blocksOf(path).some(({ info }) => info in TASKS)) continue;
    test(`every example of ${path} works`, { skip: missing }, () => carryOut(path));
  }

  test("every task of an example is known", () => {
    for (const { info, place } of documentPaths().flatMap(blocksOf)) {
      assert.ok(!info.includes(" ") || info in TASKS, `${place}: ${info}`);
    }
  });

  test("every link leads somewhere", () => {
    const dead = documentPaths().flatMap((path) => deadLinks(path).map((to) => `${path}: ${to}`));
    assert.deepEqual(dead, []);
  });

  test("every path that is named exists", () => {
    const gone = documentPaths().flatMap((path) =>
      missingPaths(path).map((to) => `${path}: ${to}`),
    );
    assert.deepEqual(gone, []);
  });

  test("every decision is linked from the index of decisions", () => {
    const index = readDocument("docs/decisions/README.md");
    for (const path of documentPaths()) {
      const name = /^docs\/decisions\/(\d{4}-.*\.md)$/.exec(path)?.[1];
      if (name !== undefined) assert.ok(index.includes(`(${name})`), name);
    }
  });

  test("docs/bounds.md lists every limit with its value, and no other", () => {
    const listed = new Map(
      tableRows(readDocument("docs/bounds.md")).map(([name = "", value = ""]) => [name, value]),
    );
    const limits = { ...documentLimits, ...databaseLimits, ...connectionLimits };
    const wanted = Object.entries(limits).map(([name, value]) => [name, String(value)] as const);
    const plain = [...listed].map(([name, value]) => [name, value.replaceAll(",", "")] as const);
    assert.deepEqual(new Map(plain), new Map(wanted));
  });

  test("docs/http.md lists every route with its scope, and no other", () => {
    const listed = tableRows(readDocument("docs/http.md")).map(([route, scope]) => {
      return `${route} ${scope}`;
    });
    const wanted = ALL_ROUTES.map(({ method, path, scope }) => `${method} ${path} ${scope ?? "–"}`);
    assert.deepEqual(listed.filter((row) => /^[A-Z]+ \//.test(row)).sort(), wanted.sort());
  });

  test("docs/cli.md lists every command and every option", async () => {
    const text = readDocument("docs/cli.md");
    const overview = await help();
    const names = [...overview.matchAll(/^ {2}([a-z-]+) {2,}/gm)].map((match) => match[1] ?? "");
    assert.ok(names.includes("serve") && names.length > 10);
    for (const name of names) {
      const told = (await help(name)).replaceAll("\n    | ", " | ");
      const [usage = "", ...details] = told.split("\n");
      assert.ok(text.includes(`\`${usage}\``), usage);
      const options = details.flatMap((line) => /^ {2}(--[a-z]+)/.exec(line)?.[1] ?? []);
      for (const option of options) assert.ok(text.includes(option), `${name} ${option}`);
    }
  });

  test("docs/send-events.md names every kind, bucket and usage format", () => {
    const text = readDocument("docs/send-events.md");
    const names = [...STEP_KINDS, ...INPUT_BUCKETS, ...OUTPUT_BUCKETS, ...USAGE_FORMATS];
    const left = names.filter((name) => !text.includes(`\`${name}\``));
    assert.deepEqual(left, []);
  });
});
