import assert from "node:assert/strict";
import { test } from "node:test";
import type { ExportLine } from "../../domain/export/export-line.ts";
import type { Sent, Session } from "../../engine/export/connector-port.ts";
import type { FrozenLine } from "./frozen-line.ts";
import { lookUpLine } from "./read-back.ts";

const HOST = "rest.zuora.com";
const FOUND = { host: HOST, field: "Description", key: "k-1", quantity: "12.5", text: "" };
const HOUR_MS = 3_600_000;

function answered(body: object, status = 200): Sent {
  return { kind: "answered", answer: { status, headers: {}, body: JSON.stringify(body) } };
}

const records = (...found: object[]) =>
  answered({ size: found.length, done: true, records: found });
const nothing = answered({ size: 0, done: true }, 404);
const usage = (Quantity: number) => ({ Id: "u1", Quantity, RbeStatus: "Pending" });

async function found(
  frozen: FrozenLine,
  line: Partial<ExportLine>,
  answers: readonly Sent[],
): Promise<readonly [string, string]> {
  const left = [...answers];
  const session = {
    target: { mode: "usage", settings: {} },
    memory: new Map([[HOST, { value: "t", untilMs: 9e15 }]]),
    http: { send: async () => left.shift() ?? { kind: "unclear", reason: "no answer is left" } },
    nowMs: () => 100 * HOUR_MS,
  } as unknown as Session;
  const sent = { firstSentAtMs: 0, lastSentAtMs: 0, attempts: 1, key: "k-1", state: "accepted" };
  const looked = { ...sent, ...line, body: JSON.stringify(frozen) } as unknown as ExportLine;
  const { found: what, note } = await lookUpLine(looked, session);
  return [what, note];
}

const RECORD: FrozenLine = { kind: "record", ...FOUND };

test("a usage record that somebody changed, or that is there twice, drifts", async () => {
  const confirmed = { state: "confirmed" } as const;
  assert.equal((await found(RECORD, confirmed, [records(usage(12.5))]))[0], "present");
  const edited = await found(RECORD, confirmed, [records(usage(7))]);
  assert.deepEqual(edited, ["refused", "usage u1: 7, Pending"]);
  const twice = await found(RECORD, confirmed, [records(usage(12.5), usage(12.5))]);
  assert.deepEqual(twice, ["refused", "it is there 2 times"]);
  assert.equal((await found(RECORD, {}, [records(usage(7))]))[0], "present", "it has arrived");
});

test("only an answer that is whole says that a record is not there", async () => {
  assert.equal((await found(RECORD, {}, [nothing]))[0], "absent");
  assert.equal((await found(RECORD, {}, [answered({ size: 0, done: true })]))[0], "absent");
  for (const silence of [
    ...[answered({}, 500), answered({}, 404), answered({}), answered({ size: 0, done: false })],
    { kind: "unclear", reason: "time-out" } as const,
  ]) {
    assert.equal((await found(RECORD, {}, [silence]))[0], "unclear");
  }
});

const ROW: FrozenLine = { kind: "row", ...FOUND };
const imported = (Status: string, Name = "tg-x.csv") => {
  return records({ Id: "i1", Name, Status, StatusReason: "a wrong row" });
};

test("a row is not there only when no import may bring it any more", async () => {
  assert.equal((await found(ROW, {}, [imported("Pending"), nothing]))[0], "unclear");
  assert.equal((await found(ROW, {}, [imported("Processing"), nothing]))[0], "unclear");
  assert.equal((await found(ROW, {}, [imported("Pending"), records(usage(12.5))]))[0], "present");
  assert.equal((await found(ROW, {}, [nothing, nothing]))[0], "unclear", "its import must come");
  assert.equal((await found(ROW, {}, [imported("Completed"), nothing]))[0], "unclear");
  assert.equal((await found(ROW, { state: "unknown" }, [nothing, nothing]))[0], "absent");
});

test("a row of a file that was thrown away goes again, until it was alone", async () => {
  const dropped = await found(ROW, {}, [imported("Failed"), nothing]);
  assert.deepEqual(dropped, ["dropped", "its file was not imported a wrong row"]);
  const alone = await found(ROW, { attempts: 5 }, [imported("Failed", "tg-k1-5.csv"), nothing]);
  assert.deepEqual(alone, ["refused", "import i1: a wrong row"]);
  assert.equal((await found(ROW, { attempts: 8 }, [imported("Failed"), nothing]))[0], "refused");
});

const EVENT: FrozenLine = { kind: "event", ...FOUND, meter: "m", meterId: "m" };
const trail = (...data: object[]) => answered({ success: true, data });

test("an event is refused by the audit trail alone, and given up after hours", async () => {
  const error = { errorCode: "E1", errorMessage: "no charge", payload: { eventId: "k-1" } };
  const refused = await found(EVENT, {}, [trail(error), nothing]);
  assert.deepEqual(refused, ["refused", "the meter refused it: E1 no charge"]);
  const other = { ...error, payload: { eventId: "k-2" } };
  const soon = { lastSentAtMs: 95 * HOUR_MS };
  assert.equal((await found(EVENT, soon, [trail(other), nothing]))[0], "unclear");
  assert.equal((await found(EVENT, {}, [trail(other), nothing]))[0], "absent");
  assert.equal((await found(EVENT, {}, [trail(), records(usage(12.5))]))[0], "present");
  assert.equal((await found(EVENT, {}, [answered({}, 500), nothing]))[0], "unclear");
});

test("a document is found by its number, and one that was cancelled there drifts", async () => {
  const invoice: FrozenLine = { kind: "invoice", host: HOST, number: "abc", text: "" };
  const is = async (body: object, status?: number) =>
    (await found(invoice, { state: "confirmed" }, [answered(body, status)]))[0];
  assert.equal(await is({ success: true, status: "Draft", amount: 12.5 }), "present");
  assert.equal(await is({ success: true, status: "Canceled" }), "refused");
  assert.equal(await is({ success: true, status: "Reversed" }), "refused");
  assert.equal(
    await is({ success: false, reasons: [{ code: 50_000_040, message: "" }] }),
    "absent",
  );
  assert.equal(
    await is({ success: false, reasons: [{ code: 50_000_060, message: "" }] }),
    "unclear",
  );
  assert.equal(await is({}, 503), "unclear");
});

test("what was to be taken back is, once its record is gone", async () => {
  const { host, field, key } = FOUND;
  const back: FrozenLine = { kind: "take_back", host, field, key };
  assert.equal((await found(back, {}, [nothing]))[0], "present");
  assert.equal((await found(back, {}, [records(usage(12.5))]))[0], "absent");
  assert.equal((await found(back, {}, [answered({}, 500)]))[0], "unclear");
});
