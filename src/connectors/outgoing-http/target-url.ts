/** Reads a URL that somebody gave us to call. */
import { isIP } from "node:net";
import { OUTGOING_URL_MAX_CHARS } from "../../domain/limits.ts";
import { isPublicAddress, type RangeCheck } from "./address-rules.ts";

/** Whom an installation lets others name. */
export interface TargetRules {
  /** Addresses that are called though they are not public; nothing else may be plain HTTP. */
  readonly isPrivateAllowed: RangeCheck;
  /** Ports of public addresses. */
  readonly ports: ReadonlySet<number>;
  /** Whether any address is allowed beside the public ones. */
  readonly hasPrivate: boolean;
}

/** A URL that may be called if its addresses may. */
export interface Target {
  readonly url: URL;
  readonly isPlain: boolean;
  readonly port: number;
  /** Host as it is looked up, without the brackets of IPv6. */
  readonly host: string;
  /** The host, where it is an address itself. */
  readonly address: string | null;
}

const HTTPS_PORT = 443;
const HTTP_PORT = 80;

/**
 * The target of a URL, or why it is never called. `URL` has brought every spelling of an IPv4
 * address (`2130706433`, `0x7f.1`, full-width digits) to four numbers by then.
 */
export function readTarget(
  text: string,
  rules: TargetRules,
): Target | { readonly problem: string } {
  if (text.length > OUTGOING_URL_MAX_CHARS) {
    return { problem: `The URL is longer than ${OUTGOING_URL_MAX_CHARS} characters.` };
  }
  // What a parser of URLs drops without a word, another reader of the same text may not.
  if (/[\s\\]/.test(text) || hasControl(text)) {
    return { problem: "The URL holds a space, a backslash or a control character." };
  }
  const url = URL.parse(text);
  if (url === null) return { problem: "This is no URL." };
  const isPlain = url.protocol === "http:";
  if (url.protocol !== "https:" && !(isPlain && rules.hasPrivate)) {
    return { problem: `The URL is ${url.protocol} and must be https:.` };
  }
  if (url.username !== "" || url.password !== "") {
    return { problem: "The URL holds a user name or a password." };
  }
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  if (host === "") return { problem: "The URL names no host." };
  const port = url.port === "" ? (isPlain ? HTTP_PORT : HTTPS_PORT) : Number(url.port);
  const address = isIP(host) === 0 ? null : host;
  const target = { url, isPlain, port, host, address };
  const refused =
    address === null ? problemOfName(target, rules) : problemOf(target, address, rules);
  return refused === null ? target : { problem: refused };
}

/** A name may lead to an address with rules of its own, where there are such. */
function problemOfName({ port }: Target, { hasPrivate, ports }: TargetRules): string | null {
  return hasPrivate || ports.has(port) ? null : `Port ${port} is not called.`;
}

/** Why a target is not called at an address; null: it is. */
export function problemOf(
  { isPlain, port }: Pick<Target, "isPlain" | "port">,
  address: string,
  { isPrivateAllowed, ports }: TargetRules,
): string | null {
  if (isPrivateAllowed(address)) return null;
  if (!isPublicAddress(address)) return `${address} is no public address.`;
  if (isPlain) return `${address} is called by https: alone.`;
  return ports.has(port) ? null : `Port ${port} is not called.`;
}

function hasControl(text: string): boolean {
  for (const char of text) {
    const code = char.codePointAt(0) ?? 0;
    if (code < 0x20 || code === 0x7f) return true;
  }
  return false;
}
