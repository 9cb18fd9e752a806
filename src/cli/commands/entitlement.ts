import { DECIDED_OPTIONS, decidedBy } from "../by-hand-options.ts";
import { type Arguments, textOption } from "../command.ts";
import { renderTable } from "../render/table.ts";
import { commandOfVerbs, type Scene, told } from "../verbs.ts";

const LIST = { type: "string", value: "LIST", meaning: "names, by comma; all; none" } as const;

/** Shows and sets which agents, models and tools a customer may use, and how many runs at once. */
export const entitlement = commandOfVerbs({
  name: "entitlement",
  summary: "Set which agents, models and tools a customer may use, and how many runs at once",
  options: {
    agents: LIST,
    models: LIST,
    tools: LIST,
    parallel: { type: "string", value: "N", meaning: "runs at once; all for any number" },
    ...DECIDED_OPTIONS,
  },
  verbs: [
    {
      form: "show CUSTOMER",
      run: async (scene, [customer]) => show(scene, await scene.session.get(pathOf(customer))),
    },
    {
      form: "set CUSTOMER",
      run: async (scene, [customer]) => {
        const body = { entitlements: stated(scene.args), ...decidedBy(scene.args) };
        return show(scene, await scene.session.put(pathOf(customer), body));
      },
    },
  ],
});

function pathOf(customer = ""): string {
  return `/v1/customers/${encodeURIComponent(customer)}/entitlements`;
}

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

function show(scene: Scene, answer: EntitlementsView): number {
  const from = (name: keyof Allowed) => (answer.own[name] === undefined ? "card" : "own terms");
  const lists = (["agents", "models", "tools"] as const).map((name) => {
    const names = answer[name] ?? null;
    return [name, names === null ? "all" : names.join(", ") || "none", from(name)];
  });
  const open = answer.openRuns === null ? "" : ` (${answer.openRuns} open now)`;
  const runs = `${answer.parallelRuns ?? "any number"}${open}`;
  const columns = ["may use", "", "says"].map((title) => ({ title, align: "left" as const }));
  const rows = [...lists, ["runs at once", runs, from("parallelRuns")]];
  return told(scene, answer, () => renderTable({ columns, rows }, scene.here.styles));
}
