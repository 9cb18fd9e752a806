import { readFile } from "node:fs/promises";
import { type Command, print, SERVER_OPTIONS, textOption } from "../command.ts";
import { finishRerate, RERATE_OPTION, type ReratedPart, rerateQuery } from "../rerate.ts";
import { withSession } from "../session.ts";
import { requireForm } from "../verbs.ts";

interface Imported {
  readonly version: { readonly effectiveFrom: string | null };
  readonly rerated: ReratedPart | null;
}

/** The price book: what providers charge us. */
export const prices: Command = {
  name: "prices",
  summary: "Import a price file: Tollgate's own form, or LiteLLM's price list",
  positionals: "import FILE",
  options: {
    format: { type: "string", value: "FORM", meaning: "tollgate or litellm (default: tollgate)" },
    effective: { type: "string", value: "TIME", meaning: "when they take effect (default: now)" },
    ...RERATE_OPTION,
    ...SERVER_OPTIONS,
  },
  run: (args, here) => {
    const [, path = ""] = requireForm("prices", ["import FILE"], args.positionals);
    return withSession(args, here, async (session) => {
      const format = textOption(args, "format") ?? "tollgate";
      const at = textOption(args, "effective");
      const from = at === undefined ? {} : { effectiveFrom: at };
      const query = new URLSearchParams({ format, ...from, ...rerateQuery(args) });
      const text = await readFile(path, "utf8");
      const answer = await session.post<Imported>(`/v1/prices?${query}`, text);
      const { rerated: first, ...told } = answer;
      print(here.out, JSON.stringify(told, null, 2));
      const since = answer.version.effectiveFrom;
      if (first !== null) await finishRerate(session, here, { first, since });
      return 0;
    });
  },
};
