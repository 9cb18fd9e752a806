import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { TollgateError } from "../domain/errors.ts";
import type { ApiKey } from "../engine/ports.ts";
import { Authenticator, requireScope } from "./authenticator.ts";
import { KEY_REMEMBERED_MS, KEYS_REMEMBERED_MAX_COUNT } from "./connection-limits.ts";

const SECRET = `tg_${"a".repeat(43)}`;
const HEADER = `Bearer ${SECRET}`;
const KEY: ApiKey = {
  ...{ id: "k", hash: "h", workspace: "w", label: "", createdAtMs: 0, revokedAtMs: null },
  scopes: ["ingest"],
};

const refusal = (code: string) => (error: unknown) =>
  error instanceof TollgateError && error.code === code;

function setUp() {
  const state = { nowMs: 0, isRevoked: false, lookups: 0 };
  const authenticate = async (): Promise<ApiKey> => {
    state.lookups += 1;
    if (state.isRevoked) throw new TollgateError("auth.invalid", "revoked");
    return KEY;
  };
  return { state, authenticator: new Authenticator({ authenticate }, () => state.nowMs) };
}

describe("the authenticator", () => {
  test("a key is looked up once and then remembered for a while", async () => {
    const { state, authenticator } = setUp();
    assert.equal(authenticator.recall(HEADER), undefined);
    assert.equal(await authenticator.identify(HEADER), KEY);
    assert.equal(await authenticator.identify(HEADER), KEY);
    assert.equal(authenticator.recall(HEADER), KEY);
    assert.equal(state.lookups, 1);
    state.nowMs = KEY_REMEMBERED_MS;
    assert.equal(authenticator.recall(HEADER), undefined);
    assert.equal(authenticator.lastKnown(HEADER), KEY, "though nothing is done by it");
    authenticator.forget();
    assert.equal(authenticator.lastKnown(HEADER), undefined);
  });

  test("after a revocation nothing is remembered", async () => {
    const { state, authenticator } = setUp();
    await authenticator.identify(HEADER);
    state.isRevoked = true;
    authenticator.forget();
    await assert.rejects(authenticator.identify(HEADER), refusal("auth.invalid"));
  });

  test("a look-up that a revocation overtakes is not remembered", async () => {
    const { authenticator } = setUp();
    const underway = authenticator.identify(HEADER);
    authenticator.forget();
    await underway;
    assert.equal(authenticator.recall(HEADER), undefined);
  });

  test("however many keys are used, a bounded number is remembered", async () => {
    const { authenticator } = setUp();
    const header = (index: number) => `${HEADER}${index}`;
    for (let n = 0; n <= KEYS_REMEMBERED_MAX_COUNT; n += 1) await authenticator.identify(header(n));
    assert.equal(authenticator.recall(header(0)), undefined);
    assert.equal(authenticator.recall(header(KEYS_REMEMBERED_MAX_COUNT)), KEY);
  });

  test("what is no bearer of ours is refused without a look-up", async () => {
    const { state, authenticator } = setUp();
    await assert.rejects(authenticator.identify(undefined), refusal("auth.missing"));
    await assert.rejects(authenticator.identify(""), refusal("auth.missing"));
    for (const header of ["Bearer", "Bearer x", SECRET, `Basic ${SECRET}`, `${HEADER} x`]) {
      await assert.rejects(authenticator.identify(header), refusal("auth.invalid"), header);
    }
    assert.equal(state.lookups, 0);
    assert.equal(await authenticator.identify(`bearer ${SECRET}`), KEY);
  });

  test("admin includes every scope, the others only themselves", () => {
    assert.doesNotThrow(() => requireScope(KEY, "ingest"));
    assert.throws(() => requireScope(KEY, "read"), refusal("auth.forbidden"));
    assert.throws(() => requireScope({ ...KEY, scopes: [] }, "ingest"), refusal("auth.forbidden"));
    for (const scope of ["ingest", "read", "admin"] as const) {
      assert.doesNotThrow(() => requireScope({ ...KEY, scopes: ["admin"] }, scope));
    }
  });
});
