/**
 * Stripe: quantities to its meters, amounts as invoice items, statements as invoices. Set-up, traps
 * and what each fact was taken from: README.md.
 */
import type { Capability, NumberForm } from "../../domain/export/capability.ts";
import type { ExportLine } from "../../domain/export/export-line.ts";
import type { ExportTarget, Missing } from "../../domain/export/target.ts";
import type {
  Connector,
  Freezing,
  OutgoingRequest,
  Session,
  Theirs,
} from "../../engine/export/connector-port.ts";
import { hearReport } from "./error-reports.ts";
import { heldAmounts } from "./held-amounts.ts";
import { freezeItem, itemPost, lookUpItem, sendItem } from "./invoice-items.ts";
import { freezeInvoice, invoicePosts, lookUpInvoice, sendInvoice } from "./invoices.ts";
import { canCancel, eventPosts, freezeEvent, sendEvents, toldBy } from "./meter-events.ts";
import { checkMeters, heldInMeters, totalOfWindow } from "./meters.ts";
import { type Post, postRequest, read } from "./stripe-api.ts";
import { billedForm } from "./stripe-money.ts";
import { checkSettings, readSettings } from "./stripe-settings.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** identifier: unique for at least 24 hours; Idempotency-Key: known for at least 24 hours. */
const DEDUP = { windowMs: DAY_MS };
/** An event's time is at most 35 days back; a day of it is its bucket, one is kept clear of. */
const PAST_MAX_MS = 33 * DAY_MS;
/** meter_event_value_too_many_digits beyond 15, since version 2026-04-22.dahlia. */
const SIGNIFICANT_DIGITS = 15;
const STREAM_MAX_COUNT = 100;
const BODY_MAX_BYTES = 1024 * 1024;
/** Events are counted in the background: sums may lag behind, so an absence is believed late. */
const SUMS_LAG_MS = HOUR_MS;
const LISTS_LAG_MS = 5_000;
/** Their SDK gives a request 80 seconds; ours are over after 30, and may still be carried out. */
const SETTLES_AFTER_MS = 90_000;
/** One request at a time of a customer and meter (recording-usage-api, rate limits). */
const PER_METER = 1;
const CONCURRENCY = 16;

/** `api_key`: a restricted key. `webhook`: the signing secret of an event destination, or none. */
export const stripeConnector: Connector = {
  name: "stripe",
  modes: ["usage", "rated", "statement"],
  secrets: ["api_key"],
  capability: (target) => (target.mode === "usage" ? usage(target) : money(target)),
  check: checkSettings,
  freeze,
  preview,
  send: (lines, session) =>
    session.target.mode === "usage"
      ? sendEvents(lines, session)
      : Promise.all(lines.map((line) => sendMoney(line, session))),
  lookUp: (line, session) =>
    line.mode === "statement" ? lookUpInvoice(line, session) : lookUpItem(line, session),
  total: totalOfWindow,
  held: heldAmounts,
  heldSum: heldInMeters,
  told: toldBy,
  hear: hearReport,
  canTakeBack: canCancel,
  probe,
};

function usage(target: ExportTarget): Capability {
  const { api, meters, decimals, perSecond, isShared } = readSettings(target);
  const numbers = { scale: decimals, significantDigits: SIGNIFICANT_DIGITS, negative: false };
  return {
    ...{ mode: "usage", batchMaxCount: api === "stream" ? STREAM_MAX_COUNT : 1 },
    ...{ batchMaxBytes: BODY_MAX_BYTES, dedup: DEDUP, numbers, pastMaxMs: PAST_MAX_MS },
    ...{ values: meters === "sum" ? "delta" : "absolute", validation: "async" },
    readBack: { kind: "aggregate", lagMs: SUMS_LAG_MS, ...(isShared && { isShared }) },
    pace: { concurrency: CONCURRENCY, perEntityConcurrency: PER_METER, perSecond },
    settlesAfterMs: SETTLES_AFTER_MS,
  };
}

function money(target: ExportTarget): Capability {
  const { currency, perSecond } = readSettings(target);
  const scale = billedForm(currency)?.scale ?? 0;
  const numbers: NumberForm = { scale, significantDigits: null, negative: true };
  return {
    ...{ mode: target.mode, batchMaxCount: 1, batchMaxBytes: BODY_MAX_BYTES, dedup: DEDUP },
    ...{ numbers, pastMaxMs: null, values: "delta", validation: "sync" },
    // An invoice of nothing counts as paid once it is finalized.
    zeroBills: true,
    readBack: { kind: "line", lagMs: LISTS_LAG_MS },
    pace: { concurrency: CONCURRENCY, perEntityConcurrency: null, perSecond },
    settlesAfterMs: SETTLES_AFTER_MS,
  };
}

function freeze(line: Freezing, theirs: Theirs, target: ExportTarget): string {
  if (line.mode === "usage") return freezeEvent(line, theirs, target);
  if (line.mode === "rated") return freezeItem(line, theirs, target);
  return freezeInvoice(line, theirs, target);
}

function preview(lines: readonly ExportLine[], target: ExportTarget): OutgoingRequest[] {
  const posts: readonly Post[] =
    target.mode === "usage"
      ? eventPosts(lines, target)
      : lines.flatMap((line) => (line.mode === "rated" ? [itemPost(line)] : invoicePosts(line)));
  return posts.map((one) => postRequest(one, target, "{secret}"));
}

function sendMoney(line: ExportLine, session: Session) {
  return line.mode === "rated" ? sendItem(line, session) : sendInvoice(line, session);
}

const REFUSED: readonly number[] = [401, 403];

async function probe(session: Session): Promise<Missing[]> {
  const path = session.target.mode === "usage" ? "/v1/billing/meters" : "/v1/invoiceitems";
  const answer = await read(path, session, [["limit", "1"]]);
  if (answer !== null && REFUSED.includes(answer.status)) {
    const detail = `The key was refused for ${path}; set one that may read and write it.`;
    return [{ place: "secrets.api_key", detail }];
  }
  return session.target.mode === "usage" && answer !== null ? checkMeters(session) : [];
}
