import { TollgateError } from "../../domain/errors.ts";
import { AS_OF_OPTION, asOfQuery } from "../as-of-option.ts";
import { type Command, JSON_OPTION, print, SERVER_OPTIONS, textOption } from "../command.ts";
import { type ReachedView, renderReached } from "../render/policies.ts";
import { renderComparison } from "../render/run-comparison.ts";
import { renderRunTree } from "../render/run-tree.ts";
import type { RunView } from "../render/run-view.ts";
import type { Styles } from "../render/styles.ts";
import { type Session, withSession } from "../session.ts";
import { readCardOf } from "./simulate.ts";

/** Shows one run as a tree, as it was charged or as another card would have. */
export const run: Command = {
  name: "run",
  summary: "Show a run as a tree: every step with its tokens, cost and charge",
  positionals: "ID",
  options: {
    card: {
      type: "string",
      value: "FILE",
      meaning: "show it as this card would have charged it, beside what was charged",
    },
    totals: { type: "boolean", meaning: "leave the steps out, as of a run of more than 20,000" },
    ...AS_OF_OPTION,
    ...JSON_OPTION,
    ...SERVER_OPTIONS,
  },
  run: async (args, here) => {
    const [id] = args.positionals;
    if (id === undefined) throw new TollgateError("cli.usage", "Which run? Give its id.", "ID");
    const name = textOption(args, "card");
    if (name !== undefined && textOption(args, "as-of") !== undefined) {
      const detail = "Another card is shown over all that is known now; leave out --as-of.";
      throw new TollgateError("cli.usage", detail, "--card");
    }
    const card = name === undefined ? null : await readCardOf(name, here);
    return withSession(args, here, async (session) => {
      const path = `/v1/runs/${encodeURIComponent(id)}`;
      const query = asOfQuery(args, args.options.totals === true ? { steps: "false" } : {});
      const charged = withSteps(await session.get<RunAnswer>(`${path}${query}`));
      const tree =
        card === null ? charged : await session.post<RunView>(`${path}/simulation`, { card });
      if (args.options.json === true) {
        print(
          here.out,
          JSON.stringify(card === null ? tree : { charged, simulated: tree }, null, 2),
        );
        return 0;
      }
      print(here.out, ...renderRunTree(tree, here.styles));
      if (card === null) {
        const isNow = textOption(args, "as-of") === undefined;
        const reached = isNow ? await reachedLines(session, path, here.styles) : [];
        if (reached.length > 0) print(here.out, ...reached);
        return 0;
      }
      const titles = ["charged", titleOf(card)] as const;
      const pair = { before: charged, after: tree, titles };
      print(here.out, "", ...renderComparison(pair, here.styles));
      return 0;
    });
  },
};

/** A run as it is answered: without steps where nobody asked for them. */
type RunAnswer = Omit<RunView, "steps" | "children"> & {
  readonly steps?: RunView["steps"];
  readonly children: readonly RunAnswer[];
};

function withSteps(run: RunAnswer): RunView {
  return { ...run, steps: run.steps ?? [], children: run.children.map(withSteps) };
}

/** The rules of policies that it was beyond, where it was beyond any. */
async function reachedLines(session: Session, path: string, styles: Styles): Promise<string[]> {
  const { reached } = await session.get<{ reached: readonly ReachedView[] }>(`${path}/policies`);
  return reached.length === 0 ? [] : ["", ...renderReached(reached, styles)];
}

function titleOf(card: unknown): string {
  if (typeof card === "string") return card;
  const { key } = card as { readonly key?: unknown };
  return typeof key === "string" ? key : "simulated";
}
