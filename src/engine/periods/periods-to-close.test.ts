import assert from "node:assert/strict";
import { test } from "node:test";
import { cardOf, each, newWorld, opened, STEPS } from "../commit/engine-world.test.ts";

const owing = cardOf({ calls: [STEPS, each("1")] }, "card", {
  fees: [{ key: "base", amount: "10" }],
});

test("a period that can hold no event is refused, and nothing is looked for in it", async () => {
  const world = await newWorld(owing);
  await world.send(opened({ customer: "acme" }));
  const refused = { code: "field.out_of_range", field: "period" };
  for (const period of ["9999-12", "9999-12-01", "2201-01", "1998-12", "0000-01"]) {
    await assert.rejects(world.close(period), refused, period);
  }
});

test("a day or month that no calendar has is refused, though nothing starts on it", async () => {
  const world = await newWorld(owing);
  await world.send(opened({ customer: "acme" }));
  const refused = { code: "field.invalid", field: "period" };
  for (const period of ["2026-02-30", "2026-02-31", "2027-02-29", "2026-04-31", "2026-13"]) {
    await assert.rejects(world.close(period), refused, period);
  }
});

test("the first and the last periods that can hold an event are closed", async () => {
  const world = await newWorld(owing);
  const earliest = { startedAtMs: Date.UTC(2000, 0, 1), timeZone: "Pacific/Kiritimati" };
  await world.engine.saveCustomer("w", { id: "acme", settings: { ...earliest, anchorDay: 15 } });
  for (const period of ["1999-12-15", "2199-12-15"]) {
    const { statements } = await world.close(period);
    assert.deepEqual(
      statements.map((one) => one.period),
      [period],
    );
  }
});
