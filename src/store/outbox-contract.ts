/** The outbox: who comes second writes nothing, and what is written comes back. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { anyCodePoint } from "../domain/code-points-contract.ts";
import type { ExportAttempt } from "../domain/export/attempt.ts";
import { type ExportLine, LINE_STATES } from "../domain/export/export-line.ts";
import type { LineFilter, Outbox } from "../engine/export/export-ports.ts";
import { anyId } from "./arbitrary-rows-contract.ts";
import type { Clause, Scene } from "./clause-contract.ts";

/** A line; no two numbers give the same key. */
export function exportLine(change: Partial<ExportLine> & { readonly no: number }): ExportLine {
  const { no, customer = "acme", item = "tokens", target = "t" } = change;
  return {
    ...{ target, customer, item, period: "2026-11-01", window: { startMs: 0, endMs: 3_600_000 } },
    ...{ revision: 0, mode: "usage", value: 15n * 10n ** 32n, windowTotal: -1n, unit: "steps" },
    ...{ description: "d", parts: [], evidence: { source: "s", ledger: "1.5" } },
    ...{ key: JSON.stringify([target, customer, item, no]), periodTotal: 10n ** 40n, body: "{}" },
    ...{ bodyHash: "h", state: "ready", version: 1, claim: "", dueAtMs: 0, firstSentAtMs: null },
    ...{ lastSentAtMs: null, attempts: 0, isUnclear: false, plannedAtMs: 7, outcome: null },
    ...{ note: "", attemptIds: ["a1"] },
    ...change,
  };
}

const anyLine: fc.Arbitrary<ExportLine> = fc
  .record({
    no: fc.integer({ min: 1, max: 3 }),
    customer: anyId,
    item: fc.constantFrom("a", "b"),
    target: fc.constantFrom("t", "u"),
    period: fc.constantFrom("2026-11-01", "2026-12-01"),
    state: fc.constantFrom(...LINE_STATES),
    dueAtMs: fc.nat(3),
    value: fc.bigInt({ min: -(10n ** 50n), max: 10n ** 50n }),
    body: fc.string({ unit: anyCodePoint }).map((text) => text.replaceAll("\0", "")),
    note: fc.constantFrom("", "it's ❄"),
  })
  .map((change) => exportLine(change));

function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

function byPlace(a: ExportLine, b: ExportLine): number {
  return byBytes(a.customer, b.customer) || byBytes(a.item, b.item) || a.no - b.no;
}

async function checkLines(scene: Scene): Promise<void> {
  const lines = fc.uniqueArray(anyLine, { maxLength: 12, selector: ({ key }) => key });
  const property = fc.asyncProperty(lines, fc.nat(3), async (all, dueByMs) => {
    const workspace = await scene.anotherWorkspace();
    const { outbox } = scene.store();
    assert.equal(await outbox.write(workspace, { added: all, changed: [] }), true);
    const own = all.filter(({ target }) => target === "t").sort(byPlace);
    for (const line of all) assert.deepEqual(await outbox.line(workspace, line.key), line);
    const told = async (filter: Omit<LineFilter, "target" | "limit">, limit = 99) =>
      outbox.lines(workspace, { target: "t", limit, ...filter });
    assert.deepEqual(await told({}), own);
    assert.deepEqual(
      await told({ dueByMs }),
      own.filter((line) => line.dueAtMs <= dueByMs),
    );
    const states = ["ready", "confirmed"] as const;
    const isEither = ({ state }: ExportLine) => state === "ready" || state === "confirmed";
    assert.deepEqual(await told({ states }), own.filter(isEither));
    const ready = own.filter(({ state }) => state === "ready");
    assert.deepEqual(await told({ states: ["ready"] }), ready);
    const [first] = own;
    if (first === undefined) return;
    assert.deepEqual(await told({ after: first }, 2), own.slice(1, 3));
    const { customer, item, period } = first;
    const isIts = (line: ExportLine) => line.customer === customer && line.item === item;
    assert.deepEqual(
      await told({ customer, item, period }),
      own.filter((line) => isIts(line) && line.period === period),
    );
    const newest = new Map<string, ExportLine>();
    for (const line of own.filter((one) => one.customer === customer)) {
      newest.set(`${line.item} ${line.period}`, line);
    }
    const last = await outbox.lastLines(workspace, "t", customer);
    assert.deepEqual(last, [...newest.values()].sort(byPlace));
    const counts = Object.fromEntries(
      (await outbox.counts(workspace, "t")).map(({ state, count }) => [state, count]),
    );
    const groups = Object.groupBy(own, ({ state }) => state);
    const wanted = Object.entries(groups).map(([state, of]) => [state, of.length]);
    assert.deepEqual(counts, Object.fromEntries(wanted));
  });
  await fc.assert(property, { numRuns: 20 });
}

