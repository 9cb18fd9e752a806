/** Recorded bytes as text: unpacked, and Amazon's event stream taken out of its frames. */
import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from "node:zlib";

const GZIP = 0x1f8b;
const ZSTD = 0xfd2fb528;

export function textOfBytes(bytes: Uint8Array, contentEncoding: string): string {
  const plain = unpacked(Buffer.from(bytes), contentEncoding);
  return textOfFrames(plain) ?? plain.toString("utf8");
}

/** Recorders keep the header after unpacking, so the first bytes tell, except for brotli. */
function unpacked(bytes: Buffer, contentEncoding: string): Buffer {
  if (bytes.length < 4) return bytes;
  if (bytes.readUInt16BE(0) === GZIP) return gunzipSync(bytes);
  if (bytes.readUInt32LE(0) === ZSTD) return zstdDecompressSync(bytes);
  if (!contentEncoding.includes("br")) return bytes;
  try {
    return brotliDecompressSync(bytes);
  } catch {
    return bytes;
  }
}

const PRELUDE_BYTES = 12;
const CHECKSUM_BYTES = 4;

/**
 * The payloads of application/vnd.amazon.eventstream, one a line, each below the name of its
 * event type. Undefined where the bytes are no such frames.
 */
function textOfFrames(bytes: Buffer): string | undefined {
  const lines: string[] = [];
  let at = 0;
  while (at + PRELUDE_BYTES <= bytes.length) {
    const frameBytes = bytes.readUInt32BE(at);
    const headerBytes = bytes.readUInt32BE(at + 4);
    const end = at + frameBytes;
    const payloadAt = at + PRELUDE_BYTES + headerBytes;
    if (end > bytes.length || payloadAt + CHECKSUM_BYTES > end) return undefined;
    const headers = bytes.toString("latin1", at + PRELUDE_BYTES, payloadAt);
    lines.push(lineOf(headers, bytes.toString("utf8", payloadAt, end - CHECKSUM_BYTES)));
    at = end;
  }
  return at === bytes.length && lines.length > 0 ? lines.join("\n") : undefined;
}

function lineOf(headers: string, payload: string): string {
  // A header is its name, the kind of its value, two bytes of length and the value.
  const type = /^...([A-Za-z]+)/s.exec(headers.split(":event-type")[1] ?? "")?.[1] ?? "";
  const chunk = /"bytes":"([^"]*)"/.exec(payload)?.[1];
  if (chunk !== undefined) return Buffer.from(chunk, "base64").toString("utf8");
  return `{${JSON.stringify(type)}:${payload}}`;
}
