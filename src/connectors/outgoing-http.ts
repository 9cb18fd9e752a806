/**
 * The one way out. A URL that a person gave may name any host, so the address that is connected to
 * is checked, not the name: the name is resolved once, every address of it must be a public one,
 * and the connection goes to those. Redirects are answers like any other. Node's `fetch` follows
 * redirects and gives no say in the look-up, and a look-up is not asked for addresses written out:
 * hence node:https, and a check of both.
 */
import { lookup as resolve } from "node:dns/promises";
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { isIP, type LookupFunction } from "node:net";
import { TollgateError } from "../domain/errors.ts";
import { ANSWER_MAX_BYTES, OUTGOING_TIMEOUT_MS } from "../domain/limits.ts";
import type {
  Hosts,
  OutgoingAnswer,
  OutgoingHttp,
  OutgoingRequest,
  Sent,
} from "../engine/export/connector-port.ts";
import { isBlockedAddress } from "./blocked-addresses.ts";

/** Ports of public services; anything else is somebody's inside. */
const PORTS: ReadonlySet<string> = new Set(["", "443", "8443"]);
const CONNECTIONS_A_HOST = 32;

/** An address of a name. */
export interface ResolvedAddress {
  readonly address: string;
  readonly family: number;
}

/** How requests leave. */
export interface OutgoingOptions {
  /**
   * Whether this machine, private networks, `http:` and any port may be reached: for development
   * and for tests. (Default: false.)
   */
  readonly isLocalAllowed?: boolean;
  /** Addresses of a host. (Default: the machine's resolver.) */
  readonly resolve?: (host: string) => Promise<readonly ResolvedAddress[]>;
  /** (Default: OUTGOING_TIMEOUT_MS.) */
  readonly timeoutMs?: number;
}

/** A way out with its connections kept alive. */
export function outgoingHttp(options: OutgoingOptions = {}): OutgoingHttp {
  const guarded = guardedLookup(options);
  const agents = {
    "http:": new HttpAgent({ keepAlive: true, maxSockets: CONNECTIONS_A_HOST, lookup: guarded }),
    "https:": new HttpsAgent({ keepAlive: true, maxSockets: CONNECTIONS_A_HOST, lookup: guarded }),
  };
  return {
    send: async (request, { hosts, answerMaxBytes = ANSWER_MAX_BYTES }) => {
      const url = allowedUrl(request.url, hosts, options);
      if (typeof url === "string") return { kind: "not_sent", reason: url };
      const agent = agents[url.protocol as keyof typeof agents];
      const timeoutMs = options.timeoutMs ?? OUTGOING_TIMEOUT_MS;
      return exchange(request, { url, agent, timeoutMs, answerMaxBytes });
    },
  };
}

/** The URL, or why nothing is sent to it. */
function allowedUrl(text: string, hosts: Hosts, options: OutgoingOptions): URL | string {
  if (!URL.canParse(text)) return "this is no URL";
  const url = new URL(text);
  const isLocal = options.isLocalAllowed === true;
  if (url.username !== "" || url.password !== "") return "a URL holds no credentials";
  const isSecure = url.protocol === "https:";
  if (!isSecure && !(isLocal && url.protocol === "http:")) return "only https: is sent to";
  if (hosts !== "public" && !hosts.includes(url.host)) return `${url.host} is not a host of it`;
  if (isLocal) return url;
  if (!PORTS.has(url.port)) return `port ${url.port} is not sent to`;
  const host = url.hostname.replace(/^\[|\]$/g, "");
  if (isIP(host) !== 0 && isBlockedAddress(host)) return `${host} is not a public address`;
  return url;
}

const resolveAll = (host: string) => resolve(host, { all: true, verbatim: true });

/** Gives the addresses of a name only where all of them may be reached. */
function guardedLookup({
  isLocalAllowed = false,
  resolve: addressesOf = resolveAll,
}: OutgoingOptions): LookupFunction {
  return (host, { all }, callback) => {
    addressesOf(host).then(
      (addresses) => {
        const [first] = addresses;
        const bad = addresses.find(({ address }) => !isLocalAllowed && isBlockedAddress(address));
        if (bad !== undefined || first === undefined) {
          const reason = bad === undefined ? "has no address" : `is at ${bad.address}`;
          const detail = `${host} ${reason}, which is not a public address`;
          callback(new TollgateError("target.invalid", detail), "", 0);
        } else if (all === true) {
          callback(null, [...addresses]);
        } else {
          callback(null, first.address, first.family);
        }
      },
      (error: Error) => callback(error, "", 0),
    );
  };
}

interface Exchange {
  readonly url: URL;
  readonly agent: HttpAgent | HttpsAgent;
  readonly timeoutMs: number;
  readonly answerMaxBytes: number;
}

/**
 * Sends a request once. It was certainly not sent only where no connection came about; a kept-alive
 * connection that breaks may have carried it.
 */
function exchange(
  { method, headers, body }: OutgoingRequest,
  { url, agent, timeoutMs, answerMaxBytes }: Exchange,
): Promise<Sent> {
  return new Promise((settle) => {
    let isConnected = false;
    const send = url.protocol === "http:" ? httpRequest : httpsRequest;
    const length = body === null ? {} : { "content-length": String(Buffer.byteLength(body)) };
    const all = { ...headers, ...length };
    const signal = AbortSignal.timeout(timeoutMs);
    const request = send(url, { method, headers: all, agent, signal });
    const failed = (error: Error) => {
      const reason = error.name === "AbortError" ? `no answer in ${timeoutMs} ms` : error.message;
      settle({ kind: isConnected ? "unclear" : "not_sent", reason });
    };
    request.on("socket", (socket) => {
      // A kept-alive one connected long ago: a listener on it would stay there for ever.
      isConnected = !socket.connecting;
      if (isConnected) return;
      socket.once(url.protocol === "https:" ? "secureConnect" : "connect", () => {
        isConnected = true;
      });
    });
    request.on("error", failed);
    request.on("response", (response) => {
      readAnswer(response, answerMaxBytes).then((answer) => {
        settle({ kind: "answered", answer });
      }, failed);
    });
    request.end(body ?? undefined);
  });
}

/** The start of an answer; what is behind it is not waited for. */
async function readAnswer(response: IncomingMessage, maxBytes: number): Promise<OutgoingAnswer> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of response) {
    parts.push(part);
    size += part.length;
    if (size >= maxBytes) break;
  }
  response.destroy();
  const headers = Object.fromEntries(
    Object.entries(response.headers).map(([name, value]) => [name, String(value)]),
  );
  const body = Buffer.concat(parts).subarray(0, maxBytes).toString("utf8");
  return { status: response.statusCode ?? 0, headers, body };
}
