import assert from "node:assert/strict";
import { test } from "node:test";
import type { ExportTarget } from "../../domain/export/target.ts";
import { MemoryOutbox } from "../../store/memory/memory-outbox.ts";
import { connectorContract } from "../connector-contract.ts";
import type { FakeWorld } from "../fake-target-contract.ts";
import { exported, restored } from "../restored-books-contract.ts";
import { ONE } from "../sample-line-contract.ts";
import { WORKSPACE } from "../scripted-world-contract.ts";
import { FakeReceiver } from "./fake-receiver-contract.ts";
import { webhookHeaders } from "./standard-webhook.ts";
import { webhookConnector } from "./webhook-connector.ts";

const SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

const TARGET: ExportTarget = {
  ...{ id: "erp", connector: "webhook", account: "live", mode: "usage", window: "day" },
  ...{ timeZone: "Europe/Berlin", since: "2026-01-01" },
  customers: { names: {}, others: "same" },
  items: { names: {}, others: "same" },
  settings: { url: "https://erp.example/usage", decimals: "2" },
};

for (const mode of ["usage", "rated", "statement"] as const) {
  connectorContract({
    name: `webhook, ${mode}`,
    forgets: "a receiver tells nothing of what it has",
    schedules: 170,
    parts: () => ({
      connector: webhookConnector,
      outbox: new MemoryOutbox(),
      account: (world) => ({
        target: { ...TARGET, mode },
        secrets: { signing: SECRET },
        fake: new FakeReceiver(world, SECRET),
      }),
      grain: 10n ** 24n,
    }),
  });
}

for (const mode of ["rated", "statement"] as const) {
  test(`a bill that a restored copy tells again is booked once by its key (${mode})`, async () => {
    const parts = {
      ...{ connector: webhookConnector, outbox: new MemoryOutbox(), grain: 10n ** 24n },
      account: (world: FakeWorld) => ({
        target: { ...TARGET, mode },
        secrets: { signing: SECRET },
        fake: new FakeReceiver(world, SECRET),
      }),
    };
    const { world, copy, lost } = await restored(parts, 1, [3n * ONE, 2n * ONE]);
    assert.equal(lost.length, 1);
    assert.equal(world.fake.total("acme", "tokens"), 5n * ONE);
    await exported(world, copy);
    const own = await copy.context.outbox.line(WORKSPACE, lost[0]?.key ?? "");
    assert.equal(own?.body, lost[0]?.body, "it is told again, to the byte");
    assert.equal(own?.state, "confirmed");
    assert.equal(world.fake.total("acme", "tokens"), 5n * ONE);
  });
}

test("a message is signed as the standard's vector is", () => {
  const message = {
    id: "msg_p5jXN8AQM9LWM0D4loKWxJek",
    body: '{"test": 2432232314}',
    atMs: 1_614_265_330_000,
  };
  assert.equal(
    webhookHeaders(message, [SECRET])["webhook-signature"],
    "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
  );
});
