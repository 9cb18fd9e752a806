/**
 * Chargebee: quantities as usages or usage events, amounts as unbilled charges, statements
 * as invoices. Set-up, traps and what each fact was taken from: README.md.
 */
import type { Capability, NumberForm, Outcome } from "../../domain/export/capability.ts";
import { type ExportLine, formatValue } from "../../domain/export/export-line.ts";
import type { ExportTarget, Missing } from "../../domain/export/target.ts";
import { currencyDecimals } from "../../domain/money/currency.ts";
import type {
  Connector,
  Freezing,
  HeldSumAsked,
  OutgoingRequest,
  Session,
  Theirs,
} from "../../engine/export/connector-port.ts";
import { askNames } from "./ask-names.ts";
import { previewed, read } from "./chargebee-api.ts";
import { checkSettings, readSettings } from "./chargebee-settings.ts";
import { chargePost, freezeCharge, lookUpCharge, sendCharge } from "./charges.ts";
import { heldCharges } from "./held-charges.ts";
import { freezeStatement } from "./statements.ts";
import {
  EVENT_PAST_MAX_MS,
  eventsOfWindow,
  eventsPost,
  freezeUsageEvent,
  heldEvents,
  isEvent,
  sendUsageEvents,
} from "./usage-events.ts";
import {
  canDelete,
  freezeUsage,
  heldUsages,
  sendUsage,
  usagePost,
  usagesOfWindow,
  usagesPastMaxMs,
} from "./usages.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const MINUTE_S = 60;
/** chargebee-idempotency-key: known for 30 minutes. */
const HEADER_KEY_MS = 30 * MINUTE_MS;
/** An event is known by its id for as long as its time is taken at all. */
const EVENT_KEY_MS = 12 * HOUR_MS;
/** quantity: at most 40 characters. */
const QUANTITY_DIGITS = 30;
/** Events are numbers of JSON, which a double holds to 15 digits. */
const EVENT_DIGITS = 15;
/** 500 events of a batch, 10,000 of a minute. */
const BATCH_MAX_COUNT = 500;
const EVENTS_A_MINUTE = 10_000;
const BODY_MAX_BYTES = 500 * 1024;
/** Events are counted in the background; how long that takes is our guess, none is stated. */
const SUMS_LAG_MS = HOUR_MS;
const LISTS_LAG_MS = 5_000;
/** Their SDK gives a request 80 seconds; ours are over after 30, and may still be carried out. */
const SETTLES_AFTER_MS = 90_000;
/** 50 reads and 100 writes at a time are allowed. */
const CONCURRENCY = 16;

/** `api_key`: a key of the site with write access. */
export const chargebeeConnector: Connector = {
  name: "chargebee",
  modes: ["usage", "rated", "statement"],
  secrets: ["api_key"],
  capability: (target) => {
    if (target.mode !== "usage") return money(target);
    return isEvents(target) ? events(target) : usages(target);
  },
  check: checkSettings,
  freeze,
  preview,
  send,
  lookUp: lookUpCharge,
  total,
  held: heldCharges,
  heldSum,
  canTakeBack: (line, nowMs, target) => !isEvent(line) && canDelete(line, nowMs, target),
  probe,
};

function isEvents(target: ExportTarget): boolean {
  return target.mode === "usage" && readSettings(target).api === "events";
}

function usages(target: ExportTarget): Capability {
  const { decimals, isShared } = readSettings(target);
  return {
    ...{ mode: "usage", batchMaxCount: 1, batchMaxBytes: BODY_MAX_BYTES },
    // The usage's own id: it is known for ever.
    dedup: { windowMs: null },
    numbers: { scale: decimals, significantDigits: QUANTITY_DIGITS, negative: false },
    ...{ values: "delta", pastMaxMs: usagesPastMaxMs(target), validation: "sync" },
    readBack: { kind: "aggregate", lagMs: LISTS_LAG_MS, ...(isShared && { isShared }) },
    pace: paceOf(target),
    settlesAfterMs: SETTLES_AFTER_MS,
  };
}

