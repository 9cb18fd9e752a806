/**
 * Forms of numbers that no numeric field may take, as JSON tokens: some are not even JSON, some
 * are what JSON.parse spoils, some are what `Number()` or `BigInt()` would kindly accept.
 */
const MILLION = 1_000_000;

/** Tokens that are not JSON: the document around them is malformed. */
const NOT_JSON = [
  ...["NaN", "Infinity", "-Infinity", "undefined", "+1", ".5", "5.", "1.e3", "1e", "1e+", "--1"],
  ...["01", "-01", "0x10", "0b1", "0o7", "1_000", "1,000", "1n", "１２", "½", "∞", "-", "1 000"],
  ...["1.2.3", "1e1.5", "'1'"],
];

/** Number tokens that are JSON, and out of every bound or no number that we count in. */
const OUT_OF_BOUNDS = [
  ...["-1", "-0.5", "-1e-9", "1e400", "-1e400", "1e308", "1e16", "1e-400", "1e-19", "5e-324"],
  ...["9007199254740991", "9007199254740992", "9007199254740993", "-9007199254740993"],
  ...["9223372036854775807", "9223372036854775808", "18446744073709551616", "1e21"],
  ...["0.00000000000000000000001", "123456789012345678.5", "1e999999999", "1e-999999999"],
  ...["1".repeat(49), "7".repeat(MILLION), `0.${"0".repeat(MILLION)}1`],
];

/** Values of other types. */
const OTHER_TYPES = ["true", "false", "[]", "[1]", "{}", '{"n":1}', '{"text":"1"}'];

/** Texts that are no decimal of ours. */
const TEXTS = [
  ...["", " ", "1 ", " 1", "-1", "+1", "NaN", "Infinity", "-Infinity", "1e400", "1e-400", "0x10"],
  ...["0b1", "0o7", "1_000", "1,000", "1.000,5", "1,5", "01", "00", ".5", "5.", "１２", "٣", "Ⅻ"],
  ...["½", "∞", "1/2", "1%", "$1", "1 USD", "1e", "e1", "1e1.5", "1e999999999", "1n", "null"],
  ...["true", "--1", "1-", "0.1.2", "1\u00001", "1\n", "\u200b1", "1".repeat(49), "−1", "1e 3"],
  ...["9223372036854775808", "1e-19", "0.00000000000000000000001", "9".repeat(MILLION)],
].map((text) => JSON.stringify(text));

/** One form: its token, and a name short enough for a message. */
export interface HostileNumber {
  readonly token: string;
  readonly name: string;
  readonly isJson: boolean;
}

function form(token: string, isJson: boolean): HostileNumber {
  const name = token.length > 60 ? `${token.slice(0, 20)}… (${token.length} chars)` : token;
  return { token, name, isJson };
}

/** All of them. */
export const HOSTILE_NUMBERS: readonly HostileNumber[] = [
  ...NOT_JSON.map((token) => form(token, false)),
  ...[...OUT_OF_BOUNDS, ...OTHER_TYPES, ...TEXTS].map((token) => form(token, true)),
];
