/** From the words of a command line to a command and its exit code. */

import { parseArgs } from "node:util";
import { TollgateError } from "../domain/errors.ts";
import { askWhetherMeant } from "../domain/nearest-name.ts";
import {
  type Arguments,
  type Command,
  print,
  SERVER_OPTIONS,
  type Surroundings,
} from "./command.ts";
import { alerts } from "./commands/alerts.ts";
import { audit } from "./commands/audit.ts";
import { bill } from "./commands/bill.ts";
import { budget } from "./commands/budget.ts";
import { card } from "./commands/card.ts";
import { changes } from "./commands/changes.ts";
import { clock } from "./commands/clock.ts";
import { commitment } from "./commands/commitment.ts";
import { credit } from "./commands/credit.ts";
import { credits } from "./commands/credits.ts";
import { demo } from "./commands/demo.ts";
import { dispute } from "./commands/dispute.ts";
import { entitlement } from "./commands/entitlement.ts";
import { exportLines } from "./commands/export.ts";
import { goodwill } from "./commands/goodwill.ts";
import { importFiles } from "./commands/import.ts";
import { invoice } from "./commands/invoice.ts";
import { keys } from "./commands/keys.ts";
import { margin } from "./commands/margin.ts";
import { migrateStore } from "./commands/migrate-store.ts";
import { opening } from "./commands/opening.ts";
import { policy } from "./commands/policy.ts";
import { prices } from "./commands/prices.ts";
import { projection } from "./commands/projection.ts";
import { rates } from "./commands/rates.ts";
import { receipt } from "./commands/receipt.ts";
import { recount } from "./commands/recount.ts";
import { resume } from "./commands/resume.ts";
import { retain } from "./commands/retain.ts";
import { run } from "./commands/run.ts";
import { runs } from "./commands/runs.ts";
import { serve } from "./commands/serve.ts";
import { simulate } from "./commands/simulate.ts";
import { statement } from "./commands/statement.ts";
import { stop } from "./commands/stop.ts";
import { target } from "./commands/target.ts";
import { usage } from "./commands/usage.ts";
import { verify } from "./commands/verify.ts";
import { watch } from "./commands/watch.ts";
import { workspace } from "./commands/workspace.ts";
import { listenProblem } from "./listen-problem.ts";
import { documentRemedy, remedyOf } from "./remedy.ts";

/** Every command, in the order of help. */
const COMMANDS: readonly Command[] = [
  serve,
  demo,
  importFiles,
  runs,
  run,
  receipt,
  usage,
  budget,
  stop,
  resume,
  entitlement,
  alerts,
  policy,
  watch,
  margin,
  projection,
  bill,
  commitment,
  credits,
  opening,
  card,
  prices,
  rates,
  simulate,
  statement,
  credit,
  dispute,
  goodwill,
  exportLines,
  target,
  invoice,
  verify,
  migrateStore,
  recount,
  retain,
  audit,
  changes,
  keys,
  workspace,
  clock,
];

const USAGE_EXIT_CODE = 2;
const FAILURE_EXIT_CODE = 1;
/** What a billing system has would be told again: who runs exports by a timer has to look. */
const UNKNOWN_LINES_EXIT_CODE = 4;

/** Runs a command line (without the program's name); resolves to the exit code. */
export async function dispatch(words: readonly string[], here: Surroundings): Promise<number> {
  const [name = "help", ...rest] = words;
  if (name === "--version" || name === "version") {
    print(here.out, `tollgate ${here.product.version}`);
    return 0;
  }
  const isHelp = name === "help" || name === "--help" || name === "-h";
  const called = isHelp ? rest[0] : name;
  const command = COMMANDS.find((one) => one.name === called);
  try {
    if (command === undefined && called !== undefined) {
      const names = [...COMMANDS.map((one) => one.name), "help"];
      const meant = askWhetherMeant(called, names);
      throw new TollgateError("cli.usage", `There is no command "${called}".${meant}`);
    }
    if (command === undefined || isHelp) return help(called, here);
    const args = argumentsOf(command, rest);
    requireFew(command, args.positionals);
    return args.options.help === true ? help(called, here) : await command.run(args, here);
  } catch (error) {
    return tell(error, { command, here });
  }
}

function argumentsOf(command: Command, words: readonly string[]): Arguments {
  const options = Object.fromEntries(
    Object.entries(command.options).map(([name, { type, multiple = false }]) => {
      return [name, { type, multiple }];
    }),
  );
  try {
    const { positionals, values } = parseArgs({
      args: [...words],
      options: { ...options, help: { type: "boolean", short: "h" } },
      allowPositionals: true,
      strict: true,
    });
    return { positionals, options: values as Arguments["options"] };
  } catch (cause) {
    const told = wrongOption(cause, Object.keys(command.options));
    throw new TollgateError("cli.usage", told, undefined, { cause });
  }
}

/** What Node's parser found, in our words: its own tell of `--` and of positional arguments. */
function wrongOption(cause: unknown, known: readonly string[]): string {
  const { code, message } = cause as { readonly code?: string; readonly message: string };
  const name = /'(?:-\w, )?(-[^' ]*)/.exec(message)?.[1] ?? "";
  if (code === "ERR_PARSE_ARGS_UNKNOWN_OPTION") {
    const value = /^-\d/.test(name) ? ` A value that begins with "-" stands behind "--".` : "";
    const meant = askWhetherMeant(name.replace(/^-+/, ""), known, (option) => `--${option}`);
    return `There is no option ${name} here.${value}${meant}`;
  }
  if (code !== "ERR_PARSE_ARGS_INVALID_OPTION_VALUE") return message;
  if (/does not take/.test(message)) return `${name} takes no value.`;
  return `${name} wants a value; one that begins with "-" is written ${name}=VALUE.`;
}

