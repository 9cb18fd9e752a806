import assert from "node:assert/strict";
import { test } from "node:test";
import type { ExportTarget } from "../../domain/export/target.ts";
import { MemoryOutbox } from "../../store/memory/memory-outbox.ts";
import { connectorContract } from "../connector-contract.ts";
import type { FakeAccount, FakeWorld } from "../fake-target-contract.ts";
import { chargebeeConnector } from "./chargebee-connector.ts";
import { FakeChargebee } from "./fake-chargebee-contract.ts";

const SITE = "acme-test";
const SUBSCRIPTIONS = { acme: "sub_acme", globex: "sub_globex", initech: "sub_initech" };
const SECRETS = { api_key: "test_example" };
const HOUR_MS = 3_600_000;

/** A way of using Chargebee, and how much of the suite is played over it. */
interface Way {
  readonly name: string;
  readonly mode: ExportTarget["mode"];
  readonly window: ExportTarget["window"];
  readonly settings: Readonly<Record<string, string>>;
  readonly schedules: number;
  readonly wrongSchedules?: number;
}

const WAYS: readonly Way[] = [
  {
    ...{ name: "usages", mode: "usage", window: "day", schedules: 120 },
    settings: { closesAfterHours: "48" },
  },
  {
    ...{ name: "usages that close early", mode: "usage", window: "day", schedules: 80 },
    settings: { closesAfterHours: "26", decimals: "0" },
  },
  {
    ...{ name: "usage events", mode: "usage", window: "hour", schedules: 150 },
    settings: { api: "events" },
    // What is resent is mostly too old by then to leave at all.
    wrongSchedules: 5_000,
  },
  {
    ...{ name: "unbilled charges", mode: "rated", window: "period", schedules: 80 },
    settings: { currency: "USD" },
  },
  {
    ...{ name: "invoices", mode: "statement", window: "period", schedules: 70 },
    settings: { currency: "USD", invoices: "collect" },
  },
];

function targetOf({ mode, window, settings }: Way): ExportTarget {
  const customers = Object.entries(SUBSCRIPTIONS).map(([ours, id]) => {
    return [ours, { id, customer: `cb_${ours}` }] as const;
  });
  return {
    ...{ id: "billing", connector: "chargebee", account: SITE, mode, window },
    ...{ timeZone: "UTC", since: "2026-01-01", settings: { site: SITE, ...settings } },
    customers: { names: Object.fromEntries(customers), others: "refuse" },
    items: { names: { tokens: { id: "tokens" }, searches: { id: "searches" } }, others: "refuse" },
  };
}

function accountOf(way: Way, world: FakeWorld): FakeAccount {
  const fake = new FakeChargebee(world, {
    ...{ site: SITE, apiKey: SECRETS.api_key, subscriptions: SUBSCRIPTIONS },
    items: { tokens: "tokens", searches: "searches" },
    closesAfterMs: Number(way.settings.closesAfterHours ?? "0") * HOUR_MS,
  });
  return { target: targetOf(way), secrets: SECRETS, fake };
}

for (const way of WAYS) {
  connectorContract({
    name: `chargebee, ${way.name}`,
    schedules: way.schedules,
    ...(way.wrongSchedules === undefined ? {} : { wrongSchedules: way.wrongSchedules }),
    parts: () => ({
      connector: chargebeeConnector,
      outbox: new MemoryOutbox(),
      account: (world) => accountOf(way, world),
      grain: 10n ** (way.mode === "usage" ? 26n : 30n),
    }),
  });
}

test("what is missing or contradicts itself is told before anything is sent", () => {
  const [way] = WAYS;
  assert.ok(way);
  const shared = { names: { a: { id: "s" }, b: { id: "s" } }, others: "refuse" as const };
  const settings = { site: "evil.example/", api: "files", decimals: "10", colour: "red" };
  const target: ExportTarget = { ...targetOf(way), settings, window: "hour", customers: shared };
  assert.deepEqual(
    chargebeeConnector.check(target).map(({ place }) => place),
    [
      ...["settings.site", "settings.api", "settings.decimals", "settings.closesAfterHours"],
      ...["window", "settings.colour", "customers.b"],
    ],
  );
});
