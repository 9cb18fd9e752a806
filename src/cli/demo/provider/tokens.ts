/**
 * How the stand-in provider counts. Real tokenizers are large and differ by model; what matters
 * here is that every number of the demo follows from the texts that were really sent.
 *
 * - One token is four bytes of UTF-8, rounded up.
 * - A prompt is what was sent: tools, then messages, as JSON.
 * - Prompts are cached within one conversation, from CACHE_MIN_TOKENS on, as the vendors do.
 */

const BYTES_PER_TOKEN = 4;
/** Shorter beginnings are not cached. */
const CACHE_MIN_TOKENS = 1024;
/** OpenAI caches in steps of this size. */
const CACHE_STEP_TOKENS = 128;

/** Tokens of a text. */
export function tokensOf(text: string): number {
  return Math.ceil(Buffer.byteLength(text) / BYTES_PER_TOKEN);
}

/** OpenAI's rule: the longest beginning that an earlier prompt of the conversation had. */
export class AutomaticCache {
  readonly #prompts = new Map<string, string[]>();

  /** Cached tokens of a prompt, which is remembered from now on. */
  read(conversation: string, prompt: string): number {
    const earlier = this.#prompts.get(conversation) ?? [];
    const shared = Math.max(0, ...earlier.map((other) => sharedLength(other, prompt)));
    this.#prompts.set(conversation, [...earlier, prompt]);
    const tokens = tokensOf(prompt.slice(0, shared));
    const whole = tokens - (tokens % CACHE_STEP_TOKENS);
    return whole < CACHE_MIN_TOKENS ? 0 : whole;
  }
}

function sharedLength(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  let at = 0;
  while (at < length && a[at] === b[at]) at += 1;
  return at;
}

/** How long a written beginning lives. */
export type Lifetime = "5m" | "1h";

/** One block of a prompt; `marked` where the caller asked for everything up to it to be cached. */
export interface PromptBlock {
  readonly text: string;
  readonly marked: Lifetime | null;
}

/** Input tokens by what happened to them; disjoint. */
export interface CachedInput {
  readonly uncached: number;
  readonly read: number;
  readonly written: Readonly<Record<Lifetime, number>>;
}

/** Anthropic's rule: marked beginnings are written once and read afterwards. */
export class MarkedCache {
  readonly #beginnings = new Map<string, Set<string>>();

  /** Splits a prompt; its marked beginnings are remembered from now on. */
  read(conversation: string, blocks: readonly PromptBlock[]): CachedInput {
    const known = this.#beginnings.get(conversation) ?? new Set();
    const ends = endsOf(blocks);
    const readEnd = ends.findLast((end) => known.has(end.beginning));
    const read = readEnd?.tokens ?? 0;
    const written = { "5m": 0, "1h": 0 };
    let counted = read;
    for (const { marked, tokens, beginning } of ends) {
      if (marked === null || tokens < CACHE_MIN_TOKENS) continue;
      known.add(beginning);
      if (tokens <= counted) continue;
      written[marked] += tokens - counted;
      counted = tokens;
    }
    this.#beginnings.set(conversation, known);
    return { uncached: (ends.at(-1)?.tokens ?? 0) - counted, read, written };
  }
}

interface BlockEnd {
  /** All text up to the end of this block, and its tokens. */
  readonly beginning: string;
  readonly tokens: number;
  readonly marked: Lifetime | null;
}

function endsOf(blocks: readonly PromptBlock[]): BlockEnd[] {
  let beginning = "";
  let tokens = 0;
  return blocks.map(({ text, marked }) => {
    beginning += `${text}\n`;
    tokens += tokensOf(text);
    return { beginning, tokens, marked };
  });
}
