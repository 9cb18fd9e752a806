/** What the exporter makes of what targets can do, with targets that can do one thing each. */
import type { Capability } from "../domain/export/capability.ts";
import { MemoryOutbox } from "../store/memory/memory-outbox.ts";
import { connectorContract } from "./connector-contract.ts";
import { ledgerAccount, ledgerConnector } from "./fake-ledger-contract.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

const PLAIN: Omit<Capability, "mode"> = {
  ...{ batchMaxCount: 3, batchMaxBytes: 64 * 1024, dedup: { windowMs: DAY_MS }, values: "delta" },
  ...{ numbers: { scale: 3, significantDigits: null, negative: true }, pastMaxMs: null },
  ...{ validation: "sync", readBack: { kind: "line", lagMs: 1_000 }, settlesAfterMs: 60_000 },
  pace: { concurrency: 3, perEntityConcurrency: null, perSecond: null },
};

const NO_NEGATIVE = { scale: 6, significantDigits: 15, negative: false };
const IN_ORDER = { concurrency: 3, perEntityConcurrency: 1, perSecond: null };

const CANDIDATES: readonly (readonly [string, Omit<Capability, "mode">])[] = [
  ["knows no keys, finds lines", { ...PLAIN, dedup: { windowMs: 0 } }],
  [
    "overwrites windows up to 35 days old, and sums them",
    {
      ...{ ...PLAIN, values: "absolute", numbers: NO_NEGATIVE, pastMaxMs: 35 * DAY_MS },
      ...{ readBack: { kind: "aggregate", lagMs: HOUR_MS }, pace: IN_ORDER },
    },
  ],
  [
    "knows keys for a day, validates later, and sums windows up to 35 days old",
    {
      ...{ ...PLAIN, numbers: NO_NEGATIVE, pastMaxMs: 35 * DAY_MS, validation: "async" },
      ...{ readBack: { kind: "aggregate", lagMs: HOUR_MS }, pace: IN_ORDER },
    },
  ],
  [
    "knows keys for half an hour, validates later, finds lines",
    {
      ...{ ...PLAIN, dedup: { windowMs: HOUR_MS / 2 }, validation: "async" },
      readBack: { kind: "line", lagMs: HOUR_MS },
    },
  ],
];

for (const [name, capability] of CANDIDATES) {
  connectorContract({
    name: `a target that ${name}`,
    forgets: "these targets list nothing",
    schedules: 60,
    parts: () => ({
      connector: ledgerConnector(capability),
      outbox: new MemoryOutbox(),
      account: (world) => ledgerAccount(world, capability),
      grain: 10n ** 24n,
    }),
  });
}
