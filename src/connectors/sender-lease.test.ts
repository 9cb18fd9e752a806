/** How long a sender has its lines for itself, to the millisecond. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Capability } from "../domain/export/capability.ts";
import { EXPORT_LEASE_MS, EXPORT_TIMEOUT_MS } from "../domain/limits.ts";
import { runExport } from "../engine/export/run-export.ts";
import { sendBatch } from "../engine/export/send-lines.ts";
import { MemoryOutbox } from "../store/memory/memory-outbox.ts";
import { ledgerAccount, ledgerConnector } from "./fake-ledger-contract.ts";
import { ScriptedWorld, WORKSPACE } from "./scripted-world-contract.ts";

const DAY_MS = 24 * 3_600_000;
const CAPABILITY: Omit<Capability, "mode"> = {
  ...{ batchMaxCount: 1, batchMaxBytes: 64 * 1024, dedup: { windowMs: 0 }, values: "delta" },
  ...{ numbers: { scale: 3, significantDigits: null, negative: true }, pastMaxMs: null },
  ...{ validation: "sync", readBack: { kind: "line", lagMs: 1_000 }, settlesAfterMs: 60_000 },
  pace: { concurrency: 1, perEntityConcurrency: null, perSecond: null },
};

/** A world with a line that is ready. */
async function ready() {
  const world = new ScriptedWorld(
    {
      connector: ledgerConnector(CAPABILITY),
      outbox: new MemoryOutbox(),
      account: (of) => ledgerAccount(of, CAPABILITY),
      grain: 1n,
    },
    7,
  );
  world.ledger.add("acme", "tokens", { atMs: world.nowMs, by: 10n ** 33n });
  world.pass(2 * DAY_MS);
  const { context, open } = world.sender();
  const refusing = { ...open.session, http: { send: async () => NOT_SENT } };
  await runExport(context, { ...open, session: refusing }, { customer: null });
  world.pass(DAY_MS);
  const [line] = await world.outbox.lines(WORKSPACE, { target: "t", limit: 9 });
  assert.equal(line?.state, "ready");
  return { world, line };
}

const NOT_SENT = { kind: "not_sent", reason: "no connection" } as const;

test("a claim is another sender's to take up when it ends, and not a moment before", async () => {
  const { world, line } = await ready();
  const { context, open } = world.sender();
  const { promise: isUnderWay, resolve } = Promise.withResolvers<void>();
  const send = () => {
    resolve();
    return new Promise<never>(() => undefined);
  };
  void sendBatch(context, { ...open, session: { ...open.session, http: { send } } }, [line]);
  await isUnderWay;
  const stateOf = async () => (await world.outbox.line(WORKSPACE, line.key))?.state;
  for (const [ms, state] of [
    [EXPORT_LEASE_MS - 1, "in_flight"],
    [1, "unknown"],
  ] as const) {
    world.nowMs += ms;
    const other = world.sender();
    await runExport(other.context, other.open, { customer: null });
    assert.equal(await stateOf(), state);
  }
});

test("nothing leaves when its claim may end before it is answered", async () => {
  for (const [asleepMs, isSent] of [
    [EXPORT_LEASE_MS - EXPORT_TIMEOUT_MS - 1, true],
    [EXPORT_LEASE_MS - EXPORT_TIMEOUT_MS, false],
  ] as const) {
    const { world, line } = await ready();
    const { context, open } = world.sender();
    const sleepy = {
      ...open.connector,
      send: (...[lines, session]: Parameters<typeof open.connector.send>) => {
        world.nowMs += asleepMs;
        return open.connector.send(lines, session);
      },
    };
    await sendBatch(context, { ...open, connector: sleepy }, [line]);
    assert.equal(world.fake.total("acme", "tokens") > 0n, isSent);
  }
});
