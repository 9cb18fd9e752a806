import assert from "node:assert/strict";
import { test } from "node:test";
import type { ExportTarget } from "../../domain/export/target.ts";
import { MemoryOutbox } from "../../store/memory/memory-outbox.ts";
import { connectorContract } from "../connector-contract.ts";
import { FakeTemplate } from "./fake-template-contract.ts";
import { templateConnector } from "./template-connector.ts";

const TARGET: ExportTarget = {
  ...{ id: "billing", connector: "template", account: "live", mode: "usage", window: "day" },
  ...{ timeZone: "UTC", since: "2026-01-01" },
  customers: { names: {}, others: "same" },
  items: { names: {}, others: "same" },
  settings: { book: "main" },
};

for (const mode of templateConnector.modes) {
  connectorContract({
    name: `template, ${mode}`,
    forgets: "the template lists nothing",
    schedules: 60,
    parts: () => ({
      connector: templateConnector,
      outbox: new MemoryOutbox(),
      account: (world) => ({
        target: { ...TARGET, mode },
        secrets: { token: "t0ken" },
        fake: new FakeTemplate(world, "t0ken"),
      }),
      grain: 10n ** 26n,
    }),
  });
}

test("a target without a book, or with a meter that cannot be, is told what to set", () => {
  const items = { names: { tokens: { id: "To Kens" } }, others: "same" } as const;
  const missing = templateConnector.check({ ...TARGET, items, settings: {} });
  assert.deepEqual(
    missing.map(({ place }) => place),
    ["settings.book", "items.tokens"],
  );
});
