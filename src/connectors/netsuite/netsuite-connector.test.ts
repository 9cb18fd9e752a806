import { generateKeyPairSync } from "node:crypto";
import type { ExportTarget, TheirName } from "../../domain/export/target.ts";
import { MemoryOutbox } from "../../store/memory/memory-outbox.ts";
import { connectorContract } from "../connector-contract.ts";
import type { FakeAccount, FakeWorld } from "../fake-target-contract.ts";
import { FakeNetSuite } from "./fake-netsuite-contract.ts";
import { netsuiteConnector } from "./netsuite-connector.ts";

const CATALOGUE = {
  customers: ["acme", "globex", "initech"],
  items: ["tokens", "searches"],
};
const KEYS = generateKeyPairSync("ec", {
  namedCurve: "P-256",
  publicKeyEncoding: { type: "spki", format: "pem" },
  privateKeyEncoding: { type: "pkcs8", format: "pem" },
});
const SETTINGS = { client_id: "c0ffee", certificate_id: "cert-1", past_days: "30" };

function account(world: FakeWorld, own: Pick<ExportTarget, "mode" | "settings">): FakeAccount {
  const mapping = { clientId: "c0ffee", certificateId: "cert-1", publicKey: KEYS.publicKey };
  const fake = new FakeNetSuite(world, mapping, CATALOGUE);
  const { records } = fake;
  const names = (kind: readonly string[], nameOf: (one: string) => TheirName) =>
    Object.fromEntries(kind.map((one) => [one, nameOf(one)]));
  const customers = names(CATALOGUE.customers, (one) => records.nameOf(one));
  const items = names(CATALOGUE.items, (one) => records.itemName(one));
  const target: ExportTarget = {
    ...{ id: "books", connector: "netsuite", account: "1234567_SB1", timeZone: "UTC" },
    ...{ window: own.mode === "usage" ? "day" : "period", since: "2026-01-01", mode: own.mode },
    customers: { names: customers, others: "refuse" },
    items: { names: items, others: "refuse" },
    settings: { ...SETTINGS, ...own.settings },
  };
  return { target, secrets: { private_key: KEYS.privateKey }, fake };
}

const USAGE = { decimals: "6", void_days: "20" };
const WAYS = [
  ["usage, one by one", { mode: "usage", settings: USAGE }, 150],
  ["usage, in batches", { mode: "usage", settings: { ...USAGE, api: "batch" } }, 150],
  ["rated, invoices", { mode: "rated", settings: { currency: "usd" } }, 100],
  [
    "statement, sales orders",
    { mode: "statement", settings: { currency: "usd", document: "salesOrder" } },
    100,
  ],
] as const;

for (const [name, own, schedules] of WAYS) {
  connectorContract({
    name: `netsuite, ${name}`,
    schedules,
    parts: () => ({
      connector: netsuiteConnector,
      outbox: new MemoryOutbox(),
      account: (world) => account(world, own),
      grain: 10n ** 24n,
    }),
  });
}
