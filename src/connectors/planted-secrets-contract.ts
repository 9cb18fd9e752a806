/**
 * A target that tells every secret back wherever it can: in headers, in fields, in plain words, and
 * encoded. Nothing of it may be in what is kept for support, while everything else is kept exactly.
 */
import assert from "node:assert/strict";
import type { ExportAttempt } from "../domain/export/attempt.ts";
import { EXCHANGES_OF_AN_ATTEMPT_MAX_COUNT } from "../domain/limits.ts";
import type {
  OutgoingAnswer,
  OutgoingHttp,
  OutgoingRequest,
} from "../engine/export/connector-port.ts";
import { runExport } from "../engine/export/run-export.ts";
import { Killed, ScriptedWorld, WORKSPACE, type WorldParts } from "./scripted-world-contract.ts";

const DAY_MS = 24 * 60 * 60_000;
const DAYS = 16;
/** After it a period is over, and amounts are sent. */
const LAST_DAY_OF_PERIOD = 10;
/** As long as what no innocent text has by chance. */
const SECRET_LEAST_CHARS = 8;

/** Plays some days with a target that tells secrets, and looks at all that was kept. */
export async function keptWithoutSecrets(parts: WorldParts, seed: number): Promise<void> {
  const world = new ScriptedWorld(parts, seed);
  const told = new TellingTarget(world);
  await world.prepare();
  for (let day = 0; day < DAYS; day += 1) {
    world.weather = { faults: day % 3 === 0 ? 0.3 : 0, isOut: false };
    for (const item of ["tokens", "searches"]) {
      world.ledger.add("acme", item, { atMs: world.nowMs, by: 10n ** 9n * parts.grain });
    }
    await sends(world, told);
    world.pass(day === LAST_DAY_OF_PERIOD ? 31 * DAY_MS : DAY_MS);
  }
  const kept = await allAttempts(world);
  assert.ok(kept.length > 0, "attempts are kept");
  const text = JSON.stringify(kept);
  for (const secret of [...told.secrets, ...told.sent]) {
    for (const [how, , core] of encodings(secret)) {
      assert.ok(!text.includes(core), `seed ${seed}: kept ${how}: ${around(text, core)}`);
    }
  }
  requireWhole(kept, told.requests, seed);
}

async function sends(world: ScriptedWorld, told: TellingTarget): Promise<void> {
  const { context, open } = world.sender();
  const http: OutgoingHttp = {
    send: (request, limits) => {
      told.requests.push(request);
      return open.session.http.send(request, limits);
    },
  };
  const secret = async (name: string) => {
    const text = await open.session.secret(name);
    told.secrets.add(text);
    return text;
  };
  try {
    await runExport(
      context,
      { ...open, session: { ...open.session, http, secret } },
      { customer: null },
    );
  } catch (error) {
    if (!(error instanceof Killed)) throw error;
  }
  for (const { value } of open.session.memory.values()) if (isSecret(value)) told.sent.add(value);
}

