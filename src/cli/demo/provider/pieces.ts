const WORDS_PER_PIECE = 3;

/** A text in the pieces in which a stream sends it: a few words each. */
export function piecesOf(text: string): string[] {
  const words = text.match(/\s*\S+/g) ?? [];
  const count = Math.ceil(words.length / WORDS_PER_PIECE);
  return Array.from({ length: count }, (_, index) => {
    return words.slice(index * WORDS_PER_PIECE, (index + 1) * WORDS_PER_PIECE).join("");
  });
}
