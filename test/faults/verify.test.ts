/**
 * Whatever row of a data folder is altered, removed or swapped, `tollgate verify` names its table
 * and key. Each case alters a fresh copy of one varied history.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { crc32 } from "node:zlib";
import { nodeDigest } from "../../src/compose.ts";
import { type StepPlace, textOfParts } from "../../src/domain/event/step-text.ts";
import { type Bound, rowText } from "../../src/store/stored-rows.ts";
import type { Finding } from "../../src/store/verify/findings.ts";
import { VERIFIED_TABLES, verifyDataFolder } from "../../src/store/verify/verify-data-folder.ts";
import { blindSpots, isTotalOfNothing } from "./alterations.ts";
import {
  columnsOf,
  findingsAfter,
  keyOf,
  placeOf,
  type Row,
  rowsOf,
  tablesOf,
} from "./altered-copy.ts";
import { originalFolder } from "./original-folder.ts";

const varied = originalFolder("verify");
const { original } = varied;

const isFull = process.env.TOLLGATE_TEST_FULL !== undefined;

/** The row that stands for its table; in the full test every row does. */
const SAMPLES: Readonly<Record<string, (row: Row) => boolean>> = {
  runs: (row) => row.id === "r3",
  outcomes: (row) => row.status === "recorded",
  steps: (row) => row.labels_no !== null,
  counters: (row) => row.amount !== "0",
  rollups: (row) => row.charge !== "0",
  conflicts: (row) => row.settled === null,
  price_versions: (row) => row.effective_from !== null,
};

function rowsToAlter(table: string): Row[] {
  // A name that one step alone uses cannot be told from that step: the step is named then.
  const isTold = (row: Row) => table !== "names" || (row.uses as number) > 1;
  const all = rowsOf(varied.db, table).filter(
    (row) => isTold(row) && !isTotalOfNothing(table, row),
  );
  if (isFull) return all;
  return all.filter(SAMPLES[table] ?? (() => true)).slice(0, 1);
}

describe("a data folder that nobody touched", () => {
  test("has rows in every table, all of them are checked, and nothing is found", () => {
    const { checked, findings } = verifyDataFolder(original);
    assert.deepEqual(findings, []);
    assert.deepEqual(Object.keys(checked).sort(), tablesOf(varied.db));
    for (const table of tablesOf(varied.db)) {
      assert.equal(checked[table], rowsOf(varied.db, table).length, table);
      assert.ok(checked[table] > 0, table);
    }
  });

  test("may be open in a server meanwhile", () => {
    varied.db.exec("BEGIN IMMEDIATE; UPDATE runs SET own_cost = '1'");
    assert.deepEqual(verifyDataFolder(original).findings, []);
    varied.db.exec("ROLLBACK");
  });
});

describe("a row that was altered in any column is named", () => {
  for (const table of VERIFIED_TABLES) {
    test(`in ${table}`, () => {
      const rows = rowsToAlter(table);
      assert.ok(rows.length > 0, `${table} has a row to alter`);
      for (const row of rows) assert.deepEqual(blindSpots(varied, table, row), []);
    });
  }
});

