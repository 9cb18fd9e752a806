/** How many columns of a terminal a text takes: names of customers and runs are in any script. */

/** Nothing below it is wide or without width. */
const PLAIN = /^[\u0020-\u02ff]*$/;
/** One sign of several code points, such as a family of emoji or a letter with its accents. */
const SIGNS = new Intl.Segmenter("und", { granularity: "grapheme" });
/** What is drawn as a picture, by itself or by the sign behind it that asks for one (U+FE0F). */
const PICTURE = /\p{Emoji_Presentation}|\ufe0f/u;
/** Wide and full-width by the Unicode annex 11, in its blocks: ideographs, kana, Hangul. */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{1b000}-\u{1b2ff}\u{20000}-\u{3fffd}]/u;
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
  return PICTURE.test(sign) || WIDE.test(sign) ? 2 : 1;
}
