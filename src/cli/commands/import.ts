import { access, constants } from "node:fs/promises";
import { basename } from "node:path";
import { TollgateError } from "../../domain/errors.ts";
import { EVENTS_PER_REQUEST_MAX_COUNT } from "../../domain/limits.ts";
import {
  type Command,
  type ImportedFile,
  print,
  SERVER_OPTIONS,
  type Surroundings,
  textOption,
} from "../command.ts";
import { textOfFile } from "../file-text.ts";
import { counted } from "../render/counted.ts";
import { ProgressBar } from "../render/progress-bar.ts";
import { printable } from "../render/styles.ts";
import { type Session, withMadeSession } from "../session.ts";

interface Answer {
  readonly results: readonly {
    readonly index: number;
    readonly status: string;
    /** Counts of its provider's usage block that no rule reads. */
    readonly unreadUsage?: readonly string[];
    readonly error?: { readonly code: string; readonly detail: string; readonly field?: string };
  }[];
}

/** Sends events of files; sending a file again adds nothing. */
export const importFiles: Command = {
  name: "import",
  summary: "Send events from files: JSON, NDJSON, or Claude Code session logs",
  positionals: "FILE…",
  options: {
    customer: { type: "string", value: "ID", meaning: "customer of logs that name none" },
    agent: { type: "string", value: "ID", meaning: "agent of logs that name none" },
    ...SERVER_OPTIONS,
  },
  run: async (args, here) => {
    if (args.positionals.length === 0) {
      throw new TollgateError("cli.usage", "Which files? tollgate import FILE…", "FILE");
    }
    const customer = textOption(args, "customer");
    const agent = textOption(args, "agent");
    const owner = {
      ...(customer === undefined ? {} : { customer }),
      ...(agent === undefined ? {} : { agent }),
    };
    // A folder is made for what can be read alone.
    await Promise.all(args.positionals.map((path) => access(path, constants.R_OK)));
    return withMadeSession(args, here, async (session) => {
      let refused = 0;
      for (const path of args.positionals) {
        const text = await textOfFile(path);
        const file = await here.product.readImport(text, owner);
        refused += await send(session, here, { name: basename(path), ...file });
      }
      return refused === 0 ? 0 : 1;
    });
  },
};

async function send(
  session: Session,
  { out, err, styles }: Surroundings,
  file: ImportedFile & { readonly name: string },
): Promise<number> {
  const bar = new ProgressBar(err);
  const counts = new Map<string, number>();
  const problems = [...file.problems];
  const total = file.events.length;
  for (let from = 0; from < total; from += EVENTS_PER_REQUEST_MAX_COUNT) {
    const events = file.events.slice(from, from + EVENTS_PER_REQUEST_MAX_COUNT);
    const { results } = await session.post<Answer>("/v1/events", `[${events.join(",")}]`);
    for (const { status, error, index, unreadUsage } of results) {
      counts.set(status, (counts.get(status) ?? 0) + 1);
      const place = `event ${from + index + 1}`;
      if (error !== undefined) problems.push(`${place}: ${error.code}: ${error.detail}`);
      if (unreadUsage !== undefined)
        problems.push(`${place}: nothing is metered of ${unreadUsage.join(", ")}`);
    }
    bar.show({ label: file.name, done: from + events.length, total, note: "" });
  }
  bar.clear();
  const summary = [...counts].map(([status, count]) => `${count} ${status}`).join(", ");
  print(
    out,
    `${file.name} (${file.format}): ${counted(total, "event")}; ${summary || "nothing to send"}`,
  );
  for (const problem of problems.slice(0, PROBLEMS_SHOWN))
    print(err, styles.yellow(`  ${printable(problem)}`));
  if (problems.length > PROBLEMS_SHOWN) {
    print(err, `  … and ${problems.length - PROBLEMS_SHOWN} more`);
  }
  return (counts.get("rejected") ?? 0) + file.unread;
}

const PROBLEMS_SHOWN = 20;