/** Columns of a row that hold a JSON document. */
function documentsOf(row: Row): string[] {
  const isDocument = (value: unknown) => typeof value === "string" && /^[{[]/.test(value);
  return Object.keys(row).filter((name) => isDocument(row[name]));
}

describe("a row whose text broke off is named, and the others are looked at", () => {
  for (const table of VERIFIED_TABLES) {
    test(`in ${table}`, () => {
      for (const row of rowsOf(varied.db, table).slice(0, isFull ? undefined : 2)) {
        const { where, values } = placeOf(varied.db, table, row);
        for (const name of documentsOf(row)) {
          const findings = findingsAfter(original, (copy) => {
            const sql = `UPDATE ${table} SET ${name} = ? WHERE ${where}`;
            copy.prepare(sql).run(String(row[name]).slice(0, -1), ...values);
          });
          const about = `${table} ${keyOf(table, row)} ${name}: ${JSON.stringify(findings)}`;
          assert.ok(named(findings, table).includes(keyOf(table, row)), about);
        }
      }
    });
  }
});

function named(findings: readonly Finding[], table: string): string[] {
  return findings.filter((found) => found.table === table).map(({ key }) => key);
}

/** Removed whole, these leave no trace: the chain covers what counts, and the journal. */
const UNSEALED: ReadonlySet<string> = new Set([
  ...["witnesses", "conflicts", "api_keys", "signing_keys", "holds"],
  ...["alert_cursors", "alert_deliveries"],
  // Of lines, only one that others follow is missed ("export lines", below).
  ...["export_lines", "export_secrets", "export_attempts"],
]);

describe("a row that was removed is named", () => {
  for (const table of VERIFIED_TABLES.filter((name) => !UNSEALED.has(name))) {
    test(`from ${table}`, () => {
      for (const row of rowsToAlter(table)) {
        const { where, values } = placeOf(varied.db, table, row);
        const findings = findingsAfter(original, (copy) => {
          copy.prepare(`DELETE FROM ${table} WHERE ${where}`).run(...values);
        });
        const about = keysOfRemoved(table, row);
        const isNamed = named(findings, table).some((key) => about.includes(key));
        assert.ok(isNamed, `${table} ${keyOf(table, row)}: ${JSON.stringify(findings)}`);
      }
    });
  }
});

/** What is gone is named by what is left of it: a seq, a number, or the run that it belongs to. */
function keysOfRemoved(table: string, row: Row): string[] {
  const { workspace, seq, ws, run_no: runNo, run, customer, origin_period: origin } = row;
  const others: Readonly<Record<string, string>> = {
    steps: `${workspace}/seq ${seq}`,
    workspaces: `ws ${ws}`,
    runs: `run_no ${runNo}`,
    suspended: `${workspace}/${run}`,
    adjustments: `${workspace}/${customer}/${origin}`,
  };
  return [keyOf(table, row), others[table] ?? ""];
}

const SWAPS = [
  { table: "runs", column: "own_cost" },
  { table: "runs", column: "tree_charge" },
  { table: "counters", column: "amount" },
  { table: "rollups", column: "charge" },
  { table: "statements", column: "total" },
  { table: "adjustments", column: "amount" },
];

/** Two rows of a table with different amounts. */
function twoDiffering(table: string, column: string): [Row, Row] {
  const [first, ...others] = rowsOf(varied.db, table).filter((row) => row[column] !== "0");
  const second = others.find((row) => row[column] !== first?.[column]);
  assert.ok(first !== undefined && second !== undefined, `${table} has two amounts`);
  return [first, second];
}

describe("what was altered with care is found", () => {
  test("export lines: one is gone that others follow, or counts for something else", () => {
    const change = (sql: string) => findingsAfter(original, (copy) => void copy.exec(sql));
    const gone = change("DELETE FROM export_lines WHERE no = 1");
    assert.ok(
      gone.some(({ problem }) => problem.includes("one is gone")),
      JSON.stringify(gone),
    );
    const [row] = rowsOf(varied.db, "export_lines").filter(({ state }) => state === "superseded");
    const { checksum: _, workspace: __, ...values } = { ...row, state: "voided" } as Row;
    const checksum = crc32(rowText(Object.values(values) as Bound[]));
    const set = `SET state = 'voided', checksum = ${checksum} WHERE key = '${row?.key}'`;
    const forged = change(`UPDATE export_lines ${set}`);
    assert.ok(forged.some(({ problem }) => problem.includes("its lines are")));
  });

  test("two amounts swapped between rows", () => {
    for (const { table, column } of SWAPS) {
      const [a, b] = twoDiffering(table, column);
      const [one, other] = [placeOf(varied.db, table, a), placeOf(varied.db, table, b)];
      const findings = findingsAfter(original, (copy) => {
        const set = (where: string) =>
          copy.prepare(`UPDATE ${table} SET ${column} = ? WHERE ${where}`);
        set(one.where).run(b[column] as string, ...one.values);
        set(other.where).run(a[column] as string, ...other.values);
      });
      const keys = named(findings, table);
      for (const row of [a, b]) assert.ok(keys.includes(keyOf(table, row)), `${table}.${column}`);
    }
  });

  test("a step whose checksum was made to fit: the chain does not", () => {
    const row =
      rowsOf(varied.db, "steps").find(({ facets }) => String(facets).startsWith("research")) ?? {};
    const body = String(row.body).replace("M300", "M301");
    assert.notEqual(body, row.body);
    const { run, source, id, customer, seq } = row as Record<string, string> & { seq: number };
    const place = { run, source, id, customer, seq } as StepPlace;
    const text = textOfParts(place, { facets: String(row.facets), body, labels: "" });
    const findings = findingsAfter(original, (copy) => {
      const sql = "UPDATE steps SET body = ?, checksum = ? WHERE step_no = ?";
      copy.prepare(sql).run(body, nodeDigest.checksum(text), row.step_no as number);
    });
    assert.deepEqual(named(findings, "steps"), []);
    assert.deepEqual(named(findings, "chain"), [`default/${seq}`]);
  });

  test("a former version whose checksum was made to fit, or that was taken out whole", () => {
    for (const table of ["former_runs", "former_outcomes"]) {
      const [row] = rowsOf(varied.db, table);
      assert.ok(row !== undefined, `${table} has a row`);
      const { workspace: _, checksum: _sum, ...rest } = row;
      const document = String(row.document).replace(/"sinceSeq":/, '"sinceSeq":9');
      assert.notEqual(document, row.document);
      const values = columnsOf(varied.db, table).flatMap(({ name }) => {
        if (name === "checksum") return [];
        return [name === "document" ? document : (rest[name] as string | number)];
      });
      const { where, values: key } = placeOf(varied.db, table, row);
      const findings = findingsAfter(original, (copy) => {
        const sql = `UPDATE ${table} SET document = ?, checksum = ? WHERE ${where}`;
        copy.prepare(sql).run(document, nodeDigest.checksum(rowText(values)), ...key);
      });
      assert.deepEqual(named(findings, table), [], "the row by itself is in order");
      const link = `default/${(row.until_seq as number) + 1}`;
      assert.deepEqual(named(findings, "chain"), [link], table);
      const removed = findingsAfter(original, (copy) => {
        copy.prepare(`DELETE FROM ${table} WHERE ${where}`).run(...key);
      });
      assert.ok(named(removed, "chain").includes(link), `${table}: taken out`);
    }
  });

  test("a chain whose last links are gone", () => {
    const after = "SELECT min(first_seq) FROM chain WHERE ws = 1 AND first_seq > 60";
    const findings = findingsAfter(original, (copy) => {
      copy.exec(`DELETE FROM chain WHERE ws = 1 AND first_seq >= (${after})`);
    });
    // A link may seal no row that stands; the first row that none seals is named.
    const rows = `SELECT seq FROM journal WHERE ws = 1 AND seq >= (${after})
      UNION SELECT s.seq FROM steps s JOIN runs r USING (run_no)
      WHERE r.ws = 1 AND s.seq >= (${after})`;
    const first = varied.db.prepare(`SELECT min(seq) AS seq FROM (${rows})`).get();
    assert.deepEqual(named(findings, "chain"), [`default/${first?.seq}`]);
    assert.deepEqual(named(findings, "workspaces"), ["default"]);
  });
});
