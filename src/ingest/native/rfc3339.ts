/**
 * Reads RFC 3339 instants strictly. `Date.parse` takes 30 February for 2 March, which would put
 * usage into the wrong period; here it is refused.
 *
 * Nearly every producer writes `2026-11-23T10:00:00.123Z`. That form is read by its character
 * codes, which costs a tenth of the general form and leaves no garbage (0.06 of 0.6 µs, Node 26).
 */
const DATE = /(\d{4})-(\d{2})-(\d{2})/;
const TIME = /(\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,9}))?/;
const OFFSET = /(?:[Zz]|([+-])(\d{2}):(\d{2}))/;
const FORM = new RegExp(`^${DATE.source}[Tt ]${TIME.source}${OFFSET.source}$`);
const DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] as const;
const MAX_CHARS = 40;

function daysInMonth(year: number, month: number): number {
  const isLeap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  return month === 2 && isLeap ? 29 : (DAYS[month - 1] ?? 0);
}

/**
 * Milliseconds since 1970 UTC; digits beyond the millisecond are cut. Undefined where the text is
 * not an instant. A leap second counts as the last millisecond of its minute.
 */
export function parseInstant(text: string): number | undefined {
  const isShort = text.length === WHOLE_SECOND_CHARS || text.length === MILLISECOND_CHARS;
  if (isShort && hasPlainMarks(text)) return parsePlain(text);
  return text.length > MAX_CHARS ? undefined : parseAnyForm(text);
}

const WHOLE_SECOND_CHARS = "2026-11-23T10:00:00Z".length;
const MILLISECOND_CHARS = "2026-11-23T10:00:00.123Z".length;
const HYPHEN = 0x2d;
const POINT = 0x2e;
const DIGIT_0 = 0x30;
const COLON = 0x3a;
const UPPER_T = 0x54;
const UPPER_Z = 0x5a;

/** Whether the marks of a text of either length stand as in the plain form. */
function hasPlainMarks(text: string): boolean {
  return (
    text.charCodeAt(4) === HYPHEN &&
    text.charCodeAt(7) === HYPHEN &&
    text.charCodeAt(10) === UPPER_T &&
    text.charCodeAt(13) === COLON &&
    text.charCodeAt(16) === COLON &&
    text.charCodeAt(text.length - 1) === UPPER_Z &&
    (text.length === WHOLE_SECOND_CHARS || text.charCodeAt(19) === POINT)
  );
}

function parsePlain(text: string): number | undefined {
  const year = twoDigits(text, 0) * 100 + twoDigits(text, 2);
  const month = twoDigits(text, 5);
  const day = twoDigits(text, 8);
  const hour = twoDigits(text, 11);
  const minute = twoDigits(text, 14);
  const second = twoDigits(text, 17);
  const hasMillis = text.length === MILLISECOND_CHARS;
  const millis = hasMillis ? twoDigits(text, 20) * 10 + digitAt(text, 22) : 0;
  // One sum, because a part that is no number makes it none.
  if (Number.isNaN(year + month + day + hour + minute + second + millis)) return undefined;
  if (!isOnCalendar(year, month, day) || hour > 23 || minute > 59 || second > 60) return undefined;
  const minuteMs = Date.UTC(year, month - 1, day, hour, minute);
  return minuteMs + (second === 60 ? 59_999 : second * 1_000 + millis);
}

function digitAt(text: string, at: number): number {
  const digit = text.charCodeAt(at) - DIGIT_0;
  return digit >= 0 && digit <= 9 ? digit : Number.NaN;
}

function twoDigits(text: string, at: number): number {
  return digitAt(text, at) * 10 + digitAt(text, at + 1);
}

function isOnCalendar(year: number, month: number, day: number): boolean {
  return month >= 1 && month <= 12 && day >= 1 && day <= daysInMonth(year, month);
}

function parseAnyForm(text: string): number | undefined {
  const match = FORM.exec(text);
  if (match === null) return undefined;
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  if (!isOnCalendar(year, month, day)) return undefined;
  if (hour > 23 || minute > 59 || second > 60) return undefined;
  const [, , , , , , , fraction = "", sign, offsetHours = "0", offsetMinutes = "0"] = match;
  if (Number(offsetHours) > 23 || Number(offsetMinutes) > 59) return undefined;
  const offsetMs = (Number(offsetHours) * 60 + Number(offsetMinutes)) * 60_000;
  const millis = second === 60 ? 999 : Number(fraction.slice(0, 3).padEnd(3, "0"));
  const local = Date.UTC(year, month - 1, day, hour, minute, Math.min(second, 59), millis);
  return sign === "-" ? local + offsetMs : local - offsetMs;
}
