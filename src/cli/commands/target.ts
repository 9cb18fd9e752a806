import { readFile } from "node:fs/promises";
import { TollgateError } from "../../domain/errors.ts";
import { DECIDED_OPTIONS, decidedBy } from "../by-hand-options.ts";
import { listOption, type Surroundings } from "../command.ts";
import { readDocument } from "../document-file.ts";
import { type MissingView, renderMissing } from "../render/export.ts";
import { renderTable } from "../render/table.ts";
import { commandOfVerbs, type Scene, told, type Verb } from "../verbs.ts";

interface TargetView {
  readonly id: string;
  readonly connector: string;
  readonly account: string;
  readonly mode: string;
  readonly window: string;
  readonly since: string;
}

interface CheckView {
  readonly missing: readonly MissingView[];
}

const MISSING_EXIT_CODE = 3;

const VERBS: readonly Verb[] = [
  { form: "list", run: list },
  {
    form: "add ID FILE",
    run: async (scene, [id, file = ""]) => {
      const secrets = await secretsOf(scene);
      // JSON or YAML, as a rate card's file is.
      const document = await readDocument(file, scene.here, "target.invalid");
      await scene.session.put(pathOf(id), { document, ...decidedBy(scene.args) });
      return keep(scene, id, secrets);
    },
  },
  {
    form: "secret ID",
    run: async (scene, [id]) => keep(scene, id, await secretsOf(scene)),
  },
  {
    form: "check ID",
    run: (scene, [id]) => check(scene, id, scene.args.options.ask === true ? "?ask=true" : ""),
  },
];

/** Billing systems that lines go to. */
export const target = commandOfVerbs({
  name: "target",
  summary: "Set and check billing systems that lines go to",
  options: {
    secret: {
      type: "string",
      multiple: true,
      value: "NAME=WHERE",
      meaning: "add, secret: keep a secret; WHERE is env:VARIABLE or file:PATH",
    },
    ask: { type: "boolean", meaning: "check: ask the target too" },
    ...DECIDED_OPTIONS,
  },
  verbs: VERBS,
});

function pathOf(id = ""): string {
  return `/v1/targets/${encodeURIComponent(id)}`;
}

interface Secret {
  readonly name: string;
  readonly secret: string;
}

function secretsOf({ args, here }: Scene): Promise<readonly Secret[]> {
  return Promise.all(listOption(args, "secret").map((text) => readSecret(text, here)));
}

/** Keeps secrets, and tells what is still missing. */
async function keep(scene: Scene, id: string | undefined, secrets: readonly Secret[]) {
  for (const { name, secret } of secrets) {
    await scene.session.put(`${pathOf(id)}/secrets/${encodeURIComponent(name)}`, { secret });
  }
  return check(scene, id, "");
}

/** Secrets never stand on the command line: other users of the machine can read it. */
async function readSecret(text: string, { environment }: Surroundings): Promise<Secret> {
  const [, name = "", kind = "", where = ""] = /^([^=]+)=(env|file):(.+)$/.exec(text) ?? [];
  if (kind === "file") return { name, secret: (await readFile(where, "utf8")).trim() };
  const secret = kind === "env" ? environment[where] : undefined;
  if (secret !== undefined && secret !== "") return { name, secret };
  const problem = kind === "env" ? `${where} is not set` : "it is NAME=env:VARIABLE or file:PATH";
  throw new TollgateError("cli.usage", `A secret cannot be read: ${problem}.`, "--secret");
}

async function list(scene: Scene): Promise<number> {
  const view = await scene.session.get<{ readonly targets: readonly TargetView[] }>("/v1/targets");
  const titles = ["target", "connector", "account", "mode", "window", "since"];
  const columns = titles.map((title) => ({ title, align: "left" as const }));
  const rows = view.targets.map((one) => [
    ...[one.id, one.connector, one.account, one.mode, one.window, one.since],
  ]);
  if (rows.length === 0)
    return told(scene, view, () => ["There are no targets. Add one: tollgate target add ID FILE"]);
  return told(scene, view, () => renderTable({ columns, rows }, scene.here.styles));
}

async function check(scene: Scene, id: string | undefined, query: string): Promise<number> {
  const { styles } = scene.here;
  const view = await scene.session.get<CheckView>(`${pathOf(id)}/check${query}`);
  const isSet = view.missing.length === 0;
  told(scene, view, () =>
    isSet ? [styles.green("Everything is set.")] : renderMissing(view.missing, styles),
  );
  return isSet ? 0 : MISSING_EXIT_CODE;
}
