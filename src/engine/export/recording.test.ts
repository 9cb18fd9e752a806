import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import {
  EXCHANGES_OF_AN_ATTEMPT_MAX_COUNT,
  EXPORT_NOTE_MAX_CHARS,
  KEPT_BODY_MAX_CHARS,
  OUTGOING_URL_MAX_CHARS,
} from "../../domain/limits.ts";
import type { OutgoingRequest, Sent, Session } from "./connector-port.ts";
import { Recording } from "./recording.ts";

const KEY = "key-of-the-account";
const LIMITS = { hosts: ["erp.example"] };
const context = {
  clock: { nowMs: () => 7 },
  digest: { sha256: (text: string) => createHash("sha256").update(text).digest("hex") },
};

function recorded(answer: (request: OutgoingRequest) => Sent, hidden: readonly string[] = []) {
  const session = {
    ...{ workspace: "w", target: { id: "erp" }, memory: new Map(), nowMs: () => 7 },
    secret: async () => KEY,
    http: { send: async (request: OutgoingRequest) => answer(request) },
  } as unknown as Session;
  return new Recording(context, { session, hidden: new Set(hidden) });
}

function post(body: OutgoingRequest["body"], url = "https://erp.example/"): OutgoingRequest {
  return { method: "POST", url, headers: { "x-id": "1" }, body };
}

function answered(body: string): () => Sent {
  return () => ({ kind: "answered", answer: { status: 200, headers: { a: "b" }, body } });
}

function keptOf(recording: Recording) {
  return recording.attempt({ id: "a", purpose: "send", lines: [{ key: "k", said: "accepted" }] });
}

test("an attempt keeps what was sent and answered as it was", async () => {
  const recording = recorded(answered('{"ok":true}'));
  await recording.session.http.send(post('{"value":"1"}'), LIMITS);
  assert.deepEqual(keptOf(recording), {
    ...{ id: "a", target: "erp", purpose: "send", atMs: 7, isTroubled: false, leftOutCount: 0 },
    lines: [{ key: "k", said: "accepted" }],
    exchanges: [
      {
        ...{ atMs: 7, tookMs: 0 },
        request: {
          ...{ method: "POST", url: "https://erp.example/", headers: { "x-id": "1" } },
          body: {
            ...{ text: '{"value":"1"}', bytes: 13, isCut: false },
            hash: context.digest.sha256('{"value":"1"}'),
          },
        },
        answer: {
          ...{ kind: "answered", status: 200, headers: { a: "b" } },
          body: {
            ...{ text: '{"ok":true}', bytes: 11, isCut: false },
            hash: context.digest.sha256('{"ok":true}'),
          },
        },
      },
    ],
  });
});

test("a secret that nobody asked for is hidden too, and a token that was just got", async () => {
  const recording = recorded(() => {
    recording.session.memory.set("t", { value: "token-of-today", untilMs: 9 });
    return { kind: "unclear", reason: `reset with token-of-today and another-secret` };
  }, ["another-secret"]);
  await recording.session.secret("api_key");
  await recording.session.http.send(post(`mine is ${KEY}`), LIMITS);
  const [exchange] = keptOf(recording).exchanges;
  assert.equal(exchange?.request.body?.text, "mine is {secret}");
  assert.equal(exchange?.request.body?.hash, null, "a hash of a secret is a hint");
  assert.deepEqual(exchange?.answer, {
    kind: "unclear",
    reason: "reset with {secret} and {secret}",
  });
  assert.equal(recording.note(`no ${KEY}`), "no {secret}");
});

test("a body is kept up to a size, and never the half of a secret at its end", async () => {
  const body = (chars: number) => "x".repeat(chars);
  for (const [chars, isCut] of [
    [KEPT_BODY_MAX_CHARS, false],
    [KEPT_BODY_MAX_CHARS + 1, true],
  ] as const) {
    const recording = recorded(answered(body(chars)));
    await recording.session.http.send(post(body(chars)), LIMITS);
    const [exchange] = keptOf(recording).exchanges;
    const told = exchange?.answer.kind === "answered" ? exchange.answer.body : null;
    for (const kept of [exchange?.request.body, told]) {
      assert.equal(kept?.text?.length, KEPT_BODY_MAX_CHARS);
      assert.deepEqual([kept.bytes, kept.isCut], [chars, isCut]);
      assert.equal(kept.hash, context.digest.sha256(body(chars)));
    }
  }
  for (let before = KEPT_BODY_MAX_CHARS - KEY.length; before < KEPT_BODY_MAX_CHARS; before += 1) {
    const recording = recorded(answered(""), [KEY]);
    await recording.session.http.send(post(`${" ".repeat(before)}${KEY}`), LIMITS);
    const text = keptOf(recording).exchanges[0]?.request.body?.text ?? "";
    assert.ok(!text.includes("key-"), `${before} characters before it`);
  }
});

test("bytes that are no text are counted and not kept", async () => {
  const recording = recorded(answered(""));
  await recording.session.http.send(post(Uint8Array.of(0x50, 0x41, 0xff, 0xfe)), LIMITS);
  const body = keptOf(recording).exchanges[0]?.request.body;
  assert.deepEqual(body, { text: null, bytes: 4, hash: null, isCut: false });
});

test("of many requests the newest are kept; long addresses and reasons are cut", async () => {
  const reason = "r".repeat(EXPORT_NOTE_MAX_CHARS + 1);
  const recording = recorded(() => ({ kind: "not_sent", reason }));
  const count = EXCHANGES_OF_AN_ATTEMPT_MAX_COUNT + 1;
  for (let at = 0; at < count; at += 1) {
    const url = `https://erp.example/${at}?${"u".repeat(OUTGOING_URL_MAX_CHARS)}`;
    await recording.session.http.send(post(null, url), LIMITS);
  }
  const { exchanges, leftOutCount } = keptOf(recording);
  assert.deepEqual([exchanges.length, leftOutCount], [EXCHANGES_OF_AN_ATTEMPT_MAX_COUNT, 1]);
  assert.match(exchanges[0]?.request.url ?? "", /^https:\/\/erp\.example\/1\?/);
  assert.equal(exchanges[0]?.request.url.length, OUTGOING_URL_MAX_CHARS);
  const answer = exchanges[0]?.answer;
  assert.equal(answer?.kind === "not_sent" && answer.reason.length, EXPORT_NOTE_MAX_CHARS);
});

test("a note has so many characters and no more", () => {
  const recording = recorded(answered(""));
  const longest = "n".repeat(EXPORT_NOTE_MAX_CHARS);
  assert.equal(recording.note(longest), longest);
  assert.equal(recording.note(`${longest}n`), longest);
});
