import { writeFile } from "node:fs/promises";
import { TollgateError } from "../../domain/errors.ts";
import { allPages } from "../all-pages.ts";
import {
  type Arguments,
  type Command,
  print,
  SERVER_OPTIONS,
  type Surroundings,
  textOption,
} from "../command.ts";
import { EXPORT_OPTIONS, EXPORT_VERBS, exportTo, isExportVerb } from "../export-to.ts";
import { counted } from "../render/counted.ts";
import { withSession } from "../session.ts";
import type { StatementSummary } from "./statement.ts";

const FORMATS = ["csv", "ndjson"];

/** Statement lines as a file that a billing system can take, or as lines sent to it (export-to). */
export const exportLines: Command = {
  name: "export",
  summary: "Send lines to a billing system, or write statement lines as CSV or NDJSON",
  positionals: `${EXPORT_VERBS.join(" | ")} TARGET, or [STATEMENT…]`,
  options: {
    ...EXPORT_OPTIONS,
    format: { type: "string", value: "FORM", meaning: "csv or ndjson (default: csv)" },
    out: { type: "string", value: "FILE", meaning: "file to write (default: standard output)" },
    customer: {
      type: "string",
      value: "ID",
      meaning: "only this one's",
    },
    ...SERVER_OPTIONS,
  },
  run: (args, here) => {
    const [verb = "", ...rest] = args.positionals;
    return isExportVerb(verb) ? exportTo(verb, rest, { args, here }) : exportFiles(args, here);
  },
};

function exportFiles(args: Arguments, here: Surroundings): Promise<number> {
  return withSession(args, here, async (session) => {
    const format = textOption(args, "format") ?? "csv";
    if (!FORMATS.includes(format)) {
      throw new TollgateError("cli.usage", `--format is csv or ndjson, not "${format}".`);
    }
    const customer = textOption(args, "customer");
    const query = customer === undefined ? {} : { customer };
    const named = args.positionals;
    const unknown = named.find((id) => !id.startsWith("st_"));
    if (unknown !== undefined) throw neither(unknown);
    const list = { path: "/v1/statements", query, field: "statements" };
    const all = await allPages<StatementSummary>(session, list);
    // A voided statement is billed by the one that replaces it.
    const standing = all.filter((one) => one.replacedBy === null);
    const ids = named.length > 0 ? named : standing.map((one) => one.id);
    const files: string[] = [];
    for (const id of ids) {
      files.push(await session.text(`/v1/statements/${encodeURIComponent(id)}.${format}`));
    }
    const text = format === "csv" ? joinCsv(files) : files.join("");
    const path = textOption(args, "out");
    if (path === undefined) here.out.write(text);
    else {
      await writeFile(path, text);
      print(here.err, `${counted(ids.length, "statement")} written to ${path}.`);
    }
    return 0;
  });
}

/** What is no verb is an id of a statement, which all begin alike. */
function neither(word: string): TollgateError {
  const verbs = EXPORT_VERBS.join(", ");
  const detail = `"${word}" is neither ${verbs} nor the id of a statement (st_…).`;
  return new TollgateError("cli.usage", detail);
}

/** Several CSV files as one: the header stands once. */
function joinCsv(files: readonly string[]): string {
  return files.map((file, at) => (at === 0 ? file : file.slice(file.indexOf("\n") + 1))).join("");
}