async function checkTurns({ store, workspace }: Scene): Promise<void> {
  const { outbox } = store();
  const line = exportLine({ no: 1 });
  const add = (outboxes: Outbox) => outboxes.write(workspace, { added: [line], changed: [] });
  assert.deepEqual((await Promise.all([add(outbox), add(outbox)])).sort(), [false, true]);
  const claim = (name: string) => {
    const changed = [{ ...line, state: "in_flight", claim: name, version: 2 } as const];
    return outbox.write(workspace, { added: [], changed });
  };
  const claims = await Promise.all(["a", "b", "c"].map(claim));
  assert.equal(claims.filter((isWritten) => isWritten).length, 1);
  const kept = await outbox.line(workspace, line.key);
  assert.equal(kept?.claim, ["a", "b", "c"][claims.indexOf(true)]);
}

async function checkWhole({ store, workspace }: Scene): Promise<void> {
  const { outbox } = store();
  const [first, second, third] = [1, 2, 3].map((no) => exportLine({ no })) as [
    ...[ExportLine, ExportLine, ExportLine],
  ];
  assert.equal(await outbox.write(workspace, { added: [first, second], changed: [] }), true);
  const stale = { ...second, version: 3 };
  const fresh = { ...first, version: 2, note: "changed" };
  const change = { added: [third], changed: [fresh, stale] };
  const attempts = [exportAttempt({ id: "stale" })];
  assert.equal(await outbox.write(workspace, { ...change, attempts }), false);
  assert.deepEqual(await outbox.attemptsOf(workspace, ["stale"]), []);
  const sameKey = { ...third, key: first.key };
  assert.equal(await outbox.write(workspace, { added: [sameKey], changed: [] }), false);
  const twice = { added: [third, { ...third, key: "other" }], changed: [] };
  assert.equal(await outbox.write(workspace, twice), false);
  assert.deepEqual(await outbox.lines(workspace, { target: "t", limit: 9 }), [first, second]);
  assert.equal(await outbox.write(workspace, { added: [third], changed: [fresh] }), true);
  const all = await outbox.lines(workspace, { target: "t", limit: 9 });
  assert.deepEqual(all, [fresh, second, third]);
}

async function checkRestart({ store, workspace, restart, anotherWorkspace }: Scene) {
  const line = exportLine({ no: 1 });
  const secret = { target: "t", name: "key", keyId: "k1", sealed: "c2VhbGVk", savedAtMs: 7 };
  const attempt = exportAttempt({ id: "a1" });
  await store().outbox.write(workspace, { added: [line], changed: [], attempts: [attempt] });
  await store().outbox.saveSecret(workspace, { ...secret, sealed: "b2xk" });
  await store().outbox.saveSecret(workspace, secret);
  const other = await anotherWorkspace();
  await restart();
  assert.deepEqual(await store().outbox.line(workspace, line.key), line);
  assert.deepEqual(await store().outbox.attemptsOf(workspace, ["a1"]), [attempt]);
  assert.deepEqual(await store().outbox.attemptsOf(other, ["a1"]), []);
  assert.deepEqual(await store().outbox.secrets(workspace, "t"), [secret]);
  assert.deepEqual(await store().outbox.secrets(workspace, "u"), []);
  assert.equal(await store().outbox.line(other, line.key), undefined);
  assert.deepEqual(await store().outbox.secrets(other, "t"), []);
}

