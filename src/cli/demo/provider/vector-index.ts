/** Embeddings and nearest neighbours of the stand-in: simple, and really computed. */
import { HANDBOOK } from "../handbook.ts";
import { tokensOf } from "./tokens.ts";

const DIMENSIONS = 256;
/** Tokens of stored text that one read unit covers. */
const TOKENS_PER_READ_UNIT = 200;

/** A unit vector that counts the words of a text, each by the hash of its beginning. */
export function embed(text: string): number[] {
  const vector = new Array<number>(DIMENSIONS).fill(0);
  for (const word of text.toLowerCase().match(/[a-z]{4,}/g) ?? []) {
    let hash = 7;
    for (const letter of word.slice(0, 6)) hash = (hash * 31 + letter.charCodeAt(0)) % 65_521;
    const place = hash % DIMENSIONS;
    vector[place] = (vector[place] ?? 0) + 1;
  }
  const length = Math.hypot(...vector) || 1;
  return vector.map((value) => value / length);
}

const INDEX = HANDBOOK.map((article) => ({ ...article, vector: embed(article.text) }));
const READ_UNITS = Math.ceil(
  INDEX.reduce((sum, { text }) => sum + tokensOf(text), 0) / TOKENS_PER_READ_UNIT,
);

/** The nearest articles by cosine, in the shape of Pinecone's query answer. */
export function queryIndex({ vector, topK }: { vector: readonly number[]; topK: number }) {
  const matches = INDEX.map(({ id, text, vector: other }) => {
    const score = other.reduce((sum, value, place) => sum + value * (vector[place] ?? 0), 0);
    return { id, score, metadata: { text } };
  })
    .sort((a, b) => b.score - a.score)
    .slice(0, topK);
  return { matches, namespace: "handbook", usage: { readUnits: READ_UNITS } };
}
