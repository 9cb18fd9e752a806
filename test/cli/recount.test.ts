/** `tollgate recount` as its users type it; what it sets is proved in test/faults. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { dispatch } from "../../src/cli/dispatch.ts";
import { PLAIN_STYLES } from "../../src/cli/render/styles.ts";
import { openProduct } from "../../src/product.ts";

const data = mkdtempSync(join(tmpdir(), "tollgate-cli-recount-"));
after(() => rmSync(data, { recursive: true, force: true }));

const BALANCE = { workspace: "main", budget: "cap", scope: "acme", window: "" };
const FOUND = [{ ...BALANCE, difference: "-5", overruns: "0" }];

async function tollgate(words: readonly string[], found: typeof FOUND | null = null) {
  let [out, err] = ["", ""];
  const real = openProduct();
  const product = found === null ? real : { ...real, recount: async () => found };
  const code = await dispatch(["recount", ...words], {
    product,
    out: { write: (text) => (out += text) },
    err: { write: (text) => (err += text) },
    styles: PLAIN_STYLES,
    environment: { TOLLGATE_DATA: data },
  });
  return { code, out, err };
}

test("balances are counted again, and none is set unasked", async () => {
  const { code, out } = await tollgate([]);
  assert.deepEqual([code, out], [0, "Every balance is what its steps say.\n"]);
  const json = await tollgate(["--json"]);
  assert.deepEqual(JSON.parse(json.out), { isApplied: false, balances: [] });
  const unsaid = await tollgate(["--apply"]);
  assert.equal(unsaid.code, 2);
  assert.match(unsaid.err, /--reason and --by are missing/);
});

test("what differs is told, and what was set", async () => {
  const seen = await tollgate([], FOUND);
  assert.match(seen.out, /main +cap +acme +-5 +0/);
  assert.match(seen.out, /1 balance would be set: tollgate recount --apply/);
  const set = await tollgate(["--apply", "--reason", "counted twice", "--by", "anna"], FOUND);
  assert.match(set.out, /1 balance set\. Check: tollgate verify/);
});
