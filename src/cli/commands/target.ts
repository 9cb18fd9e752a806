import { readFile } from "node:fs/promises";
import { TollgateError } from "../../domain/errors.ts";
import { DECIDED_OPTIONS, decidedBy } from "../by-hand-options.ts";
import {
  type Arguments,
  type Command,
  JSON_OPTION,
  listOption,
  print,
  SERVER_OPTIONS,
  type Surroundings,
} from "../command.ts";
import { type MissingView, renderMissing } from "../render/export.ts";
import { renderTable } from "../render/table.ts";
import { type Session, withSession } from "../session.ts";

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

/** Billing systems that lines go to. */
export const target: Command = {
  name: "target",
  summary: "Set and check billing systems that lines go to",
  positionals: "list | add ID FILE | secret ID | check ID",
  options: {
    secret: {
      type: "string",
      multiple: true,
      value: "NAME=WHERE",
      meaning: "add, secret: keep a secret; WHERE is env:VARIABLE or file:PATH",
    },
    ask: { type: "boolean", meaning: "check: ask the target too" },
    ...DECIDED_OPTIONS,
    ...JSON_OPTION,
    ...SERVER_OPTIONS,
  },
  run: async (args, here) => {
    const [verb = "list", id, file] = args.positionals;
    const secrets = await Promise.all(
      listOption(args, "secret").map((text) => readSecret(text, here)),
    );
    if (verb === "list") return withSession(args, here, (session) => list(session, args, here));
    if (id === undefined) throw usage();
    if (verb === "check") {
      const query = args.options.ask === true ? "?ask=true" : "";
      return withSession(args, here, async (session) =>
        tell(await session.get<CheckView>(`${pathOf(id)}/check${query}`), args, here),
      );
    }
    if (verb !== "secret" && !(verb === "add" && file !== undefined)) throw usage();
    const document = file === undefined ? null : await readDocument(file, here);
    return withSession(args, here, async (session) => {
      if (document !== null) {
        await session.put(pathOf(id), { document, ...decidedBy(args) });
      }
      for (const { name, secret } of secrets) {
        await session.put(`${pathOf(id)}/secrets/${encodeURIComponent(name)}`, { secret });
      }
      return tell(await session.get<CheckView>(`${pathOf(id)}/check`), args, here);
    });
  },
};

function usage(): TollgateError {
  const forms = "list, add ID FILE, secret ID --secret NAME=WHERE, or check ID";
  return new TollgateError("cli.usage", `tollgate target ${forms}.`);
}

function pathOf(id: string): string {
  return `/v1/targets/${encodeURIComponent(id)}`;
}

/** The document of a file, JSON or YAML as a rate card's is. */
async function readDocument(file: string, { product }: Surroundings): Promise<unknown> {
  return product.readCardFile(await readFile(file, "utf8"));
}

/** Secrets never stand on the command line: other users of the machine can read it. */
async function readSecret(
  text: string,
  { environment }: Surroundings,
): Promise<{ readonly name: string; readonly secret: string }> {
  const [, name = "", kind = "", where = ""] = /^([^=]+)=(env|file):(.+)$/.exec(text) ?? [];
  if (kind === "file") return { name, secret: (await readFile(where, "utf8")).trim() };
  const secret = kind === "env" ? environment[where] : undefined;
  if (secret !== undefined && secret !== "") return { name, secret };
  const problem = kind === "env" ? `${where} is not set` : "it is NAME=env:VARIABLE or file:PATH";
  throw new TollgateError("cli.usage", `A secret cannot be read: ${problem}.`, "--secret");
}

async function list(session: Session, args: Arguments, here: Surroundings): Promise<number> {
  const view = await session.get<{ readonly targets: readonly TargetView[] }>("/v1/targets");
  if (args.options.json === true) {
    print(here.out, JSON.stringify(view, null, 2));
    return 0;
  }
  const titles = ["target", "connector", "account", "mode", "window", "since"];
  const columns = titles.map((title) => ({ title, align: "left" as const }));
  const rows = view.targets.map((one) => [
    ...[one.id, one.connector, one.account, one.mode, one.window, one.since],
  ]);
  print(here.out, ...renderTable({ columns, rows }, here.styles));
  return 0;
}

function tell(view: CheckView, args: Arguments, { out, styles }: Surroundings): number {
  if (args.options.json === true) print(out, JSON.stringify(view, null, 2));
  else if (view.missing.length === 0) print(out, styles.green("Everything is set."));
  else print(out, ...renderMissing(view.missing, styles));
  return view.missing.length > 0 ? MISSING_EXIT_CODE : 0;
}