/** What connectors remember beside tokens, such as lists of meters, is JSON. */
function isSecret(value: string): boolean {
  return value.length >= SECRET_LEAST_CHARS && !/^[[{]/.test(value);
}

/** The world's fake, whose answers hold every secret of the target, and what it was just sent. */
class TellingTarget {
  readonly secrets = new Set<string>();
  /** All that stood in places of secrets in a request. */
  readonly sent = new Set<string>();
  readonly requests: OutgoingRequest[] = [];

  constructor({ fake, secrets }: ScriptedWorld) {
    for (const secret of Object.values(secrets)) this.secrets.add(secret);
    const answer = fake.answer.bind(fake);
    fake.answer = (request) => {
      const own = credentials(request);
      for (const text of own) this.sent.add(text);
      return this.#telling(answer(request), own);
    };
  }

  #telling({ status, headers, body }: OutgoingAnswer, own: readonly string[]): OutgoingAnswer {
    const all = [...this.secrets, ...own].flatMap(encodings).map(([, text]) => text);
    const more = {
      "set-cookie": `session=${all.join("; ")}`,
      "x-debug": `you sent ${all.join(", ")}`,
      authorization: all.join(" "),
    };
    return { status, headers: { ...headers, ...more }, body: told(body, status, all) };
  }
}

function told(body: string, status: number, all: readonly string[]): string {
  if (body.startsWith("{")) {
    const document = { ...JSON.parse(body), debug: { said: all, access_token: all[0] ?? "" } };
    return JSON.stringify(document);
  }
  return status >= 400 ? `${body} You sent ${all.join(" and ")}.` : body;
}

/** What a request's authorization says, and what it asks a token with. */
function credentials({ headers, body }: OutgoingRequest): string[] {
  const { authorization = "" } = headers;
  const [, token = ""] = /^(?:Bearer|Basic) (.{8,})$/.exec(authorization) ?? [];
  const [, signature = ""] = /Signature=([0-9a-f]{16,})/.exec(authorization) ?? [];
  const form = typeof body === "string" && !body.startsWith("{") ? new URLSearchParams(body) : null;
  const assertion = form?.get("client_assertion") ?? "";
  const own = headers["webhook-signature"] ?? "";
  return [token, signature, assertion, own].filter((text) => text.length >= SECRET_LEAST_CHARS);
}

/** How a secret is told back: how, the text, and what of it must not be kept. */
function encodings(secret: string): [string, string, string][] {
  const same = (how: string, text: string): [string, string, string] => [how, text, text];
  const simple = [
    same("as it is", secret),
    same("for JSON", JSON.stringify(secret).slice(1, -1)),
    same("for URLs", encodeURIComponent(secret)),
    same("for forms", new URLSearchParams({ x: secret }).toString().slice(2)),
  ];
  if (secret.length < SECRET_LEAST_CHARS) return simple;
  const alone = Buffer.from(secret).toString("base64");
  const pair = Buffer.from(`:${secret}:x`).toString("base64");
  return [
    ...simple,
    // Letters that hold a part of the secret, and those that hold nothing else.
    ["in base64", alone, alone.slice(4, 8)],
    ["as a password", pair, pair.slice(4, 8)],
  ];
}

function around(text: string, part: string): string {
  const at = text.indexOf(part);
  return text.slice(Math.max(0, at - 80), at + part.length + 20);
}

async function allAttempts({ outbox, target }: ScriptedWorld): Promise<ExportAttempt[]> {
  return outbox.attempts(WORKSPACE, { target: target.id, limit: 10_000 });
}

/** Whatever has no secret in it is kept as it was sent. */
function requireWhole(
  kept: readonly ExportAttempt[],
  requests: readonly OutgoingRequest[],
  seed: number,
): void {
  const sent = new Map(requests.map((request) => [placeOf(request), request]));
  let whole = 0;
  for (const { exchanges, lines, purpose } of kept) {
    assert.ok(exchanges.length <= EXCHANGES_OF_AN_ATTEMPT_MAX_COUNT);
    assert.ok(purpose === "read_back" || lines.length > 0, "a sending says which lines it sent");
    for (const { request, answer } of exchanges) {
      // What came too late for its claim never got as far as the network.
      if (answer.kind === "not_sent") continue;
      if (request.body?.text == null || request.body.hash === null) continue;
      assert.ok(sent.has(`${request.method} ${request.url} ${request.body.text}`), request.url);
      whole += 1;
    }
  }
  const hasTexts = requests.some(
    ({ method, body }) => method !== "GET" && typeof body === "string",
  );
  assert.ok(whole > 0 || !hasTexts, `seed ${seed}: bodies without secrets are kept as sent`);
}

function placeOf({ method, url, body }: OutgoingRequest): string {
  return `${method} ${url} ${typeof body === "string" ? body : ""}`;
}
