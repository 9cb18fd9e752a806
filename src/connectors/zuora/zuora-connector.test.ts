import assert from "node:assert/strict";
import { test } from "node:test";
import type { ExportLine } from "../../domain/export/export-line.ts";
import type { ExportTarget } from "../../domain/export/target.ts";
import type { OutgoingRequest, Session } from "../../engine/export/connector-port.ts";
import { MemoryOutbox } from "../../store/memory/memory-outbox.ts";
import { connectorContract } from "../connector-contract.ts";
import { CUSTOMERS, chargeIdOf, ITEMS } from "./fake-documents-contract.ts";
import { CLIENT, customerName, FakeZuora } from "./fake-zuora-contract.ts";
import { zuoraConnector } from "./zuora-connector.ts";
import { judged, zuoraSpec } from "./zuora-spec-contract.ts";

const TARGET: ExportTarget = {
  ...{ id: "zuora", connector: "zuora", account: "live", mode: "usage", window: "day" },
  ...{ timeZone: "America/Los_Angeles", since: "2026-01-01" },
  customers: {
    names: Object.fromEntries(CUSTOMERS.map((customer) => [customer, customerName(customer)])),
    others: "refuse",
  },
  items: {
    names: Object.fromEntries(
      ITEMS.map((item) => [item, { id: `UOM-${item}`, chargeId: chargeIdOf(item) }]),
    ),
    others: "refuse",
  },
  settings: {},
};

const DOCUMENTS = { window: "period", settings: { currency: "USD" } } as const;
const GRAIN = 10n ** 24n;

const CANDIDATES: readonly (readonly [string, ExportTarget, bigint])[] = [
  ["zuora, usage as records", { ...TARGET, settings: { openDays: "45" } }, GRAIN],
  ["zuora, usage as files", { ...TARGET, settings: { way: "file", decimals: "4" } }, GRAIN],
  [
    "zuora, usage by Mediation",
    { ...TARGET, settings: { way: "mediation", meter: "m-1", keyField: "TollgateKey__c" } },
    GRAIN,
  ],
  ["zuora, rated", { ...TARGET, ...DOCUMENTS, mode: "rated" }, GRAIN],
  ["zuora, statement", { ...TARGET, ...DOCUMENTS, mode: "statement" }, 10n ** 31n],
];

for (const [name, target, grain] of CANDIDATES) {
  connectorContract({
    name,
    schedules: 100,
    parts: () => ({
      connector: zuoraConnector,
      outbox: new MemoryOutbox(),
      account: (world) => ({ target, secrets: CLIENT, fake: new FakeZuora(world) }),
      grain,
    }),
  });
}

test("a target that is right is told nothing", () => {
  for (const [name, target] of CANDIDATES) assert.deepEqual(zuoraConnector.check(target), [], name);
});

test("a dry run shows the requests that are sent then", async () => {
  for (const [name, target] of CANDIDATES) {
    const line = {
      ...{ key: "0b7c1c9e-5f0a-8d2b-9c3d-4e5f60718293", workspace: "w", customer: "acme" },
      ...{ item: "tokens", period: "2026-11-01", window: { startMs: 0, endMs: 1 }, revision: 0 },
      ...{ mode: target.mode, value: 10n ** 33n, windowTotal: 10n ** 33n, unit: "USD" },
      ...{ description: "Tokens", parts: [], evidence: { source: "", ledger: "1" } },
      ...{ plannedAtMs: 1, earlier: [], takesBack: null, attempts: 0 },
    };
    const { customers, items } = target;
    const theirs = { customer: customers.names.acme ?? {}, item: items.names.tokens ?? {} };
    const body = zuoraConnector.freeze(line, theirs, target);
    const frozen = { ...line, body } as unknown as ExportLine;
    const sent: OutgoingRequest[] = [];
    const fake = new FakeZuora({ nowMs: () => 0, chance: () => 1 });
    const session = {
      ...{ workspace: "w", target, memory: new Map(), nowMs: () => 0 },
      http: {
        send: async (request: OutgoingRequest) => {
          sent.push(request);
          return { kind: "answered", answer: fake.answer(request) };
        },
      },
      secret: async (secret: "client_id" | "client_secret") => CLIENT[secret],
    } as unknown as Session;
    const [outcome] = await zuoraConnector.send([{ ...frozen, attempts: 1 }], session);
    assert.equal(outcome?.class, "accepted", `${name}: ${outcome?.note}`);
    const hidden = JSON.stringify(sent)
      .replaceAll(CLIENT.client_id, "{secret}")
      .replaceAll(CLIENT.client_secret, "{secret}")
      .replace(/Bearer [0-9a-f]{32}/g, "Bearer {secret}");
    assert.deepEqual(zuoraConnector.preview([frozen], target), JSON.parse(hidden), name);
    assert.deepEqual(fake.complaints, [], name);
  }
});

const skip = zuoraSpec === null ? "Zuora's document is not beside the repository" : false;

test("the judge takes what Zuora's document gives as an example, and refuses what it forbids", {
  skip,
}, () => {
  const url = "https://rest.zuora.com/v1/object/usage?rejectUnknownFields=true";
  const request = { method: "POST", url, headers: {}, body: null } as const;
  const example = {
    ...{ AccountId: "2c92c0f956bc8fb40156d502fc3718b1", ChargeNumber: "C-00000229" },
    ...{ Quantity: 9, StartDateTime: "2025-10-15T13:53:36.359Z", UOM: "Each" },
  };
  assert.deepEqual(judged(request, example), []);
  for (const wrong of [
    ...[{ Quantity: "9" }, { StartDateTime: "2025-10-15" }, { UOM: undefined }],
    { Description: "x".repeat(201) },
  ]) {
    assert.equal(judged(request, { ...example, ...wrong }).length, 1, JSON.stringify(wrong));
  }
  assert.equal(judged({ ...request, url: `${url}&x=1` }, example).length, 1);
  assert.equal(judged({ ...request, url: "https://rest.zuora.com/v1/invoices" }, {}).length, 1);
});
