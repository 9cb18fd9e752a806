import { isUtf8 } from "node:buffer";
import { createReadStream } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { TollgateError } from "../domain/errors.ts";
import { IMPORT_MAX_BYTES } from "../domain/limits.ts";

const unpack = promisify(gunzip);
/** The first bytes of what is packed with gzip. */
const GZIP = 0x1f8b;
/** A log that is being written may end amid a character, as it may amid a line. */
const TORN_MAX_BYTES = 3;
/** Windows begins text with it; it is no part of a document (RFC 8259, section 8.1). */
const BYTE_ORDER_MARK = "\ufeff";

/**
 * The text of a file, unpacked where it is packed with gzip. Throws `cli.usage` where it is over
 * the limit, packed or unpacked, cannot be unpacked to its end, or is not UTF-8.
 */
export async function textOfFile(path: string): Promise<string> {
  const { size } = await stat(path);
  if (size > IMPORT_MAX_BYTES) throw tooLarge(path);
  const bytes = await readFile(path);
  const isPacked = bytes.length > 2 && bytes.readUInt16BE(0) === GZIP;
  return decoded(path, isPacked ? await unpacked(path, bytes) : bytes, TORN_MAX_BYTES);
}

/**
 * The text of a file of at most `maxBytes`; no more of it is read, be it a pipe without an end.
 * Throws `cli.usage` where there is more, or other text than UTF-8.
 */
export async function textUpTo(path: string, maxBytes: number): Promise<string> {
  const found = await stat(path);
  // Says of a folder what it is; a stream of it would not say which.
  if (found.isDirectory()) return readFile(path, "utf8");
  const { size } = found;
  if (size > maxBytes) throw overSize(path, { size: `${size} bytes`, maxBytes });
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of createReadStream(path, { end: maxBytes }) as AsyncIterable<Buffer>) {
    parts.push(part);
    bytes += part.length;
  }
  // A pipe has no size before it is read, and a file may grow meanwhile.
  if (bytes > maxBytes) throw overSize(path, { size: `more than ${maxBytes} bytes`, maxBytes });
  return decoded(path, Buffer.concat(parts), 0);
}

/** The same where it has to be JSON. Throws `cli.usage`, too, with where it ends to be that. */
export async function jsonTextUpTo(path: string, maxBytes: number): Promise<string> {
  const text = await textUpTo(path, maxBytes);
  try {
    JSON.parse(text);
  } catch (cause) {
    const detail = `"${path}" is not JSON: ${(cause as Error).message}.`;
    throw new TollgateError("cli.usage", detail, "FILE", { cause });
  }
  return text;
}

function overSize(path: string, { size, maxBytes }: { size: string; maxBytes: number }) {
  const detail = `"${path}" has ${size}; a file of this kind has at most ${maxBytes}. Divide it.`;
  return new TollgateError("cli.usage", detail, "FILE");
}

/**
 * Names with other bytes in them would be kept with marks in their places. `tornBytes`: how many at
 * the end may be a part of a character.
 */
function decoded(path: string, bytes: Buffer, tornBytes: number): string {
  const isText = (torn: number) => isUtf8(bytes.subarray(0, Math.max(0, bytes.length - torn)));
  let torn = 0;
  while (torn < tornBytes && !isText(torn)) torn += 1;
  if (!isText(torn)) {
    const detail = `"${path}" is not a text in UTF-8; save it as one.`;
    throw new TollgateError("cli.usage", detail, "FILE");
  }
  const text = bytes.toString("utf8");
  return text.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text;
}

async function unpacked(path: string, bytes: Buffer): Promise<Buffer> {
  try {
    return await unpack(bytes, { maxOutputLength: IMPORT_MAX_BYTES });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ERR_BUFFER_TOO_LARGE") throw tooLarge(path);
    const detail = `"${path}" is packed with gzip and cannot be unpacked: ${message}.`;
    throw new TollgateError("cli.usage", detail, "FILE", { cause: error });
  }
}

function tooLarge(path: string): TollgateError {
  const detail = `"${path}" has more than ${IMPORT_MAX_BYTES} bytes of text; split it.`;
  return new TollgateError("cli.usage", detail, "FILE");
}
