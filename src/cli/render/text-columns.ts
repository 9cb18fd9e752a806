/** How many columns of a terminal a text takes: names of customers and runs are in any script. */

/** Nothing below it is wide or without width. */
const PLAIN = /^[\u0020-\u02ff]*$/;
/** One sign of several code points, such as a family of emoji or a letter with its accents. */
const SIGNS = new Intl.Segmenter("und", { granularity: "grapheme" });
/** What is drawn as a picture, by itself or by the sign behind it that asks for one (U+FE0F). */
const PICTURE = /\p{Emoji_Presentation}|\ufe0f/u;
/** Wide and full-width by the Unicode annex 11, in its blocks: ideographs, kana, Hangul. */
const WIDE: readonly (readonly [first: number, last: number])[] = [
  [0x1100, 0x115f],
  [0x2e80, 0x303e],
  [0x3041, 0xa4cf],
  [0xa960, 0xa97f],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe30, 0xfe6f],
  [0xff01, 0xff60],
  [0xffe0, 0xffe6],
  [0x1b000, 0x1b2ff],
  [0x20000, 0x3fffd],
];
/** Joiners and marks that stand alone. */
const WIDTHLESS = /^[\p{Mn}\p{Me}\p{Cf}]+$/u;

/** Columns that a text takes in a terminal, as most of them draw it. */
export function columnsOf(text: string): number {
  if (PLAIN.test(text)) return text.length;
  let columns = 0;
  for (const { segment } of SIGNS.segment(text)) columns += columnsOfSign(segment);
  return columns;
}

function columnsOfSign(sign: string): number {
  if (WIDTHLESS.test(sign)) return 0;
  const first = sign.codePointAt(0) ?? 0;
  const isWide = WIDE.some(([from, to]) => from <= first && first <= to);
  return isWide || PICTURE.test(sign) ? 2 : 1;
}
