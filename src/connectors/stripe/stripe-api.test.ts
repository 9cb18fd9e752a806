import assert from "node:assert/strict";
import { test } from "node:test";
import { TARGET_LIST_MAX_BYTES, TARGET_LIST_PAGES_MAX_COUNT } from "../../domain/limits.ts";
import type { OutgoingRequest } from "../../engine/export/connector-port.ts";
import { LINE_KEY } from "../sample-line-contract.ts";
import { lineOf, recording, targetOf } from "./sample-stripe-contract.ts";
import { stripeConnector } from "./stripe-connector.ts";

const TARGET = targetOf("rated", { currency: "usd" });

/** What is found where a line's item stands on a page of so many. */
async function foundOn(page: number, pages: number) {
  let asked = 0;
  const { session, requests } = recording(TARGET, () => {
    asked += 1;
    const metadata = asked === page ? { tollgate_line: LINE_KEY } : {};
    return { data: [{ id: `ii_${asked}`, metadata }], has_more: asked < pages };
  });
  const { found } = (await stripeConnector.lookUp?.(lineOf(TARGET), session)) ?? {};
  return { found, requests };
}

const afterOf = ({ url }: OutgoingRequest) => new URL(url).searchParams.get("starting_after");

test("a list is gone through page by page, up to what is looked for", async () => {
  const { found, requests } = await foundOn(3, 9);
  assert.equal(found, "present");
  assert.deepEqual(requests.map(afterOf), [null, "ii_1", "ii_2"]);
});

test(`what is behind ${TARGET_LIST_PAGES_MAX_COUNT} pages is not taken as absent`, async () => {
  const most = TARGET_LIST_PAGES_MAX_COUNT;
  assert.equal((await foundOn(most, most)).found, "present");
  assert.equal((await foundOn(0, most)).found, "absent");
  const { found, requests } = await foundOn(most + 1, most + 1);
  assert.equal(found, "unclear");
  assert.equal(requests.length, most);
});

test("a page is read up to its bound, and one that is cut off says nothing", async () => {
  const limits: (number | undefined)[] = [];
  const { session } = recording(TARGET);
  const cutOff = { status: 200, headers: {}, body: '{"data":[{"id":"ii_1"},{"id"' };
  const http: typeof session.http = {
    send: async (_request, { answerMaxBytes }) => {
      limits.push(answerMaxBytes);
      return { kind: "answered", answer: cutOff };
    },
  };
  const looked = await stripeConnector.lookUp?.(lineOf(TARGET), { ...session, http });
  assert.equal(looked?.found, "unclear");
  assert.deepEqual(limits, [TARGET_LIST_MAX_BYTES]);
});
