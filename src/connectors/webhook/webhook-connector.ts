/**
 * Any other system: each line is a message to a URL, signed as Standard Webhooks say. Its
 * `webhook-id` is the line's key, the same for every attempt, and whoever receives it keeps the ids
 * it has seen for ever (examples/webhook-receiver does). That is all that exactly-once takes here,
 * so a line in doubt is sent again.
 */

import { TollgateError } from "../../domain/errors.ts";
import type { Capability, Outcome } from "../../domain/export/capability.ts";
import type { ExportLine } from "../../domain/export/export-line.ts";
import { formatValue } from "../../domain/export/export-line.ts";
import type { ExportTarget, Missing } from "../../domain/export/target.ts";
import type {
  Connector,
  Freezing,
  OutgoingRequest,
  Session,
  Theirs,
} from "../../engine/export/connector-port.ts";
import { onlyKnown } from "../check-settings.ts";
import { outcome, outcomeOfSilence, outcomeOfStatus } from "../outcome-of-status.ts";
import { secretBytes, webhookHeaders } from "./standard-webhook.ts";

const DECIMALS_DEFAULT = 9;
const DECIMALS_MAX = 18;
const BODY_MAX_BYTES = 256 * 1024;
const SETTLES_AFTER_MS = 60_000;
const CONCURRENCY = 4;
const GONE = 410;

/** Signs what it sends with the secret `signing`, and with `signing_next` where there is one. */
export const webhookConnector: Connector = {
  name: "webhook",
  modes: ["usage", "rated", "statement"],
  secrets: ["signing"],
  capability,
  check,
  freeze,
  preview: (lines, target) => lines.map((line) => requestOf(line, target, previewHeaders(line))),
  send: (lines, session) => Promise.all(lines.map((line) => sendOne(line, session))),
};

function capability({ mode, settings }: ExportTarget): Capability {
  const scale = Number(settings.decimals ?? DECIMALS_DEFAULT);
  return {
    mode,
    ...{ batchMaxCount: 1, batchMaxBytes: BODY_MAX_BYTES, dedup: { windowMs: null } },
    ...{ values: "delta", numbers: { scale, significantDigits: null, negative: true } },
    zeroBills: true,
    ...{ pastMaxMs: null, validation: "sync", readBack: { kind: "none" } },
    pace: { concurrency: CONCURRENCY, perEntityConcurrency: null, perSecond: null },
    settlesAfterMs: SETTLES_AFTER_MS,
  };
}

function check({ settings }: ExportTarget): Missing[] {
  const { url = "", decimals = String(DECIMALS_DEFAULT) } = settings;
  const missing = onlyKnown({ settings }, ["url", "decimals"]);
  if (!URL.canParse(url) || !/^https?:\/\//.test(url)) {
    const detail = "Set the URL that takes the messages: https://….";
    missing.push({ place: "settings.url", detail });
  }
  if (!/^[0-9]{1,2}$/.test(decimals) || Number(decimals) > DECIMALS_MAX) {
    const detail = `Decimal places are a number from 0 to ${DECIMALS_MAX}.`;
    missing.push({ place: "settings.decimals", detail });
  }
  return missing;
}

const TYPES = {
  usage: "usage.line.created",
  rated: "charge.line.created",
  statement: "statement.closed",
} as const;

function freeze(line: Freezing, theirs: Theirs, { account }: ExportTarget): string {
  const { key, customer, item, period, window, revision, mode, unit, description } = line;
  const [start, end] = [window.startMs, window.endMs].map((ms) => new Date(ms).toISOString());
  return JSON.stringify({
    type: TYPES[mode],
    timestamp: end,
    data: {
      ...{ key, account, customer, customerThere: theirs.customer.id },
      ...{ item, itemThere: theirs.item.id, period, window: { start, end }, revision },
      ...{ value: formatValue(line.value), windowTotal: formatValue(line.windowTotal) },
      ...{ unit, description, parts: line.parts, evidence: line.evidence },
    },
  });
}

function requestOf(
  { body }: ExportLine,
  { settings }: ExportTarget,
  headers: Readonly<Record<string, string>>,
): OutgoingRequest {
  const type = { "content-type": "application/json" };
  return { method: "POST", url: settings.url ?? "", headers: { ...type, ...headers }, body };
}

/** The time and the signature are those of an attempt. */
function previewHeaders({ key }: ExportLine): Record<string, string> {
  const attempt = { "webhook-timestamp": "{time}", "webhook-signature": "{secret}" };
  return { "webhook-id": key, ...attempt };
}

async function sendOne(line: ExportLine, session: Session): Promise<Outcome> {
  const secrets = [await session.secret("signing"), ...(await nextSecret(session))];
  if (secrets.some((secret) => secretBytes(secret) === null)) {
    return outcome("auth", "A signing secret is `whsec_` and the base64 of 24 to 64 bytes.");
  }
  const message = { id: line.key, body: line.body, atMs: session.nowMs() };
  const headers = webhookHeaders(message, secrets);
  const request = requestOf(line, session.target, headers);
  const sent = await session.http.send(request, { hosts: "public" });
  if (sent.kind !== "answered") return outcomeOfSilence(sent);
  // Gone means: send nothing more at all.
  if (sent.answer.status === GONE) return outcome("auth", "410: the receiver wants no more.");
  return outcomeOfStatus(sent.answer);
}

async function nextSecret(session: Session): Promise<string[]> {
  try {
    return [await session.secret("signing_next")];
  } catch (error) {
    if (error instanceof TollgateError && error.code === "secret.missing") return [];
    throw error;
  }
}
