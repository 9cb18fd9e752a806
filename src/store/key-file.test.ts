import assert from "node:assert/strict";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { keyFile, secretKeyFile } from "./key-file.ts";

test("a key is made once, for its owner alone, and is another one in another folder", () => {
  const [one, other] = [0, 1].map(() => mkdtempSync(join(tmpdir(), "tollgate-key-")));
  assert.ok(one !== undefined && other !== undefined);
  const key = keyFile(one, "payment-key");
  assert.equal(key.length, 32);
  assert.deepEqual(keyFile(one, "payment-key"), key);
  assert.notDeepEqual(keyFile(other, "payment-key"), key);
  const text = secretKeyFile(one);
  assert.equal(Buffer.from(text, "base64").length, 32);
  assert.equal(secretKeyFile(one), text);
  assert.notEqual(secretKeyFile(other), text);
  for (const name of ["payment-key", "secret-key"]) {
    assert.equal(statSync(join(one, name)).mode & 0o777, 0o600);
  }
  for (const folder of [one, other]) rmSync(folder, { recursive: true });
});
