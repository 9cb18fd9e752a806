/**
 * NetSuite: quantities as usage of SuiteBilling, amounts as invoices, sales orders, credit memos.
 * Set-up, traps and what each fact was taken from: README.md.
 */
import type { Capability } from "../../domain/export/capability.ts";
import type { ExportTarget } from "../../domain/export/target.ts";
import { currencyDecimals } from "../../domain/money/currency.ts";
import type { Connector } from "../../engine/export/connector-port.ts";
import { probeAccount } from "./account-check.ts";
import { freezeDocument } from "./billing-documents.ts";
import { heldRecords } from "./held-records.ts";
import { requestOf } from "./netsuite-api.ts";
import { checkSettings, hostOf, readSettings } from "./netsuite-settings.ts";
import { lookUpRecords, QUERY_MAX_COUNT } from "./read-back.ts";
import { BATCH_MAX_COUNT, sendRecords, tellingsOf } from "./send-records.ts";
import { canVoid, freezeUsage } from "./usage-records.ts";

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

/** REST requests have a limit of 104 MB ("REST Web Services Request Processing"); far below it. */
const BODY_MAX_BYTES = 8 * 1024 * 1024;
/** A number of JSON is read as a double there: 15 digits are safe in it. */
const SIGNIFICANT_DIGITS = 15;
/** A record can be found once its request was answered; a job takes its time. */
const RECORD_LAG_MS = 5_000;
const JOB_LAG_MS = 5 * MINUTE_MS;
/** A request may run for up to 15 minutes; meanwhile it is neither there nor not there. */
const SETTLES_AFTER_MS = 16 * MINUTE_MS;

/** `private_key`: the PEM of the certificate that is mapped in the account. */
export const netsuiteConnector: Connector = {
  name: "netsuite",
  modes: ["usage", "rated", "statement"],
  secrets: ["private_key"],
  capability,
  check: checkSettings,
  freeze: (line, theirs, target) =>
    line.mode === "usage"
      ? freezeUsage(line, theirs, target)
      : freezeDocument(line, theirs, target),
  preview: (lines, target) =>
    tellingsOf(lines, target).map(({ ask }) => requestOf(ask, hostOf(target), "{secret}")),
  send: sendRecords,
  lookUpAll: lookUpRecords,
  held: heldRecords,
  canTakeBack: canVoid,
  probe: probeAccount,
};

function capability(target: ExportTarget): Capability {
  const { mode } = target;
  const settings = readSettings(target);
  const { api, decimals, currency, concurrency, openDays } = settings;
  const isUsage = mode === "usage";
  const isBatch = isUsage && api === "batch";
  const scale = isUsage ? decimals : (currencyDecimals(currency) ?? 0);
  return {
    ...{ mode, batchMaxCount: isBatch ? BATCH_MAX_COUNT : 1, batchMaxBytes: BODY_MAX_BYTES },
    // External IDs stay for ever; what comes again under one is written over what is there.
    ...{ dedup: { windowMs: null }, values: "delta" },
    numbers: { scale, significantDigits: SIGNIFICANT_DIGITS, negative: !isUsage },
    // A bill stays a bill of its period, however late: its date says when it is posted.
    pastMaxMs: isUsage && openDays !== null ? openDays * DAY_MS : null,
    zeroBills: settings.takesZeroBills,
    validation: isBatch ? "async" : "sync",
    readBack: {
      ...{ kind: "line", lagMs: isBatch ? JOB_LAG_MS : RECORD_LAG_MS },
      atOnceMaxCount: QUERY_MAX_COUNT,
    },
    pace: { concurrency, perEntityConcurrency: null, perSecond: null },
    settlesAfterMs: SETTLES_AFTER_MS,
  };
}
