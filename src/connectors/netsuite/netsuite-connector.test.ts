import { MemoryOutbox } from "../../store/memory/memory-outbox.ts";
import { connectorContract } from "../connector-contract.ts";
import { netsuiteConnector } from "./netsuite-connector.ts";
import { accountOf } from "./sample-account-contract.ts";

const USAGE = { decimals: "6", voidDays: "20", openDays: "30" };
const BILLS = { currency: "usd", openDays: "30" };

for (const [name, way, schedules] of [
  ["usage, one by one", { mode: "usage", settings: USAGE }, 150],
  ["usage, in batches", { mode: "usage", settings: { ...USAGE, api: "batch" } }, 150],
  ["rated, invoices", { mode: "rated", settings: BILLS }, 100],
  [
    "statement, sales orders",
    { mode: "statement", settings: { ...BILLS, document: "salesOrder" } },
    100,
  ],
] as const) {
  connectorContract({
    name: `netsuite, ${name}`,
    schedules,
    parts: () => ({
      connector: netsuiteConnector,
      outbox: new MemoryOutbox(),
      account: (world) => accountOf(world, way),
      grain: 10n ** 24n,
    }),
  });
}
