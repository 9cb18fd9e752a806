import { TollgateError } from "../../domain/errors.ts";
import { DECIDED_OPTIONS, decidedBy } from "../by-hand-options.ts";
import {
  type Arguments,
  type Command,
  JSON_OPTION,
  print,
  SERVER_OPTIONS,
  type Surroundings,
  textOption,
} from "../command.ts";
import { renderTable } from "../render/table.ts";
import { withSession } from "../session.ts";

const LIST = { type: "string", value: "LIST", meaning: "names, by comma; all; none" } as const;

/** Shows and sets which agents, models and tools a customer may use, and how many runs at once. */
export const entitlement: Command = {
  name: "entitlement",
  summary: "Set which agents, models and tools a customer may use, and how many runs at once",
  positionals: "show CUSTOMER | set CUSTOMER",
  options: {
    agents: LIST,
    models: LIST,
    tools: LIST,
    parallel: { type: "string", value: "N", meaning: "runs at once; all for any number" },
    ...DECIDED_OPTIONS,
    ...JSON_OPTION,
    ...SERVER_OPTIONS,
  },
  run: (args, here) => {
    const [verb, customer, more] = args.positionals;
    if (customer === undefined || more !== undefined || (verb !== "show" && verb !== "set")) {
      throw new TollgateError("cli.usage", `tollgate entitlement ${entitlement.positionals}.`);
    }
    const path = `/v1/customers/${encodeURIComponent(customer)}/entitlements`;
    return withSession(args, here, async (session) => {
      if (verb === "show") return show(await session.get<EntitlementsView>(path), args, here);
      const body = { entitlements: stated(args), ...decidedBy(args) };
      return show(await session.put<EntitlementsView>(path, body), args, here);
    });
  },
};

interface Allowed {
  readonly agents?: readonly string[] | null;
  readonly models?: readonly string[] | null;
  readonly tools?: readonly string[] | null;
  readonly parallelRuns?: string | null;
}

interface EntitlementsView extends Allowed {
  readonly own: Allowed;
  readonly openRuns: number | null;
}

/** The options that are given; a field without one is the card's again. */
function stated(args: Arguments): Allowed {
  const lists = (["agents", "models", "tools"] as const).flatMap((name) => {
    const text = textOption(args, name);
    return text === undefined ? [] : [[name, namesIn(text)] as const];
  });
  const parallel = textOption(args, "parallel");
  const runs = parallel === undefined ? {} : { parallelRuns: parallel === "all" ? null : parallel };
  return { ...Object.fromEntries(lists), ...runs };
}

function namesIn(text: string): readonly string[] | null {
  if (text === "all") return null;
  return text === "none" ? [] : text.split(",").map((name) => name.trim());
}

function show(answer: EntitlementsView, args: Arguments, { out, styles }: Surroundings): number {
  if (args.options.json === true) {
    print(out, JSON.stringify(answer, null, 2));
    return 0;
  }
  const from = (name: keyof Allowed) => (answer.own[name] === undefined ? "card" : "own terms");
  const lists = (["agents", "models", "tools"] as const).map((name) => {
    const names = answer[name] ?? null;
    return [name, names === null ? "all" : names.join(", ") || "none", from(name)];
  });
  const open = answer.openRuns === null ? "" : ` (${answer.openRuns} open now)`;
  const runs = `${answer.parallelRuns ?? "any number"}${open}`;
  const columns = ["may use", "", "says"].map((title) => ({ title, align: "left" as const }));
  const rows = [...lists, ["runs at once", runs, from("parallelRuns")]];
  print(out, ...renderTable({ columns, rows }, styles));
  return 0;
}
