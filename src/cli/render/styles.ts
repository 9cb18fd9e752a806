/** Colours of the terminal, as functions on text: with colours off they return what they get. */

export type Style = (text: string) => string;

/** What can be set apart. */
export interface Styles {
  readonly bold: Style;
  readonly dim: Style;
  readonly red: Style;
  readonly green: Style;
  readonly yellow: Style;
  readonly cyan: Style;
}

const plain: Style = (text) => text;

/** No colour at all: for files, pipes and tests. */
export const PLAIN_STYLES: Styles = {
  bold: plain,
  dim: plain,
  red: plain,
  green: plain,
  yellow: plain,
  cyan: plain,
};

const COLOUR_STYLES: Styles = {
  bold: sgr(1, 22),
  dim: sgr(2, 22),
  red: sgr(31, 39),
  green: sgr(32, 39),
  yellow: sgr(33, 39),
  cyan: sgr(36, 39),
};

function sgr(on: number, off: number): Style {
  return (text) => (text === "" ? "" : `\u001b[${on}m${text}\u001b[${off}m`);
}

/**
 * Colours for a stream: only on a terminal, and not where the user refused them with a NO_COLOR
 * that is not empty (no-color.org).
 */
export function stylesFor(
  stream: { readonly isTTY?: boolean },
  environment: Readonly<Record<string, string | undefined>>,
): Styles {
  const isRefused = (environment.NO_COLOR ?? "") !== "";
  return stream.isTTY === true && !isRefused ? COLOUR_STYLES : PLAIN_STYLES;
}

const CONTROL = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu;

/**
 * Text from outside, safe to print: control characters could move the cursor or rewrite what
 * stands on the screen, and direction marks could reorder it.
 */
export function printable(text: string): string {
  return text.replace(CONTROL, "�");
}
