import assert from "node:assert/strict";
import { hash } from "node:crypto";
import { test } from "node:test";
import { parquetReadObjects } from "hyparquet";
import type { ExportTarget } from "../../domain/export/target.ts";
import type { Connector } from "../../engine/export/connector-port.ts";
import { runExport } from "../../engine/export/run-export.ts";
import { MemoryOutbox } from "../../store/memory/memory-outbox.ts";
import { connectorContract } from "../connector-contract.ts";
import type { FakeWorld } from "../fake-target-contract.ts";
import { ScriptedWorld } from "../scripted-world-contract.ts";
import { FakeObjectStore } from "./fake-object-store-contract.ts";
import { fileConnector, s3Connector } from "./file-connector.ts";
import type { LineRow } from "./line-table.ts";

const TARGET: ExportTarget = {
  ...{ id: "files", connector: "file", account: "live", mode: "usage", window: "day" },
  ...{ timeZone: "UTC", since: "2026-01-01" },
  customers: { names: {}, others: "same" },
  items: { names: {}, others: "same" },
  settings: { format: "csv", decimals: "2" },
};
const ACCESS = {
  accessKey: "AKIAEXAMPLE",
  secretKey: "wJalrXUtnFEMI/K7MDENG",
  region: "eu-west-1",
};
const BUCKET = { bucket: "billing.acme", region: "eu-west-1", folder: "tollgate/lines" };

const CANDIDATES = [
  ["file, usage", fileConnector, { ...TARGET }],
  [
    "file, rated",
    fileConnector,
    { ...TARGET, mode: "rated", settings: { ...TARGET.settings, format: "ndjson" } },
  ],
  [
    "s3, usage",
    s3Connector,
    { ...TARGET, connector: "s3", settings: { ...TARGET.settings, ...BUCKET } },
  ],
  [
    "s3 elsewhere, statement",
    s3Connector,
    {
      ...{ ...TARGET, connector: "s3", mode: "statement" },
      settings: { ...BUCKET, format: "ndjson", endpoint: "https://minio.example:8443" },
    },
  ],
] as const satisfies readonly (readonly [string, Connector, ExportTarget])[];

for (const [name, connector, target] of CANDIDATES) {
  const access = connector === s3Connector ? ACCESS : null;
  const { accessKey, secretKey } = ACCESS;
  connectorContract({
    name,
    schedules: 250,
    parts: () => ({
      connector,
      outbox: new MemoryOutbox(),
      account: (world) => ({
        target,
        secrets: access === null ? {} : { access_key: accessKey, secret_key: secretKey },
        fake: new FakeObjectStore(world, access),
      }),
      grain: 10n ** 24n,
    }),
  });
}

test("a Parquet file is in the bucket as its manifest says, for any reader", async () => {
  const settings = { ...BUCKET, format: "parquet", decimals: "2" };
  const parts = {
    ...{ connector: s3Connector, outbox: new MemoryOutbox(), grain: 10n ** 24n },
    account: (world: FakeWorld) => ({
      target: { ...TARGET, connector: "s3", settings },
      secrets: { access_key: ACCESS.accessKey, secret_key: ACCESS.secretKey },
      fake: new FakeObjectStore(world, ACCESS),
    }),
  };
  const world = new ScriptedWorld(parts, 1);
  await world.prepare();
  for (const [customer, by] of [
    ["acme", 1_500n],
    ["globex", 250n],
  ] as const) {
    world.ledger.add(customer, "tokens", { atMs: world.nowMs, by: by * 10n ** 30n });
  }
  world.pass(2 * 24 * 3_600_000);
  const { context, open } = world.sender();
  const { sent, confirmed } = await runExport(context, open, { customer: null });
  assert.deepEqual([sent, confirmed], [{ accepted: 2 }, 2], "written and read back");
  const { objects, complaints } = world.fake as FakeObjectStore;
  const [url = ""] = [...objects.keys()].filter((one) => one.endsWith(".parquet"));
  const bytes = objects.get(url) as Uint8Array;
  const manifest = JSON.parse(String(objects.get(url.replace(/parquet$/, "manifest.json"))));
  assert.equal(manifest.sha256, hash("sha256", bytes, "hex"));
  const file = new Uint8Array(bytes).buffer;
  const rows = (await parquetReadObjects({ file })) as unknown as LineRow[];
  assert.deepEqual(
    rows.map(({ key, customer, value }) => [key, customer, value]),
    [
      [manifest.keys[0], "acme", "1.5"],
      [manifest.keys[1], "globex", "0.25"],
    ],
  );
  assert.deepEqual(complaints, []);
});

test("settings that lead nowhere are told with what to do", () => {
  const places = (settings: ExportTarget["settings"], connector = "s3") =>
    s3Connector.check({ ...TARGET, connector, settings }).map(({ place }) => place);
  assert.deepEqual(places({ bucket: "b-1" }), []);
  assert.deepEqual(places({}), ["settings.bucket"]);
  assert.deepEqual(places({}, "file"), []);
  for (const folder of ["../x", "a/../b", "/a", "a//b", "", ".ssh", "a b"]) {
    assert.deepEqual(places({ folder }, "file"), ["settings.folder"], folder);
  }
  for (const endpoint of ["ftp://x", "https://x/path", "x"]) {
    assert.deepEqual(places({ bucket: "b-1", endpoint }), ["settings.endpoint"], endpoint);
  }
  assert.deepEqual(places({ bucket: "b-1", format: "xls", decimals: "34", region: "EU" }), [
    ...["settings.format", "settings.decimals", "settings.region"],
  ]);
});
