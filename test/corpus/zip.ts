/** Reads the files of a zip archive: Inspect's .eval logs are zips of JSON. */
import { inflateRawSync, zstdDecompressSync } from "node:zlib";

export interface ZipEntry {
  readonly name: string;
  readonly text: string;
}

const END_OF_DIRECTORY = 0x06054b50;
const DIRECTORY_ENTRY = 0x02014b50;
const END_BYTES = 22;
const ENTRY_MAX_BYTES = 512 * 1024 * 1024;

type Unpack = (packed: Buffer) => Buffer;

/** By the number of the compression method. */
const UNPACK: Readonly<Record<number, Unpack>> = {
  0: (packed) => packed,
  8: (packed) => inflateRawSync(packed, { maxOutputLength: ENTRY_MAX_BYTES }),
  93: (packed) => zstdDecompressSync(packed, { maxOutputLength: ENTRY_MAX_BYTES }),
};

/** Every entry that can be unpacked, in directory order; none where this is no zip. */
export function readZip(bytes: Buffer): ZipEntry[] {
  const end = endOfDirectory(bytes);
  if (end < 0) return [];
  const count = bytes.readUInt16LE(end + 10);
  const entries: ZipEntry[] = [];
  let at = bytes.readUInt32LE(end + 16);
  for (let index = 0; index < count; index += 1) {
    if (at + 46 > bytes.length || bytes.readUInt32LE(at) !== DIRECTORY_ENTRY) break;
    const nameBytes = bytes.readUInt16LE(at + 28);
    const name = bytes.toString("utf8", at + 46, at + 46 + nameBytes);
    const text = entryText(bytes, at);
    if (text !== undefined) entries.push({ name, text });
    at += 46 + nameBytes + bytes.readUInt16LE(at + 30) + bytes.readUInt16LE(at + 32);
  }
  return entries;
}

function endOfDirectory(bytes: Buffer): number {
  for (let at = bytes.length - END_BYTES; at >= 0; at -= 1) {
    if (bytes.readUInt32LE(at) === END_OF_DIRECTORY) return at;
  }
  return -1;
}

function entryText(bytes: Buffer, directoryAt: number): string | undefined {
  const unpack = UNPACK[bytes.readUInt16LE(directoryAt + 10)];
  const packedBytes = bytes.readUInt32LE(directoryAt + 20);
  const localAt = bytes.readUInt32LE(directoryAt + 42);
  if (unpack === undefined || localAt + 30 > bytes.length) return undefined;
  const from = localAt + 30 + bytes.readUInt16LE(localAt + 26) + bytes.readUInt16LE(localAt + 28);
  try {
    return unpack(bytes.subarray(from, from + packedBytes)).toString("utf8");
  } catch {
    return undefined;
  }
}
