import assert from "node:assert/strict";
import { test } from "node:test";
import type { ExportTarget } from "../../domain/export/target.ts";
import { MemoryOutbox } from "../../store/memory/memory-outbox.ts";
import { connectorContract } from "../connector-contract.ts";
import type { FakeAccount, FakeWorld } from "../fake-target-contract.ts";
import { JudgedStripe } from "./judged-stripe-contract.ts";
import { stripeConnector } from "./stripe-connector.ts";

const CUSTOMERS = { acme: "cus_acme", globex: "cus_globex", initech: "cus_initech" };
const SECRETS = { api_key: "rk_test_51example", webhook: "whsec_example" };

/** A way of using Stripe, and how much of the suite is played over it. */
interface Way {
  readonly name: string;
  readonly mode: ExportTarget["mode"];
  readonly window: ExportTarget["window"];
  readonly settings: Readonly<Record<string, string>>;
  readonly schedules: number;
}

const WAYS: readonly Way[] = [
  { name: "meters that add up", mode: "usage", window: "day", settings: {}, schedules: 120 },
  {
    ...{ name: "meters that add up, by v2", mode: "usage", window: "hour", schedules: 60 },
    settings: { api: "v2" },
  },
  {
    ...{ name: "meters that add up, by the stream", mode: "usage", window: "day", schedules: 80 },
    settings: { api: "stream" },
  },
  {
    ...{ name: "one value a day", mode: "usage", window: "day", schedules: 80 },
    settings: { meters: "day" },
  },
  {
    ...{ name: "one value an hour, by the stream", mode: "usage", window: "hour", schedules: 40 },
    settings: { meters: "hour", api: "stream" },
  },
  {
    ...{ name: "invoice items", mode: "rated", window: "period", schedules: 60 },
    settings: { currency: "usd" },
  },
  {
    ...{ name: "invoices", mode: "statement", window: "period", schedules: 60 },
    settings: { currency: "usd", invoices: "finalize" },
  },
];

function targetOf({ mode, window, settings }: Way): ExportTarget {
  const names = (of: Readonly<Record<string, string>>) => ({
    names: Object.fromEntries(Object.entries(of).map(([ours, id]) => [ours, { id }])),
    others: "refuse" as const,
  });
  return {
    ...{ id: "billing", connector: "stripe", account: "acct_live", mode, window, settings },
    ...{ timeZone: "UTC", since: "2026-01-01", customers: names(CUSTOMERS) },
    items: names({ tokens: "tokens", searches: "searches" }),
  };
}

function accountOf(way: Way, world: FakeWorld): FakeAccount {
  const { meters = "sum" } = way.settings;
  const window = meters === "hour" || meters === "day" ? meters : null;
  const fake = new JudgedStripe(world, {
    ...{ apiKey: SECRETS.api_key, webhookSecret: SECRETS.webhook, customers: CUSTOMERS },
    meters: ["tokens", "searches"].map((item) => ({ item, eventName: item, window })),
  });
  return { target: targetOf(way), secrets: SECRETS, fake };
}

for (const way of WAYS) {
  connectorContract({
    name: `stripe, ${way.name}`,
    schedules: way.schedules,
    parts: () => ({
      connector: stripeConnector,
      outbox: new MemoryOutbox(),
      account: (world) => accountOf(way, world),
      grain: 10n ** (way.mode === "usage" ? 26n : 30n),
    }),
  });
}

test("what is missing or contradicts itself is told before anything is sent", () => {
  const [way] = WAYS;
  assert.ok(way);
  const settings = { api: "v3", meters: "day", decimals: "13", connectAccount: "me" };
  const shared = { names: { a: { id: "cus_1" }, b: { id: "cus_1" } }, others: "refuse" as const };
  const target: ExportTarget = { ...targetOf(way), settings, window: "hour", customers: shared };
  assert.deepEqual(
    stripeConnector.check(target).map(({ place }) => place),
    [...["settings.api", "settings.decimals", "settings.connectAccount", "window"], "customers.b"],
  );
});
