/** The command line as somebody at a terminal has it, in the process of the test. */
import { dispatch } from "../../src/cli/dispatch.ts";
import { PLAIN_STYLES } from "../../src/cli/render/styles.ts";
import { openProduct } from "../../src/product.ts";

/** What a command said, and how it ended. */
export interface Said {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs a command with these variables of the environment, and no others. */
export async function atTerminal(
  environment: Readonly<Record<string, string>>,
  words: readonly string[],
): Promise<Said> {
  let out = "";
  let err = "";
  const code = await dispatch([...words], {
    product: openProduct(),
    out: { write: (text) => (out += text) },
    err: { write: (text) => (err += text) },
    styles: PLAIN_STYLES,
    environment,
  });
  return { code, out, err };
}
