import assert from "node:assert/strict";
import { test } from "node:test";
import type { ExportTarget } from "../../domain/export/target.ts";
import type { Connector } from "../../engine/export/connector-port.ts";
import { MemoryOutbox } from "../../store/memory/memory-outbox.ts";
import { connectorContract } from "../connector-contract.ts";
import { FakeObjectStore } from "./fake-object-store-contract.ts";
import { fileConnector, s3Connector } from "./file-connector.ts";

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
