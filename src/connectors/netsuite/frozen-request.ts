/** A line's bytes: the request that tells it, with its body as the text that is sent. */
import type { ExportLine } from "../../domain/export/export-line.ts";
import type { ExportWindow } from "../../domain/export/export-window.ts";

/** Records that lines become. */
export type RecordName = "usage" | "invoice" | "salesOrder" | "creditMemo";

/** What a frozen body holds. */
export interface FrozenRequest {
  readonly record: RecordName;
  /** PUT makes it, or writes the same again (upsert); PATCH voids what is taken back. */
  readonly method: "PUT" | "PATCH";
  /** External ID of the record. */
  readonly externalId: string;
  /** JSON, as it is sent. */
  readonly body: string;
}

/** The bytes of a line. */
export function frozenText(request: FrozenRequest): string {
  return JSON.stringify(request);
}

/** What a line's bytes say. */
export function readFrozen({ body }: Pick<ExportLine, "body">): FrozenRequest {
  return JSON.parse(body);
}

/** `JSON.rawJSON`, which TypeScript's libraries do not list yet: a literal, to the last digit. */
const { rawJSON } = JSON as unknown as { rawJSON(text: string): object };

/** A decimal text as a number of JSON, without a float in between. */
export function numberOf(decimal: string): object {
  return rawJSON(decimal);
}

/** Dates there have no time and no zone: the last day of a window, in the target's zone. */
export function lastDayOf({ endMs }: ExportWindow, timeZone: string): string {
  return dayAt(endMs - 1, timeZone);
}

/** The day of an instant. */
export function dayAt(instantMs: number, timeZone: string): string {
  const instant = Temporal.Instant.fromEpochMilliseconds(instantMs);
  return instant.toZonedDateTimeISO(timeZone).toPlainDate().toString();
}

const MEMO_MAX_CHARS = 300;

/** What people read beside a record: what it is of, and which revision. */
export function memoOf(text: string, { revision }: Pick<ExportLine, "revision">): string {
  return `${text.slice(0, MEMO_MAX_CHARS)} (revision ${revision})`;
}
