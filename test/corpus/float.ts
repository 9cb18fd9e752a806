/**
 * The arithmetic of the sources. They compute in binary floating point, so a stated total such as
 * 0.05841999999999999 is reproduced by the same additions in the same order, digit by digit.
 */

/** Compares two decimal texts as numbers, to the last digit and without rounding. */
export function sameDecimal(a: string, b: string): boolean {
  const left = normalForm(a);
  return left !== undefined && left === normalForm(b);
}

const DECIMAL = /^([+-]?)(\d*)\.?(\d*)(?:[eE]([+-]?\d+))?$/;

/** Digits without outer zeros and the exponent of the last one; one text per number. */
function normalForm(text: string): string | undefined {
  const match = DECIMAL.exec(text.trim());
  if (match === null) return undefined;
  const [, sign = "", whole = "", fraction = "", exponent = "0"] = match;
  const digits = (whole + fraction).replace(/^0+/, "");
  if (whole + fraction === "") return undefined;
  const kept = digits.replace(/0+$/, "");
  if (kept === "") return "0";
  const power = Number(exponent) - fraction.length + (digits.length - kept.length);
  return `${sign === "-" ? "-" : ""}${kept}e${power}`;
}

/** True when a source that prints its double would print exactly this text. */
export function printsAs(value: number, text: string): boolean {
  return sameDecimal(String(value), text);
}

/**
 * True when a recorder's double could print this text: no zero follows the digits that tell it
 * from its neighbours. One that ends in `…000` was not printed but edited.
 */
export function isPrinted(text: string): boolean {
  return /^-?\d+(?:\.(?:0|\d*[1-9]))?(?:[eE][+-]?\d+)?$/.test(text.trim());
}

/** True when the text is the exact decimal, or what a double nearest to it prints. */
export function statesExactly(exact: string, text: string): boolean {
  return sameDecimal(exact, text) || printsAs(Number(exact), text);
}

/** Adds in order, as a loop does. */
export function loopSum(values: readonly number[]): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum;
}

/** Moves the decimal point of a decimal text; exact. */
export function shiftDecimal(text: string, places: number): string {
  const form = normalForm(text);
  if (form === undefined || form === "0") return "0";
  const [digits = "0", power = "0"] = form.split("e");
  return `${digits}e${Number(power) + places}`;
}

/** Adds decimal texts exactly. */
export function exactSum(texts: readonly string[]): string {
  let scaled = 0n;
  for (const text of texts) scaled += toScaled(text);
  return fromScaled(scaled);
}

/** A count times a decimal text, exactly. */
export function exactProduct(count: number, text: string): string {
  return fromScaled(BigInt(count) * toScaled(text));
}

const SCALE = 40;
/** Powers of ten beyond these are no amount; a figure of such a size is unexplained anyway. */
const MAX_POWER = 1_000;

function toScaled(text: string): bigint {
  const form = normalForm(text) ?? "0";
  const [digits = "0", power = "0"] = form.split("e");
  const shift = SCALE + Number(power);
  return shift >= 0 && shift <= MAX_POWER ? BigInt(digits) * 10n ** BigInt(shift) : 0n;
}

function fromScaled(scaled: bigint): string {
  const sign = scaled < 0n ? "-" : "";
  const digits = (scaled < 0n ? -scaled : scaled).toString().padStart(SCALE + 1, "0");
  const fraction = digits.slice(-SCALE).replace(/0+$/, "");
  return `${sign}${digits.slice(0, -SCALE)}${fraction === "" ? "" : `.${fraction}`}`;
}