function events(target: ExportTarget): Capability {
  const { decimals, perSecond, isShared } = readSettings(target);
  // As many as keep to the events of a minute by the requests of a second.
  const fitting = Math.floor(EVENTS_A_MINUTE / MINUTE_S / perSecond);
  return {
    ...{ mode: "usage", batchMaxCount: Math.max(1, Math.min(BATCH_MAX_COUNT, fitting)) },
    ...{ batchMaxBytes: BODY_MAX_BYTES, dedup: { windowMs: EVENT_KEY_MS } },
    numbers: { scale: decimals, significantDigits: EVENT_DIGITS, negative: false },
    ...{ values: "delta", pastMaxMs: EVENT_PAST_MAX_MS, validation: "async" },
    readBack: { kind: "aggregate", lagMs: SUMS_LAG_MS, ...(isShared && { isShared }) },
    pace: paceOf(target),
    settlesAfterMs: SETTLES_AFTER_MS,
  };
}

function money(target: ExportTarget): Capability {
  const scale = currencyDecimals(readSettings(target).currency) ?? 0;
  const numbers: NumberForm = { scale, significantDigits: EVENT_DIGITS, negative: true };
  return {
    ...{ mode: target.mode, batchMaxCount: 1, batchMaxBytes: BODY_MAX_BYTES },
    ...{ dedup: { windowMs: HEADER_KEY_MS }, numbers, values: "delta", pastMaxMs: null },
    validation: "sync",
    readBack: { kind: "line", lagMs: LISTS_LAG_MS },
    pace: paceOf(target),
    settlesAfterMs: SETTLES_AFTER_MS,
  };
}

function paceOf(target: ExportTarget): Capability["pace"] {
  const { perSecond } = readSettings(target);
  return { concurrency: CONCURRENCY, perEntityConcurrency: null, perSecond };
}

function freeze(line: Freezing, theirs: Theirs, target: ExportTarget): string {
  if (line.mode === "rated") return freezeCharge(line, theirs, target);
  if (line.mode === "statement") return freezeStatement(line, theirs, target);
  return isEvents(target) ? freezeUsageEvent(line, theirs) : freezeUsage(line, theirs);
}

/** By what they are and not by the settings of now, which may have been others. */
function preview(lines: readonly ExportLine[], target: ExportTarget): OutgoingRequest[] {
  const events = lines.filter(isEvent);
  const postOf = target.mode === "usage" ? usagePost : chargePost;
  const posts = lines.filter((line) => !isEvent(line)).map(postOf);
  const all = events.length === 0 ? posts : [...posts, eventsPost(events)];
  return all.map((one) => previewed(one, target));
}

async function send(lines: readonly ExportLine[], session: Session): Promise<readonly Outcome[]> {
  const events = lines.filter(isEvent);
  const sendOne = session.target.mode === "usage" ? sendUsage : sendCharge;
  const ofEvents = events.length === 0 ? [] : await sendUsageEvents(events, session);
  return Promise.all(
    lines.map(async (line) => ofEvents[events.indexOf(line)] ?? (await sendOne(line, session))),
  );
}

async function total(lines: readonly ExportLine[], session: Session): Promise<string | null> {
  const counted = await eventsOfWindow(lines.filter(isEvent), session);
  const added = await usagesOfWindow(
    lines.filter((line) => !isEvent(line)),
    session,
  );
  return counted === null || added === null ? null : formatValue(counted + added);
}

/** Also by the kind of line that the settings of before made. */
async function heldSum(asked: HeldSumAsked, session: Session): Promise<bigint | null> {
  const { lines, names, span } = asked;
  const counts = isEvents(session.target);
  const events = { lines: lines.filter(isEvent), names: counts ? names : null, span };
  const others = { lines: lines.filter((line) => !isEvent(line)), names: counts ? null : names };
  const counted = await heldEvents(events, session);
  const added = await heldUsages({ ...others, span }, session);
  return counted === null || added === null ? null : counted + added;
}

const REFUSED: readonly number[] = [401, 403];
const NOT_FOUND = 404;
const SERVER_ERROR = 500;

async function probe(session: Session): Promise<Missing[]> {
  const path = session.target.mode === "usage" ? "/usages" : "/unbilled_charges";
  const answer = await read(path, session, [["limit", "1"]]);
  if (answer === null || answer.status >= SERVER_ERROR) {
    const detail = "The site did not answer, so nothing is known of its names; ask again.";
    return [{ place: "settings.site", detail }];
  }
  if (REFUSED.includes(answer.status)) {
    const detail = `The key was refused for ${path}; set one of the site that may write it.`;
    return [{ place: "secrets.api_key", detail }];
  }
  if (answer.status !== NOT_FOUND) return askNames(session);
  return [{ place: "settings.site", detail: "Chargebee knows no site of this name." }];
}
