import assert from "node:assert/strict";
import { test } from "node:test";
import type { AlertMessage, OpenTarget } from "../../engine/alerts/alert-ports.ts";
import type { OutgoingHttp, OutgoingRequest, OutgoingResult } from "../../engine/outgoing-http.ts";
import { slackChannel, teamsChannel, webhookChannel } from "./webhook-channel.ts";

const AT_MS = Date.parse("2026-11-26T10:00:00Z");
const TARGET: OpenTarget = {
  ...{ channel: "webhook", url: "https://example.com/hook" },
  ...{ addresses: [], secrets: ["whsec_a"] },
};

const told = (n: number, summary = `alert ${n}`) => ({
  ...{ id: `alert_${n}`, type: "run.paused", team: "engineering", customer: "acme", summary },
  ...{ raisedAt: new Date(AT_MS).toISOString(), data: { of: "run", id: `r${n}` } },
});
const message = (count: number, more = 0): AlertMessage => ({
  ...{ id: "msg_1", atMs: AT_MS, workspace: "w", more },
  alerts: Array.from({ length: count }, (_, n) => told(n)),
});

const answered = (status: number, headers: Record<string, string> = {}): OutgoingResult => ({
  ...{ outcome: "answered", status, headers, body: Buffer.from("secret of an inner server") },
  ...{ isCut: false, remoteAddress: "192.0.2.1", tookMs: 1 },
});

/** A way out that answers as it is told, and keeps what was sent. */
function answering(result: OutgoingResult) {
  const sent: OutgoingRequest[] = [];
  const outgoing: OutgoingHttp = {
    problemOf: () => null,
    send: async (request) => {
      sent.push(request);
      return result;
    },
  };
  return { outgoing, sent };
}

const sign = ({ id }: { readonly id: string }, secrets: readonly string[]) => {
  return { "webhook-id": id, "webhook-signature": secrets.join(" ") };
};

async function ended(result: OutgoingResult) {
  const { outgoing } = answering(result);
  return webhookChannel(outgoing, sign).send(TARGET, message(1));
}

test("2xx takes a message, and nothing else does", async () => {
  for (const status of [200, 201, 204, 299]) {
    assert.equal((await ended(answered(status))).outcome, "taken");
  }
  for (const status of [100, 301, 302, 400, 404, 429, 500, 503]) {
    const { outcome, isGone } = await ended(answered(status));
    assert.deepEqual([outcome, isGone], ["refused", false], String(status));
  }
  assert.equal((await ended(answered(410))).isGone, true);
});

test("how long a receiver wants to be left alone is read as seconds or a date", async () => {
  const after = async (text: string) =>
    (await ended(answered(503, { "retry-after": text }))).retryAfterMs;
  assert.equal(await after("120"), 120_000);
  assert.equal(await after("Thu, 26 Nov 2026 10:05:00 GMT"), 300_000);
  assert.equal(await after("Thu, 26 Nov 2026 09:00:00 GMT"), 0);
  for (const text of ["soon", "-5", "1e9", ""]) assert.equal(await after(text), 0, text);
});

test("what was not sent, and what nobody knows, are told apart", async () => {
  const refused = { outcome: "not_sent", reason: "address_refused", detail: "private" } as const;
  assert.equal((await ended(refused)).outcome, "not_sent");
  const lost = { outcome: "unknown", reason: "timeout", detail: "No answer in time." } as const;
  assert.equal((await ended(lost)).outcome, "unknown");
});

test("nothing that a receiver answers is kept but its status", async () => {
  const result = await ended(answered(500, { "x-inner": "secret of an inner server" }));
  assert.ok(!JSON.stringify(result).includes("secret of an inner server"));
});

test("every attempt carries the same body; several alerts are one message", async () => {
  const { outgoing, sent } = answering(answered(200));
  const channel = webhookChannel(outgoing, sign);
  await channel.send(TARGET, message(1));
  await channel.send(TARGET, { ...message(1), atMs: AT_MS + 1 });
  assert.equal(sent[0]?.body, sent[1]?.body);
  await channel.send(TARGET, message(3, 7));
  const body = JSON.parse(String(sent[2]?.body)) as {
    type: string;
    data: { count: number; more: number; alerts: { id: string }[] };
  };
  assert.equal(body.type, "alert.digest");
  assert.deepEqual([body.data.count, body.data.more, body.data.alerts.length], [10, 7, 3]);
});

test("the largest message stays below the 20 kB that receivers take", async () => {
  const { outgoing, sent } = answering(answered(200));
  const channel = webhookChannel(outgoing, sign);
  const long = Array.from({ length: 50 }, (_, n) => told(n, "run ".repeat(100)));
  await channel.send(TARGET, message(50, 10_000));
  await channel.send(TARGET, { ...message(0, 9), alerts: long });
  for (const { body } of sent) {
    const bytes = Buffer.byteLength(String(body));
    assert.ok(bytes < 20_000 && bytes > 8_000, `${bytes} bytes`);
  }
});

test("what a tenant writes is neither markup nor a second line in a chat", async () => {
  const { outgoing, sent } = answering(answered(200));
  const hostile = { ...message(1), alerts: [told(1, "<!channel>\n*bold* [a](https://evil.test)")] };
  await slackChannel(outgoing).send(TARGET, hostile);
  const { text, blocks } = JSON.parse(String(sent[0]?.body)) as {
    text: string;
    blocks: { text: { type: string; text: string } }[];
  };
  assert.ok(!text.includes("<!channel>") && text.includes("&lt;!channel&gt; *bold*"));
  assert.equal(blocks[0]?.text.type, "plain_text");
  await teamsChannel(outgoing).send(TARGET, hostile);
  const card = JSON.parse(String(sent[1]?.body)) as {
    attachments: { content: { body: { type: string; inlines: { type: string }[] }[] } }[];
  };
  for (const block of card.attachments[0]?.content.body ?? []) {
    assert.equal(block.type, "RichTextBlock", "a text block would read markup");
    assert.ok(block.inlines.every(({ type }) => type === "TextRun"));
  }
});
