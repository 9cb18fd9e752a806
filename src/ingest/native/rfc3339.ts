/**
 * Reads RFC 3339 instants strictly. `Date.parse` takes 30 February for 2 March, which would put
 * usage into the wrong period; here it is refused.
 */
const DATE = /(\d{4})-(\d{2})-(\d{2})/;
const TIME = /(\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,9}))?/;
const OFFSET = /(?:[Zz]|([+-])(\d{2}):(\d{2}))/;
const FORM = new RegExp(`^${DATE.source}[Tt ]${TIME.source}${OFFSET.source}$`);
const DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] as const;

function daysInMonth(year: number, month: number): number {
  const isLeap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  return month === 2 && isLeap ? 29 : (DAYS[month - 1] ?? 0);
}

/**
 * Milliseconds since 1970 UTC; digits beyond the millisecond are cut. Undefined where the text is
 * not an instant. A leap second counts as the last millisecond of its minute.
 */
export function parseInstant(text: string): number | undefined {
  if (text.length > 40) return undefined;
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
  if (month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month)) return undefined;
  if (hour > 23 || minute > 59 || second > 60) return undefined;
  const [, , , , , , , fraction = "", sign, offsetHours = "0", offsetMinutes = "0"] = match;
  if (Number(offsetHours) > 23 || Number(offsetMinutes) > 59) return undefined;
  const offsetMs = (Number(offsetHours) * 60 + Number(offsetMinutes)) * 60_000;
  const millis = second === 60 ? 999 : Number(fraction.slice(0, 3).padEnd(3, "0"));
  const local = Date.UTC(year, month - 1, day, hour, minute, Math.min(second, 59), millis);
  return sign === "-" ? local + offsetMs : local - offsetMs;
}
