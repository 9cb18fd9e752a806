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
    if (first === undefined || file !== undefined) {
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
  let known: KeysView | undefined;
  if (file !== undefined) known = JSON.parse(await readFile(file, "utf8")) as KeysView;
  else {
    await withSession(args, here, async (session) => {
      known = await session.get<KeysView>("/v1/receipt-keys");
      return 0;
    });
  }
  return new Map((known?.keys ?? []).map(({ id, publicKey }) => [id, publicKey]));
}
