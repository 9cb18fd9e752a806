import { TollgateError } from "../../domain/errors.ts";
import { allPages } from "../all-pages.ts";
import { type Command, JSON_OPTION, print, SERVER_OPTIONS, type Surroundings } from "../command.ts";
import { renderTable } from "../render/table.ts";
import { withSession } from "../session.ts";

/** Changes of cards and budgets that wait for a second key. */
export const changes: Command = {
  name: "changes",
  summary: "Show, approve and reject changes that want a second key; say from which amount on",
  positionals: "list | approve ID | reject ID | from AMOUNT|off",
  options: { ...JSON_OPTION, ...SERVER_OPTIONS },
  run: (args, here) => {
    const [verb = "list", subject] = args.positionals;
    return withSession(args, here, async (session) => {
      const isJson = args.options.json === true;
      const show = (answer: object, lines: () => readonly string[]): number => {
        print(here.out, ...(isJson ? [JSON.stringify(answer, null, 2)] : lines()));
        return 0;
      };
      if (verb === "list") {
        const list = { path: "/v1/changes", field: "changes" };
        const all = await allPages<ChangeView>(session, list);
        return show({ changes: all }, () => renderChanges(all, here));
      }
      if (verb === "from" && subject !== undefined) {
        const from = subject === "off" ? null : subject;
        const saved = await session.put<{ from: string | null }>("/v1/approvals", { from });
        return show(saved, () => [
          saved.from === null
            ? "No change wants a second key."
            : `Changes that move ${saved.from} or more want a second key.`,
        ]);
      }
      if ((verb !== "approve" && verb !== "reject") || subject === undefined) {
        throw new TollgateError("cli.usage", `tollgate changes ${changes.positionals}.`);
      }
      const path = `/v1/changes/${encodeURIComponent(subject)}/${verb}`;
      const change = await session.post<ChangeView>(path, {});
      return show(change, () => renderChanges([change], here));
    });
  },
};

interface ChangeView {
  readonly id: string;
  readonly state: string;
  readonly operation: string;
  readonly params: Readonly<Record<string, string>> | null;
  readonly proposedAt: string;
  readonly proposedBy: { readonly label: string };
  readonly decidedBy: { readonly label: string } | null;
}

const SECONDS_CHARS = "2026-11-26T17:57:00".length;

function renderChanges(all: readonly ChangeView[], { styles }: Surroundings): string[] {
  if (all.length === 0) return ["No change was proposed."];
  const titles = ["change", "proposed (UTC)", "by", "what", "of", "state", "decided by"];
  const columns = titles.map((title) => ({ title, align: "left" as const }));
  const rows = all.map((one) => [
    ...[one.id, one.proposedAt.slice(0, SECONDS_CHARS).replace("T", " "), one.proposedBy.label],
    ...[one.operation, Object.values(one.params ?? {}).join(" ") || "–", one.state],
    one.decidedBy?.label ?? "–",
  ]);
  return renderTable({ columns, rows }, styles);
}
