/**
 * Calls URLs that others name, without letting them reach what only this machine can.
 *
 * A name is resolved once and every address it has is judged; the connection is made to one of
 * these and no other, so a name that answers differently the next time gains nothing. The address
 * of the connected socket is judged once more, before a byte is written. Redirects are answers.
 * `fetch` would follow them, and it has no way in for a look-up of ours.
 */
import { lookup as systemLookup } from "node:dns/promises";
import {
  type ClientRequest,
  Agent as HttpAgent,
  request as httpRequest,
  type IncomingMessage,
} from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import type { LookupFunction, Socket } from "node:net";
import { rootCertificates } from "node:tls";
import { TollgateError } from "../../domain/errors.ts";
import { ANSWER_MAX_BYTES, OUTGOING_TIMEOUT_MS } from "../../domain/limits.ts";
import type {
  NotSentReason,
  OutgoingHttp,
  OutgoingRequest,
  OutgoingResult,
} from "../../engine/outgoing-http.ts";
import { rangeCheck } from "./address-rules.ts";
import { problemOf, readTarget, type Target, type TargetRules } from "./target-url.ts";

/** An address that a name has. */
export interface Resolved {
  readonly address: string;
  readonly family: number;
}

/** What an installation says about calls; all of it may be left out. */
export interface OutgoingOptions {
  /** Ranges that are called though they are private, by http: too, on any port (Default: none). */
  readonly privateRanges?: readonly string[];
  /** Ports of public addresses (Default: 443 and 8443). */
  readonly ports?: readonly number[];
  /** Every address of a name; throws where it has none (Default: the system's look-up). */
  readonly resolve?: (host: string) => Promise<readonly Resolved[]>;
  /** Certificates that are trusted beside the system's, PEM. */
  readonly certificates?: string;
  /**
   * Whether connections are kept for later calls of the same place, for who sends much to few.
   * Each call resolves and judges its name all the same, and the address that it is connected to.
   * (Default: false.)
   */
  readonly keepsConnections?: boolean;
}

const CONNECTIONS_A_PLACE_MAX_COUNT = 32;
const PORTS = [443, 8443] as const;
const HEADERS_MAX_BYTES = 16 * 1024;
/** Headers that say how a message is framed: never a caller's. */
const OWN_HEADERS =
  /^(host|connection|content-length|transfer-encoding|upgrade|te|trailer|expect)$/i;

/** Throws `field.invalid` where a range is none: who means to open something must say it right. */
export function outgoingHttp(options: OutgoingOptions = {}): OutgoingHttp {
  const privateRanges = options.privateRanges ?? [];
  const isPrivateAllowed = rangeCheck(privateRanges);
  if (isPrivateAllowed === undefined) {
    const detail = `Not all of these are ranges of addresses: ${privateRanges.join(", ")}.`;
    throw new TollgateError("field.invalid", detail);
  }
  const rules: TargetRules = {
    isPrivateAllowed,
    ports: new Set(options.ports ?? PORTS),
    hasPrivate: privateRanges.length > 0,
  };
  const agents = options.keepsConnections === true ? keepingAgents() : null;
  const resolve = options.resolve ?? ((host) => systemLookup(host, { all: true, verbatim: true }));
  return {
    problemOf: (url) => {
      const target = readTarget(url, rules);
      return "problem" in target ? target.problem : null;
    },
    send: async (request) => {
      const startedMs = performance.now();
      const target = readTarget(request.url, rules);
      if ("problem" in target) return notSent("url_refused", target.problem);
      const leftMs = () =>
        (request.timeoutMs ?? OUTGOING_TIMEOUT_MS) - (performance.now() - startedMs);
      const found = await addressesOf(target, { resolve, rules, leftMs });
      if ("outcome" in found) return found;
      const agent: Call["agent"] = agents?.[target.isPlain ? "plain" : "secure"] ?? false;
      const { addresses } = found;
      const call = { ...request, target, rules, addresses, agent, leftMs, startedMs };
      return callOnce(call, options.certificates);
    },
  };
}

function keepingAgents() {
  const options = { keepAlive: true, maxSockets: CONNECTIONS_A_PLACE_MAX_COUNT };
  return { plain: new HttpAgent(options), secure: new HttpsAgent(options) };
}

function notSent(reason: NotSentReason, detail: string): OutgoingResult {
  return { outcome: "not_sent", reason, detail };
}

interface Looking {
  readonly resolve: (host: string) => Promise<readonly Resolved[]>;
  readonly rules: TargetRules;
  readonly leftMs: () => number;
}

/** Addresses that may all be called. One that may not refuses the name: it means no good. */
async function addressesOf(
  target: Target,
  { resolve, rules, leftMs }: Looking,
): Promise<{ readonly addresses: readonly Resolved[] } | OutgoingResult> {
  const { host, address } = target;
  if (address !== null) {
    return { addresses: [{ address, family: address.includes(":") ? 6 : 4 }] };
  }
  let addresses: readonly Resolved[] | null;
  try {
    addresses = await beforeEnd(resolve(host), leftMs());
  } catch (error) {
    return notSent("name_unresolved", `${host}: ${codeOf(error)}`);
  }
  if (addresses === null) return notSent("timeout", `${host} was not resolved in time.`);
  if (addresses.length === 0) return notSent("name_unresolved", `${host} has no address.`);
  for (const one of addresses) {
    const problem = problemOf(target, one.address, rules);
    if (problem !== null) return notSent("address_refused", `${host}: ${problem}`);
  }
  return { addresses };
}

