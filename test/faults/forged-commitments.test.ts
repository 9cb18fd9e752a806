/**
 * Statements that draw commitments otherwise than their usage says, sealed and hashed as if they
 * were sound: `tollgate verify` draws again by code of its own.
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { nodeDigest } from "../../src/compose.ts";
import { canonicalJson } from "../../src/domain/canonical-json.ts";
import { runAct } from "../../src/engine/commit/act.ts";
import { newCustomer } from "../../src/engine/customers/customer-defaults.ts";
import { openSqliteStore } from "../../src/store/sqlite/sqlite-store.ts";
import { verifyDataFolder } from "../../src/store/verify/verify-data-folder.ts";
import { actContext } from "./act-context.ts";

const folder = mkdtempSync(join(tmpdir(), "tollgate-commitments-"));
after(() => rmSync(folder, { recursive: true }));
let folders = 0;

const TERMS = {
  ...{ key: "c", name: "C", kind: "minimum", per: "period", amount: "20", currency: "USD" },
  ...{ charges: null, overagePercent: "120", from: "2026-11-01", until: null },
};
const PART = {
  ...{ key: "c", name: "C", kind: "minimum", per: "period", period: "2026-11-01" },
  ...{ amount: "20", overagePercent: "120", usage: "30", drawn: "20", overage: "10" },
  ...{ trueUp: "0", drawnTotal: "20", left: "0" },
};

function lineOf(kind: string, chargeKey: string, amount: string): object {
  const at = { cardKey: "", chargeKey, cell: "", description: kind, originPeriod: null };
  const amounts = { amountExact: amount, amountRounded: amount };
  return { ...at, kind, measure: null, quantity: null, ...amounts };
}

const LINES = [lineOf("charge", "calls", "30"), lineOf("overage", "c", "2")];

interface Forged {
  readonly terms?: readonly object[];
  readonly parts?: readonly object[];
  readonly lines?: readonly object[];
  readonly total?: string;
}

const UNCOUNTED = ": its lines do not tell what was counted at the close, which is nothing";

/** What is found in statements where this one was closed. */
async function findingsOf(forged: Forged): Promise<string[]> {
  folders += 1;
  const dataDir = join(folder, String(folders));
  const store = openSqliteStore({ dataDir, digest: nodeDigest });
  const clock = { nowMs: () => Date.UTC(2026, 11, 2) };
  const context = actContext(store, clock);
  await store.createWorkspace("w");
  const { terms = [TERMS], parts = [PART], lines = LINES, total = "32" } = forged;
  await runAct(context, "w", async ({ state, journal }) => {
    const customer = newCustomer("acme", 0);
    state.customers.set("acme", customer);
    journal("customer.saved", "acme", customer);
    journal("commitments.saved", "acme", { customer: "acme", commitments: terms });
  });
  const about = { customer: "acme", period: "2026-11-01", currency: "USD" };
  const times = { startsAt: "2026-11-01T00:00:00Z", endsAt: "2026-12-01T00:00:00Z" };
  const commitments = parts.length === 0 ? {} : { commitments: parts };
  const sums = { total, totalExact: total };
  const document = canonicalJson({ ...about, ...times, lines, ...sums, ...commitments });
  const digest = nodeDigest.sha256(document);
  const id = `st_${nodeDigest.sha256("acme\u00002026-11-01").slice(0, 20)}`;
  await runAct(context, "w", async ({ extra, state, journal }) => {
    const closedAtMs = state.receivedAtMs;
    extra.statements = [{ id, ...about, closedAtMs, total, document, digest }];
    const closed = { customer: "acme", period: "2026-11-01", closedAtMs, statementId: id };
    state.periods.set("acme", closed);
    journal("period.closed", id, { ...closed, total, currency: "USD", digest });
  });
  await store.close();
  const { findings } = verifyDataFolder(dataDir);
  const found = findings.filter(({ table }) => table === "statements");
  // The usage that these lines tell of is in no step here, which is found of each, and no matter.
  const problems = found.map(({ problem }) => problem);
  const others = problems.filter((problem) => !problem.endsWith(UNCOUNTED));
  const charges = lines.filter((line) => "kind" in line && line.kind === "charge");
  assert.equal(problems.length - others.length, charges.length);
  return others;
}

test("a statement that draws what its usage comes to is sound", async () => {
  assert.deepEqual(await findingsOf({}), []);
});

test("a part of a commitment that is not what usage comes to is found by its name", async () => {
  for (const name of ["usage", "drawn", "overage", "trueUp", "drawnTotal", "left"] as const) {
    const found = await findingsOf({ parts: [{ ...PART, [name]: "7" }] });
    assert.deepEqual(found, [`${name} of the commitment "c" is not what its usage comes to`]);
  }
});

test("a line that is not what was drawn, beyond or missing is found", async () => {
  const [charge = {}] = LINES;
  const wrong = "its lines are not what was drawn, beyond or missing";
  const low = await findingsOf({ lines: [charge, lineOf("overage", "c", "1")], total: "31" });
  assert.deepEqual(low, [`overage c: ${wrong}`]);
  const owed = [...LINES, lineOf("true_up", "c", "5")];
  assert.deepEqual(await findingsOf({ lines: owed, total: "37" }), [`true_up c: ${wrong}`]);
  const taken = [...LINES, lineOf("commitment", "c", "-20")];
  assert.deepEqual(await findingsOf({ lines: taken, total: "12" }), [`commitment c: ${wrong}`]);
});

test("a commitment that nobody has set, or that is passed over, is found", async () => {
  const none = await findingsOf({ terms: [] });
  assert.deepEqual(none.slice(0, 2), [
    "tells of 1 commitments, not of 0",
    'draws the commitment "c", which does not hold then',
  ]);
  const passed = await findingsOf({ parts: [], lines: LINES.slice(0, 1), total: "30" });
  assert.equal(passed[0], "tells of 0 commitments, not of 1");
});
