import assert from "node:assert/strict";
import { test } from "node:test";
import type { ExportTarget } from "../../domain/export/target.ts";
import { ONE } from "../sample-line-contract.ts";
import { EVENT, lineOf, recording, targetOf } from "./sample-stripe-contract.ts";
import { stripeConnector } from "./stripe-connector.ts";

const METER = { id: "mtr_1", event_name: EVENT, status: "active" };

async function totalGiven(target: ExportTarget, values: readonly string[], some: object = {}) {
  const { session } = recording(target, ({ url }) => {
    if (!url.includes("summaries")) return { data: [METER], has_more: false };
    const data = values.map((value) => `{"aggregated_value":${value}}`).join(",");
    return { status: 200, headers: {}, body: `{"data":[${data}],"has_more":false}` };
  });
  return stripeConnector.total?.([lineOf(target, some)], session);
}

test("a sum of doubles is read to the places that our lines use", async () => {
  const target = targetOf("usage", {});
  const third = { value: 3n * 10n ** 32n };
  assert.equal(await totalGiven(target, ["0.30000000000000004"], third), "0.3");
  assert.equal(await totalGiven(target, ["0.1", "0.2"], third), "0.3");
  assert.equal(await totalGiven(target, ["1.5e+3"], third), "1500");
  assert.equal(await totalGiven(target, [], third), "0", "nothing was counted");
});

test("a sum of more digits than a double has says nothing", async () => {
  const target = targetOf("usage", {});
  assert.equal(await totalGiven(target, ["999999999999999"], { value: ONE }), "999999999999999");
  assert.equal(await totalGiven(target, ["1e15"], { value: ONE }), null);
  assert.equal(await totalGiven(target, ["99999999999999.5"], { value: ONE / 4n }), null);
});

test("what a meter has of a month is told beyond 15 digits, under all names", async () => {
  const target = targetOf("usage", {});
  const asked: string[] = [];
  const span = { startMs: Date.UTC(2026, 10, 1), endMs: Date.UTC(2026, 10, 20) };
  const held = async (body: string, status = 200, of = span) => {
    const { session } = recording(target, ({ url }) => {
      if (!url.includes("summaries")) return { data: [METER], has_more: false };
      asked.push(new URL(url).searchParams.get("customer") ?? "");
      return { status, headers: {}, body };
    });
    const names = { customer: { id: "cus_2" }, item: { id: EVENT } };
    return stripeConnector.heldSum?.({ lines: [lineOf(target)], names, span: of }, session);
  };
  const sums = '{"data":[{"aggregated_value":1234567890123456.5}],"has_more":false}';
  assert.equal(await held(sums), 2n * 12345678901234565n * (ONE / 10n));
  assert.deepEqual(asked, ["cus_1", "cus_2"]);
  assert.equal(await held('{"error":{"code":"resource_missing"}}', 400), 0n, "nobody there");
  assert.equal(await held("{}", 400), null);
  assert.equal(await held("{}", 503), null);
  assert.equal(await held("{}", 503, { startMs: 1, endMs: 2 }), 0n, "no event is of such a window");
});

test("meters that do not fit are told with what to change", async () => {
  const items = { names: { runs: { id: EVENT }, calls: { id: "calls" } }, others: "refuse" };
  const target = { ...targetOf("usage", {}), items } as ExportTarget;
  const meter = {
    ...{ ...METER, event_time_window: "day", default_aggregation: { formula: "count" } },
    customer_mapping: { event_payload_key: "customer" },
    value_settings: { event_payload_key: "n" },
  };
  const { session } = recording(target, () => ({ data: [meter], has_more: false }));
  const missing = (await stripeConnector.probe?.(session)) ?? [];
  assert.deepEqual(
    missing.map(({ place, detail }) => `${place}: ${detail}`),
    [
      "items.runs: Its formula is count; only sum can be kept up.",
      "items.runs: Its event_time_window is day, and settings.meters says sum.",
      'items.runs: Its customer stands in "customer": set customerKey.',
      'items.runs: Its value stands in "n": set valueKey.',
      'items.calls: No active meter takes "calls".',
    ],
  );
});

test("a key that is refused is told as that", async () => {
  const target = targetOf("rated", { currency: "usd" });
  const { session } = recording(target, () => ({ status: 403, headers: {}, body: "{}" }));
  const missing = (await stripeConnector.probe?.(session)) ?? [];
  assert.deepEqual(
    missing.map(({ place }) => place),
    ["secrets.api_key"],
  );
});
