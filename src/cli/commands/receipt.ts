import { readFile, writeFile } from "node:fs/promises";
import { TollgateError } from "../../domain/errors.ts";
import {
  type Arguments,
  type Command,
  JSON_OPTION,
  print,
  SERVER_OPTIONS,
  type Surroundings,
  textOption,
} from "../command.ts";
import { renderReceipt } from "../render/receipt.ts";
import { withSession } from "../session.ts";

interface KeysView {
  readonly keys: readonly { readonly id: string; readonly publicKey: string }[];
}

/** Fetches a run's receipt, or checks one without a server. */
export const receipt: Command = {
  name: "receipt",
  summary: "Fetch the signed receipt of a run, or check one offline",
  positionals: "RUN | verify FILE | keys",
  options: {
    out: { type: "string", value: "FILE", meaning: "write the receipt there (default: print it)" },
    keys: { type: "string", value: "FILE", meaning: "verify: trusted keys, as `keys` prints them" },
    ...JSON_OPTION,
    ...SERVER_OPTIONS,
  },
  run: (args, here) => {
    const [first, file] = args.positionals;
    if (first === "verify" && file !== undefined) return verify(args, here, file);
    if (first === undefined || first === "verify" || file !== undefined) {
      throw new TollgateError("cli.usage", `tollgate receipt ${receipt.positionals}.`);
    }
    return first === "keys" ? showKeys(args, here) : fetchReceipt(args, here, first);
  },
};

function fetchReceipt(args: Arguments, here: Surroundings, run: string): Promise<number> {
  return withSession(args, here, async (session) => {
    const text = await session.text(`/v1/runs/${encodeURIComponent(run)}/receipt`);
    const out = textOption(args, "out");
    if (out === undefined) here.out.write(text);
    else {
      await writeFile(out, text);
      const count = text.trimEnd().split("\n").length;
      print(
        here.out,
        `${out}: ${count} lines, signed. Check it with: tollgate receipt verify ${out}`,
      );
    }
    return 0;
  });
}

function showKeys(args: Arguments, here: Surroundings): Promise<number> {
  return withSession(args, here, async (session) => {
    const keys = await session.get<KeysView>("/v1/receipt-keys");
    print(here.out, JSON.stringify(keys, null, 2));
    return 0;
  });
}

const FINDINGS_EXIT_CODE = 1;

/** Needs no server, unless no file of keys is given: then the keys are asked for. */
async function verify(args: Arguments, here: Surroundings, file: string): Promise<number> {
  const text = await readFile(file, "utf8");
  const keys = await trustedKeys(args, here);
  const checked = await here.product.checkReceipt(text, keys);
  if (args.options.json === true) {
    const { findings, keyId } = checked;
    print(here.out, JSON.stringify({ isSound: findings.length === 0, keyId, findings }, null, 2));
  } else print(here.out, ...renderReceipt(checked, here.styles));
  return checked.findings.length === 0 ? 0 : FINDINGS_EXIT_CODE;
}

async function trustedKeys(
  args: Arguments,
  here: Surroundings,
): Promise<ReadonlyMap<string, string>> {
  const file = textOption(args, "keys");
  const keys = file === undefined ? await askedKeys(args, here) : await keysOfFile(file);
  return new Map(keys.map(({ id, publicKey }) => [id, publicKey]));
}

/** Whoever has a receipt need not have a server: then keys must be given. */
async function askedKeys(args: Arguments, here: Surroundings): Promise<KeysView["keys"]> {
  try {
    return await withSession(args, here, async (session) => {
      return (await session.get<KeysView>("/v1/receipt-keys")).keys;
    });
  } catch (error) {
    if (!(error instanceof TollgateError) || error.code !== "store.missing") throw error;
    const detail =
      "Whose signatures do you trust? Give the file of keys that you got: --keys FILE.";
    throw new TollgateError("cli.usage", detail, "--keys", { cause: error });
  }
}

/** A file as `keys` prints it. Throws `cli.usage` for any other. */
async function keysOfFile(file: string): Promise<KeysView["keys"]> {
  const { keys } = Object(jsonOf(await readFile(file, "utf8"))) as { readonly keys?: unknown };
  if (Array.isArray(keys) && keys.every(isKey)) return keys;
  const detail = `"${file}" has no keys as 'tollgate receipt keys' prints them.`;
  throw new TollgateError("cli.usage", detail, "--keys");
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function isKey(value: unknown): value is KeysView["keys"][number] {
  const { id, publicKey } = Object(value) as Record<string, unknown>;
  return typeof id === "string" && typeof publicKey === "string";
}
