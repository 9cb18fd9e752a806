import fc from "fast-check";

const LAST_CODE_POINT = 0x10ffff;
/** Two bytes of UTF-16 that stand for one code point are none themselves. */
const isSurrogate = (point: number) => point >= 0xd800 && point <= 0xdfff;

/**
 * Any code point, as a `unit` of `fc.string`. Its own `binary` lists all 1.1 million of them before
 * the first string, which took each test file that only imports such a string a second.
 */
export const anyCodePoint: fc.Arbitrary<string> = fc
  .integer({ min: 0, max: LAST_CODE_POINT })
  .filter((point) => !isSurrogate(point))
  .map((point) => String.fromCodePoint(point));
