import { readFile } from "node:fs/promises";
import { TollgateError } from "../../domain/errors.ts";
import { type Command, print, SERVER_OPTIONS, textOption } from "../command.ts";
import { withSession } from "../session.ts";

/** The price book: what providers charge us. */
export const prices: Command = {
  name: "prices",
  summary: "Import a price file: Tollgate's own form, or LiteLLM's price list",
  positionals: "import FILE",
  options: {
    format: { type: "string", value: "FORM", meaning: "tollgate or litellm (default: tollgate)" },
    ...SERVER_OPTIONS,
  },
  run: (args, here) => {
    const [verb, path] = args.positionals;
    if (verb !== "import" || path === undefined) {
      throw new TollgateError("cli.usage", "tollgate prices import FILE.");
    }
    return withSession(args, here, async (session) => {
      const format = textOption(args, "format") ?? "tollgate";
      const query = new URLSearchParams({ format });
      const text = await readFile(path, "utf8");
      const answer = await session.post<object>(`/v1/prices?${query}`, text);
      print(here.out, JSON.stringify(answer, null, 2));
      return 0;
    });
  },
};
