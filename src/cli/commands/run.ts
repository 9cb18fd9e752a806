import { TollgateError } from "../../domain/errors.ts";
import { AS_OF_OPTION, asOfQuery } from "../as-of-option.ts";
import { type Command, JSON_OPTION, print, SERVER_OPTIONS } from "../command.ts";
import { renderRunTree } from "../render/run-tree.ts";
import type { RunView } from "../render/run-view.ts";
import { withSession } from "../session.ts";

/** Shows one run as a tree. */
export const run: Command = {
  name: "run",
  summary: "Show a run as a tree: every step with its tokens, cost and charge",
  positionals: "ID",
  options: { ...AS_OF_OPTION, ...JSON_OPTION, ...SERVER_OPTIONS },
  run: (args, here) => {
    const [id] = args.positionals;
    if (id === undefined) throw new TollgateError("cli.usage", "Which run? Give its id.", "ID");
    return withSession(args, here, async (session) => {
      const path = `/v1/runs/${encodeURIComponent(id)}${asOfQuery(args)}`;
      const tree = await session.get<RunView>(path);
      if (args.options.json === true) print(here.out, JSON.stringify(tree, null, 2));
      else print(here.out, ...renderRunTree(tree, here.styles));
      return 0;
    });
  },
};