/** What a promise gives within a time; null: it took longer. */
async function beforeEnd<T>(promise: Promise<T>, ms: number): Promise<T | null> {
  const { promise: end, resolve } = Promise.withResolvers<null>();
  const timer = setTimeout(() => resolve(null), Math.max(0, ms));
  try {
    return await Promise.race([promise, end]);
  } finally {
    clearTimeout(timer);
  }
}

/** What went wrong, without what a remote end may have written into it. */
function codeOf(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return typeof code === "string" ? code : "failed";
}

interface Call extends OutgoingRequest {
  readonly target: Target;
  readonly rules: TargetRules;
  readonly addresses: readonly Resolved[];
  /** Keeps connections; false: none is kept. */
  readonly agent: HttpAgent | HttpsAgent | false;
  readonly leftMs: () => number;
  readonly startedMs: number;
}

/** Gives the addresses that were judged, whatever name is asked for. */
function pinned(addresses: readonly Resolved[]): LookupFunction {
  return (_host, { all }, give) => {
    const [first] = addresses;
    if (all === true) give(null, [...addresses]);
    else give(null, first?.address ?? "", first?.family);
  };
}

function headersOf({ headers, body }: OutgoingRequest): Record<string, string | number> {
  const kept = Object.entries(headers).filter(([name]) => !OWN_HEADERS.test(name));
  const length = body === null ? {} : { "content-length": Buffer.byteLength(body) };
  return { "accept-encoding": "identity", ...Object.fromEntries(kept), ...length };
}

function callOnce(call: Call, certificates: string | undefined): Promise<OutgoingResult> {
  const { promise, resolve } = Promise.withResolvers<OutgoingResult>();
  const { url, isPlain, host, address } = call.target;
  const options = {
    method: call.method,
    headers: headersOf(call),
    agent: call.agent,
    lookup: pinned(call.addresses),
    maxHeaderSize: HEADERS_MAX_BYTES,
    insecureHTTPParser: false,
    // The name that was asked for, whatever address answers; an address has no such name.
    ...(isPlain || address !== null ? {} : { servername: host.replace(/\.$/, "") }),
    ...(certificates === undefined ? {} : { ca: [...rootCertificates, certificates] }),
  };
  let request: ClientRequest;
  try {
    request = isPlain ? httpRequest(url, options) : httpsRequest(url, options);
  } catch (error) {
    // A header or method that cannot be written.
    return Promise.resolve(notSent("url_refused", codeOf(error)));
  }
  let hasLeft = false;
  const end = (result: OutgoingResult) => {
    clearTimeout(timer);
    resolve(result);
    // A connection on which a whole answer came is the agent's to keep.
    const isWhole = result.outcome === "answered" && !result.isCut;
    if (!isWhole || call.agent === false) request.destroy();
  };
  const fail = (reason: "timeout" | "broken", detail: string) => {
    if (hasLeft) end({ outcome: "unknown", reason, detail });
    else end(notSent(reason === "timeout" ? "timeout" : "not_connected", detail));
  };
  const timer = setTimeout(() => fail("timeout", "No answer in time."), Math.max(0, call.leftMs()));
  request.on("error", (error) => fail("broken", codeOf(error)));
  const isRefused = ({ remoteAddress = "" }: Socket): boolean => {
    const problem = problemOf(call.target, remoteAddress, call.rules);
    if (problem !== null) end(notSent("address_refused", problem));
    return problem !== null;
  };
  request.on("socket", (socket) => {
    // A kept one connected long ago: a listener on it would stay there for ever. Where it breaks,
    // it may have carried the request.
    if (request.reusedSocket) {
      hasLeft = !isRefused(socket);
      return;
    }
    socket.once("connect", () => {
      if (!isRefused(socket) && isPlain) hasLeft = true;
    });
    socket.once("secureConnect", () => {
      hasLeft = true;
    });
  });
  request.on("response", (response) => void readAnswer(call, response, { end, fail }));
  request.end(call.body ?? undefined);
  return promise;
}

interface Ends {
  readonly end: (result: OutgoingResult) => void;
  readonly fail: (reason: "broken", detail: string) => void;
}

async function readAnswer(
  { answerMaxBytes = ANSWER_MAX_BYTES, startedMs }: Call,
  response: IncomingMessage,
  { end, fail }: Ends,
): Promise<void> {
  const remoteAddress = (response.socket as Socket).remoteAddress ?? "";
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      length += chunk.length;
      if (length > answerMaxBytes) break;
    }
  } catch (error) {
    return fail("broken", codeOf(error));
  }
  end({
    outcome: "answered",
    status: response.statusCode ?? 0,
    headers: joined(response.headers),
    body: Buffer.concat(chunks).subarray(0, answerMaxBytes),
    isCut: length > answerMaxBytes,
    remoteAddress,
    tookMs: performance.now() - startedMs,
  });
}

function joined(headers: IncomingMessage["headers"]): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, String([value].flat().join(", "))]),
  );
}
