/**
 * Commands whose first word says what to do. A verb states its form, such as `limit KEY SCOPE
 * [LIMIT]`: that is what help shows, and how many words it wants. A word in brackets may be left
 * out, one that ends in `…` may be followed by more of its kind.
 */
import { present } from "../domain/assert.ts";
import { TollgateError } from "../domain/errors.ts";
import {
  type Arguments,
  type Command,
  JSON_OPTION,
  type OptionSpec,
  print,
  SERVER_OPTIONS,
  type Surroundings,
} from "./command.ts";
import { type Session, withSession } from "./session.ts";

/** Where a verb is carried out. */
export interface Scene {
  readonly args: Arguments;
  readonly here: Surroundings;
  readonly session: Session;
  /** Throws `cli.usage` with the forms of the command. */
  refuse(): never;
}

/** One thing that a command does. */
export interface Verb {
  readonly form: string;
  /** `words` are those behind the verb, as many as the form says. Resolves to the exit code. */
  run(scene: Scene, words: readonly string[]): Promise<number>;
}

/** A command of verbs. */
export interface VerbCommand {
  readonly name: string;
  readonly summary: string;
  /** Besides those of the server and `--json`. */
  readonly options: Readonly<Record<string, OptionSpec>>;
  readonly verbs: readonly Verb[];
}

/** The command; where no word is given, its first verb is meant if that wants no more words. */
export function commandOfVerbs({ name, summary, options, verbs }: VerbCommand): Command {
  const forms = verbs.map(({ form }) => form);
  return {
    ...{ name, summary, positionals: forms.join(" | ") },
    options: { ...options, ...JSON_OPTION, ...SERVER_OPTIONS },
    run: (args, here) => {
      const [word, ...words] = requireForm(name, forms, args.positionals);
      const refuse = () => refuseForms(name, forms);
      const verb = present(
        verbs.find(({ form }) => verbOf(form) === word),
        "the verb of the form",
      );
      return withSession(args, here, (session) => {
        return verb.run({ args, here, session, refuse }, words);
      });
    },
  };
}

/**
 * The words of a command where they fit one of its forms, with the first form's verb where there
 * are none. Throws `cli.usage` with all forms.
 */
export function requireForm(
  name: string,
  forms: readonly string[],
  words: readonly string[],
): readonly [verb: string, ...words: string[]] {
  const [word = verbOf(forms[0] ?? ""), ...rest] = words;
  const form = forms.find((one) => verbOf(one) === word);
  if (form !== undefined && fits(form, rest.length)) return [word, ...rest];
  if (form !== undefined) {
    throw new TollgateError("cli.usage", `It is tollgate ${name} ${form}${butGot(form, rest)}.`);
  }
  return refuseForms(name, forms, word);
}

function refuseForms(name: string, forms: readonly string[], word?: string): never {
  const wrong = word === undefined ? "It is" : `There is no "${word}" of ${name}; it is`;
  throw new TollgateError("cli.usage", `${wrong} tollgate ${name} ${forms.join(" | ")}.`);
}

/** The first word that is missing of a form, or the first that it has no place for. */
function butGot(form: string, words: readonly string[]): string {
  const [, ...wanted] = form.split(" ");
  const missing = wanted.filter((word) => !word.startsWith("["))[words.length];
  return missing === undefined ? `, without "${words[wanted.length]}"` : `: ${missing} is missing`;
}

function verbOf(form: string): string {
  return form.split(" ", 1)[0] ?? "";
}

/** Whether so many words stand behind a verb as its form says. */
function fits(form: string, count: number): boolean {
  const [, ...wanted] = form.split(" ");
  const least = wanted.filter((word) => !word.startsWith("[")).length;
  const hasMore = wanted.at(-1)?.includes("…") === true;
  return count >= least && (hasMore || count <= wanted.length);
}

/** Prints an answer: as JSON, or as lines for people. Returns the exit code of success. */
export function told(
  { args, here }: Pick<Scene, "args" | "here">,
  answer: unknown,
  lines: () => readonly string[],
): number {
  print(here.out, ...(args.options.json === true ? [JSON.stringify(answer, null, 2)] : lines()));
  return 0;
}
