import assert from "node:assert/strict";
import { test } from "node:test";
import type { ExportTarget } from "../domain/export/target.ts";
import { chargebeeConnector } from "./chargebee/chargebee-connector.ts";
import { choice, wholeNumber } from "./check-settings.ts";
import { fileConnector, s3Connector } from "./file/file-connector.ts";
import { netsuiteConnector } from "./netsuite/netsuite-connector.ts";
import { stripeConnector } from "./stripe/stripe-connector.ts";
import { webhookConnector } from "./webhook/webhook-connector.ts";
import { zuoraConnector } from "./zuora/zuora-connector.ts";

const CONNECTORS = [
  ...[webhookConnector, fileConnector, s3Connector],
  ...[stripeConnector, zuoraConnector, chargebeeConnector, netsuiteConnector],
];

for (const connector of CONNECTORS) {
  test(`${connector.name} takes no setting that it does not know`, () => {
    for (const mode of connector.modes) {
      const target: ExportTarget = {
        ...{ id: "t", connector: connector.name, account: "live", mode, window: "day" },
        ...{ timeZone: "UTC", since: "2026-11-01", settings: { decimal: "2" } },
        customers: { names: {}, others: "same" },
        items: { names: {}, others: "same" },
      };
      const places = connector.check(target).map(({ place }) => place);
      assert.ok(places.includes("settings.decimal"), `${mode}: ${places}`);
    }
  });
}

test("a number is whole and in its bounds, which belong to it", () => {
  for (const text of ["1", "20"]) assert.deepEqual(wholeNumber("n", text, [1, 20]), []);
  for (const text of ["0", "21", "-1", "1.5", "", "1e1", " 2"]) {
    const [wrong] = wholeNumber("n", text, [1, 20]);
    assert.equal(wrong?.place, "settings.n", text);
  }
});

test("a choice is one of its words", () => {
  assert.deepEqual(choice("api", "v1", ["v1", "v2"]), []);
  const [wrong] = choice("api", "V1", ["v1", "v2"]);
  assert.equal(wrong?.detail, '"V1" is none of v1, v2.');
});