/** A word that nobody reads may be what was meant: of a stop, it would stop something else. */
function requireFew({ name, positionals }: Command, words: readonly string[]): void {
  if (positionals.includes("…")) return;
  const forms = positionals === "" ? [] : positionals.split(" | ");
  const most = Math.max(0, ...forms.map((form) => form.split(" ").length));
  const extra = words[most];
  if (extra === undefined) return;
  const wanted = `tollgate ${name} ${positionals}`.trim();
  throw new TollgateError("cli.usage", `"${extra}" is one word too many: ${wanted}.`);
}

/** Why a file that was named is neither read nor written, by the system's code. */
const UNREADABLE: ReadonlyMap<string, string> = new Map([
  ["ENOENT", "there is no such file or folder"],
  ["EISDIR", "it is a folder"],
  ["EACCES", "you may not"],
  ["EEXIST", "it is a file that is there already"],
  ["ENOTDIR", "what it should be in is no folder"],
  ["EROFS", "nothing can be written there"],
]);

interface Failing {
  readonly command: Command | undefined;
  readonly here: Surroundings;
}

function tell(error: unknown, { command, here: { err, styles } }: Failing): number {
  if (!(error instanceof TollgateError)) {
    const told = listenProblem(error);
    if (told !== null) {
      print(err, ...told);
      return FAILURE_EXIT_CODE;
    }
    const { code, path } = error as { readonly code?: string; readonly path?: string };
    const why = UNREADABLE.get(code ?? "");
    if (why !== undefined) {
      print(err, `${styles.red(code ?? "")}: cannot open "${path ?? ""}": ${why}.`);
      return FAILURE_EXIT_CODE;
    }
    throw error;
  }
  const where = error.field === undefined ? "" : ` (${placeOf(error, command)})`;
  const remedy = remedyFor(error, command);
  print(err, `${styles.red(error.code)}${where}: ${error.message}`, remedy);
  if (error.code === "export.unknown_lines") return UNKNOWN_LINES_EXIT_CODE;
  return error.code === "cli.usage" ? USAGE_EXIT_CODE : FAILURE_EXIT_CODE;
}

function remedyFor({ code, field }: TollgateError, command: Command | undefined): string {
  const isOfDocument = remedyOf(code, command?.name) === documentRemedy(true);
  return isOfDocument ? documentRemedy(field !== undefined) : remedyOf(code, command?.name);
}

/**
 * A field of the request that an option gave is told as that option; one of a file is its own. No
 * request has the options by which a server is reached: its `url` is a word, its `key` of a file.
 */
function placeOf({ code, field = "" }: TollgateError, command: Command | undefined): string {
  if (remedyOf(code, command?.name) === documentRemedy(true)) return field;
  const option = field.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  if (Object.hasOwn(SERVER_OPTIONS, option)) return field;
  return Object.hasOwn(command?.options ?? {}, option) ? `--${option}` : field;
}

function help(name: string | undefined, here: Surroundings): number {
  const command = COMMANDS.find((one) => one.name === name);
  print(here.out, ...(command === undefined ? overview(here) : details(command, here)));
  return 0;
}

function overview({ product, styles }: Surroundings): string[] {
  const width = Math.max(...COMMANDS.map(({ name }) => name.length));
  return [
    `Tollgate ${product.version}: one auditable cost and charge for every agent run.`,
    "",
    styles.bold("Commands"),
    ...COMMANDS.flatMap(({ name, summary }) => besideEachOther(name.padEnd(width), summary)),
    "",
    "tollgate help COMMAND shows a command's options. Commands without --url work on",
    "a data folder (--data DIR, TOLLGATE_DATA, or ./tollgate-data), or where",
    "DATABASE_URL is set and --data is not, on that database.",
  ];
}

/** Columns of the narrowest terminal that is common. */
const LINE_MAX_CHARS = 80;

/** A name and what it means, which goes on below itself where a line has no more room. */
function besideEachOther(name: string, meaning: string): string[] {
  const indent = name.length + 4;
  return wrapped(meaning, LINE_MAX_CHARS - indent).map(
    (line, at) => `${at === 0 ? `  ${name}  ` : " ".repeat(indent)}${line}`,
  );
}

function wrapped(text: string, columns: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + word.length > columns) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
}

/** How a command is written: as many of its forms on a line as a terminal has room for. */
function usageLines(usage: string): string[] {
  const lines: string[] = [];
  for (const form of usage.split(" | ")) {
    const line = lines.at(-1);
    const longer = line === undefined ? form : `${line} | ${form}`;
    if (line !== undefined && longer.length > LINE_MAX_CHARS) lines.push(`    | ${form}`);
    else lines[Math.max(0, lines.length - 1)] = longer;
  }
  return lines;
}

function details({ name, summary, positionals, options }: Command, here: Surroundings): string[] {
  const entries = Object.entries(options).map(([option, { value, meaning }]) => ({
    text: value === undefined ? `--${option}` : `--${option} ${value}`,
    meaning,
  }));
  const width = Math.max(0, ...entries.map(({ text }) => text.length));
  return [
    ...usageLines(`tollgate ${name} ${positionals}`.trim()).map((line) => here.styles.bold(line)),
    ...wrapped(`${summary}.`, LINE_MAX_CHARS),
    "",
    ...entries.flatMap(({ text, meaning }) => besideEachOther(text.padEnd(width), meaning)),
  ];
}
