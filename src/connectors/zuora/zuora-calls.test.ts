import assert from "node:assert/strict";
import { test } from "node:test";
import type { ExportTarget } from "../../domain/export/target.ts";
import type { OutgoingRequest, Sent, Session } from "../../engine/export/connector-port.ts";
import { type Call, called, JSON_TYPE } from "./zuora-calls.ts";

const SECRETS: Record<string, string> = { client_id: "c".repeat(36), client_secret: "s&=3" };
const CALL: Call = {
  ...{ method: "POST", host: "rest.zuora.com", path: "/v1/invoices", type: JSON_TYPE, body: "{}" },
  ...{ trackId: "k", idempotencyKey: "k.1" },
};

function answered(status: number, body: object = {}): Sent {
  return { kind: "answered", answer: { status, headers: {}, body: JSON.stringify(body) } };
}

const TOKEN = answered(200, { access_token: "t0ken", expires_in: 3599, token_type: "bearer" });

interface Played {
  readonly session: Session;
  readonly requests: OutgoingRequest[];
  readonly clock: { ms: number };
}

/** A session whose requests are answered in turn. */
function play(answers: Sent[], settings: ExportTarget["settings"] = {}): Played {
  const requests: OutgoingRequest[] = [];
  const clock = { ms: 1_000_000 };
  const session = {
    ...{ workspace: "w", target: { mode: "usage", settings }, memory: new Map() },
    http: {
      send: async (request: OutgoingRequest) => {
        requests.push(request);
        return answers.shift() ?? { kind: "not_sent", reason: "no answer is left" };
      },
    },
    nowMs: () => clock.ms,
    secret: async (name: string) => SECRETS[name] ?? "",
  } as unknown as Session;
  return { session, requests, clock };
}

test("a token is asked for once by all calls, and again when it is nearly over", async () => {
  const ok = answered(200, { success: true });
  const { session, requests, clock } = play([TOKEN, ok, ok, ok, TOKEN, ok]);
  await Promise.all([called(CALL, session), called(CALL, session)]);
  await called(CALL, session);
  const paths = () => requests.map(({ url }) => new URL(url).pathname);
  assert.deepEqual(paths(), ["/oauth/token", "/v1/invoices", "/v1/invoices", "/v1/invoices"]);
  clock.ms += 3599_000 - 120_000;
  await called(CALL, session);
  assert.deepEqual(paths().slice(4), ["/oauth/token", "/v1/invoices"]);
  assert.equal(
    requests[0]?.body,
    `client_id=${SECRETS.client_id}&client_secret=s%26%3D3&grant_type=client_credentials`,
  );
});

test("a request has the headers of the reference", async () => {
  const settings = { entity: "e-1", org: "o-1" };
  const { session, requests } = play([TOKEN, answered(200)], settings);
  await called(CALL, session);
  assert.deepEqual(requests[1], {
    ...{ method: "POST", url: "https://rest.zuora.com/v1/invoices", body: "{}" },
    headers: {
      ...{ authorization: "Bearer t0ken", accept: "application/json" },
      ...{ "content-type": "application/json; charset=utf-8", "idempotency-key": "k.1" },
      ...{ "zuora-track-id": "k", "zuora-version": "2025-08-12" },
      ...{ "zuora-entity-ids": "e-1", "zuora-org-ids": "o-1" },
    },
  });
});

test("a token that ran out is replaced; one that is refused at once stops the run", async () => {
  const { session } = play([TOKEN, answered(200), answered(401), TOKEN, answered(401)]);
  await called(CALL, session);
  const late = await called(CALL, session);
  assert.ok(late.answer === null && late.outcome.class === "retry_same_bytes");
  const fresh = await called(CALL, session);
  assert.ok(fresh.answer === null && fresh.outcome.class === "auth");
});

test("without a token nothing was sent, whatever became of the request for it", async () => {
  const outcomes: readonly (readonly [Sent, string])[] = [
    [{ kind: "unclear", reason: "time-out" }, "retry_same_bytes"],
    [answered(500), "retry_same_bytes"],
    [answered(429), "retry_same_bytes"],
    [answered(200, { access_token: 7 }), "retry_same_bytes"],
    [answered(401), "auth"],
  ];
  for (const [sent, kind] of outcomes) {
    const { session, requests } = play([sent]);
    const made = await called(CALL, session);
    assert.ok(made.answer === null && made.outcome.class === kind, kind);
    assert.equal(requests.length, 1);
    assert.ok(!made.outcome.note.includes("s&=3"), "no secret is kept");
  }
});
