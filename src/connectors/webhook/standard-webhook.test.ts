import assert from "node:assert/strict";
import { test } from "node:test";
import { webhookHeaders } from "./standard-webhook.ts";

test("a message is signed as the specification's example is", () => {
  const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
  const message = { id: "msg_p5jXN8AQM9LWM0D4loKWxJek", body: '{"test": 2432232314}' };
  const headers = webhookHeaders({ ...message, atMs: 1_614_265_330_999 }, [secret]);
  assert.equal(headers["webhook-signature"], "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
  assert.equal(headers["webhook-timestamp"], "1614265330");
  assert.equal(headers["webhook-id"], message.id);
});

test("while a secret changes, both sign", () => {
  const [a, b] = [`whsec_${btoa("a".repeat(24))}`, `whsec_${btoa("b".repeat(24))}`];
  const message = { id: "msg_1", body: "{}", atMs: 1_000 };
  const of = (secrets: readonly string[]) => webhookHeaders(message, secrets)["webhook-signature"];
  assert.equal(of([a, b]), `${of([a])} ${of([b])}`);
  assert.notEqual(of([a]), of([b]));
});
