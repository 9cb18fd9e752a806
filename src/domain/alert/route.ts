/** Routes: which alerts go where. A route is data; the newest act on its key holds. */
import { type Problem, TollgateError } from "../errors.ts";
import {
  ALERT_RECIPIENTS_MAX_COUNT,
  ALERT_ROUTE_LIST_MAX_COUNT,
  ALERTS_A_MINUTE_MAX,
  OUTGOING_URL_MAX_CHARS,
} from "../limits.ts";
import { patternsAmong } from "../rating/whole-names.ts";
import { ALERT_TEAMS, ALERT_TYPES, type AlertTeam, type AlertType, isAlertType } from "./alert.ts";

/** How a route's messages travel. */
export const ALERT_CHANNELS = ["webhook", "slack", "teams", "email"] as const;
export type AlertChannelKind = (typeof ALERT_CHANNELS)[number];

/** Where messages go: one URL, or mail addresses. */
export interface AlertTarget {
  readonly channel: AlertChannelKind;
  /** Of a webhook or chat; "" for mail. Those of chats hold a secret. */
  readonly url: string;
  /** Of mail. */
  readonly addresses: readonly string[];
}

/** Which alerts a route takes. Empty lists take everything. */
export interface AlertFilter {
  /** Types, or `budget.*` for all that begin so. */
  readonly types: readonly string[];
  readonly teams: readonly AlertTeam[];
  readonly customers: readonly string[];
}

/** A route as it was last saved, without what only its sender needs. */
export interface AlertRoute extends AlertFilter {
  readonly key: string;
  readonly channel: AlertChannelKind;
  /** Messages a minute that go out one by one; what is more is gathered (Default: 20). */
  readonly perMinute: number;
  readonly isEnabled: boolean;
  /** Why it is not; null: it is, or a person said so. */
  readonly stoppedBecause: string | null;
}

/** Whether a route takes an alert of a type that concerns a customer. */
export function takes(
  { types, teams, customers }: AlertFilter,
  { type, customer }: { readonly type: AlertType; readonly customer: string | null },
): boolean {
  const isType = types.length === 0 || types.some((wanted) => matches(wanted, type));
  const isTeam = teams.length === 0 || teams.includes(ALERT_TYPES[type].team);
  const isIts = customers.length === 0 || (customer !== null && customers.includes(customer));
  return isType && isTeam && isIts;
}

function matches(wanted: string, type: AlertType): boolean {
  return wanted.endsWith(".*") ? type.startsWith(wanted.slice(0, -1)) : wanted === type;
}

/** A route as it is sent. */
export interface SentRoute {
  readonly channel: AlertChannelKind;
  readonly url?: string | undefined;
  readonly addresses?: readonly string[] | undefined;
  readonly types?: readonly string[] | undefined;
  readonly teams?: readonly string[] | undefined;
  readonly customers?: readonly string[] | undefined;
  readonly perMinute?: number | undefined;
  readonly isEnabled?: boolean | undefined;
}

/** Messages a minute that leave one by one, where a route says nothing. */
const PER_MINUTE = 20;
/** Enough to refuse what breaks a header or a list; whether mail arrives, only sending shows. */
const ADDRESS = /^[^\s@,;<>"()[\]\\:\p{Cc}]{1,64}@[^\s@,;<>"()[\]\\:\p{Cc}]{1,190}$/u;

/** Reads a route. Throws `field.invalid`, `field.missing`, `field.out_of_range`. */
export function readRoute(
  key: string,
  sent: SentRoute,
): { readonly route: AlertRoute; readonly target: AlertTarget } {
  const { channel, url = "", addresses = [], types = [], teams = [], customers = [] } = sent;
  const { perMinute = PER_MINUTE, isEnabled = true } = sent;
  if (channel === "email") bounded(addresses, "addresses", ALERT_RECIPIENTS_MAX_COUNT);
  for (const [name, list] of Object.entries({ types, teams, customers })) {
    bounded(list, name, ALERT_ROUTE_LIST_MAX_COUNT);
  }
  if (!Number.isInteger(perMinute) || perMinute < 1 || perMinute > ALERTS_A_MINUTE_MAX) {
    const detail = `A route sends 1 to ${ALERTS_A_MINUTE_MAX} messages a minute one by one.`;
    refuse("field.out_of_range", detail, "perMinute");
  }
  for (const type of types) {
    const isPrefix = /^[a-z]+\.\*$/.test(type);
    const isKnown = isPrefix
      ? Object.keys(ALERT_TYPES).some((one) => one.startsWith(type.slice(0, -1)))
      : isAlertType(type);
    if (!isKnown) refuse("field.invalid", `There is no type of alert "${type}".`, "types");
  }
  const [pattern] = patternsAmong(customers, "customers", "field.invalid");
  if (pattern !== undefined) refuse(pattern.code, pattern.detail, "customers");
  const asTeams = teams.filter((team): team is AlertTeam =>
    ALERT_TEAMS.some((one) => one === team),
  );
  if (asTeams.length < teams.length) {
    refuse("field.invalid", `The teams are ${ALERT_TEAMS.join(", ")}.`, "teams");
  }
  const terms = { key, channel, types, teams: asTeams, customers, perMinute, isEnabled };
  return { route: { ...terms, stoppedBecause: null }, target: readTarget(channel, url, addresses) };
}

function readTarget(
  channel: AlertChannelKind,
  url: string,
  addresses: readonly string[],
): AlertTarget {
  if (channel === "email") {
    if (url !== "") refuse("field.invalid", "Mail goes to addresses, not to a URL.", "url");
    if (addresses.length === 0) refuse("field.missing", "Mail needs addresses.", "addresses");
    const wrong = addresses.find((address) => !ADDRESS.test(address));
    if (wrong === undefined) return { channel, url: "", addresses };
    return refuse("field.invalid", `"${wrong}" is no mail address.`, "addresses");
  }
  if (addresses.length > 0) refuse("field.invalid", "Only mail has addresses.", "addresses");
  if (url === "") refuse("field.missing", `A ${channel} route needs a URL.`, "url");
  if (url.length > OUTGOING_URL_MAX_CHARS) {
    refuse("field.out_of_range", `A URL has ${OUTGOING_URL_MAX_CHARS} characters at most.`, "url");
  }
  return { channel, url, addresses: [] };
}

function bounded(list: readonly string[], field: string, most: number): void {
  if (list.length <= most) return;
  refuse("field.out_of_range", `At most ${most} of them, not ${list.length}.`, field);
}

function refuse(code: Problem["code"], detail: string, field: string): never {
  throw new TollgateError(code, detail, field);
}
