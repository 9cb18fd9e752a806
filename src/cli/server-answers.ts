/**
 * What a server's address may be, and what a person is told of answers that are none of Tollgate's:
 * those of a proxy in front of it, of another program on that port, or half of one.
 */
import { ERRORS, type ErrorCode, TollgateError } from "../domain/errors.ts";
import { isBlockedPort } from "./blocked-port.ts";

/** The address that paths are put behind. Throws `cli.usage` where it is none. */
export function baseOf(url: string): string {
  const { protocol, username, search, hash, href } = parsed(url);
  const isServer = protocol === "http:" || protocol === "https:";
  if (!isServer || username + search + hash !== "") throw noServerUrl(url);
  return href.replace(/\/+$/, "");
}

function parsed(url: string): URL {
  try {
    return new URL(url);
  } catch {
    throw noServerUrl(url);
  }
}

function noServerUrl(url: string): TollgateError {
  const detail = `"${url}" is no address of a server; it is one such as http://127.0.0.1:4100.`;
  return new TollgateError("cli.usage", detail, "--url");
}

/** A key as a header takes it. Throws `cli.usage` where none does. */
export function headerOf(key: string): string {
  if (/^[\x21-\x7e]+$/.test(key)) return `Bearer ${key}`;
  const detail = 'An API key is "tg_" and letters, digits, "-" and "_", without spaces.';
  throw new TollgateError("cli.usage", detail, "--key");
}

/** Sends a request. Throws `cli.usage` where nobody answers. */
export async function request(url: URL, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, init);
  } catch (cause) {
    const detail = (await isBlockedPort(url.port))
      ? `fetch refuses port ${url.port}: let the server listen on another.`
      : `No server answers at ${url.origin}.`;
    throw new TollgateError("cli.usage", detail, "--url", { cause });
  }
}

/** The text of an answer. Throws `store.unknown` where it breaks off. */
export async function textOf(response: Response): Promise<string> {
  try {
    return await response.text();
  } catch (cause) {
    throw brokenOff(response, cause);
  }
}

/** An answer that broke off. */
export function brokenOff({ url }: Response, cause: unknown): TollgateError {
  const detail = `The answer of ${new URL(url).origin} broke off: what it did is not known.`;
  return new TollgateError("store.unknown", detail, undefined, { cause });
}

/** A text of JSON. Throws `cli.usage` where somebody else has answered. */
export function parsedAnswer<T>({ url, status }: Response, text: string): T {
  try {
    return JSON.parse(text) as T;
  } catch (cause) {
    throw strange({ url, status, text }, cause);
  }
}

/** The problem that the server tells, as an error of this process. */
export function problemOf({ url, status }: Response, text: string): Error {
  const { code, detail, field } = problemIn(text);
  if (typeof code !== "string" || typeof detail !== "string") return strange({ url, status, text });
  // A server of another version may have codes of its own.
  if (!Object.hasOwn(ERRORS, code)) return new TollgateError("internal", `${code}: ${detail}`);
  return new TollgateError(
    code as ErrorCode,
    detail,
    typeof field === "string" ? field : undefined,
  );
}

function problemIn(text: string): Readonly<Record<string, unknown>> {
  try {
    return { ...JSON.parse(text) };
  } catch {
    return {};
  }
}

const SHOWN_CHARS = 80;

interface Strange {
  readonly url: string;
  readonly status: number;
  readonly text: string;
}

function strange({ url, status, text }: Strange, cause?: unknown): TollgateError {
  const begun = text.trim().replaceAll(/\s+/g, " ").slice(0, SHOWN_CHARS);
  const shown = begun === "" ? "nothing" : JSON.stringify(begun);
  const detail = `What answers at ${new URL(url).origin} is no Tollgate: ${status} with ${shown}.`;
  return new TollgateError("cli.usage", detail, "--url", { cause });
}