/** An attempt that sent a line and was refused. */
export function exportAttempt(change: Partial<ExportAttempt> & { id: string }): ExportAttempt {
  const body = { text: "it's ❄\ud800", bytes: 9, hash: null, isCut: false };
  const request = { method: "POST", url: "https://erp.example/", headers: { a: "1" }, body };
  const answer = { kind: "answered", status: 422, headers: {}, body } as const;
  return {
    ...{ target: "t", purpose: "send", atMs: 7, isTroubled: true, leftOutCount: 0 },
    lines: [{ key: "k", said: "permanent_data" }],
    exchanges: [{ atMs: 7, tookMs: 1, request, answer }],
    ...change,
  };
}

const anyAttempt: fc.Arbitrary<ExportAttempt> = fc
  .record({
    id: fc.constantFrom(..."abcdefgh"),
    target: fc.constantFrom("t", "u"),
    atMs: fc.nat(3),
    isTroubled: fc.boolean(),
  })
  .map(exportAttempt);

async function checkAttempts(scene: Scene): Promise<void> {
  const attempts = fc.uniqueArray(anyAttempt, { maxLength: 8, selector: ({ id }) => id });
  const property = fc.asyncProperty(attempts, fc.nat(4), fc.nat(3), async (all, from, count) => {
    const workspace = await scene.anotherWorkspace();
    const { outbox } = scene.store();
    const keep = (some: readonly ExportAttempt[]) =>
      outbox.write(workspace, { added: [], changed: [], attempts: some });
    await keep(all);
    // What is kept is what was said first.
    await keep(all.map((one) => ({ ...one, purpose: "read_back" })));
    const own = (some: readonly ExportAttempt[]) =>
      some
        .filter(({ target }) => target === "t")
        .sort((a, b) => b.atMs - a.atMs || byBytes(b.id, a.id));
    const told = async (some: object = {}, limit = 99) =>
      outbox.attempts(workspace, { target: "t", limit, ...some });
    const newest = own(all);
    assert.deepEqual(await told(), newest);
    assert.deepEqual(await told({}, 2), newest.slice(0, 2));
    const [first] = newest;
    if (first !== undefined) assert.deepEqual(await told({ after: first }), newest.slice(1));
    for (const isTroubled of [false, true]) {
      const wanted = newest.filter((one) => one.isTroubled === isTroubled);
      assert.deepEqual(await told({ isTroubled }), wanted);
    }
    const ids = newest.slice(1).map(({ id }) => id);
    assert.deepEqual(await outbox.attemptsOf(workspace, [...ids, "none"]), newest.slice(1));
    await outbox.keepNewestAttempts(workspace, "t", count);
    const groups = Map.groupBy(newest, ({ isTroubled }) => isTroubled);
    const left = [...groups.values()].flatMap((group) => group.slice(0, count));
    assert.deepEqual(await told(), own(left));
    await outbox.forgetAttempts(workspace, from);
    assert.deepEqual(await told(), own(left.filter(({ atMs }) => atMs >= from)));
    const others = all.filter(({ target, atMs }) => target === "u" && atMs >= from);
    assert.equal((await told({ target: "u" })).length, others.length);
  });
  await fc.assert(property, { numRuns: 20 });
}

/** Lines for billing systems, and secrets of targets. */
export const OUTBOX: readonly Clause[] = [
  { name: "lines of the outbox come back as they were, by every filter", check: checkLines },
  { name: "of those who claim a line, or add one, one succeeds", check: checkTurns },
  { name: "a change of the outbox happens whole or not at all", check: checkWhole },
  {
    name: "attempts are read the newest first, and the oldest are forgotten",
    check: checkAttempts,
  },
  { name: "lines and secrets survive a restart", check: checkRestart },
];
