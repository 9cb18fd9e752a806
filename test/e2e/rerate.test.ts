/** Corrections of the past over HTTP: only on request, part by part, and found sound after. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { assertProblem } from "./api-caller.ts";
import { CARD, type Desk, openDesk } from "./billing-desk.ts";

const SINCE = "2026-11-01T00:00:00.000Z";

describe("re-rating", () => {
  let desk: Desk;
  beforeEach(async () => {
    desk = await openDesk("sqlite", { at: "2026-11-01T00:00:00Z" });
    await desk.steps("acme", "2026-11-01", 3);
    await desk.steps("beta", "2026-11-01", 3);
    desk.clock.now = Date.parse("2026-11-20T00:00:00Z");
  });
  afterEach(() => desk.server.stop());
  const card = { ...CARD, minimum: "7" };

  test("a card of the past is refused, and taken with a re-rate", async () => {
    const early = { card, effectiveFrom: SINCE };
    assertProblem(await desk.ask("POST", "/v1/rate-cards", early), "ratecard.backdated");
    await desk.ok("POST", "/v1/periods/close", {
      period: "2026-11",
      customer: "beta",
      early: true,
    });
    const { body } = await desk.ask("POST", "/v1/rate-cards?limit=2", { ...early, rerate: true });
    const parts = [body.rerated as unknown as { steps: number; runs: number; next: unknown }];
    for (let cursor = parts[0]?.next; cursor !== null; cursor = parts.at(-1)?.next) {
      const answer = await desk.ok("POST", "/v1/rerate", { since: SINCE, cursor, limit: 2 });
      parts.push(answer.body as unknown as (typeof parts)[number]);
      await desk.verify();
    }
    assert.equal(
      parts.reduce((sum, part) => sum + part.steps, 0),
      6,
    );
    assert.ok(parts.length > 3);
    const again = await desk.ok("POST", "/v1/rate-cards", { ...early, rerate: true });
    assert.equal(again.body.isNew, false);
    assert.equal((again.body.rerated as unknown as { steps: number }).steps, 0);
  });

  test("a cursor that no answer gave is refused", async () => {
    const answer = await desk.ask("POST", "/v1/rerate", { cursor: "elsewhere" });
    assertProblem(answer, "field.invalid", "cursor");
  });
});
