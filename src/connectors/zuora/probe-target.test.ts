import assert from "node:assert/strict";
import { test } from "node:test";
import type { ExportTarget } from "../../domain/export/target.ts";
import type { OutgoingRequest, Sent, Session } from "../../engine/export/connector-port.ts";
import { probeTarget } from "./probe-target.ts";

const ACCOUNT_ID = "2c92c0f956bc8fb40156d502fc3718b1";

function answered(status: number, body: object): Sent {
  return { kind: "answered", answer: { status, headers: {}, body: JSON.stringify(body) } };
}

/** Accounts by what they are asked by; a field that usage does not have fails its query. */
function answerTo({ url, body }: OutgoingRequest): Sent {
  const { pathname } = new URL(url);
  if (pathname === "/v1/catalog/products") return answered(200, { success: true, products: [] });
  const { queryString } = JSON.parse(String(body));
  if (queryString.includes("Missing__c")) {
    const Message = "invalid field for query: Missing__c";
    return answered(400, {
      faultcode: "fns:MALFORMED_QUERY",
      Success: false,
      Errors: [{ Message }],
    });
  }
  const isKnown = queryString.includes("'A1'") || queryString.includes(`'${ACCOUNT_ID}'`);
  const records = isKnown ? [{ Id: ACCOUNT_ID, Currency: "EUR" }] : [];
  return answered(200, { done: true, size: records.length, records });
}

async function probed(target: Partial<ExportTarget>, token: Sent | null = null): Promise<string[]> {
  const names = { names: { acme: { id: "A1", accountId: ACCOUNT_ID } }, others: "refuse" } as const;
  const session = {
    target: { mode: "usage", settings: {}, customers: names, ...target },
    memory: new Map(token === null ? [["rest.zuora.com", { value: "t", untilMs: 9e15 }]] : []),
    http: { send: async (request: OutgoingRequest) => token ?? answerTo(request) },
    nowMs: () => 0,
    secret: async () => "secret",
  } as unknown as Session;
  return (await probeTarget(session)).map(({ place }) => place);
}

test("a target that Zuora knows is right", async () => {
  assert.deepEqual(await probed({ settings: { keyField: "TollgateKey__c" } }), []);
});

test("credentials that are refused, and a host that does not answer, are told apart", async () => {
  assert.deepEqual(await probed({}, answered(401, {})), ["secrets.client_secret"]);
  assert.deepEqual(await probed({}, { kind: "not_sent", reason: "no such host" }), [
    "settings.host",
  ]);
});

test("a field, an account and a currency that are not there are told by their place", async () => {
  assert.deepEqual(await probed({ settings: { keyField: "Missing__c" } }), ["settings.keyField"]);
  const unknown = { names: { acme: { id: "A2" } }, others: "refuse" } as const;
  assert.deepEqual(await probed({ customers: unknown }), ["customers.acme"]);
  const rated = (currency: string) => ({ mode: "rated", settings: { currency } }) as const;
  assert.deepEqual(await probed(rated("EUR")), []);
  assert.deepEqual(await probed(rated("USD")), ["customers.acme"]);
});
