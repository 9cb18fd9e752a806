import {
  type Arguments,
  type Command,
  JSON_OPTION,
  print,
  SERVER_OPTIONS,
  textOption,
} from "../command.ts";
import { type AuditView, renderAudit } from "../render/audit.ts";
import { withSession } from "../session.ts";

const FILTERS = ["kind", "subject", "by", "from", "to"] as const;

/** Shows what people have changed. */
export const audit: Command = {
  name: "audit",
  summary: "Show who changed what, when and why, before and after",
  positionals: "",
  options: {
    kind: { type: "string", value: "KIND", meaning: "only this one, such as budget.saved" },
    subject: { type: "string", value: "ID", meaning: "only this card, customer, budget or key" },
    by: { type: "string", value: "NAME", meaning: "only what this person or key did" },
    from: { type: "string", value: "TIME", meaning: "recorded at this instant or later" },
    to: { type: "string", value: "TIME", meaning: "recorded before this instant" },
    limit: { type: "string", value: "COUNT", meaning: "most changes to show (default: 100)" },
    ...JSON_OPTION,
    ...SERVER_OPTIONS,
  },
  run: (args, here) =>
    withSession(args, here, async (session) => {
      const page = await session.get<Page>(`/v1/audit?${queryOf(args)}`);
      const isJson = args.options.json === true;
      const lines = isJson ? [JSON.stringify(page, null, 2)] : renderAudit(page.entries);
      print(here.out, ...lines);
      return 0;
    }),
};

interface Page {
  readonly entries: readonly AuditView[];
}

function queryOf(args: Arguments): URLSearchParams {
  const query = new URLSearchParams({ limit: textOption(args, "limit") ?? "100" });
  for (const name of FILTERS) {
    const value = textOption(args, name);
    if (value !== undefined) query.set(name, value);
  }
  return query;
}
