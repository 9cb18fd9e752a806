/** A card in euros over costs in dollars, and the oracle that converts for itself. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { assertProblem } from "./api-caller.ts";
import { openDesk } from "./billing-desk.ts";

const RATES = [{ unit: "output_text", price: "0.000012345678901234" }];
const PRICES = {
  format: "tollgate.prices/1",
  source: "test",
  effectiveFrom: null,
  entries: [{ provider: "openai", subject: "gpt-5", currency: "USD", periods: [{ rates: RATES }] }],
};
const MODELS = { meter: { sum: "cost" }, price: { model: "markup", percent: "20" } };
const CARD = { key: "euro", currency: "EUR", rounding: "up", charges: [{ key: "m", ...MODELS }] };

test("costs are converted by dated rates, and verification agrees", async () => {
  const desk = await openDesk("sqlite", { at: "2026-11-01T00:00:00Z" });
  try {
    await desk.ok("POST", "/v1/prices", PRICES);
    assertProblem(await desk.ask("POST", "/v1/rate-cards", CARD), "rate.missing", "currency");
    const rate = (text: string, effectiveFrom: string) => ({
      rates: [{ from: "USD", to: "EUR", rate: text, effectiveFrom }],
    });
    await desk.ok("POST", "/v1/rates", rate("0.912345678", "2026-10-01T00:00:00Z"));
    await desk.ok("POST", "/v1/rate-cards", CARD);
    await desk.ok("PUT", "/v1/customers/acme", { cardKey: "euro" });
    const model = { run: "r", customer: "acme", kind: "model", provider: "openai", model: "gpt-5" };
    const call = (id: string, occurredAt: string) => [
      { id, ...model, occurredAt, usage: { output_text: 7 } },
    ];
    await desk.ok("POST", "/v1/events", call("a", "2026-11-01T00:00:00Z"));
    const late = await desk.ask("POST", "/v1/rates", rate("0.5", "2026-11-01T00:00:00Z"));
    assertProblem(late, "rate.backdated", "effectiveFrom");
    await desk.ok("POST", "/v1/rates", rate("0.5", "2026-11-02T00:00:00Z"));
    desk.clock.now = Date.parse("2026-11-03T00:00:00Z");
    await desk.ok("POST", "/v1/events", call("b", "2026-11-02T00:00:00Z"));
    await desk.verify();
    const close = { period: "2026-11", early: true };
    const { body } = await desk.ok("POST", "/v1/periods/close", close);
    const [{ id } = { id: "" }] = body.statements as unknown as { id: string }[];
    const { document } = (await desk.ok("GET", `/v1/statements/${id}`)).body;
    const { lines } = document as unknown as { lines: Record<string, unknown>[] };
    // 7 × 0.000012345678901234 at 0.912345678 and as much at 0.5, 20 % on top.
    assert.equal(lines[0]?.amountExact, "0.0001464654764003224816398768");
    const rates = lines[0]?.conversions as { rate: string; effectiveFrom: string }[];
    assert.deepEqual(
      rates.map((one) => [one.rate, one.effectiveFrom]),
      [
        ["0.912345678", "2026-10-01T00:00:00Z"],
        ["0.5", "2026-11-02T00:00:00Z"],
      ],
    );
    const listed = await desk.ok("GET", "/v1/rates");
    assert.equal((listed.body.rates as unknown as unknown[]).length, 2);
    await desk.verify();
  } finally {
    await desk.server.stop();
  }
});
