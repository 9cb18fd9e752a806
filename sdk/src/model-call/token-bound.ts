/**
 * How many tokens a request's input comes to at most, from its bytes. A token of the byte-level
 * vocabularies that the vendors use covers at least one byte, so text never has more tokens than
 * bytes; JSON's escapes only add bytes. What the vendors add themselves is covered by allowances:
 * the frame of each message, and the instructions that tools bring. Images are not counted by
 * their bytes but by a fixed bound each. Not covered, because the body does not show it: what
 * hosted tools fetch, and a conversation that the provider keeps (`previous_response_id`).
 *
 * English text has about four bytes a token, so this holds up to four times of what is used; the
 * rest comes back when the step is recorded. A tokenizer does better: `estimateInputTokens`.
 */

/** Tokens around each message or block. */
const FRAME_TOKENS = 16;
/** Instructions that come with tools, at most. */
const TOOLS_TOKENS = 1000;
/** One image at the highest resolution that vendors accept. */
const IMAGE_TOKENS = 5000;

const IMAGE_TYPES = new Set(["image", "image_url", "input_image"]);

const encoder = new TextEncoder();

/** UTF-8 bytes of a text. */
export function bytesOf(text: string): number {
  return encoder.encode(text).length;
}

/** The bound for a parsed body whose JSON text has this many bytes. */
export function inputTokenBound(body: unknown, bytes: number): number {
  const found = lookInto(body);
  const text = Math.max(0, bytes - found.imageBytes);
  const tools = found.hasTools ? TOOLS_TOKENS : 0;
  return text + found.images * IMAGE_TOKENS + found.frames * FRAME_TOKENS + tools;
}

function lookInto(body: unknown): Found {
  const found = { imageBytes: 0, images: 0, frames: 1, hasTools: false };
  look(body, found, 0);
  return found;
}

interface Found {
  imageBytes: number;
  images: number;
  frames: number;
  hasTools: boolean;
}

/** Requests nest about ten deep; what is deeper is still counted by its bytes. */
const DEPTH_MAX = 64;

function look(value: unknown, found: Found, depth: number): void {
  if (typeof value !== "object" || value === null || depth > DEPTH_MAX) return;
  if (Array.isArray(value)) {
    for (const item of value) look(item, found, depth + 1);
    return;
  }
  const fields = value as Readonly<Record<string, unknown>>;
  if ("role" in fields || "type" in fields) found.frames += 1;
  if (Array.isArray(fields.tools) && fields.tools.length > 0) found.hasTools = true;
  if (typeof fields.type === "string" && IMAGE_TYPES.has(fields.type)) {
    found.images += 1;
    found.imageBytes += longestText(fields);
    return;
  }
  for (const field of Object.values(fields)) look(field, found, depth + 1);
}

/** Characters of the image itself: base64, so as many bytes. */
function longestText(value: unknown): number {
  if (typeof value === "string") return value.length;
  if (typeof value !== "object" || value === null) return 0;
  return Object.values(value).reduce((most: number, part: unknown) => {
    return Math.max(most, longestText(part));
  }, 0);
}

/** Bytes of a token in running text, for what is estimated after the fact rather than bounded. */
const BYTES_PER_TOKEN = 4;

/** A usual image. */
const LIKELY_IMAGE_TOKENS = 1000;

/** About how many tokens the input of a parsed body is. */
export function likelyInputTokens(body: unknown, bytes: number): number {
  const { imageBytes, images } = lookInto(body);
  return likelyTokens(Math.max(0, bytes - imageBytes)) + images * LIKELY_IMAGE_TOKENS;
}

/** About how many tokens so many bytes of text are. */
export function likelyTokens(bytes: number): number {
  return Math.ceil(bytes / BYTES_PER_TOKEN);
}
